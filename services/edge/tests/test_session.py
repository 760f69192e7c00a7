"""One client's conversation: who it is, what it may say when, and when its time is up."""

from typing import Any

import pytest
from autodmca_edge.testing import FakeLog, FakeNode, FakePeer
from autodmca_events import rfc3339

USAGE, INCIDENT = "template_usage", "social_media_incident"


@pytest.fixture
def node() -> FakeNode:
    return FakeNode(FakeLog())


def codes(peer: FakePeer) -> list[str]:
    return [each["code"] for each in peer.errors()]


def still_open(peer: FakePeer) -> bool:
    return peer.closed is None


# -- opening ---------------------------------------------------------------------------------------


async def test_a_connection_is_told_what_to_expect(node: FakeNode) -> None:
    peer = node.connect(None)
    assert [each["payload"] for each in peer.received] == [
        {
            "action": "connected",
            "protocol": 1,
            "connectionId": peer.session.connection_id,
            "node": "fake",
            "serverTime": rfc3339(int(node.now * 1000)),
            "heartbeatIntervalMs": 30000,
            "heartbeatTimeoutMs": 60000,
            "authTimeoutMs": 10000,
            "maxMessageBytes": 65536,
            "experiments": {},
        }
    ]
    assert node.sessions == {peer.session.connection_id: peer.session}


async def test_a_token_of_the_handshake_needs_no_answer(node: FakeNode) -> None:
    peer = node.connect("7")
    peer.subscribe("s", USAGE)
    assert [each["payload"]["action"] for each in peer.received] == ["connected", "subscribed"]


async def test_a_token_by_message_is_answered(node: FakeNode) -> None:
    peer = node.connect(None)
    peer.authenticate("7")
    (answer,) = peer.answers("authenticated")
    assert answer["userId"] == 7
    assert answer["expiresAt"] == rfc3339((int(node.now) + 3600) * 1000)
    assert answer["inReplyTo"] == "m-authenticate"


async def test_the_same_token_twice_is_answered_and_changes_nothing(node: FakeNode) -> None:
    peer = node.connect("7")
    peer.authenticate("7")
    assert len(peer.answers("authenticated")) == 1
    assert still_open(peer)


async def test_before_authentication_only_heartbeats_are_taken(node: FakeNode) -> None:
    peer = node.connect(None)
    peer.subscribe("s", USAGE)
    peer.unsubscribe("s")
    peer.authenticate("7", "auth_update")
    peer.say_payload("user_notification", action="a")
    peer.heartbeat(timestamp=1)
    assert codes(peer) == ["unauthenticated"] * 4
    assert peer.errors()[0]["subscriptionId"] == "s"
    assert peer.received[-1]["payload"]["cursors"] == []
    node.stored.emit(USAGE, 7)
    node.poll()
    assert peer.events() == []


@pytest.mark.parametrize(("token", "code"), [("bad", "invalid_token"), ("expired", "token_expired")])
async def test_without_a_good_token_a_connection_ends(node: FakeNode, token: str, code: str) -> None:
    by_handshake, by_message = node.connect(token), node.connect(None)
    by_message.authenticate(token)
    for peer in (by_handshake, by_message):
        assert codes(peer) == [code]
        assert peer.closed == 4401
    assert node.counts["4401"] == 2
    assert node.sessions == {}


async def test_a_node_that_drains_or_has_no_log_takes_nobody(node: FakeNode) -> None:
    node.available = False
    assert node.connect().closed == 4503
    node.available, node.draining = True, True
    assert node.connect().closed == 1012
    assert node.sessions == {}


async def test_a_family_is_subscribed_to_at_once(node: FakeNode) -> None:
    peer = node.connect("7", family="social-media")
    (answer,) = peer.answers("subscribed")
    assert answer["subscriptionId"] == "social-media"
    assert answer["types"] == [INCIDENT, "social_media_scan_status", "social_media_platform_status"]
    later = node.connect(None, family="templates")
    assert later.answers("subscribed") == []
    later.authenticate("7")
    assert [each["payload"].get("action") for each in later.received] == [
        "connected",
        "authenticated",
        "subscribed",
    ]


async def test_a_family_that_the_token_does_not_allow_is_refused(node: FakeNode) -> None:
    node.verifier.types = (USAGE,)
    peer = node.connect("7", family="ai")
    assert codes(peer) == ["forbidden"]
    assert still_open(peer)


# -- keys that must be fetched first ---------------------------------------------------------------


async def test_what_is_said_while_a_key_is_fetched_waits(node: FakeNode) -> None:
    """A client that gave a token with its handshake subscribes as soon as it is connected."""
    node.verifier.known = False
    peer = node.connect("7")
    peer.subscribe("s", USAGE)
    await node.settle()
    assert codes(peer) == []
    node.verifier.known = True
    node.verifier.fetched.set()
    await node.settle()
    assert [each["subscriptionId"] for each in peer.answers("subscribed")] == ["s"]


async def test_what_waits_for_a_key_is_bounded(node: FakeNode) -> None:
    node.verifier.known = False
    peer = node.connect("7")
    for _ in range(20):
        peer.heartbeat()
    assert codes(peer) == ["rate_limited"] * 4
    node.verifier.known = True
    node.verifier.fetched.set()
    await node.settle()
    assert sum(each["type"] == "heartbeat" for each in peer.received) == 16


async def test_two_tokens_whose_keys_must_be_fetched_are_taken_in_turn(node: FakeNode) -> None:
    node.verifier.known = False
    peer = node.connect("7")
    peer.authenticate("7")
    peer.subscribe("s", USAGE)
    node.verifier.fetched.set()
    await node.settle()
    assert codes(peer) == ["not_ready", "not_ready", "unauthenticated"]
    assert peer.errors()[0]["retryable"]
    node.verifier.known = True
    peer.authenticate("7")
    assert len(peer.answers("authenticated")) == 1


async def test_a_key_that_comes_too_late_changes_nothing(node: FakeNode) -> None:
    node.verifier.known = False
    peer = node.connect("7")
    peer.subscribe("s", USAGE)
    await node.settle()
    node.pass_time(11)
    assert peer.closed == 4408
    node.verifier.known = True
    node.verifier.fetched.set()
    await node.settle()
    assert peer.answers("subscribed") == []
    assert node.hub.users == 0


# -- time ------------------------------------------------------------------------------------------


async def test_who_does_not_authenticate_in_time_is_closed(node: FakeNode) -> None:
    peer = node.connect(None)
    node.pass_time(9.75)
    peer.heartbeat()
    assert still_open(peer)
    node.pass_time(1.25)
    assert peer.closed == 4408


async def test_who_is_silent_for_a_minute_is_closed(node: FakeNode) -> None:
    silent, frames = node.connect(), node.connect()
    for _ in range(4):
        node.pass_time(29)
        frames.session.heard()  # any frame: a ping, a fragment
    assert silent.closed == 4408
    assert still_open(frames)
    node.pass_time(61)
    assert frames.closed == 4408
    assert node.counts["4408"] == 2


async def test_a_heartbeat_is_answered_with_what_it_said(node: FakeNode) -> None:
    peer = node.connect()
    peer.heartbeat(timestamp={"at": [1, None]})
    payload = peer.received[-1]["payload"]
    assert payload == {
        "timestamp": {"at": [1, None]},
        "serverTime": rfc3339(int(node.now * 1000)),
        "cursors": [],
        "response": True,
    }


async def test_an_answer_to_a_heartbeat_is_never_answered(node: FakeNode) -> None:
    peer = node.connect()
    before = len(peer.received)
    peer.heartbeat(timestamp=1, response=True)
    assert len(peer.received) == before


async def test_a_heartbeat_brings_the_cursors_up_to_date(node: FakeNode) -> None:
    peer = node.connect()
    peer.subscribe("s", USAGE, "system_notification")
    before = peer.cursors()
    for _ in range(5):
        node.stored.emit("template_approval", 7)  # of another type: nothing is delivered
    node.poll()
    peer.heartbeat()
    after = peer.cursors()
    assert peer.events() == []
    assert len(before) == len(after) == 2
    moved = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
    assert [(a.rpartition(":")[2], b.rpartition(":")[2]) for a, b in moved] == [("-1", "4")]


async def test_nothing_is_delivered_from_the_second_of_expiry(node: FakeNode) -> None:
    node.verifier.lifetime_s = 100
    peer = node.connect()
    peer.subscribe("s", USAGE)
    node.pass_time(50)
    peer.heartbeat()
    node.pass_time(49.75)
    node.stored.emit(USAGE, 7)
    node.poll()
    assert len(peer.events()) == 1
    node.now += 0.25  # the timer has not run yet
    node.stored.emit(USAGE, 7)
    node.poll()
    assert len(peer.events()) == 1
    assert codes(peer) == ["token_expired"]
    assert peer.closed == 4401
    assert node.hub.users == 0


async def test_nothing_is_replayed_from_the_second_of_expiry(node: FakeNode) -> None:
    for _ in range(5):
        node.stored.emit(USAGE, 7)
    node.poll()
    node.verifier.lifetime_s = 20
    peer = node.connect()
    peer.subscribe("s", USAGE, since="1970-01-01T00:00:00Z")
    node.now += 20  # the timer has not run yet
    await node.settle()
    assert peer.events() == []
    assert peer.closed == 4401


async def test_nothing_is_taken_from_the_second_of_expiry(node: FakeNode) -> None:
    node.verifier.lifetime_s = 20
    peer = node.connect()
    node.now += 20  # the timer has not run yet
    peer.subscribe("s", USAGE)
    assert peer.answers("subscribed") == []
    assert peer.closed == 4401


async def test_a_token_that_only_a_leeway_keeps_good_is_refused(node: FakeNode) -> None:
    node.verifier.lifetime_s = 0
    peer = node.connect()
    assert codes(peer) == ["token_expired"]
    assert peer.closed == 4401


async def test_a_short_token_ends_before_the_first_deadline(node: FakeNode) -> None:
    node.verifier.lifetime_s = 3
    peer = node.connect()
    node.pass_time(2.75)
    assert still_open(peer)
    node.pass_time(0.25)
    assert peer.closed == 4401


async def test_the_notice_of_expiry_comes_a_minute_before_and_once_a_token(node: FakeNode) -> None:
    node.verifier.lifetime_s = 180
    peer = node.connect()

    def pass_time(seconds: int) -> None:
        for _ in range(seconds):
            node.pass_time(1)
            peer.session.heard()

    pass_time(119)
    assert peer.answers("auth_expiring") == []
    pass_time(1)
    expires_at = rfc3339((int(node.now) + 60) * 1000)
    assert peer.answers("auth_expiring") == [{"action": "auth_expiring", "expiresAt": expires_at}]
    pass_time(30)
    peer.authenticate("7", "auth_update")
    pass_time(119)
    assert len(peer.answers("auth_expiring")) == 1
    pass_time(1)
    assert len(peer.answers("auth_expiring")) == 2
    pass_time(60)
    assert peer.closed == 4401


# -- newer tokens ----------------------------------------------------------------------------------


async def test_a_newer_token_lets_the_connection_live_on(node: FakeNode) -> None:
    node.verifier.lifetime_s = 100
    peer = node.connect()
    peer.subscribe("s", USAGE)
    node.pass_time(50)
    peer.authenticate("7", "auth_update")
    assert peer.answers("authenticated")[-1]["expiresAt"] == rfc3339((int(node.now) + 100) * 1000)
    node.pass_time(55)
    node.stored.emit(USAGE, 7)
    node.poll()
    assert len(peer.events()) == 1


@pytest.mark.parametrize("action", ["authenticate", "auth_update"])
async def test_another_users_token_is_refused(node: FakeNode, action: str) -> None:
    peer = node.connect("7")
    peer.subscribe("s", USAGE)
    peer.authenticate("8", action)
    assert [(each["code"], each["field"]) for each in peer.errors()] == [("forbidden", "payload.token")]
    node.stored.emit(USAGE, 8)
    node.stored.emit(USAGE, 7)
    node.poll()
    assert [each["userId"] for each in peer.events()] == [7]
    assert still_open(peer)


@pytest.mark.parametrize("token", ["bad", "expired"])
async def test_a_bad_newer_token_leaves_the_older_one(node: FakeNode, token: str) -> None:
    peer = node.connect("7")
    peer.authenticate(token, "auth_update")
    assert len(codes(peer)) == 1
    assert still_open(peer)
    peer.subscribe("s", USAGE)
    assert len(peer.answers("subscribed")) == 1


async def test_a_newer_tokens_limits_hold_for_what_stands(node: FakeNode) -> None:
    peer = node.connect("7")
    peer.subscribe("both", USAGE, INCIDENT)
    peer.subscribe("incidents", INCIDENT)
    node.verifier.types, node.verifier.lifetime_s = (USAGE,), 4000
    peer.authenticate("7", "auth_update")
    assert [(each["code"], each["subscriptionId"]) for each in peer.errors()] == [("forbidden", "incidents")]
    node.stored.emit(INCIDENT, 7)
    node.stored.emit(USAGE, 7)
    node.poll()
    assert [each["type"] for each in peer.events()] == [USAGE]


async def test_who_is_no_admin_any_more_sees_no_other_user(node: FakeNode) -> None:
    peer = node.connect("7:admin")
    peer.subscribe("all", USAGE, filters={"userId": "*"})
    node.verifier.lifetime_s = 4000
    peer.authenticate("7", "auth_update")
    node.stored.emit(USAGE, 8)
    node.poll()
    assert peer.events() == []
    assert codes(peer) == ["forbidden"]


# -- subscriptions ---------------------------------------------------------------------------------


async def test_a_subscription_is_answered_with_types_and_positions(node: FakeNode) -> None:
    peer = node.connect()
    peer.subscribe("s", USAGE, "system_notification")
    (answer,) = peer.answers("subscribed")
    assert answer.pop("cursors")
    assert answer == {
        "action": "subscribed",
        "subscriptionId": "s",
        "types": [USAGE, "system_notification"],
        "recovered": True,
        "replayed": 0,
        "inReplyTo": "m-subscribe",
    }


@pytest.mark.parametrize(
    ("types", "config", "code", "field"),
    [
        (["nothing"], {}, "unknown_type", "payload.config.types[0]"),
        ([USAGE], {"filters": {"profileId": 5}}, "bad_filter", "payload.config.filters.profileId"),
        ([USAGE], {"filters": {"userId": "*"}}, "forbidden", "payload.config.filters.userId"),
        ([USAGE], {"since": "yesterday"}, "bad_message", "payload.config.since"),
        ([USAGE], {"since": ""}, "bad_message", "payload.config.since"),
        ([USAGE], {"since": "2023-02-30T00:00:00Z"}, "bad_message", "payload.config.since"),
        ([USAGE], {"since": "", "resume": []}, "bad_message", "payload.config.since"),
    ],
)
async def test_a_subscription_that_makes_no_sense_is_refused_and_the_connection_stays(
    node: FakeNode, types: list[str], config: dict[str, Any], code: str, field: str
) -> None:
    peer = node.connect()
    peer.subscribe("s", *types, **config)
    (error,) = peer.errors()
    assert (error["code"], error["field"]) == (code, field)
    assert (error["subscriptionId"], error["inReplyTo"]) == ("s", "m-subscribe")
    assert still_open(peer)
    assert node.replayer.running == 0


async def test_a_refused_subscribe_leaves_the_standing_one(node: FakeNode) -> None:
    peer = node.connect()
    peer.subscribe("s", USAGE)
    peer.subscribe("s", "nothing")
    node.stored.emit(USAGE, 7)
    node.poll()
    assert len(peer.events()) == 1


async def test_a_subscription_of_the_same_name_replaces(node: FakeNode) -> None:
    peer = node.connect()
    peer.subscribe("s", USAGE)
    peer.subscribe("s", INCIDENT)
    node.stored.emit(USAGE, 7)
    node.stored.emit(INCIDENT, 7)
    node.poll()
    assert [each["type"] for each in peer.events()] == [INCIDENT]


async def test_after_unsubscribe_nothing_comes(node: FakeNode) -> None:
    peer = node.connect()
    peer.subscribe("s", USAGE)
    peer.unsubscribe("s")
    peer.unsubscribe("s")
    assert [each["subscriptionId"] for each in peer.answers("unsubscribed")] == ["s", "s"]
    node.stored.emit(USAGE, 7)
    node.poll()
    assert peer.events() == []
    assert node.hub.users == 0


async def test_subscriptions_have_a_limit(node: FakeNode) -> None:
    peer = node.connect()
    for index in range(11):
        peer.subscribe(f"s{index}", USAGE)
    (error,) = peer.errors()
    assert (error["code"], error["subscriptionId"]) == ("limit_exceeded", "s10")
    peer.subscribe("s3", INCIDENT)  # replaces
    peer.unsubscribe("s0")
    peer.subscribe("s10", USAGE)
    assert len(peer.errors()) == 1


async def test_replays_that_wait_count_toward_the_limit(node: FakeNode) -> None:
    node.stored.away = True
    peer = node.connect()
    for index in range(5):
        peer.subscribe(f"s{index}", USAGE)
    for index in range(5, 11):
        peer.subscribe(f"s{index}", USAGE, since="2023-01-01T00:00:00Z")
    assert codes(peer) == ["limit_exceeded"]
    assert node.replayer.running == 5


# -- misuse ----------------------------------------------------------------------------------------


async def test_ten_bad_messages_in_a_minute_close_the_connection(node: FakeNode) -> None:
    peer = node.connect()
    for _ in range(9):
        peer.session.said(b"nonsense")
    assert still_open(peer)
    peer.session.said(b"nonsense")
    assert peer.closed == 4400
    assert codes(peer) == ["bad_json"] * 10
    assert node.counts["4400"] == 1


async def test_nine_bad_messages_a_minute_are_borne(node: FakeNode) -> None:
    peer = node.connect()
    for _ in range(5):
        for _ in range(9):
            peer.session.said(b"nonsense")
        node.pass_time(31)
        peer.session.heard()
        node.pass_time(31)
        peer.session.heard()
    assert still_open(peer)


async def test_the_tenth_bad_message_may_be_a_bad_token(node: FakeNode) -> None:
    peer = node.connect(None)
    for _ in range(9):
        peer.session.said(b"{}")
    peer.authenticate("bad")
    assert peer.closed == 4400
    assert node.counts["4400"] + node.counts["4401"] == 1


async def test_what_comes_after_the_close_is_ignored(node: FakeNode) -> None:
    peer = node.connect("bad")
    before = len(peer.received)
    peer.authenticate("7")
    peer.subscribe("s", USAGE)
    assert len(peer.received) == before
    assert node.hub.users == 0


# -- leaving ---------------------------------------------------------------------------------------


async def test_who_is_gone_leaves_nothing_behind(node: FakeNode) -> None:
    peers = [node.connect() for _ in range(3)]
    for peer in peers:
        peer.subscribe("s", USAGE, "system_notification")
        peer.leave()
        peer.leave()
    assert node.sessions == {}
    assert node.hub.users == 0
    node.stored.emit(USAGE, 7)
    node.stored.emit("system_notification")
    node.poll()
    assert all(peer.events() == [] for peer in peers)
    node.pass_time(120)
    assert node.counts["4408"] == 0


async def test_draining_sends_clients_away(node: FakeNode) -> None:
    peer = node.connect()
    peer.session.drain()
    peer.session.drain()
    assert peer.closed == 1012
    assert node.counts["1012"] == 1


async def test_who_does_not_read_is_let_go_and_sees_no_gap(node: FakeNode) -> None:
    slow, other = node.connect(limit=3000), node.connect()
    for peer in (slow, other):
        peer.subscribe("s", USAGE)
    slow.stall()
    for _ in range(20):
        node.stored.emit(USAGE, 7)
        node.poll()
    slow.heartbeat()
    slow.read()
    await node.settle()
    assert slow.closed == 4410
    assert len(other.events()) == 20
    assert slow.ids() == other.ids()[: len(slow.ids())]
    assert node.counts["4410"] == 1
    assert node.counts["too_slow"] > 0
    assert list(node.sessions.values()) == [other.session]


async def test_after_the_first_event_that_was_not_taken_nothing_follows(node: FakeNode) -> None:
    """Else a client that goes on reading would take its later cursors for having had everything."""
    peer = node.connect(limit=1500)
    peer.subscribe("s", USAGE)
    peer.stall()
    node.stored.emit(USAGE, 7)
    node.poll()  # the transport's
    node.stored.emit(USAGE, 7)
    node.poll()  # the outbox's
    node.stored.emit(USAGE, 7, name="n" * 2000)
    node.poll()  # too much
    node.stored.emit(USAGE, 7)
    node.poll()  # would fit
    peer.heartbeat()
    peer.read()
    assert [each["cursor"].rpartition(":")[2] for each in peer.events()] in (["0"], ["0", "1"])
    assert all(each["type"] != "heartbeat" for each in peer.received if "type" in each)


async def test_who_does_not_read_answers_is_let_go_too(node: FakeNode) -> None:
    peer = node.connect(limit=1000)
    peer.stall()
    for _ in range(20):
        peer.heartbeat(timestamp="t" * 100)
    await node.settle()
    peer.read()
    assert peer.closed == 4410
