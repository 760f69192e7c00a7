"""What experiments and compression make of delivery, on a node in memory: PROTOCOL.md, `experiments`, and
ARCHITECTURE.md: "each message compressed once, no context takeover"."""

import pytest
from autodmca_edge.testing import FakeLog, FakeNode

from services.edge.tests.treated import CHANGE, NOTICE, USAGE, node_of, samples, subscribed


@pytest.fixture
def log() -> FakeLog:
    return FakeLog()


# -- who is told -------------------------------------------------------------------------------------


def test_the_variants_are_in_the_greeting_when_a_token_came_with_the_handshake(log: FakeLog) -> None:
    peer = node_of(log, {}).connect("7")
    assert peer.received[0]["payload"]["action"] == "connected"
    assert peer.answers("connected")[0]["experiments"] == {"trial": "on"}


def test_who_authenticates_by_a_message_is_told_then(log: FakeLog) -> None:
    peer = node_of(log, {}).connect(None)
    assert peer.answers("connected")[0]["experiments"] == {}
    peer.authenticate("7")
    assert peer.answers("authenticated")[0]["experiments"] == {"trial": "on"}


async def test_a_greeting_waits_for_the_keys_that_tell_who_it_is(log: FakeLog) -> None:
    node = node_of(log, {})
    node.verifier.known = False
    peer = node.connect("7")
    peer.subscribe("s", USAGE)
    assert peer.received == []
    node.verifier.known = True
    node.verifier.fetched.set()
    await node.settle()
    assert [each["payload"]["action"] for each in peer.received] == ["connected", "subscribed"]
    assert peer.answers("connected")[0]["experiments"] == {"trial": "on"}


async def test_who_brings_a_token_whose_keys_cannot_be_had_is_sent_away_and_told_when_to_come_back(
    log: FakeLog,
) -> None:
    node = node_of(log, {})
    node.verifier.known = False
    peer = node.connect("7")
    node.verifier.fetched.set()
    await node.settle()
    assert peer.answers("connected") == []
    assert [(each["code"], each["retryable"]) for each in peer.errors()] == [("not_ready", True)]
    assert peer.closed == 4503
    assert "retry after" in peer.errors()[0]["message"]


@pytest.mark.parametrize(("token", "code"), [("bad", "invalid_token"), ("expired", "token_expired")])
def test_a_bad_token_of_the_handshake_is_refused_without_a_greeting(
    log: FakeLog, token: str, code: str
) -> None:
    peer = node_of(log).connect(token)
    assert peer.answers("connected") == []
    assert (peer.errors()[0]["code"], peer.closed) == (code, 4401)


# -- compression -------------------------------------------------------------------------------------


def test_what_is_compressed_is_compressed_once_for_all(log: FakeLog) -> None:
    node = node_of(log, compression=True)
    peers = [subscribed(node, window=12) for _ in range(5)]
    plain = [subscribed(node) for _ in range(2)]
    for peer in peers:
        peer.compressed = 0
    log.emit(NOTICE)
    log.emit(USAGE, 7)
    node.poll()
    for peer in (*peers, *plain):
        assert {each["type"] for each in peer.events()} == {NOTICE, USAGE}
        assert peer.compressed == (0 if peer in plain else 2)
    treatment = peers[0].session.treatment
    assert treatment is not None
    assert treatment.compressed.made == 2
    assert peers[0].events() == plain[0].events()


def test_windows_of_other_sizes_are_frames_of_their_own(log: FakeLog) -> None:
    node = node_of(log, compression=True)
    peers = [subscribed(node, window=window) for window in (9, 12, 9, 12)]
    log.emit(NOTICE)
    node.poll()
    treatment = peers[0].session.treatment
    assert treatment is not None
    assert treatment.compressed.made == 2
    assert all(len(each.events()) == 1 for each in peers)


async def test_a_replay_is_compressed_too(log: FakeLog) -> None:
    node = node_of(log, compression=True)
    cursors = subscribed(node).cursors()
    for index in range(30):
        log.emit(CHANGE, 7, id=f"s{index}")
        log.emit(NOTICE)
    node.poll()
    peer = node.connect(window=12)
    peer.compressed = 0
    peer.subscribe("s", CHANGE, NOTICE, resume=cursors)
    await node.settle()
    assert len(peer.events()) == 60
    assert peer.compressed >= 60


def test_filters_see_what_is_compressed_only_later(log: FakeLog) -> None:
    node = node_of(log, compression=True)
    peer = node.connect(window=12)
    peer.subscribe("s", NOTICE, filters={"level": "error"})
    for level in ("info", "error"):
        log.emit(NOTICE, level=level)
    node.poll()
    assert [each["payload"]["level"] for each in peer.events()] == ["error"]


@pytest.mark.parametrize(
    ("switched", "feature", "token", "compressed"),
    [
        (True, None, "7", True),
        (False, None, "7", False),
        (True, False, "7", False),
        (False, True, "7", True),
        (True, False, None, True),  # not known yet: what we send goes as it is, from when it is
        (False, True, None, False),
    ],
)
def test_a_variant_switches_compression(
    log: FakeLog, *, switched: bool, feature: bool | None, token: str | None, compressed: bool
) -> None:
    node = node_of(log, {} if feature is None else {"compression": feature}, compression=switched)
    peer = node.connect(token, window=12)
    assert (peer.outbox.window == 12) is compressed
    if token is None:
        peer.authenticate("7")
    peer.subscribe("s", NOTICE)
    peer.compressed = 0
    log.emit(NOTICE)
    node.poll()
    assert len(peer.events()) == 1
    assert bool(peer.compressed) is (compressed and feature is not False)


# -- what is counted ---------------------------------------------------------------------------------


def test_deliveries_are_counted_by_variant(log: FakeLog) -> None:
    two = '{"trial": {"variants": {"on": 1, "off": 1}, "features": {"on": {"batchMs": 50}}}}'
    node = FakeNode(log, experiments=two)
    peers = [subscribed(node, user=user) for user in range(1, 41)]
    on = [each for each in peers if each.answers("connected")[0]["experiments"] == {"trial": "on"}]
    assert 5 < len(on) < 35
    log.emit(NOTICE)
    node.poll()
    node.pass_time(0.05)
    counted = samples(node)
    assert counted["connections"] == counted["deliveries_total"] == counted["held_seconds_count"] == len(on)
    assert counted["held_seconds_sum"] == pytest.approx(0.05 * len(on))
    assert counted["bytes_total"] > 100 * len(on)
    assert sum(len(each.events()) for each in peers) == 40
