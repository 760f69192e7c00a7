"""Resume: what a client missed comes first, then live events, with nothing between and nothing twice."""

import pytest
from autodmca_edge.testing import FakeLog, FakeNode
from autodmca_events import rfc3339

from services.edge.tests.replaying import (
    APPROVAL,
    EPOCH,
    INCIDENT,
    NOTICE,
    USAGE,
    answer,
    emit,
    free,
    known,
    lost,
    neighbour,
    offsets,
    place,
    recovered,
)

LOG = {"partitions": 2}


# -- the simple cases ------------------------------------------------------------------------------


@pytest.mark.parametrize("window_bytes", [1 << 20, 3000, 0])
async def test_what_was_missed_comes_before_what_is_live(stored: FakeLog, window_bytes: int) -> None:
    """From the window, from the log, and from both."""
    node = FakeNode(stored, window_bytes=window_bytes)
    cursors = known(node)
    emit(stored, 10)
    node.poll()
    peer = node.connect()
    peer.subscribe("s", USAGE, resume=cursors)
    await node.settle()
    assert answer(peer) == recovered(10)
    emit(stored, 5)
    node.poll()
    assert offsets(peer) == list(range(15))
    assert stored.reads <= (0 if window_bytes == 1 << 20 else 1)


async def test_events_that_pour_in_during_a_replay_come_after_it(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node, USAGE, NOTICE)
    emit(stored, 50)
    emit(stored, 5, None, NOTICE)
    node.poll()
    peer = node.connect()
    peer.subscribe("s", USAGE, NOTICE, resume=cursors)
    for _ in range(30):
        emit(stored, 2)
        emit(stored, 1, None, NOTICE)
        node.poll()
        await node.settle(1)
    await node.settle()
    usages = [int(each["cursor"].rpartition(":")[2]) for each in peer.events() if each["type"] == USAGE]
    notices = [int(each["cursor"].rpartition(":")[2]) for each in peer.events() if each["type"] == NOTICE]
    assert usages == list(range(110))
    assert notices == list(range(35))
    assert answer(peer)["recovered"]


async def test_a_client_that_missed_nothing_is_live_at_once(stored: FakeLog) -> None:
    node = FakeNode(stored)
    emit(stored, 3)
    node.poll()
    peer = node.connect()
    peer.subscribe("s", USAGE, resume=known(node))
    await node.settle()
    assert answer(peer) == recovered(0)
    emit(stored, 1)
    node.poll()
    assert offsets(peer) == [3]
    assert stored.reads == 0


async def test_an_empty_list_of_cursors_is_a_plain_subscription(stored: FakeLog) -> None:
    node = FakeNode(stored)
    emit(stored, 3)
    peer = node.connect()
    peer.subscribe("s", USAGE, resume=[])
    assert answer(peer) == recovered(0)
    node.poll()
    assert len(peer.events()) == 3


async def test_the_newest_of_several_cursors_of_a_partition_counts(stored: FakeLog) -> None:
    node = FakeNode(stored)
    first = known(node)
    emit(stored, 5)
    node.poll()
    second = known(node)
    emit(stored, 5)
    node.poll()
    peer = node.connect()
    peer.subscribe("s", USAGE, resume=[*second, *first])
    await node.settle()
    assert offsets(peer) == [5, 6, 7, 8, 9]


async def test_where_no_cursor_says_more_a_replay_begins_when_it_was_asked_for(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    emit(stored, 2)
    emit(stored, 2, None, NOTICE)
    node.poll()
    stored.away = True
    peer = node.connect()
    peer.subscribe("s", USAGE, NOTICE, resume=cursors)
    emit(stored, 2, None, NOTICE)
    node.poll()
    await free(node)
    assert sorted(each["type"] for each in peer.events()) == [NOTICE] * 2 + [USAGE] * 2


async def test_cursors_of_what_is_not_subscribed_are_no_matter(stored: FakeLog) -> None:
    node = FakeNode(stored)
    cursors = known(node, USAGE, INCIDENT, NOTICE)
    emit(stored, 2)
    emit(stored, 2, type_name=INCIDENT)
    emit(stored, 2, 8)
    node.poll()
    peer = node.connect()
    peer.subscribe("s", USAGE, resume=cursors)
    await node.settle()
    assert [each["type"] for each in peer.events()] == [USAGE, USAGE]


async def test_nothing_of_another_user_is_replayed(stored: FakeLog) -> None:
    other = neighbour(stored)
    node = FakeNode(stored, window_bytes=0)
    theirs = known(node, user=other)
    emit(stored, 5, other)
    emit(stored, 5, 7)
    node.poll()
    peer = node.connect("7")
    peer.subscribe("s", USAGE, resume=theirs)
    await node.settle()
    assert {each["userId"] for each in peer.events()} == {7}
    assert answer(peer) == recovered(5)


async def test_a_replay_obeys_types_and_filters(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    for index in range(10):
        stored.emit(USAGE, 7, usage_count=index)
        stored.emit(APPROVAL, 7)
    node.poll()
    peer = node.connect()
    peer.subscribe("s", USAGE, filters={"usageCount": {"gte": 7}}, resume=cursors)
    await node.settle()
    assert [each["payload"]["usageCount"] for each in peer.events()] == [7, 8, 9]
    assert answer(peer) == recovered(3)


async def test_an_admin_replays_everybodys_events(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    watcher = node.connect("1:admin")
    watcher.subscribe("s", USAGE, filters={"userId": "*"})
    for user in range(20):
        stored.emit(USAGE, user)
    node.poll()
    peer = node.connect("1:admin")
    peer.subscribe("s", USAGE, filters={"userId": "*"}, resume=watcher.received[1]["payload"]["cursors"])
    await node.settle()
    assert sorted(peer.ids()) == sorted(watcher.ids())
    assert answer(peer) == recovered(20)


@pytest.mark.parametrize("live", [True, False], ids=["somebody was there", "nobody was there"])
async def test_garbage_is_passed_over_and_counted_once_by_whoever_meets_it_first(
    stored: FakeLog, live: bool
) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    if live:
        node.connect().subscribe("s", USAGE)
    emit(stored, 1)
    for value in (b"garbage", None, b"{", b'{"type":"nothing"}', b"\xff"):
        stored.append_raw(*place(stored), b"7", value, USAGE if value == b"garbage" else "")
    emit(stored, 1)
    node.poll()
    assert len(node.malformed_at) == (5 if live else 0)
    for _ in range(2):
        peer = node.connect()
        peer.subscribe("s", USAGE, filters={"usageCount": {"gte": 0}}, resume=cursors)
        await node.settle()
        assert offsets(peer) == [0, 6]
    assert sorted(each[2] for each in node.malformed_at) == [1, 2, 3, 4, 5]


# -- since -----------------------------------------------------------------------------------------


async def test_since_replays_from_a_moment(stored: FakeLog) -> None:
    node = FakeNode(stored)
    for second in range(10):
        stored.emit(USAGE, 7, timestamp_ms=second * 1000)
    node.poll()
    peer = node.connect()
    peer.subscribe("s", USAGE, since=rfc3339(6500))
    await node.settle()
    assert offsets(peer) == [7, 8, 9]
    peer.subscribe("all", USAGE, since=EPOCH, resume=[])
    await node.settle()
    assert answer(peer, "all") == recovered(10)  # whatever has come already
    late = node.connect()
    late.subscribe("s", USAGE, since="2999-01-01T00:00:00Z")
    await node.settle()
    assert answer(late) == recovered(0)


@pytest.mark.parametrize("ms", [-1, -2, -3, -4, -1000, -(10**12)])
async def test_since_a_moment_before_1970_is_from_the_beginning(stored: FakeLog, ms: int) -> None:
    node = FakeNode(stored)
    emit(stored, 3)
    node.poll()
    peer = node.connect()
    peer.subscribe("s", USAGE, since=rfc3339(ms))
    await node.settle()
    assert answer(peer) == recovered(3)


async def test_since_a_moment_that_retention_has_taken_is_told(stored: FakeLog) -> None:
    node = FakeNode(stored)
    for second in range(10):
        stored.emit(USAGE, 7, timestamp_ms=second * 1000)
    node.poll()
    stored.retain(*place(stored), 5)
    peer = node.connect()
    peer.subscribe("s", USAGE, since=rfc3339(2000))
    await node.settle()
    assert answer(peer) == lost("retention")
    later = node.connect()
    later.subscribe("s", USAGE, since=rfc3339(6000))
    await node.settle()
    assert offsets(later) == [6, 7, 8, 9]
