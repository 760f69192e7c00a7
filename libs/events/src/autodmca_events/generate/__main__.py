"""`python -m autodmca_events.generate [--check]`: write the generated files, or name those that are stale.

Works on the source tree, where they are committed. With --check it changes nothing, and exits with 1
when a file is missing, differs or is of no type any more.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autodmca_events.catalogue import CATALOGUE
from autodmca_events.generate import asyncapi, json_schema, shapes, typescript

DEFAULT_FOLDER = Path(__file__).resolve().parents[3] / "generated"


def artifacts() -> dict[str, str]:
    """Every generated file's text by its path in the folder."""
    schemas = {
        f"json-schema/{each.name}.json": _json(json_schema.document(each)) for each in CATALOGUE.values()
    }
    return {
        **schemas,
        "asyncapi.json": _json(asyncapi.document()),
        "events.ts": typescript.document(),
        "examples.ts": typescript.examples(),
        "filters.ts": typescript.filters(),
        "shapes.ts": shapes.document(),
    }


def stale(folder: Path) -> list[str]:
    """What in `folder` is not as it would be generated, each with the reason."""
    expected = artifacts()
    present = {
        str(path.relative_to(folder).as_posix()): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file()
    }
    return sorted(
        [f"{name}: missing" for name in expected.keys() - present.keys()]
        + [f"{name}: not generated any more" for name in present.keys() - expected.keys()]
        + [f"{name}: differs" for name in expected.keys() & present.keys() if expected[name] != present[name]]
    )


def write(folder: Path) -> None:
    """Make `folder` what it should be."""
    expected = artifacts()
    for name, text in expected.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for path in folder.rglob("*"):
        if path.is_file() and path.relative_to(folder).as_posix() not in expected:
            path.unlink()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m autodmca_events.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, fail on stale files")
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER, help="where the files are")
    options = parser.parse_args(arguments)
    if not options.check:
        write(options.folder)
        return 0
    found = stale(options.folder)
    for line in found:
        print(f"stale: {line}", file=sys.stderr)
    if found:
        print("run `make generate`, and commit what it writes", file=sys.stderr)
    return 1 if found else 0


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
