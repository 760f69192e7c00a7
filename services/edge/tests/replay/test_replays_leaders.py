"""Resumes from a log whose leaders change, and of which one had not all that clients have been given."""

import pytest
from autodmca_edge.server.fallback.cursors import KeptCursors
from autodmca_edge.testing import FakeLog, FakeNode, FakePeer

from services.edge.tests.replaying import (
    USAGE,
    answer,
    emit,
    free,
    lost,
    neighbour,
    place,
    recovered,
)

LOG, NODE = {"partitions": 4}, {"grace_s": 60.0}


@pytest.fixture
def led(stored: FakeLog) -> FakeLog:
    """A log of a broker that keeps leader epochs."""
    for where in stored.records:
        stored.elect(*where)
    return stored


def names(peer: FakePeer) -> list[str]:
    return [each["id"] for each in peer.events()]


def numbers(peer: FakePeer) -> list[int]:
    return [int(each["cursor"].rpartition(":")[2]) for each in peer.events()]


async def heard(node: FakeNode, *, user: int = 7) -> FakePeer:
    """A client that is given what comes."""
    peer = node.connect(str(user))
    peer.subscribe("s", USAGE)
    await node.settle()
    return peer


async def resumed(node: FakeNode, cursors: list[str], *, user: int = 7) -> FakePeer:
    peer = node.connect(str(user))
    peer.subscribe("s", USAGE, resume=cursors)
    await free(node)
    return peer


@pytest.mark.protocol("Cursors and resume: epoch")
async def test_any_node_tells_a_cursor_of_a_lost_end(led: FakeLog, node: FakeNode) -> None:
    emit(led, 2)
    live = await heard(node)
    emit(led, 3)
    node.poll()
    kept = live.cursors()
    emit(led, 3)
    node.poll()
    gone = live.cursors()
    led.elect(*place(led), end=5)
    emit(led, 6)
    later = FakeNode(led, name="later", grace_s=60.0)
    node.poll()
    for each in (node, later):
        refused = await resumed(each, gone)
        assert answer(refused) == lost("epoch")
        assert names(refused) == []
        taken = await resumed(each, kept)
        assert answer(taken) == recovered(6)
        assert answer(await resumed(each, live.cursors())) == recovered(0)


async def test_one_is_told_although_the_lost_offsets_were_not_written_again_yet(
    led: FakeLog, node: FakeNode
) -> None:
    live = await heard(node)
    emit(led, 8)
    node.poll()
    led.elect(*place(led), end=5)
    later = FakeNode(led, name="later", grace_s=60.0)
    assert answer(await resumed(later, live.cursors())) == lost("epoch")


async def test_a_new_leader_that_lost_nothing_is_no_matter(led: FakeLog, node: FakeNode) -> None:
    live = await heard(node)
    had = [live.cursors()]
    for count in (3, 0, 2, 1):
        emit(led, count)
        node.poll()
        had.append(live.cursors())
        led.elect(*place(led))
    emit(led, 1)
    node.poll()
    assert numbers(live) == sorted(numbers(live))
    later = FakeNode(led, name="later", grace_s=60.0)
    for each in (node, later):
        for cursors, missed in zip(had, (7, 4, 4, 2, 1), strict=True):
            assert answer(await resumed(each, cursors)) == recovered(missed)


async def test_the_events_of_a_replay_have_the_cursors_that_they_had_live(
    led: FakeLog, node: FakeNode
) -> None:
    live = await heard(node)
    first = live.cursors()
    for _ in range(3):
        emit(led, 2)
        node.poll()
        led.elect(*place(led))
    later = FakeNode(led, name="later", grace_s=60.0, window_bytes=0)
    again = await resumed(later, first)
    since = later.connect("7")
    since.subscribe("s", USAGE, since="1970-01-01T00:00:00Z")
    await free(later)
    assert [each["cursor"] for each in again.events()] == [each["cursor"] for each in live.events()]
    assert [each["cursor"] for each in since.events()] == [each["cursor"] for each in live.events()]


async def test_cursors_grow_when_lost_offsets_are_used_again(led: FakeLog, node: FakeNode) -> None:
    """A client that compares the numbers of one place takes nothing of the new for old."""
    live = await heard(node)
    emit(led, 8)
    node.poll()
    positions = KeptCursors(live.cursors())
    led.elect(*place(led), end=5)
    emit(led, 1)
    node.poll()
    assert numbers(live) == sorted(set(numbers(live)))
    positions.passed(live.events()[-1]["cursor"])
    assert positions.list() == [live.events()[-1]["cursor"]]


async def test_a_cursor_that_is_ahead_of_a_node_is_held_against_the_log(led: FakeLog, node: FakeNode) -> None:
    behind = FakeNode(led, name="behind", grace_s=60.0)
    live, _ = await heard(node), await heard(behind)
    emit(led, 8)
    node.poll()
    ahead = await resumed(behind, live.cursors())
    assert ahead.answers("subscribed") == []
    behind.poll()
    await free(behind)
    assert answer(ahead) == recovered(0)
    emit(led, 2)
    node.poll()
    gone = live.cursors()
    led.elect(*place(led), end=3)
    emit(led, 9)
    refused = await resumed(behind, gone)
    assert answer(refused) == lost("epoch")
    behind.poll()
    assert answer(await resumed(behind, gone)) == lost("epoch")


async def test_cursors_without_an_epoch_are_taken_as_before(led: FakeLog, node: FakeNode) -> None:
    emit(led, 8)
    [cursor] = (await heard(node)).cursors()
    old = [f"{cursor.rpartition(':')[0]}:2"]
    taken = await resumed(node, old)
    assert answer(taken) == recovered(5)
    assert {len(str(number)) for number in numbers(taken)} == {12}


async def test_of_several_cursors_of_a_place_the_newest_leaders_counts(led: FakeLog, node: FakeNode) -> None:
    live = await heard(node)
    emit(led, 8)
    node.poll()
    gone = live.cursors()
    led.elect(*place(led), end=5)
    emit(led, 2)
    node.poll()
    both = await resumed(FakeNode(led, name="later", grace_s=60.0), [*live.cursors(), *gone])
    assert answer(both) == recovered(0)


async def test_a_quiet_partition_of_which_retention_took_all_loses_nobody(
    led: FakeLog, node: FakeNode
) -> None:
    emit(led, 4)
    live = await heard(node)
    emit(led, 2)
    node.poll()
    cursors = live.cursors()
    led.elect(*place(led))
    led.retain(*place(led), 6)
    later = FakeNode(led, name="later", grace_s=60.0)
    back = await resumed(later, cursors)
    assert answer(back) == recovered(0)
    emit(led, 1)
    later.poll()
    assert len(back.events()) == 1
    led.retain(*place(led), 7)
    assert answer(await resumed(FakeNode(led, name="last", grace_s=60.0), cursors)) == lost("retention")


async def test_many_who_come_back_ask_the_log_once_an_epoch(led: FakeLog, node: FakeNode) -> None:
    live = await heard(node)
    had = [live.cursors()]
    for _ in range(3):
        emit(led, 2)
        node.poll()
        had.append(live.cursors())
        led.elect(*place(led))
    later = FakeNode(led, name="later", grace_s=60.0)
    other = neighbour(led)
    peers = []
    for number in range(300):
        peer = later.connect(str((7, other)[number % 2]))
        peer.subscribe("s", USAGE, resume=had[number % len(had)])
        peers.append(peer)
    await free(later)
    assert {answer(peer)["recovered"] for peer in peers} == {True}
    assert led.traces <= 4
    traces = led.traces
    for number in range(100):
        await resumed(later, had[number % len(had)])
    assert led.traces == traces


async def test_a_cursor_of_an_epoch_that_never_was_costs_no_question(led: FakeLog, node: FakeNode) -> None:
    emit(led, 4)
    [cursor] = (await heard(node)).cursors()
    prefix, traces = cursor.rpartition(":")[0], led.traces
    for epoch in (2, 5, 9_000, 2**31 - 2):
        digits = "00000000002" if epoch < 90_000 else "0000000000000000002"
        assert answer(await resumed(node, [f"{prefix}:{epoch + 1}{digits}"])) == lost("epoch")
    assert led.traces == traces


async def test_who_waits_for_a_leader_is_told_and_holds_up_nobody_else(led: FakeLog, node: FakeNode) -> None:
    live = await heard(node)
    emit(led, 4)
    node.poll()
    cursors = live.cursors()
    led.elect(*place(led))
    emit(led, 2)
    later = FakeNode(led, name="later", grace_s=60.0)
    await heard(later)
    led.leaderless.add(place(led))
    led.elect(*place(led))
    before = [f"{cursors[0].rpartition(':')[0]}:100000000001"]
    later.log.get(*place(led)).begin(led.end(*place(led)), led.leader_epoch(*place(led)))  # type: ignore[union-attr]
    waiting = later.connect("7")
    waiting.subscribe("s", USAGE, resume=before)
    await later.settle()
    assert [each["reason"] for each in waiting.answers("waiting")] == ["log"]
    elsewhere = next(user for user in range(100, 999) if place(led, user) != place(led))
    assert answer(await resumed(later, [], user=elsewhere)) == recovered(0)
    led.leaderless.clear()
    await free(later)
    assert answer(waiting) == recovered(4)
