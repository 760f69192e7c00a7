"""Writes what others read of the table of services: `python -m deploy.generate`.

A block stands between a line `# generated: NAME` and a line `# end`, in a file that is otherwise written by
hand; some files are generated whole. With `--check` nothing is written: what is out of date is named, and the
exit code is 1.
"""

from __future__ import annotations

import argparse
import re
import sys
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from deploy.generate import balancer, compose, dashboards, kubernetes, prometheus, slos

ROOT: Final = Path(__file__).parents[2]
BLOCK: Final = re.compile(
    r"^(?P<indent> *)# generated: (?P<name>[\w-]+)\n(?:.*\n)*?(?P=indent)# end$", re.MULTILINE
)
BLOCKS: Final[Mapping[str, Mapping[str, Callable[[], str]]]] = {
    "docker-compose.yml": {
        "outside": compose.outside,
        "services": compose.services,
        "balanced": compose.balanced,
    },
    "deploy/haproxy/haproxy.cfg": {"routes": balancer.routes, "backends": balancer.backends},
    "deploy/prometheus/prometheus.yml": {"jobs": prometheus.jobs},
    "deploy/k8s/base/kustomization.yaml": {"services": kubernetes.resources},
    "deploy/k8s/overlays/dev/kustomization.yaml": {
        "demo": kubernetes.demonstrated,
        "outside": kubernetes.outside,
        "single": kubernetes.single,
    },
    "deploy/k8s/overlays/prod/kustomization.yaml": {"images": kubernetes.images},
}


def filled(text: str, blocks: Mapping[str, Callable[[], str]]) -> str:
    """A file with every block in it as the table has it now. Raises KeyError for an unknown block."""

    def block(found: re.Match[str]) -> str:
        inside = textwrap.indent(blocks[found["name"]](), found["indent"])
        return f"{found['indent']}# generated: {found['name']}\n{inside}{found['indent']}# end"

    return BLOCK.sub(block, text)


def wanted() -> Mapping[Path, str]:
    """Every file that is generated, in whole or in part, and what it should hold."""
    parts = {ROOT / name: filled((ROOT / name).read_text(), blocks) for name, blocks in BLOCKS.items()}
    whole = {**kubernetes.files(), **dashboards.files(), **slos.files()}
    return parts | {ROOT / name: text for name, text in whole.items()}


def left_over() -> list[Path]:
    """Files that nothing generates any more."""
    manifests = (ROOT / "deploy" / "k8s").glob("**/*.yaml")
    generated = [file for file in manifests if file.read_text().startswith(kubernetes.HEAD)]
    generated += (ROOT / "deploy" / "grafana" / "dashboards").glob("*.json")
    return [file for file in generated if file not in wanted()]


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.generate", description="Writes what follows from the table of services."
    )
    parser.add_argument("--check", action="store_true", help="write nothing, fail when something is stale")
    check = parser.parse_args().check
    stale = []
    for file, text in wanted().items():
        if not file.exists() or file.read_text() != text:
            stale.append(file)
            if not check:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
    for file in left_over():
        stale.append(file)
        if not check:
            file.unlink()
    if stale:
        names = ", ".join(str(file.relative_to(ROOT)) for file in stale)
        sys.stdout.write(f"{'out of date' if check else 'written'}: {names}\n")
        if check:
            sys.stdout.write("run `make generate`, and commit what it writes\n")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
