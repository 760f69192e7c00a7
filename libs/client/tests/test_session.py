"""The state machine alone: bytes and moments in, effects out."""

import random
from typing import Any

import msgspec
import pytest
from autodmca_client.closing import Backoff
from autodmca_client.effects import (
    Accepted,
    Confirmed,
    Deliver,
    Effect,
    Gap,
    Opened,
    Positions,
    Refused,
    Send,
    Silent,
    TokenWanted,
)
from autodmca_client.interests import Interest
from autodmca_client.session import Session, Timing
from hypothesis import given, settings
from hypothesis import strategies as st

NOW = "2026-01-31T10:30:00.000Z"
GREETING = {"action": "connected", "connectionId": "c1", "node": "n1", "experiments": {"a": "b"}}


def session() -> Session:
    return Session(lambda: NOW, Timing(backoff=Backoff(first_s=1.0)), random.Random(1))


def interest(name: str = "s1", **overrides: Any) -> Interest:
    options: dict[str, Any] = {"since": None, "resume": (), "remembered_ids": 100, **overrides}
    return Interest(name, options.pop("types", ["template_usage"]), options.pop("filters", {}), **options)


def control(**payload: object) -> bytes:
    return msgspec.json.encode({"type": "connection_established", "payload": payload, "timestamp": NOW})


def usage(event_id: str, cursor: str | None = None) -> bytes:
    message = {"type": "template_usage", "payload": {}, "timestamp": NOW, "id": event_id, "userId": 1}
    return msgspec.json.encode(message | ({} if cursor is None else {"cursor": cursor}))


def sent(effects: list[Effect]) -> list[dict[str, Any]]:
    return [msgspec.json.decode(each.data)["payload"] for each in effects if isinstance(each, Send)]


def opened(*interests: Interest, at: float = 0.0) -> Session:
    one = session()
    for each in interests:
        one.add(each)
    one.connected(at, user_id=1)
    one.receive(control(**GREETING), at)
    return one


def confirm(one: Session, name: str, *cursors: str) -> None:
    one.receive(control(action="subscribed", subscriptionId=name, cursors=cursors, recovered=True), 0)


def test_nothing_is_said_before_the_greeting() -> None:
    one = session()
    assert one.add(interest()) == []
    one.connected(0, user_id=1)
    effects = one.receive(control(**GREETING), 0)
    assert effects[0] == Opened("c1", "n1", {"a": "b"})
    assert sent(effects) == [
        {"action": "subscribe", "subscriptionId": "s1", "config": {"types": ["template_usage"]}}
    ]


def test_an_owed_token_is_sent_first_and_the_rest_waits_for_its_answer() -> None:
    one = session()
    one.add(interest())
    one.connected(0, user_id=1, owes_token="t")
    assert sent(one.receive(control(**GREETING), 0)) == [{"action": "authenticate", "token": "t"}]
    assert not one.is_open
    effects = one.receive(control(action="authenticated", userId=1, expiresAt=NOW), 0)
    assert isinstance(effects[0], Opened)
    assert sent(effects)[0]["action"] == "subscribe"


def test_a_subscription_on_an_open_connection_is_sent_at_once() -> None:
    one = opened()
    effects = one.add(interest(filters={"templateIds": ["t1"]}, since=NOW))
    assert sent(effects)[0]["config"] == {
        "types": ["template_usage"],
        "filters": {"templateIds": ["t1"]},
        "since": NOW,
    }


def test_a_reconnect_resumes_each_subscription_from_its_own_cursors() -> None:
    one = opened(interest("s1", since=NOW), interest("s2", types=["template_approval"]))
    confirm(one, "s1", "t.0.e:4")
    confirm(one, "s2", "t.0.e:4")
    one.receive(usage("a", "t.0.e:5"), 0)
    one.disconnected()
    one.connected(1, user_id=1)
    configs = [each["config"] for each in sent(one.receive(control(**GREETING), 1))]
    assert [config["resume"] for config in configs] == [["t.0.e:5"], ["t.0.e:4"]]
    assert all("since" not in config for config in configs)


def test_while_catching_up_in_company_an_event_does_not_move_the_cursors() -> None:
    one = opened(interest("s1"), interest("s2", resume=["t.0.e:1"]))
    confirm(one, "s1", "t.0.e:0")
    (effect,) = one.receive(usage("b", "t.0.e:9"), 0)
    assert isinstance(effect, Deliver)
    assert (effect.subscription_ids, effect.early) == (("s1",), ("s2",))
    one.disconnected()
    one.connected(1, user_id=1)
    configs = [each["config"] for each in sent(one.receive(control(**GREETING), 1))]
    assert [config["resume"] for config in configs] == [["t.0.e:9"], ["t.0.e:1"]]


def test_a_gap_replaces_the_cursors() -> None:
    one = opened(interest(resume=["t.0.old:7"]))
    answer = control(
        action="subscribed", subscriptionId="s1", cursors=["t.0.new:2"], recovered=False, reason="epoch"
    )
    assert one.receive(answer, 0) == [Confirmed("s1", ("t.0.new:2",), Gap("s1", "epoch"))]
    one.disconnected()
    one.connected(1, user_id=1)
    (payload,) = sent(one.receive(control(**GREETING), 1))
    assert payload["config"]["resume"] == ["t.0.new:2"]


def test_an_event_seen_before_is_counted_and_dropped() -> None:
    one = opened(interest())
    assert len(one.receive(usage("a", "t:1"), 0)) == 1
    assert one.receive(usage("a", "t:2"), 0) == []
    assert (one.counters.received, one.counters.duplicates) == (2, 1)


def test_an_event_that_nobody_wants_is_counted() -> None:
    one = opened()
    assert one.receive(usage("a"), 0) == []
    assert one.counters.unclaimed == 1


def test_heartbeats_leave_on_time_and_their_answers_bring_positions() -> None:
    one = opened(interest())
    confirm(one, "s1", "t:1")
    assert one.deadline() == 30
    assert one.tick(29.9) == []
    assert sent(one.tick(30)) == [{"timestamp": NOW}]
    assert one.deadline() == 60
    answer = {"timestamp": NOW, "cursors": ["t:8", "anothers:3"], "response": True}
    beat = msgspec.json.encode({"type": "heartbeat", "payload": answer, "timestamp": NOW})
    assert one.receive(beat, 31) == [Positions("s1", ("t:8",))]


def test_the_greeting_sets_the_intervals() -> None:
    one = session()
    one.connected(0, user_id=1)
    one.receive(control(**GREETING, heartbeatIntervalMs=2_000, heartbeatTimeoutMs=5_000), 0)
    assert one.deadline() == 2
    one.tick(2)
    one.tick(4)
    assert one.tick(5) == [Silent()]


def test_silence_is_death_unless_nothing_is_being_read() -> None:
    one = opened()
    one.pause()
    assert Silent() not in one.tick(100)
    one.resume_reading(100)
    assert Silent() not in one.tick(159)
    assert one.tick(160) == [Silent()]


def test_a_retryable_refusal_is_repeated_after_a_growing_delay() -> None:
    one = opened(interest())
    error = {"code": "not_ready", "message": "", "retryable": True, "subscriptionId": "s1"}
    refusal = msgspec.json.encode({"type": "error", "payload": error, "timestamp": NOW})
    assert one.receive(refusal, 0) == []
    due = one.deadline()
    assert 0 < due <= 8
    assert sent(one.tick(due))[0]["action"] == "subscribe"


def test_a_final_refusal_ends_the_subscription() -> None:
    one = opened(interest())
    error = {"code": "bad_filter", "message": "no", "retryable": False, "subscriptionId": "s1", "field": "x"}
    (effect,) = one.receive(msgspec.json.encode({"type": "error", "payload": error}), 0)
    assert isinstance(effect, Refused)
    assert (effect.error.code, effect.error.field) == ("bad_filter", "x")
    one.disconnected()
    one.connected(1, user_id=1)
    assert sent(one.receive(control(**GREETING), 1)) == []


def test_a_subscription_that_leaves_still_claims_its_events() -> None:
    one = opened(interest("s1", filters={"templateIds": "t1"}), interest("s2"))
    confirm(one, "s1")
    confirm(one, "s2")
    assert sent(one.remove("s2")) == [{"action": "unsubscribe", "subscriptionId": "s2"}]
    assert one.remove("s2") == []
    assert one.receive(usage("a"), 0) == []
    one.receive(control(action="unsubscribed", subscriptionId="s2"), 0)
    assert len(one.receive(usage("b"), 0)) == 1


def test_an_action_is_accepted_by_its_id() -> None:
    one = opened()
    message_id, send = one.action("mark_read", {"id": 1})
    assert msgspec.json.decode(send.data)["type"] == "user_notification"
    assert one.receive(control(action="accepted", inReplyTo=message_id), 0) == [Accepted(message_id)]


def test_an_expiring_token_is_asked_for() -> None:
    one = opened()
    assert one.receive(control(action="auth_expiring", expiresAt=NOW), 0) == [TokenWanted()]


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b'{"type": 1, "payload": {}}', b'{"type":"error","payload":3}', b"\xff", b"[" * 5000],
)
def test_what_is_no_message_is_counted_and_skipped(data: bytes) -> None:
    one = opened(interest())
    assert one.receive(data, 0) == []
    assert one.counters.unreadable == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)
KINDS = st.sampled_from(
    ["connection_established", "heartbeat", "error", "template_usage", "system_notification"]
)
PAYLOADS = JSON | st.fixed_dictionaries(
    {"action": st.sampled_from(["connected", "subscribed", "unsubscribed", "accepted", "authenticated"])},
    optional={
        "subscriptionId": JSON,
        "cursors": JSON,
        "recovered": JSON,
        "experiments": JSON,
        "inReplyTo": JSON,
    },
)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(KINDS, PAYLOADS), max_size=20))
def test_no_sequence_of_strange_messages_breaks_the_session(messages: list[tuple[str, Any]]) -> None:
    one = opened(interest())
    for number, (kind, payload) in enumerate(messages):
        one.receive(msgspec.json.encode({"type": kind, "payload": payload}), float(number))
    assert one.deadline() > 0
