"""Envelopes: built, encoded, decoded; and whatever else arrives is refused by one error."""

import json
from typing import Any

import pytest
from autodmca_events import (
    CATALOGUE,
    Envelope,
    InvalidEvent,
    SystemNotification,
    TemplateUsage,
    decode,
    encode,
    envelope,
)
from autodmca_events.example import example_json
from hypothesis import given, settings
from hypothesis import strategies as st

USAGE = TemplateUsage(
    template_id="tpl_1",
    name="Gallery takedown",
    template_version=3,
    usage_count=57,
    rendered_length=2384,
    used_at="2026-03-02T09:31:06.770Z",
)
NOTICE = SystemNotification(
    level="info", code="hello", title="Hello", message="All is well.", dismissible=True
)


def usage(**changes: Any) -> bytes:
    """A template_usage event as JSON, with fields of the envelope replaced, or removed by `...`."""
    event = {**json.loads(example_json("template_usage")), **changes}
    return json.dumps({key: value for key, value in event.items() if value is not ...}).encode()


def test_the_wire_is_camel_case_in_the_structs_order_without_what_is_absent() -> None:
    event = envelope(USAGE, user_id=12345, timestamp_ms=1701945000000, id="msg_1")
    assert encode(event) == (
        b'{"type":"template_usage","payload":{"templateId":"tpl_1","name":"Gallery takedown",'
        b'"templateVersion":3,"usageCount":57,"renderedLength":2384,"usedAt":"2026-03-02T09:31:06.770Z"},'
        b'"timestamp":"2023-12-07T10:30:00.000Z","id":"msg_1","userId":12345}'
    )


def test_a_decoded_event_has_its_typed_payload_and_its_metadata() -> None:
    event = envelope(USAGE, user_id=0, timestamp_ms=0, id="msg_1", metadata={"experiment": "b", "n": [1]})
    assert decode(encode(event)) == event
    assert type(decode(encode(event)).payload) is TemplateUsage


def test_a_users_event_needs_a_user() -> None:
    with pytest.raises(InvalidEvent, match="userId is missing") as caught:
        envelope(USAGE, timestamp_ms=0, id="msg_1")
    assert (caught.value.event_type, caught.value.path) == ("template_usage", "$.userId")


def test_an_event_for_everybody_has_no_user() -> None:
    with pytest.raises(InvalidEvent, match="for everybody"):
        envelope(NOTICE, user_id=1, timestamp_ms=0, id="msg_1")
    assert envelope(NOTICE, timestamp_ms=0, id="msg_1").user_id is None


@pytest.mark.parametrize("user_id", [-1, 2**53])
def test_what_is_no_users_id_never_becomes_a_key(user_id: int) -> None:
    with pytest.raises(InvalidEvent, match="a user's id") as caught:
        envelope(USAGE, user_id=user_id, timestamp_ms=0, id="msg_1")
    assert (caught.value.event_type, caught.value.path) == ("template_usage", "$.userId")


def test_fields_of_a_newer_writer_are_ignored() -> None:
    payload = {**json.loads(example_json("template_usage"))["payload"], "addedNextYear": {"x": [1]}}
    assert decode(usage(payload=payload, cursor="t:3:42")) == decode(example_json("template_usage"))


@pytest.mark.parametrize(
    "value", ["text", bytearray(b"bytes"), memoryview(b"bytes")], ids=["str", "bytearray", "memoryview"]
)
def test_text_and_buffers_are_read_like_bytes(value: Any) -> None:
    source = usage()
    same = source.decode() if isinstance(value, str) else type(value)(source)
    assert decode(same) == decode(source)


PAYLOAD: dict[str, Any] = json.loads(usage())["payload"]


@pytest.mark.parametrize(
    ("value", "event_type", "path"),
    [
        (b"", None, "$"),
        (b"\xff", None, "$"),
        (b"[]", None, "$"),
        (b'{"type":"template_usage"', None, "$"),
        (b"[" * 100_000, None, "$"),
        (b'{"type":"x","payload":' + b"[" * 100_000, None, "$"),
        (usage(type=...), None, "$"),
        (usage(type=3), None, "$.type"),
        (usage(type="nope"), "nope", "$.type"),
        (usage(payload=...), "template_usage", "$"),
        (usage(payload=None), "template_usage", "$.payload"),
        (usage(payload={}), "template_usage", "$.payload"),
        (usage(payload={**PAYLOAD, "usageCount": -1}), "template_usage", "$.payload.usageCount"),
        (usage(payload={**PAYLOAD, "usageCount": 2**53}), "template_usage", "$.payload.usageCount"),
        (usage(payload={**PAYLOAD, "usageCount": "57"}), "template_usage", "$.payload.usageCount"),
        (usage(payload={**PAYLOAD, "outcome": "lost"}), "template_usage", "$.payload.outcome"),
        (usage(payload={**PAYLOAD, "usedAt": "yesterday"}), "template_usage", "$.payload.usedAt"),
        (
            usage(payload={**PAYLOAD, "usedAt": "2026-03-02T09:31:06Z\n"}),
            "template_usage",
            "$.payload.usedAt",
        ),
        (usage(timestamp="2026-03-02T09:31:06+01:00"), "template_usage", "$.timestamp"),
        (usage(id=""), "template_usage", "$.id"),
        (usage(userId=...), "template_usage", "$.userId"),
        (usage(userId="12345"), "template_usage", "$.userId"),
        (usage(userId=int("9" * 4000)), "template_usage", "$.userId"),
        (usage(metadata=[]), "template_usage", "$.metadata"),
    ],
)
def test_what_is_no_event_is_refused_with_type_and_path(
    value: bytes, event_type: str | None, path: str
) -> None:
    with pytest.raises(InvalidEvent) as caught:
        decode(value)
    assert (caught.value.event_type, caught.value.path) == (event_type, path)


def test_an_item_of_a_list_is_named_by_its_place() -> None:
    event = json.loads(example_json("engine_response"))
    event["payload"]["urlOutcomes"][1]["outcome"] = "vanished"
    with pytest.raises(InvalidEvent) as caught:
        decode(json.dumps(event))
    assert caught.value.path == "$.payload.urlOutcomes[1].outcome"


def decodes_or_is_refused(value: bytes) -> None:
    try:
        event = decode(value)
    except InvalidEvent:
        return
    assert isinstance(event, Envelope)


@settings(deadline=None)
@given(st.binary())
def test_arbitrary_bytes_raise_nothing_else(value: bytes) -> None:
    decodes_or_is_refused(value)


@settings(deadline=None)
@given(
    st.sampled_from(sorted(CATALOGUE)),
    st.integers(0, 2000),
    st.integers(0, 8),
    st.one_of(
        st.binary(max_size=8), st.sampled_from([b"null", b"-", b"1e999", b"\\ud800", b'"', b"}", b"\x00"])
    ),
)
def test_damaged_events_raise_nothing_else(name: str, at: int, length: int, replacement: bytes) -> None:
    value = example_json(name)
    at %= len(value)
    decodes_or_is_refused(value[:at] + replacement + value[at + length :])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.sampled_from(sorted(CATALOGUE)), st.data())
def test_fields_of_the_wrong_kind_raise_nothing_else(name: str, data: st.DataObject) -> None:
    event = json.loads(example_json(name))
    holder = data.draw(st.sampled_from([event, event["payload"]]))
    holder[data.draw(st.sampled_from(sorted(holder)))] = data.draw(JSON)
    decodes_or_is_refused(json.dumps(event).encode())
