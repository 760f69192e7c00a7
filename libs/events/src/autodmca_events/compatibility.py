"""Whether readers of the committed baseline still understand what the structs describe now.

Owns `baseline.json`, a flat description of every event type, and of what services may send to each other.
A break (a field removed, retyped or required anew, an enumeration or a range made smaller, a type moved to
another class, entity or topic) fails always: it needs a new type or a new topic version. An addition fails
until `--accept` writes it down.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from autodmca_events.catalogue import CATALOGUE
from autodmca_events.fields import Field, fields_of
from autodmca_events.requests import REQUESTS, RESULTS
from autodmca_events.wire import Envelope

DEFAULT_BASELINE: Final = Path(__file__).resolve().parents[2] / "baseline.json"

BREAKING: Final = "take the break back, and add a new type or a new version of the topic instead"
ADDED: Final = "run `python -m autodmca_events.compatibility --accept`, and commit baseline.json"

# Which way a limit has to move to let less through; others (a pattern) may not change at all.
_LOWER: Final = {"ge", "gt", "min_length"}
_UPPER: Final = {"le", "lt", "max_length"}


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """One type, as its readers know it."""

    kind: str
    entity: str | None
    topic: str
    family: str
    everybody: bool
    fields: dict[str, Field]


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """All that readers rely on: what every event has, and each type.

    `requests`: the fields of every public input, by `service.tag`; `results`: of what outcomes bring, by tag.
    """

    envelope: dict[str, Field]
    types: dict[str, Described]
    requests: dict[str, dict[str, Field]] = {}
    results: dict[str, dict[str, Field]] = {}


class Change(msgspec.Struct, frozen=True):
    """One difference to the baseline; `breaking` ones cannot be accepted."""

    where: str
    what: str
    breaking: bool


def described() -> Baseline:
    """What the code says now."""
    return Baseline(
        envelope=dict(fields_of(Envelope)),
        types={
            name: Described(
                kind=each.kind,
                entity=each.entity,
                topic=each.topic,
                family=each.family,
                everybody=each.everybody,
                fields=dict(fields_of(each.payload)),
            )
            for name, each in CATALOGUE.items()
        },
        requests={
            f"{service}.{_tag(each)}": dict(fields_of(each))
            for service, every in REQUESTS.items()
            for each in every
        },
        results={_tag(each): dict(fields_of(each)) for each in RESULTS},
    )


def _tag(struct: type[msgspec.Struct]) -> str:
    return str(struct.__struct_config__.tag)


def changes(old: Baseline, new: Baseline) -> Iterator[Change]:
    """Every difference, in the baseline's order, additions of types last."""
    yield from _field_changes("envelope", old.envelope, new.envelope)
    for name, before in old.types.items():
        after = new.types.get(name)
        if after is None:
            yield Change(name, "type removed", True)
            continue
        for attribute in ("kind", "entity", "topic", "family", "everybody"):
            was, now = getattr(before, attribute), getattr(after, attribute)
            if was != now:
                yield Change(name, f"{attribute} changed from {was} to {now}", True)
        yield from _field_changes(name, before.fields, after.fields)
    for name in new.types.keys() - old.types.keys():
        yield Change(name, "type added", False)
    yield from _struct_changes("requests", old.requests, new.requests)
    yield from _struct_changes("results", old.results, new.results)


def _struct_changes(
    group: str, old: Mapping[str, Mapping[str, Field]], new: Mapping[str, Mapping[str, Field]]
) -> Iterator[Change]:
    for name, before in old.items():
        if name in new:
            yield from _field_changes(f"{group}.{name}", before, new[name])
        else:
            yield Change(f"{group}.{name}", "removed", True)
    for name in new:
        if name not in old:
            yield Change(f"{group}.{name}", "added", False)


def _field_changes(owner: str, old: Mapping[str, Field], new: Mapping[str, Field]) -> Iterator[Change]:
    for path, before in old.items():
        where = f"{owner}.{path}"
        after = new.get(path)
        if after is None:
            yield Change(where, "field removed", True)
            continue
        if before.kind != after.kind:
            yield Change(where, f"retyped from {before.kind} to {after.kind}", True)
            continue
        if before.required != after.required:
            # Required made optional breaks the readers of old, who count on it; the reverse, the old log.
            was, now = ("required", "optional") if before.required else ("optional", "required")
            yield Change(where, f"{was} made {now}", True)
        yield from _value_changes(where, before, after)
        yield from _constraint_changes(where, before.constraints, after.constraints)
    for path, field in new.items():
        if path not in old:
            yield _added(f"{owner}.{path}", path, field, old)


def _added(where: str, path: str, field: Field, old: Mapping[str, Field]) -> Change:
    # What is inside an object that is new as a whole is as optional as that object.
    parent = path.removesuffix("[]") if path.endswith("[]") else path.rpartition(".")[0]
    breaking = field.required and (not parent or parent in old)
    return Change(where, f"{'required' if field.required else 'optional'} field added", breaking)


def _value_changes(where: str, before: Field, after: Field) -> Iterator[Change]:
    if before.values and not after.values:
        yield Change(where, "enumeration opened to any value", False)
    elif after.values and not before.values:
        yield Change(where, "restricted to an enumeration", True)
    else:
        for value in sorted(set(before.values) - set(after.values)):
            yield Change(where, f"value {value!r} removed", True)
        for value in sorted(set(after.values) - set(before.values)):
            yield Change(where, f"value {value!r} added", False)


def _constraint_changes(
    where: str, old: Mapping[str, float | str], new: Mapping[str, float | str]
) -> Iterator[Change]:
    for name in sorted(old.keys() | new.keys()):
        was, now = old.get(name), new.get(name)
        if was != now:
            wider = now is None or (was is not None and _wider(name, was, now))
            yield Change(where, f"{name} changed from {was} to {now}", not wider)


def _wider(name: str, was: float | str, now: float | str) -> bool:
    if isinstance(was, str) or isinstance(now, str):
        return False
    return now < was if name in _LOWER else name in _UPPER and now > was


def read(path: Path) -> Baseline:
    """The baseline in `path`; raises FileNotFoundError, msgspec.DecodeError."""
    return msgspec.json.decode(path.read_bytes(), type=Baseline)


def write(path: Path, baseline: Baseline) -> None:
    """Replace the baseline in `path`."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(baseline), indent=1) + b"\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: prints every difference, returns 1 when one breaks readers or was not accepted."""
    parser = argparse.ArgumentParser(prog="python -m autodmca_events.compatibility", description=__doc__)
    parser.add_argument("--accept", action="store_true", help="write additions into the baseline")
    parser.add_argument("--baseline", type=Path, default=DEFAULT_BASELINE)
    options = parser.parse_args(arguments)
    now = described()
    found = list(changes(read(options.baseline), now))
    for change in found:
        label = "breaks readers" if change.breaking else "addition"
        print(f"{label}: {change.where}: {change.what}", file=sys.stderr)
    if any(change.breaking for change in found):
        print(BREAKING, file=sys.stderr)
        return 1
    if found and options.accept:
        write(options.baseline, now)
        return 0
    if found:
        print(ADDED, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
