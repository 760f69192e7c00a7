"""Only the fields that filters name are decoded, and no filter sees the difference."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
import pytest
from autodmca_edge.fanout.filters import Filter, compile_filter
from autodmca_edge.fanout.projection import Path, Projection, bare_decoder, decoder
from autodmca_edge.fanout.subscriptions import BITS
from autodmca_events import FieldKind
from autodmca_events.fields import Kind
from hypothesis import given
from hypothesis import strategies as st

TYPE, ANOTHER = "template_usage", "template_approval"
ONE, OTHER = BITS[TYPE], BITS[ANOTHER]
names = st.sampled_from(["a", "b", "platform", "profileId", 'quo"te', "with space", "", "é", "back\\slash"])
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "x", "xy", "é", "😀", 'q"\\'])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=8,
)
payloads = st.dictionaries(names, values, max_size=5)
strings, numbers = st.sampled_from(["", "x", "xy", "é"]), st.integers(-3, 3) | st.floats(-3, 3)
operands = strings | numbers | st.booleans()
conditions = (
    operands
    | st.lists(strings, min_size=1, max_size=3)
    | st.lists(numbers, min_size=1, max_size=3)
    | st.fixed_dictionaries(
        {},
        optional={
            "eq": operands,
            "ne": operands,
            "nin": st.lists(strings, min_size=1, max_size=3),
            "gt": numbers,
            "lte": strings,
            "prefix": strings,
            "contains": strings,
            "exists": st.booleans(),
        },
    ).filter(bool)
)
keys = st.lists(names, min_size=1, max_size=3).map(".".join)
filters = st.dictionaries(keys, conditions, min_size=1, max_size=3)


class Named(NamedTuple):
    """A filtered subscription, as far as its fields go."""

    mask: int
    paths: frozenset[Path]


def named(mask: int, *dotted: str) -> Named:
    return Named(mask, frozenset(tuple(each.split(".")) for each in dotted))


def envelope(payload: object, type_name: str = TYPE) -> bytes:
    return msgspec.json.encode(
        {"type": type_name, "payload": payload, "timestamp": "now", "id": "i", "userId": 7}
    )


def anything(filters: Mapping[str, Any]) -> Filter:
    """A filter on fields that may be there or not, of any kind."""
    each: tuple[Kind, ...] = ("string", "number", "boolean")
    kinds = {f"{kind} {many}": FieldKind(kind, many=many) for kind in each for many in (False, True)}
    return compile_filter(filters, kinds, lambda name, _path: kinds[name])


def decoded(fields: Projection, bit: int, payload: object) -> Mapping[str, Any]:
    return fields.decoder(bit)(envelope(payload, TYPE if bit == ONE else ANOTHER)).payload


@given(payloads, st.lists(filters, min_size=1, max_size=3))
def test_every_filter_judges_as_it_would_a_payload_decoded_in_full(
    payload: dict[str, Any], standing: list[dict[str, Any]]
) -> None:
    compiled = [anything(each) for each in standing]
    value = envelope(payload)
    full = msgspec.json.decode(value)["payload"]
    narrow = decoder(frozenset().union(*(each.paths for each in compiled)), TYPE)(value).payload
    assert [each.matches(narrow) for each in compiled] == [each.matches(full) for each in compiled]
    named = {path for each in compiled for path in each.paths}
    if all(name.isascii() for path in named for name in path):
        assert narrow.keys() == full.keys() & {path[0] for path in named}


def test_a_name_beyond_ascii_is_taken_for_no_other() -> None:
    matching = anything({"\u00e9": ""})
    for payload, verdict in ({"": ""}, False), ({"\u00e9": ""}, True):
        assert matching.matches(decoder(matching.paths, TYPE)(envelope(payload)).payload) is verdict


def test_fields_that_no_filter_names_are_not_decoded() -> None:
    fields = Projection()
    fields.join("m", [named(ONE, "a", "deep.x.y")])
    payload = {"a": [1], "b": {"c": 1}, "deep": {"x": {"y": 2, "z": [3]}, "w": 4}}
    assert decoded(fields, ONE, payload) == {"a": [1], "deep": {"x": {"y": 2}}}


def test_an_object_and_a_field_of_it_are_decoded_together() -> None:
    fields = Projection()
    fields.join("m", [named(ONE, "a.b.c", "a.b", "d")])
    assert decoded(fields, ONE, {"a": {"b": {"c": 1, "x": 2}}}) == {"a": {"b": {"c": 1, "x": 2}}}


@pytest.mark.parametrize("other", [None, 5, 5.5, "text", True, [{"b": 1}], 2**70])
def test_what_is_no_object_has_no_fields(other: object) -> None:
    fields = Projection()
    fields.join("m", [named(ONE, "a.b")])
    matching = anything({"a.b": {"exists": False}})
    assert matching.matches(decoded(fields, ONE, {"a": other}))


def test_missing_and_null_stay_apart() -> None:
    fields = Projection()
    fields.join("m", [named(ONE, "a", "b")])
    assert decoded(fields, ONE, {"a": None}) == {"a": None}


def test_of_a_field_that_comes_twice_the_last_one_counts_as_in_a_full_decode() -> None:
    value = b'{"type":"template_usage","payload":{"a":1},"payload":{"a":2,"a":3,"b":{"c":1},"b":{"d":2}}}'
    narrow = decoder(frozenset({("a",), ("b", "c")}), TYPE)(value).payload
    assert narrow == {"a": 3, "b": {}}
    assert msgspec.json.decode(value)["payload"] == {"a": 3, "b": {"d": 2}}


@pytest.mark.parametrize(
    "rest",
    [
        b"",
        b"}",
        b',"payload":5}',
        b',"payload":null}',
        b',"payload":{"a":1}',
        b',"payload":{"a":1},"type":"error"}',
        b',"payload":{"a":1},"userId":"7"}',
    ],
)
def test_what_is_no_event_of_the_type_is_a_fault_whatever_is_decoded(rest: bytes) -> None:
    for decode in (bare_decoder(TYPE), decoder(frozenset(), TYPE), decoder(frozenset({("a",)}), TYPE)):
        assert decode(b'{"type":"template_usage","payload":{"a":1},"userId":7}').user_id == 7
        for value in (
            b'{"type":"template_usage"' + rest,
            b'{"type":"template_approval","payload":{}}',
            b"{}",
        ):
            with pytest.raises(msgspec.MsgspecError):
                decode(value)


def test_fields_belong_to_their_type() -> None:
    fields = Projection()
    fields.join("m", [named(ONE, "a"), named(ONE | OTHER, "b")])
    payload = {"a": 1, "b": 2, "c": 3}
    assert decoded(fields, ONE, payload) == {"a": 1, "b": 2}
    assert decoded(fields, OTHER, payload) == {"b": 2}


def test_fields_go_with_the_last_member_that_names_them() -> None:
    fields = Projection()
    fields.join("first", [named(ONE, "a")])
    fields.join("second", [named(ONE, "a"), named(ONE, "a", "b")])
    payload = {"a": 1, "b": 2}
    assert decoded(fields, ONE, payload) == {"a": 1, "b": 2}
    fields.leave("second")
    assert decoded(fields, ONE, payload) == {"a": 1}
    fields.leave("nobody")
    fields.leave("first")
    assert decoded(fields, ONE, payload) == {}


def test_a_member_more_with_known_fields_changes_no_decoder() -> None:
    fields = Projection()
    fields.join("first", [named(ONE, "a", "b")])
    before = fields.decoder(ONE)
    fields.join("second", [named(ONE, "b", "a")])
    fields.join("third", [named(ONE, "b")])
    assert fields.decoder(ONE) is before
    fields.leave("first")
    assert fields.decoder(ONE) is before
