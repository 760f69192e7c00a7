"""Which changes of a record's struct two versions of a service survive."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import pytest
from autodmca_service.records import changes, parts_of
from msgspec import Struct, defstruct


def record(*fields: Any, tag: str = "note", **options: Any) -> type[Struct]:
    return defstruct("Note", fields, tag_field="entity", tag=tag, kw_only=True, **options)


class Place(Struct, array_like=True):
    x: int
    y: int = 0


class Round(Struct, tag="round"):
    radius: int


class Square(Struct, tag="square"):
    side: int


BEFORE = record(("text", str), ("count", int, 0), ("state", Literal["new", "old"], "new"))
SAFE = {
    "a field with a default": record(
        ("text", str), ("count", int, 0), ("state", Literal["new", "old"], "new"), ("more", str | None, None)
    ),
    "another struct": BEFORE | record(("width", int), tag="picture"),
}
BREAKS = {
    "removed": record(("count", int, 0), ("state", Literal["new", "old"], "new")),
    "renamed": record(("words", str), ("count", int, 0), ("state", Literal["new", "old"], "new")),
    "retyped": record(("text", str), ("count", str, "0"), ("state", Literal["new", "old"], "new")),
    "required": record(
        ("text", str), ("count", int, 0), ("state", Literal["new", "old"], "new"), ("more", str)
    ),
    "a value less": record(("text", str), ("count", int, 0), ("state", Literal["new"], "new")),
    "another tag": record(
        ("text", str), ("count", int, 0), ("state", Literal["new", "old"], "new"), tag="notes"
    ),
}


@pytest.mark.parametrize("name", SAFE)
def test_what_is_added_with_a_default_or_under_a_tag_breaks_nobody(name: str) -> None:
    found = list(changes(parts_of(BEFORE), parts_of(SAFE[name])))
    assert found
    assert not any(change.breaking for change in found)
    written = msgspec.json.encode(BEFORE(text="hello"))
    msgspec.json.decode(written, type=SAFE[name])


@pytest.mark.parametrize("name", BREAKS)
def test_what_one_version_cannot_read_of_the_other_breaks(name: str) -> None:
    assert any(change.breaking for change in changes(parts_of(BEFORE), parts_of(BREAKS[name])))


def test_nothing_changes_between_a_record_and_itself() -> None:
    assert not list(changes(parts_of(BEFORE), parts_of(BEFORE)))


def test_a_value_more_is_read_by_the_new_version_alone() -> None:
    after = record(("text", str), ("count", int, 0), ("state", Literal["new", "old", "gone"], "new"))
    (change,) = changes(parts_of(BEFORE), parts_of(after))
    assert not change.breaking
    assert "reader before its writer" in change.what


def test_places_in_an_array_are_fields_by_their_number() -> None:
    class Other(Struct, array_like=True):
        y: int
        x: int = 0

    before, after = record(("place", Place)), record(("place", Other))
    found = [change.where for change in changes(parts_of(before), parts_of(after)) if change.breaking]
    assert found == ["note.place.0_x", "note.place.1_y", "note.place.0_y"]


def test_what_is_inside_of_lists_mappings_and_unions_counts() -> None:
    class Wide(Struct, tag="square"):
        width: int

    pairs: list[tuple[Any, Any]] = [
        (tuple[Round | Square, ...], tuple[Round | Wide, ...]),
        (dict[str, Round | Square], dict[str, Round | Wide]),
        (Round | Square | None, Round | Wide | None),
    ]
    for was, now in pairs:
        before, after = record(("shape", was)), record(("shape", now))
        broken = [change for change in changes(parts_of(before), parts_of(after)) if change.breaking]
        assert any("square.side" in change.where for change in broken)
        assert any("square.width" in change.where for change in broken)


def test_a_default_that_is_left_out_may_not_change() -> None:
    before, after = (record(("count", int, number), omit_defaults=True) for number in (0, 1))
    assert [change.breaking for change in changes(parts_of(before), parts_of(after))] == [True]
    assert msgspec.json.decode(msgspec.json.encode(before()), type=after).count == 1  # type: ignore[attr-defined]


def test_a_struct_that_holds_its_own_kind_ends() -> None:
    assert "children" in parts_of(Tree)


class Tree(Struct):
    children: tuple[Tree, ...] = ()
