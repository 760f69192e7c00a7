"""Whether two versions of each service read each other's records: `python -m deploy.records`.

Owns `records.json` beside each service, the description of its inputs, state and outcomes that replicas of
the version before know. A break fails always: it needs a struct under a new tag. An addition fails until
`--accept` writes it down, which `make generate` does.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

import msgspec
from autodmca_service.records import Part, changes, parts_of

from deploy.services import DOMAIN, ROOT, Service

KINDS: Final = {"inputs": "AnyCommand", "state": "Entity", "outcomes": "Outcome"}
"""Each kind of record, and the name of its type in the service's `app.py`."""
BREAKING: Final = "take it back, and write the new form under a new tag beside the old one"
ADDED: Final = "run `make generate`, and commit records.json"

Described = dict[str, dict[str, Part]]


def described(service: Service) -> Described:
    """What the code of a service says now, by kind of record."""
    app = import_module(f"{service.module}.app")
    return {kind: parts_of(getattr(app, name)) for kind, name in KINDS.items()}


def baseline(service: Service) -> Path:
    """Where the description is kept."""
    return ROOT / service.package / "records.json"


def differences(service: Service) -> tuple[list[str], list[str]]:
    """What breaks the version before, and what is new."""
    path, broken, new = baseline(service), list[str](), list[str]()
    old = msgspec.json.decode(path.read_bytes(), type=Described) if path.exists() else {}
    for kind, now in described(service).items():
        if kind not in old:
            new.append(f"{kind}: not described yet")
            continue
        for change in changes(old[kind], now):
            (broken if change.breaking else new).append(f"{kind}: {change.where}: {change.what}")
    return broken, new


def written(parts: Described) -> str:
    """As JSON, a line for each path."""
    groups = []
    for kind, each in parts.items():
        lines = [f"  {_json(path)}: {_json(part)}" for path, part in each.items()]
        groups.append(f" {_json(kind)}: {{\n" + ",\n".join(lines) + "\n }")
    return "{\n" + ",\n".join(groups) + "\n}\n"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: prints every difference, returns 1 when one breaks or was not accepted."""
    parser = argparse.ArgumentParser(prog="python -m deploy.records", description=__doc__)
    parser.add_argument("--accept", action="store_true", help="write additions down")
    options = parser.parse_args(arguments)
    failed: set[str] = set()
    for service in DOMAIN:
        broken, new = differences(service)
        for label, lines in (("breaks the version before", broken), ("addition", new)):
            for line in lines:
                sys.stderr.write(f"{label}: {service.name} {line}\n")
        if broken:
            failed.add(BREAKING)
        elif new and options.accept:
            baseline(service).write_text(written(described(service)))
        elif new:
            failed.add(ADDED)
    for remedy in sorted(failed):
        sys.stderr.write(f"{remedy}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
