"""Replays to clients that do not read, and to thousands at once."""

from autodmca_edge.testing import FakeLog, FakeNode
from autodmca_edge.wire.outbox import WRITE_BYTES
from autodmca_events.topics import BROADCAST

from services.edge.tests.replaying import NOTICE, USAGE, answer, emit, known, offsets, recovered

LOG = {"partitions": 2}


async def test_a_client_that_does_not_read_is_put_aside_and_goes_on_later(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    for _ in range(100):
        stored.emit(USAGE, 7, name="n" * 20_000)
    node.poll()
    slow, quick = node.connect(), node.connect()
    slow.stall()
    slow.subscribe("s", USAGE, resume=cursors)
    quick.subscribe("s", USAGE, resume=cursors)
    await node.settle()
    assert offsets(quick) == list(range(100))
    assert slow.held <= WRITE_BYTES + 40_000
    emit(stored, 10)
    node.poll()
    await node.settle()
    assert slow.held <= WRITE_BYTES + 40_000
    while len(slow.events()) < 110:
        slow.read(100_000)
        await node.settle()
    assert offsets(slow) == list(range(110))
    assert slow.closed is None
    slow.read()
    await node.settle()
    assert answer(slow) == recovered(100)


async def test_a_long_replay_lets_others_have_their_turn(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=1 << 24)
    cursors = known(node)
    emit(stored, 5000)
    node.poll()
    peer = node.connect()
    peer.subscribe("s", USAGE, resume=cursors)
    await node.settle(2)
    assert 0 < len(peer.events()) < 5000
    await node.settle()
    assert offsets(peer) == list(range(5000))


async def test_a_thousand_that_come_back_share_the_reading(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node, USAGE, NOTICE)
    emit(stored, 100)
    emit(stored, 10, None, NOTICE)
    node.poll()
    peers = [node.connect() for _ in range(1000)]
    for peer in peers:
        peer.subscribe("s", USAGE, NOTICE, resume=cursors)
    await node.settle(500)
    assert all(answer(peer) == recovered(110) for peer in peers)
    assert stored.reads <= 6


async def test_who_comes_during_a_scan_is_served_by_the_next(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    for _ in range(100):
        stored.emit(USAGE, 7, name="n" * 50_000)  # several reads
    node.poll()
    peers = []
    for _ in range(30):
        peers.append(node.connect(limit=1 << 24))
        peers[-1].subscribe("s", USAGE, resume=cursors)
        await node.settle(1)
    await node.settle(500)
    assert all(offsets(peer) == list(range(100)) for peer in peers)
    assert stored.reads < 60  # of 150, were they not shared


async def test_broadcast_events_are_replayed_to_all(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node, NOTICE)
    emit(stored, 5, None, NOTICE)
    node.poll()
    peers = [node.connect(str(user)) for user in range(5)]
    for peer in peers:
        peer.subscribe("s", NOTICE, resume=cursors)
    await node.settle()
    assert [len(peer.events()) for peer in peers] == [5] * 5
    assert stored.end(BROADCAST, 0) == 5
