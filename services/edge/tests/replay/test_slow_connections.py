"""Clients that read more slowly than events come: the log keeps what their sockets do not take."""

import pytest
from autodmca_edge.testing import FakeNode
from autodmca_edge.wire.outbox import WRITE_BYTES

USAGE, APPROVAL = "template_usage", "template_approval"  # a state and a fact
NOTICE = "system_notification"


async def test_who_does_not_read_gets_every_fact_when_it_reads_again(node: FakeNode) -> None:
    slow, other = node.connect(limit=3000), node.connect()
    for peer in (slow, other):
        peer.subscribe("s", APPROVAL)
    slow.stall()
    for _ in range(20):
        node.stored.emit(APPROVAL, 7)
        node.poll()
    assert slow.held < 5000
    slow.heartbeat()
    slow.read()
    await node.settle()
    assert len(other.events()) == 20
    assert slow.ids() == other.ids()
    assert slow.closed is None
    node.stored.emit(APPROVAL, 7)
    node.poll()
    assert slow.ids() == other.ids()
    assert node.counts["deferred"] > 0
    assert not node.hub.gates


async def test_who_does_not_read_gets_the_newest_state_of_each_entity(node: FakeNode) -> None:
    slow = node.connect(limit=1500)
    slow.subscribe("s", USAGE)
    slow.stall()
    for _ in range(20):
        node.stored.emit(USAGE, 7)
        node.poll()
    slow.read()
    await node.settle()
    offsets = [int(each["cursor"].rpartition(":")[2]) for each in slow.events()]
    assert offsets == sorted(set(offsets))
    assert offsets[-1] == 19
    assert node.replay_counts.conflated == 20 - len(offsets) > 0


async def test_positions_told_to_a_slow_client_are_no_further_than_what_it_was_sent(node: FakeNode) -> None:
    """Else a client that comes back with them would miss what it was never given."""
    peer = node.connect(limit=1500)
    peer.subscribe("s", APPROVAL)
    peer.stall()
    for size in (1, 1, 2000, 1):
        node.stored.emit(APPROVAL, 7, name="n" * size)
        node.poll()
    peer.heartbeat()
    peer.read()
    await node.settle()
    newest = -1
    for each in peer.received:
        if each["type"] == APPROVAL:
            newest = int(each["cursor"].rpartition(":")[2])
        elif each["type"] == "heartbeat":
            assert [int(cursor.rpartition(":")[2]) for cursor in each["payload"]["cursors"]] == [newest]
    assert newest == 3


@pytest.mark.protocol("Close codes: 4410")
async def test_who_reads_nothing_for_a_minute_is_let_go(node: FakeNode) -> None:
    slow, other = node.connect(limit=3000), node.connect()
    for peer in (slow, other):
        peer.subscribe("s", APPROVAL)
    slow.stall()
    for _ in range(20):
        node.stored.emit(APPROVAL, 7)
        node.poll()
    for _ in range(5):
        node.pass_time(25)
        slow.heartbeat()
        other.heartbeat()
    slow.read()
    await node.settle()
    assert slow.closed == 4410
    assert node.counts["4410"] == 1
    assert list(node.sessions.values()) == [other.session]


async def test_nothing_is_written_after_the_close_frame_of_who_is_too_slow(node: FakeNode) -> None:
    """Neither what comes in the same turn of the loop nor what the hub has for everybody."""
    slow = node.connect(limit=3000)
    slow.subscribe("s", APPROVAL, NOTICE)
    slow.stall()
    node.stored.emit(APPROVAL, 7)
    node.poll()
    slow.session.too_slow(0)
    node.stored.emit(APPROVAL, 7)
    node.stored.emit(NOTICE)
    node.poll()
    slow.read()
    assert slow.closed == 4410
    node.stored.emit(NOTICE)
    node.poll()
    await node.settle()


async def test_whom_retention_has_overtaken_is_let_go(node: FakeNode) -> None:
    slow = node.connect(limit=1500)
    slow.subscribe("s", APPROVAL)
    slow.stall()
    for _ in range(20):
        written = node.stored.emit(APPROVAL, 7)
        node.poll()
    where = node.log.of_user(b"7", ("autodmca.templates.v1",))[0]
    node.log.skip(where, where.position)  # no window to help
    node.stored.retain(where.topic, where.number, written.offset)
    slow.read()
    await node.settle()
    assert slow.closed == 4410


async def test_who_is_owed_events_of_a_log_that_lost_its_end_is_let_go(node: FakeNode) -> None:
    """It comes back with its cursors, which tell what it is owed and whether that is there still."""
    slow = node.connect(limit=1500)
    slow.subscribe("s", APPROVAL)
    slow.stall()
    for _ in range(20):
        node.stored.emit(APPROVAL, 7)
        node.poll()
    where = node.log.of_user(b"7", ("autodmca.templates.v1",))[0]
    node.log.lose_end(where, 18)
    slow.read()
    await node.settle()
    assert slow.closed == 4410


async def test_a_replay_that_begins_while_a_client_catches_up_comes_once_besides(node: FakeNode) -> None:
    for _ in range(3):
        node.stored.emit(USAGE, 7)
    node.poll()
    peer = node.connect(limit=1500)
    peer.subscribe("a", APPROVAL)
    node.stored.away = True
    peer.subscribe("b", APPROVAL, USAGE, since="1970-01-01T00:00:00Z")  # waits for the log
    await node.settle()
    peer.stall()
    for _ in range(300):
        node.stored.emit(APPROVAL, 7)
        node.poll()
    peer.read(100_000)  # from the window, but not all of it
    await node.settle()
    assert 0 < len(peer.ids()) < 300
    node.stored.away = False
    node.pass_time(1)
    await node.settle()
    peer.read()
    for _ in range(3):
        node.pass_time(1)
        await node.settle()
    offsets = [int(each["cursor"].rpartition(":")[2]) for each in peer.events()]
    assert offsets == [*range(3, 303), *range(303)]
    assert [each["subscriptionId"] for each in peer.answers("subscribed")] == ["a", "b"]
    assert not node.hub.gates


LARGE = 30_000  # bytes of one event: three make a part


@pytest.mark.parametrize("room", [0, 1, 50_000, 100_000, 250_000])
@pytest.mark.parametrize("broadcasts", [0, 8])
async def test_a_large_poll_leaves_no_more_behind_than_a_part_and_the_outbox(
    node: FakeNode, room: int, broadcasts: int
) -> None:
    """Slow connections: memory per connection does not grow with what a poll brings."""
    limit = 131_072
    slow, other = node.connect(limit=limit), node.connect()
    for peer in (slow, other):
        peer.subscribe("s", APPROVAL, "delisting_request_status", NOTICE)
    slow.room = room
    for number in range(10):
        node.stored.emit(APPROVAL, 7, name=f"{number}" * LARGE)
        node.stored.emit("delisting_request_status", 7, external_reference="x" * LARGE)
    for _ in range(broadcasts):
        node.stored.emit(NOTICE, message="m" * LARGE)
    node.poll()
    assert slow.held <= limit + WRITE_BYTES + LARGE + 1000
    node.stored.emit(APPROVAL, 7, name="live")
    node.poll()
    assert slow.held <= limit + WRITE_BYTES + LARGE + 1000
    slow.heartbeat()
    slow.read()
    await node.settle()
    assert len(other.events()) == 21 + broadcasts
    assert sorted(slow.ids()) == sorted(other.ids())
    by_partition: dict[str, list[int]] = {}
    for each in slow.events():
        prefix, _, offset = each["cursor"].rpartition(":")
        by_partition.setdefault(prefix, []).append(int(offset))
    assert all(offsets == sorted(offsets) for offsets in by_partition.values())
    assert not node.hub.gates
    assert slow.closed is None


async def test_a_watcher_of_everyone_is_bounded_too(node: FakeNode) -> None:
    slow = node.connect("1:admin", limit=65_536)
    slow.subscribe("s", APPROVAL, filters={"userId": "*"})
    slow.stall()
    for user in range(100):
        node.stored.emit(APPROVAL, user, name="n" * 10_000)
    node.poll()
    assert slow.held <= 65_536 + WRITE_BYTES + 11_000
    slow.read()
    await node.settle()
    assert len(set(slow.ids())) == len(slow.ids()) == 100


async def test_what_a_socket_takes_leaves_whole_however_large(node: FakeNode) -> None:
    peer = node.connect(limit=65_536)
    peer.subscribe("s", APPROVAL)
    for number in range(30):
        node.stored.emit(APPROVAL, 7, name=f"{number}" * LARGE)
    node.poll()
    assert len(peer.ids()) == 30
    assert node.counts["deliveries"] == 30
    assert not node.counts["deferred"]
