"""Each kind of break fails the check, additions wait to be accepted."""

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest
from autodmca_events.compatibility import (
    ADDED,
    BREAKING,
    DEFAULT_BASELINE,
    Baseline,
    Change,
    Described,
    changes,
    described,
    main,
    read,
    write,
)
from autodmca_events.fields import fields_of
from msgspec import Meta


class Line(msgspec.Struct):
    text: str


FIELDS: dict[str, Any] = {
    "id": Annotated[str, Meta(min_length=1)],
    "status": Literal["open", "closed"],
    "progress": Annotated[float, Meta(ge=0, le=100)],
    "count": int,
    "lines": tuple[Line, ...],
    "comment": str | None,
}


class Other(msgspec.Struct):
    depth: int


def baseline(*, without: str = "", **fields: Any) -> Baseline:
    """A baseline of one type, `thing`, with FIELDS as changed by `fields`; unions with None are optional."""
    kinds = {name: kind for name, kind in {**FIELDS, **fields}.items() if name != without}
    definitions = [
        (name, kind, msgspec.field(default=None))
        if type(None) in getattr(kind, "__args__", ())
        else (name, kind)
        for name, kind in kinds.items()
    ]
    struct = msgspec.defstruct("Thing", definitions, kw_only=True)
    return Baseline(envelope={}, types={"thing": thing(fields=dict(fields_of(struct)))})


def thing(**changed: Any) -> Described:
    same: dict[str, Any] = {"kind": "fact", "entity": None, "topic": "t", "family": "f", "everybody": False}
    return Described(**{**same, "fields": {}, **changed})


def found(after: Baseline, before: Baseline | None = None) -> list[Change]:
    return list(changes(before or baseline(), after))


@pytest.mark.parametrize(
    ("after", "where", "what"),
    [
        (baseline(without="count"), "thing.count", "field removed"),
        (baseline(without="comment"), "thing.comment", "field removed"),
        (baseline(count=str), "thing.count", "retyped from integer to string"),
        (baseline(count=float), "thing.count", "retyped from integer to number"),
        (baseline(comment=str), "thing.comment", "optional made required"),
        (baseline(count=int | None), "thing.count", "required made optional"),
        (baseline(owner=str), "thing.owner", "required field added"),
        (baseline(status=Literal["open"]), "thing.status", "value 'closed' removed"),
        (baseline(comment=Literal["x"] | None), "thing.comment", "restricted to an enumeration"),
        (
            baseline(progress=Annotated[float, Meta(ge=0, le=50)]),
            "thing.progress",
            "le changed from 100 to 50",
        ),
        (
            baseline(progress=Annotated[float, Meta(ge=1, le=100)]),
            "thing.progress",
            "ge changed from 0 to 1",
        ),
        (baseline(id=Annotated[str, Meta(min_length=2)]), "thing.id", "min_length changed from 1 to 2"),
        (
            baseline(id=Annotated[str, Meta(min_length=1, pattern="^a")]),
            "thing.id",
            "pattern changed from None to ^a",
        ),
        (baseline(lines=tuple[str, ...]), "thing.lines[]", "retyped from object to string"),
    ],
)
def test_a_break_of_a_field_is_found(after: Baseline, where: str, what: str) -> None:
    assert Change(where, what, breaking=True) in found(after)


@pytest.mark.parametrize(
    ("after", "where", "what"),
    [
        (baseline(owner=str | None), "thing.owner", "optional field added"),
        (baseline(status=Literal["open", "closed", "lost"]), "thing.status", "value 'lost' added"),
        (baseline(status=str), "thing.status", "enumeration opened to any value"),
        (baseline(progress=Annotated[float, Meta(ge=0)]), "thing.progress", "le changed from 100 to None"),
        (baseline(id=str), "thing.id", "min_length changed from 1 to None"),
        (
            baseline(progress=Annotated[float, Meta(ge=-1, le=100)]),
            "thing.progress",
            "ge changed from 0 to -1",
        ),
        (
            baseline(progress=Annotated[float, Meta(ge=0, le=101)]),
            "thing.progress",
            "le changed from 100 to 101",
        ),
    ],
)
def test_an_addition_is_told_from_a_break(after: Baseline, where: str, what: str) -> None:
    assert found(after) == [Change(where, what, breaking=False)]


def test_what_is_required_within_a_new_optional_object_is_no_break() -> None:
    assert [change.breaking for change in found(baseline(other=Other | None))] == [False, False]
    assert [change.breaking for change in found(baseline(others=tuple[Other, ...]))] == [True, False, False]


@pytest.mark.parametrize(
    "changed", [{"kind": "state"}, {"entity": "id"}, {"topic": "u"}, {"family": "g"}, {"everybody": True}]
)
def test_a_type_keeps_its_class_entity_topic_and_family(changed: dict[str, Any]) -> None:
    before, after = thing(), thing(**changed)
    (change,) = found(
        Baseline(envelope={}, types={"thing": after}), Baseline(envelope={}, types={"thing": before})
    )
    assert change.breaking
    assert change.what.startswith(f"{next(iter(changed))} changed from ")


def test_a_removed_type_is_a_break_and_a_new_one_is_not() -> None:
    nothing = Baseline(envelope={}, types={})
    assert found(nothing) == [Change("thing", "type removed", breaking=True)]
    assert found(baseline(), nothing) == [Change("thing", "type added", breaking=False)]


def test_the_envelope_is_watched_like_a_type() -> None:
    now = described()
    before = msgspec.structs.replace(now, envelope={**now.envelope, "origin": now.envelope["id"]})
    assert list(changes(before, now)) == [Change("envelope.origin", "field removed", breaking=True)]


def test_the_committed_baseline_is_what_the_code_says() -> None:
    assert list(changes(read(DEFAULT_BASELINE), described())) == []
    assert main([]) == 0


def without_field(original: Baseline, name: str, path: str) -> Baseline:
    entry = original.types[name]
    fields = {key: field for key, field in entry.fields.items() if key != path}
    return msgspec.structs.replace(
        original, types={**original.types, name: msgspec.structs.replace(entry, fields=fields)}
    )


def test_the_command_refuses_a_break_even_when_told_to_accept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "baseline.json"
    # As if the code had just gained a required field.
    write(path, without_field(described(), "template_usage", "usageCount"))
    before = path.read_bytes()
    assert main(["--accept", "--baseline", str(path)]) == 1
    assert path.read_bytes() == before
    assert (
        capsys.readouterr().err
        == f"breaks readers: template_usage.usageCount: required field added\n{BREAKING}\n"
    )


def test_the_command_waits_for_an_addition_to_be_accepted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "baseline.json"
    write(path, without_field(described(), "template_usage", "outcome"))
    assert main(["--baseline", str(path)]) == 1
    assert capsys.readouterr().err == f"addition: template_usage.outcome: optional field added\n{ADDED}\n"
    assert main(["--accept", "--baseline", str(path)]) == 0
    assert read(path) == described()
    assert main(["--baseline", str(path)]) == 0


def test_a_public_input_is_held_to_what_its_senders_write() -> None:
    old = Baseline(envelope={}, types={}, requests={"thing.ask": dict(fields_of(Line))})
    asked_more = Baseline(envelope={}, types={}, requests={"thing.ask": dict(fields_of(Other))})
    gone = Baseline(envelope={}, types={})
    assert [(each.where, each.breaking) for each in changes(old, asked_more)] == [
        ("requests.thing.ask.text", True),
        ("requests.thing.ask.depth", True),
    ]
    assert list(changes(old, gone)) == [Change("requests.thing.ask", "removed", breaking=True)]
    assert list(changes(gone, old)) == [Change("requests.thing.ask", "added", breaking=False)]
