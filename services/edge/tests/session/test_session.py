"""One client's conversation: how it opens, what it may say when, and how it ends."""

import pytest
from autodmca_edge.testing import FakeNode, FakePeer
from autodmca_events import rfc3339

USAGE, INCIDENT = "template_usage", "social_media_incident"


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


@pytest.mark.protocol("What a client may say: authenticate")
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


@pytest.mark.protocol("Errors: unauthenticated")
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
@pytest.mark.protocol("Errors: invalid_token", "Close codes: 4401")
async def test_without_a_good_token_a_connection_ends(node: FakeNode, token: str, code: str) -> None:
    by_handshake, by_message = node.connect(token), node.connect(None)
    by_message.authenticate(token)
    for peer in (by_handshake, by_message):
        assert codes(peer) == [code]
        assert peer.closed == 4401
    assert node.counts["4401"] == 2
    assert node.sessions == {}


@pytest.mark.protocol("Close codes: 4503")
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


@pytest.mark.protocol("Errors: forbidden")
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
    peer = node.connect(None)
    peer.authenticate("7")
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


# -- misuse ----------------------------------------------------------------------------------------


@pytest.mark.protocol("Close codes: 4400")
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


@pytest.mark.protocol("Close codes: 1012")
async def test_draining_sends_clients_away(node: FakeNode) -> None:
    peer = node.connect()
    peer.session.drain()
    peer.session.drain()
    assert peer.closed == 1012
    assert node.counts["1012"] == 1


async def test_who_does_not_read_answers_is_let_go_too(node: FakeNode) -> None:
    peer = node.connect(limit=1000)
    peer.stall()
    for _ in range(20):
        peer.heartbeat(timestamp="t" * 100)
    await node.settle()
    peer.read()
    assert peer.closed == 4410
