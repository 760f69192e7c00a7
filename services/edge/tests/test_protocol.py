"""What a client may say: commands, each error with the field it names, and odd JSON of every kind."""

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from autodmca_edge import protocol
from autodmca_edge.protocol import (
    Authenticate,
    AuthUpdate,
    ClientMessage,
    CloseCode,
    Command,
    Heartbeat,
    Refusal,
    State,
    Subscribe,
    SubscriptionConfig,
    Unsubscribe,
    parse,
    require,
)
from hypothesis import given
from hypothesis import strategies as st

NOW = "2023-12-07T10:30:00.000Z"


def control(**payload: Any) -> bytes:
    return msgspec.json.encode({"type": "connection_established", "payload": payload, "id": "m1"})


def refusal(text: bytes) -> Refusal:
    with pytest.raises(Refusal) as refused:
        parse(text)
    return refused.value


@pytest.mark.parametrize(
    ("text", "command"),
    [
        (control(action="authenticate", token="t"), Authenticate(token="t", in_reply_to="m1")),
        (control(action="auth_update", token="t"), AuthUpdate(token="t", in_reply_to="m1")),
        (
            control(action="subscribe", subscriptionId="s", config={"types": ["a"], "resume": ["c"]}),
            Subscribe(
                subscription_id="s", config=SubscriptionConfig(types=["a"], resume=["c"]), in_reply_to="m1"
            ),
        ),
        (
            control(action="unsubscribe", subscriptionId="s"),
            Unsubscribe(subscription_id="s", in_reply_to="m1"),
        ),
        (b'{"type":"heartbeat","payload":{"timestamp":5}}', Heartbeat(timestamp=5)),
        (b'{"type":"heartbeat"}', Heartbeat()),
        (b'{"type":"heartbeat","payload":{"response":true}}', Heartbeat(response=True)),
        (
            b'{"type":"user_notification","payload":{"action":"a","data":[1]},"id":"x"}',
            ClientMessage(action="a", data=[1], in_reply_to="x"),
        ),
        # What the existing client sends beside: unknown fields are no fault.
        (
            b' {"type":"heartbeat","payload":{"timestamp":"2023","x":1},"timestamp":"2023","userId":null} ',
            Heartbeat(timestamp="2023"),
        ),
    ],
)
def test_what_may_be_said(text: bytes, command: Command) -> None:
    assert parse(text) == command


@pytest.mark.parametrize(
    ("text", "code", "field"),
    [
        (b"", "bad_json", None),
        (b"hello", "bad_json", None),
        (b"{", "bad_json", None),
        (b'{"type":"heartbeat"} x', "bad_json", None),
        (b"\xef\xbb\xbf{}", "bad_json", None),
        (b'{"type":"heart\xffbeat"}', "bad_json", None),
        (b'{"type":"heartbeat","payload":{"timestamp":"\xff"}}', "bad_json", None),
        (b'{"type":"heartbeat","payload":{"timestamp":"\\ud800"}}', "bad_json", None),
        (b'{"type":"heartbeat","payload":{]}', "bad_json", None),
        (
            b'{"type":"heartbeat","payload":{"timestamp":' + b"[" * 20000 + b"]" * 20000 + b"}}",
            "bad_json",
            None,
        ),
        (b'{"x":' * 20000 + b"1" + b"}" * 20000, "bad_json", None),
        (b"null", "bad_message", None),
        (b"[]", "bad_message", None),
        (b'"heartbeat"', "bad_message", None),
        (b"{}", "bad_message", "type"),
        (b'{"type":5}', "bad_message", "type"),
        (b'{"type":"heartbeat","id":5}', "bad_message", "id"),
        (b'{"type":"dashboard_stats_update","payload":{}}', "bad_message", "type"),
        (b'{"type":"error"}', "bad_message", "type"),
        (b'{"type":"heartbeat","payload":null}', "bad_message", "payload"),
        (b'{"type":"heartbeat","payload":[1]}', "bad_message", "payload"),
        (b'{"type":"heartbeat","payload":{"response":"yes"}}', "bad_message", "payload.response"),
        (
            b'{"type":"heartbeat","payload":{"timestamp":' + b"1" * 5000 + b"}}",
            "bad_message",
            "payload.timestamp",
        ),
        (b'{"type":"heartbeat","payload":{"timestamp":1e999}}', "bad_message", "payload.timestamp"),
        (b'{"type":"user_notification","payload":{}}', "bad_message", "payload.action"),
        (b'{"type":"connection_established"}', "unknown_action", "payload.action"),
        (control(action="dance"), "unknown_action", "payload.action"),
        (control(action="connected"), "unknown_action", "payload.action"),
        (control(action=""), "unknown_action", "payload.action"),
        (control(action=5), "bad_message", "payload.action"),
        (control(action="authenticate"), "bad_message", "payload.token"),
        (control(action="authenticate", token=5), "bad_message", "payload.token"),
        (control(action="authenticate", token=None), "bad_message", "payload.token"),
        (control(action="subscribe", subscriptionId="s"), "bad_message", "payload.config"),
        (control(action="subscribe", config={"types": ["a"]}), "bad_message", "payload.subscriptionId"),
        (
            control(action="subscribe", subscriptionId=5, config={"types": []}),
            "bad_message",
            "payload.subscriptionId",
        ),
        (
            control(action="subscribe", subscriptionId="", config={"types": []}),
            "bad_message",
            "payload.subscriptionId",
        ),
        (control(action="unsubscribe", subscriptionId=None), "bad_message", "payload.subscriptionId"),
        (control(action="subscribe", subscriptionId="s", config=5), "bad_message", "payload.config"),
        (control(action="subscribe", subscriptionId="s", config={}), "bad_message", "payload.config.types"),
        (
            control(action="subscribe", subscriptionId="s", config={"types": "a"}),
            "bad_message",
            "payload.config.types",
        ),
        (
            control(action="subscribe", subscriptionId="s", config={"types": ["a", 5]}),
            "bad_message",
            "payload.config.types[1]",
        ),
        (
            control(action="subscribe", subscriptionId="s", config={"types": ["a"], "filters": []}),
            "bad_message",
            "payload.config.filters",
        ),
        (
            control(action="subscribe", subscriptionId="s", config={"types": ["a"], "resume": "c"}),
            "bad_message",
            "payload.config.resume",
        ),
        (
            control(action="subscribe", subscriptionId="s", config={"types": ["a"], "since": 5}),
            "bad_message",
            "payload.config.since",
        ),
    ],
)
@pytest.mark.protocol("Errors: bad_json", "Errors: bad_message", "Errors: unknown_action")
def test_each_fault_has_its_code_and_names_the_field(text: bytes, code: str, field: str | None) -> None:
    refused = refusal(text)
    assert (refused.code, refused.field) == (code, field)
    assert "`$" not in refused.message
    assert len(refused.message) < 300


def test_a_fault_answers_the_message_and_names_the_subscription() -> None:
    refused = refusal(control(action="subscribe", subscriptionId="s", config=5))
    assert (refused.in_reply_to, refused.subscription_id) == ("m1", "s")
    assert refusal(control(action="dance")).in_reply_to == "m1"
    assert refusal(b'{"type":"nothing","id":"m2"}').in_reply_to == "m2"


def test_a_subscriptions_name_has_a_bound() -> None:
    config = {"types": ["a"]}
    assert parse(control(action="subscribe", subscriptionId="s" * 256, config=config))
    refused = refusal(control(action="subscribe", subscriptionId="s" * 257, config=config))
    assert refused.field == "payload.subscriptionId"


@pytest.mark.parametrize(
    ("text", "message_id"),
    [
        (b'{"type":"heartbeat","id":5}', 5),
        (b'{"type":"connection_established","payload":{"action":"subscribe"},"id":7}', 7),
        (b'{"type":5,"id":"m1"}', "m1"),
        (b'{"id":"m1"}', "m1"),
        (b'{"type":"heartbeat","id":1e99}', None),
        (b'{"type":"heartbeat","id":123456789012345678901234567890}', None),
        (b'{"type":"heartbeat","id":{}}', None),
        (b'[]', None),
    ],
)  # fmt: skip
def test_an_error_says_to_which_message_also_when_its_envelope_is_wrong(
    text: bytes, message_id: object
) -> None:
    refused = refusal(text)
    said = msgspec.json.decode(protocol.error(refused, NOW))["payload"]
    assert (said["code"], said.get("inReplyTo")) == ("bad_message", message_id)


@pytest.mark.parametrize(
    "command",
    [
        AuthUpdate(token="t"),
        Subscribe(subscription_id="s", config=SubscriptionConfig(types=[])),
        Unsubscribe(subscription_id="s"),
        ClientMessage(action="a"),
    ],
)
def test_before_authentication_only_two_things_may_be_said(command: Command) -> None:
    with pytest.raises(Refusal) as refused:
        require(State.UNAUTHENTICATED, command)
    assert refused.value.code == "unauthenticated"
    assert refused.value.subscription_id == getattr(command, "subscription_id", None)
    require(State.OPEN, command)
    require(State.UNAUTHENTICATED, Authenticate(token="t"))
    require(State.UNAUTHENTICATED, Heartbeat())


def test_the_edges_messages() -> None:
    said = msgspec.json.decode(protocol.answer("subscribed", NOW, "m1", replayed=0))
    assert said == {
        "type": "connection_established",
        "payload": {"action": "subscribed", "replayed": 0, "inReplyTo": "m1"},
        "timestamp": NOW,
    }
    beat = msgspec.json.decode(protocol.heartbeat_answer(Heartbeat(timestamp={"a": 1}), NOW, ["c:1"]))
    assert beat["payload"] == {"timestamp": {"a": 1}, "serverTime": NOW, "cursors": ["c:1"], "response": True}
    plain = msgspec.json.decode(protocol.error(Refusal("internal", "oops"), NOW))
    assert plain["payload"] == {"code": "internal", "message": "oops", "retryable": False}
    full = Refusal("forbidden", "no", field="f", subscription_id="s", in_reply_to="m", retryable=True)
    assert msgspec.json.decode(protocol.error(full, NOW))["payload"] == {
        "code": "forbidden",
        "message": "no",
        "retryable": True,
        "subscriptionId": "s",
        "field": "f",
        "inReplyTo": "m",
    }


def test_close_codes_are_those_of_the_protocol() -> None:
    assert {int(code) for code in CloseCode} >= {1000, 1009, 1012, 4400, 4401, 4403, 4408, 4410, 4429, 4503}


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)
_types = st.sampled_from(["connection_established", "heartbeat", "user_notification", "x"]) | _json
_actions = st.sampled_from(["authenticate", "auth_update", "subscribe", "unsubscribe"]) | _json
_payloads = _json | st.fixed_dictionaries(
    {"action": _actions},
    optional={
        "token": _json,
        "subscriptionId": _json,
        "config": _json,
        "timestamp": _json,
        "response": _json,
    },
)


@given(st.fixed_dictionaries({}, optional={"type": _types, "payload": _payloads, "id": _json}))
def test_any_json_is_a_command_or_a_refusal(message: dict[str, Any]) -> None:
    with suppress(Refusal):
        assert isinstance(parse(msgspec.json.encode(message)), Command)


@given(st.binary(max_size=200), st.sampled_from([b"", b'{"type":"heartbeat","payload":', b'{"type":"']))
def test_any_bytes_are_a_command_or_a_refusal(noise: bytes, before: bytes) -> None:
    with suppress(Refusal):
        parse(before + noise)
