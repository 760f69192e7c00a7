"""When a client's time is up, and tokens that give it more."""

import pytest
from autodmca_edge.testing import FakeNode, FakePeer
from autodmca_events import rfc3339

USAGE, INCIDENT = "template_usage", "social_media_incident"


def codes(peer: FakePeer) -> list[str]:
    return [each["code"] for each in peer.errors()]


def still_open(peer: FakePeer) -> bool:
    return peer.closed is None


# -- time ------------------------------------------------------------------------------------------


@pytest.mark.protocol("Close codes: 4408")
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


@pytest.mark.protocol("Errors: token_expired", "Close codes: 4401")
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


async def test_a_leeway_is_forgiven_to_the_second_and_no_longer(node: FakeNode) -> None:
    node.verifier.lifetime_s, node.verifier.leeway_s = 10, 5
    peer = node.connect()
    peer.subscribe("s", USAGE)
    node.pass_time(14.75)
    node.stored.emit(USAGE, 7)
    node.poll()
    assert len(peer.events()) == 1
    node.pass_time(0.25)
    assert (codes(peer), peer.closed) == (["token_expired"], 4401)


@pytest.mark.parametrize("off", [-3600.0, 3600.0, 0.375])
async def test_a_wall_clock_that_is_set_right_decides_when_tokens_expire(node: FakeNode, off: float) -> None:
    """The node began an hour late or early, or its clock is slewed by a fraction of a second."""
    node.verifier.lifetime_s = 7200
    node.wall_is_off = off
    peer = node.connect()
    peer.subscribe("s", USAGE)
    node.wall_is_off = 0.0
    assert peer.session.claims is not None
    expires_at = peer.session.claims.expires_at
    while (left := expires_at - node.now) > 0.25:
        node.pass_time(min(left - 0.25, 30))
        peer.session.heard()
    assert still_open(peer)
    node.pass_time(0.25)
    assert (codes(peer), peer.closed) == (["token_expired"], 4401)


async def test_a_wall_clock_that_jumps_over_an_expiry_ends_the_connection_at_once(node: FakeNode) -> None:
    peer = node.connect()
    node.pass_time(1)
    node.wall_is_off = 3600.0
    node.pass_time(0.25)
    assert (codes(peer), peer.closed) == (["token_expired"], 4401)


async def test_intervals_do_not_heed_a_wall_clock_that_jumps(node: FakeNode) -> None:
    node.verifier.lifetime_s = 10_000
    late, heard = node.connect(None), node.connect()
    node.wall_is_off = 3600.0
    node.pass_time(9.75)
    assert still_open(late)
    assert still_open(heard)
    node.pass_time(0.25)
    assert late.closed == 4408
    node.pass_time(49)
    assert still_open(heard)
    heard.heartbeat()
    assert heard.received[-1]["payload"]["serverTime"] == rfc3339(int((node.now + 3600) * 1000))
