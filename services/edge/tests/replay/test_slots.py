"""Replays that read the log: so many at a time, the rest told to wait, each for a bounded time."""

from autodmca_edge.testing import FakeLog, FakeNode, FakePeer

from services.edge.tests.asking import asking, settled
from services.edge.tests.replaying import USAGE, answer, emit, known, place, recovered


def returning(node: FakeNode, cursors: list[str], count: int) -> list[FakePeer]:
    """Clients that resume from before the window."""
    peers = [node.connect() for _ in range(count)]
    for peer in peers:
        peer.subscribe("s", USAGE, resume=cursors)
    return peers


def told(peer: FakePeer) -> list[object]:
    """How many are before it, as often as it was told so; not that the log cannot be read."""
    return [each["ahead"] for each in peer.answers("waiting") if "reason" not in each]


async def away(stored: FakeLog) -> tuple[FakeNode, list[str]]:
    """A node that remembers nothing and serves two at a time, and what a client of before last saw."""
    node = FakeNode(stored, window_bytes=0, log_replays=2)
    cursors = known(node)
    emit(stored, 5)
    node.poll()
    return node, cursors


async def test_over_the_number_they_wait_their_turn_and_are_told_so(stored: FakeLog) -> None:
    node, cursors = await away(stored)
    stored.stuck = True
    peers = returning(node, cursors, 5)
    await node.settle()
    assert [told(peer) for peer in peers] == [[], [], [0], [1], [2]]
    assert (node.replayer.slots.running, node.replayer.slots.waiting) == (2, 3)
    emit(stored, 3)
    node.poll()
    assert peers[4].events() == [], "its subscription does not stand yet"
    stored.stuck = False
    node.pass_time(1)
    await node.settle(200)
    assert [answer(peer) for peer in peers] == [recovered(5)] * 2 + [recovered(8)] * 3
    assert all(len(peer.events()) == 8 for peer in peers)
    assert (node.replayer.slots.running, node.replayer.slots.waiting) == (0, 0)


async def test_who_gives_up_or_leaves_makes_room(stored: FakeLog) -> None:
    node, cursors = await away(stored)
    stored.stuck = True
    peers = returning(node, cursors, 5)
    await node.settle()
    peers[0].leave()
    peers[1].unsubscribe("s")
    peers[3].unsubscribe("s")
    await node.settle()
    assert (node.replayer.slots.running, node.replayer.slots.waiting) == (2, 0)
    peers[3].subscribe("s", USAGE)
    assert answer(peers[3]) == recovered(0)
    stored.stuck = False
    node.pass_time(1)
    await node.settle(200)
    assert answer(peers[2]) == answer(peers[4]) == recovered(5)


async def test_the_window_serves_everybody_at_once(stored: FakeLog) -> None:
    node = FakeNode(stored, log_replays=1)
    cursors = known(node)
    emit(stored, 5)
    node.poll()
    peers = returning(node, cursors, 20)
    assert [answer(peer) for peer in peers] == [recovered(5)] * 20


async def test_one_that_takes_too_long_is_closed_and_can_come_back(stored: FakeLog) -> None:
    node, cursors = await away(stored)
    stored.stuck = True
    peers = returning(node, cursors, 3)
    await node.settle()
    for _ in range(11):
        node.pass_time(30)
        for peer in peers:
            if peer.closed is None:
                peer.heartbeat(timestamp=1)
        await node.settle()
    assert [peer.closed for peer in peers[:2]] == [4410, 4410]
    assert told(peers[2]) == [0]
    assert peers[2].closed is None
    stored.stuck = False
    node.pass_time(1)
    await node.settle(200)
    assert answer(peers[2]) == recovered(5)


async def test_a_poll_that_must_be_answered_while_it_waits_goes_on_waiting_in_the_next(
    stored: FakeLog,
) -> None:
    """PROTOCOL.md, without WebSockets: others who come meanwhile, and stay, are not served before it."""
    node = FakeNode(stored, window_bytes=0, log_replays=1)
    cursors = known(node)
    emit(stored, 3)
    node.poll()
    stored.stuck = True
    users = [user for user in range(100, 999) if place(stored, user) == place(stored)]
    others = [node.connect(str(user)) for user in users[:5]]
    others[0].subscribe("s", USAGE, resume=cursors)
    await node.settle()
    async with asking(node) as client:
        for other in others[1:]:
            poll = await client.get(USAGE, resume=cursors, timeout=1)
            other.stall()  # before it is told to wait: when it has its turn, it keeps it
            other.subscribe("s", USAGE, resume=cursors)
            await node.settle()
            node.pass_time(2)
            await settled(node)
            assert poll.polled() == ([], cursors, True)
        poll = await client.get(USAGE, resume=cursors)
        others[0].leave()
        stored.stuck = False
        await settled(node)
        node.pass_time(1)
        await settled(node)
        assert len(poll.polled()[0]) == 3
        assert node.replayer.slots.waiting == 3
        for other in others:
            other.leave()
    assert node.replay_counts.places == {"kept": 4, "taken": 4}
