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


def given_to(name: str, effects: list[Effect]) -> list[str]:
    """The ids of the events that a subscription is given, in order."""
    deliveries = [each for each in effects if isinstance(each, Deliver)]
    return [each.event.id for each in deliveries if name in (*each.subscription_ids, *each.early)]


BOTH = ("template_usage", "template_approval")


def two(**second: Any) -> Session:
    """One that stands at 0 of the place, and one that wants approvals too and is to be replayed from 1."""
    one = opened(interest("s1"), interest("s2", types=BOTH, resume=["t.0.e:1"], **second))
    confirm(one, "s1", "t.0.e:0")
    return one


def approval(event_id: str, cursor: str) -> bytes:
    return usage(event_id, cursor).replace(b"template_usage", b"template_approval")


def test_an_event_for_another_waits_until_the_replay_has_come_past_it() -> None:
    one = two()
    effects = one.receive(usage("d", "t.0.e:9"), 0)
    assert (given_to("s1", effects), given_to("s2", effects)) == (["d"], [])
    assert given_to("s2", one.receive(usage("c", "t.0.e:10"), 0)) == []
    assert given_to("s2", one.receive(usage("other", "t.1.e:1"), 0)) == []
    assert given_to("s2", one.receive(approval("a", "t.0.e:4"), 0)) == ["a"]
    assert given_to("s2", one.receive(approval("e", "t.0.e:11"), 0)) == ["d", "c", "e"]
    assert given_to("s2", one.receive(usage("f", "t.0.e:12"), 0)) == []
    assert given_to("s2", one.receive(usage("f", "t.0.e:12"), 0)) == ["f"], "its own replay brings it"
    assert given_to("s2", one.receive(usage("h", "t.0.e:13"), 0)) == []
    answer = control(action="subscribed", subscriptionId="s2", cursors=["t.0.e:13"], recovered=True)
    effects = one.receive(answer, 0)
    assert sorted(given_to("s2", effects)) == ["h", "other"]
    assert isinstance(effects[-1], Confirmed)
    assert given_to("s2", one.receive(usage("g", "t.0.e:14"), 0)) == ["g"]
    assert one.counters.unordered == 0


def test_what_waits_for_a_replay_comes_again_on_the_next_connection() -> None:
    one = two()
    assert given_to("s2", one.receive(usage("b", "t.0.e:9"), 0)) == []
    one.disconnected()
    one.connected(1, user_id=1)
    configs = [each["config"] for each in sent(one.receive(control(**GREETING), 1))]
    assert [config["resume"] for config in configs] == [["t.0.e:9"], ["t.0.e:1"]]
    assert given_to("s2", one.receive(approval("a", "t.0.e:4"), 1)) == ["a"]
    assert given_to("s2", one.receive(usage("b", "t.0.e:9"), 1)) == ["b"]
    assert given_to("s2", one.receive(approval("c", "t.0.e:10"), 1)) == ["c"]


def test_more_than_may_wait_for_a_replay_is_given_before_it_and_counted() -> None:
    one = two(remembered_ids=2)
    given = [given_to("s2", one.receive(usage(f"e{at}", f"t.0.e:{at}"), 0)) for at in (7, 8, 9, 10)]
    assert given == [[], [], ["e7"], ["e8"]]
    assert one.counters.unordered == 2


def test_a_subscription_that_was_refused_for_now_keeps_its_place() -> None:
    one = two()
    error = {"code": "not_ready", "message": "", "retryable": True, "subscriptionId": "s2"}
    one.receive(msgspec.json.encode({"type": "error", "payload": error, "timestamp": NOW}), 0)
    assert given_to("s2", one.receive(usage("b", "t.0.e:9"), 0)) == []
    (asked,) = sent(one.tick(one.deadline()))
    assert asked["config"]["resume"] == ["t.0.e:1"]
    assert given_to("s2", one.receive(approval("a", "t.0.e:4"), 0)) == ["a"]
    confirm(one, "s2", "t.0.e:9")
    assert given_to("s2", one.receive(usage("b", "t.0.e:9"), 0)) == []


def test_a_replay_of_what_another_has_had_is_given_as_it_comes() -> None:
    one = opened(interest("s1"), interest("s2", since=NOW))
    confirm(one, "s1", "t.0.e:6")
    assert given_to("s2", one.receive(usage("new", "t.0.e:7"), 0)) == []
    for at in (4, 5, 6):
        effects = one.receive(usage(f"e{at}", f"t.0.e:{at}"), 0)
        assert (given_to("s1", effects), given_to("s2", effects)) == ([], [f"e{at}"])
    assert given_to("s2", one.receive(usage("new", "t.0.e:7"), 0)) == ["new"]
    confirm(one, "s2", "t.0.e:7")
    assert one.counters.unordered == 0


def test_the_past_of_one_is_no_news_to_another_that_is_to_be_replayed() -> None:
    one = opened(interest("s1", since=NOW), interest("s2", types=BOTH, resume=["t.0.e:7"]))
    assert given_to("s2", one.receive(usage("old", "t.0.e:5"), 0)) == []
    confirm(one, "s2", "t.0.e:9")
    assert given_to("s2", one.receive(usage("new", "t.0.e:10"), 0)) == ["new"]
    assert one.counters.duplicates == 0


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
