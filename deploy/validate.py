"""Whether what is deployed is well formed: `python -m deploy.validate`, a part of `make check`.

Runs Prometheus' own checks of its configuration, rules and their tests, builds every overlay with kustomize,
and checks each manifest against Kubernetes' schema, where unknown fields are errors. Custom resources
(PodMonitor, PrometheusRule, Strimzi's) have no schema there: it says how many of those it left out. Exit code
1 with what is wrong and what to do.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[1]
BIN: Final = Path(sys.executable).parent
PROMETHEUS: Final = Path("deploy") / "prometheus"
MANIFESTS: Final = Path("deploy") / "k8s"
OWN_GROUPS: Final = ("monitoring.coreos.com", "kafka.strimzi.io")


class Invalid(Exception):
    """What a tool said, and what to do."""


def main() -> int:
    try:
        for line in (*prometheus(), *manifests()):
            sys.stdout.write(f"{line}\n")
    except Invalid as error:
        sys.stderr.write(f"check failed: {error}\n")
        return 1
    return 0


def prometheus() -> Iterator[str]:
    """Configuration, rules, and the tests of alerts. Raises Invalid."""
    tests = sorted(str(each.relative_to(ROOT)) for each in (ROOT / PROMETHEUS / "tests").glob("*.yml"))
    run(["promtool", "check", "config", str(PROMETHEUS / "prometheus.yml")], "mend deploy/prometheus")
    run(["promtool", "test", "rules", *tests], "mend the rules, or their tests in deploy/prometheus/tests")
    yield f"Prometheus: the configuration, its rules and {len(tests)} files of tests are good"


def manifests() -> Iterator[str]:
    """Every overlay, and the examples. Raises Invalid."""
    for folder in sorted((ROOT / MANIFESTS / "overlays").iterdir()):
        name = str(folder.relative_to(ROOT))
        built = run(["kustomize", "build", name], f"mend {name}")
        yield f"{name}: {validated(name, built)}"
    for file in sorted((ROOT / MANIFESTS / "strimzi").glob("*.yaml")):
        name = str(file.relative_to(ROOT))
        yield f"{name}: {validated(name, file.read_text())}"


def validated(name: str, text: str) -> str:
    """How many manifests there are and how many have no schema. Raises Invalid."""
    found: list[dict[str, Any]] = [each for each in yaml.safe_load_all(text) if each]
    for each in found:
        if not each.get("apiVersion") or not each.get("kind") or not each.get("metadata", {}).get("name"):
            raise Invalid(f"{name}: a manifest lacks its apiVersion, kind or name")
    known = [each for each in found if each["apiVersion"].partition("/")[0] not in OWN_GROUPS]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{name.replace('/', '-')}.yaml"
        file.write_text(yaml.safe_dump_all(known))
        if known:
            run([str(BIN / "kubernetes-validate"), "--strict", "--quiet", str(file)], f"mend {name}")
    return f"{len(known)} manifests fit Kubernetes' schema, {len(found) - len(known)} custom ones have none"


def run(command: Sequence[str], remedy: str) -> str:
    """What a tool prints. Raises Invalid."""
    built = ROOT / ".tools" / "bin" / command[0]
    program = str(built) if built.exists() else command[0]
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            [program, *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise Invalid(f"{command[0]} is not installed") from None
    if done.returncode:
        raise Invalid(f"{remedy}: {' '.join(command[:2])} says\n{(done.stdout + done.stderr).strip()}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
