"""Replays that cannot be complete, or not yet: retention, epochs, limits, brokers away, nodes apart."""

import asyncio

import pytest
from autodmca_edge.testing import FakeLog, FakeNode

from services.edge.tests.replaying import (
    APPROVAL,
    EPOCH,
    NOTICE,
    TEMPLATES,
    USAGE,
    answer,
    emit,
    free,
    known,
    live_after,
    lost,
    offsets,
    place,
    recovered,
    stuck,
)

LOG = {"partitions": 2}


# -- what cannot be complete -----------------------------------------------------------------------


@pytest.mark.protocol("Cursors and resume: retention")
async def test_a_cursor_before_the_logs_beginning(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    emit(stored, 10)
    node.poll()
    stored.retain(*place(stored), 5)
    peer = node.connect()
    peer.subscribe("s", USAGE, resume=cursors)
    await node.settle()
    assert answer(peer) == lost("retention")
    assert peer.events() == []
    await live_after(node, peer)
    assert node.replay_counts.ended["retention"] == 1


async def test_a_cursor_exactly_at_the_logs_beginning_is_complete(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    emit(stored, 5)
    node.poll()
    cursors = known(node)
    emit(stored, 5)
    node.poll()
    stored.retain(*place(stored), 5)
    peer = node.connect()
    peer.subscribe("s", USAGE, resume=cursors)
    await node.settle()
    assert answer(peer) == recovered(5)


@pytest.mark.protocol("Cursors and resume: epoch")
async def test_a_cursor_of_a_topic_that_was_made_again(stored: FakeLog) -> None:
    node = FakeNode(stored)
    emit(stored, 3)
    node.poll()
    cursors = known(node)
    stored.remake(TEMPLATES)
    emit(stored, 2)
    node.poll()
    peer = node.connect()
    peer.subscribe("s", USAGE, resume=cursors)
    await node.settle()
    assert answer(peer) == lost("epoch")
    await live_after(node, peer)


@pytest.mark.protocol("Cursors and resume: limit")
async def test_a_replay_longer_than_the_limit(stored: FakeLog) -> None:
    node = FakeNode(stored, replay_limit=9)
    cursors = known(node)
    emit(stored, 9)
    node.poll()
    fits = node.connect()
    fits.subscribe("s", USAGE, resume=cursors)
    await node.settle()
    assert answer(fits) == recovered(9)
    emit(stored, 1)
    node.poll()
    peer = node.connect()
    peer.subscribe("s", USAGE, resume=cursors)
    await node.settle()
    assert answer(peer) == lost("limit")
    assert peer.events() == []
    await live_after(node, peer)


@pytest.mark.parametrize("cursor", ["", "x", "2.0.e0:9999999", "2.77.e0:1", "\u0000"])
@pytest.mark.protocol("Cursors and resume: cursor")
async def test_a_cursor_that_makes_no_sense(stored: FakeLog, cursor: str) -> None:
    node = FakeNode(stored)
    emit(stored, 3)
    node.poll()
    peer = node.connect()
    cursor = cursor.replace("2.0.", f"2.{place(stored)[1]}.")
    peer.subscribe("s", USAGE, resume=[*known(node), cursor])
    await node.settle()
    assert answer(peer) == lost("cursor")
    await live_after(node, peer)


async def test_retention_that_overtakes_a_replay(stored: FakeLog) -> None:
    """What is left comes; what was live meanwhile is not lost to the connection's other subscription."""
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    emit(stored, 10)
    node.poll()
    peer = node.connect()
    peer.subscribe("live", APPROVAL)
    await stuck(node, peer, cursors)
    emit(stored, 2, type_name=APPROVAL)
    emit(stored, 2)
    node.poll()
    stored.retain(*place(stored), 6)
    await free(node)
    assert offsets(peer) == [10, 11, 12, 13]
    assert answer(peer)["reason"] == "retention"
    await live_after(node, peer)


async def test_a_topic_made_again_during_a_replay(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    emit(stored, 10)
    node.poll()
    peer = node.connect()
    await stuck(node, peer, cursors)
    stored.remake(TEMPLATES)
    emit(stored, 2)
    node.poll()
    await free(node)
    assert answer(peer)["reason"] == "epoch"
    await live_after(node, peer)


# -- the broker ------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", ["since", "resume"])
async def test_a_replay_waits_for_a_broker_that_is_away(stored: FakeLog, config: str) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    emit(stored, 10)
    node.poll()
    stored.away = True
    peer = node.connect()
    peer.subscribe("s", USAGE, **({"since": EPOCH} if config == "since" else {"resume": cursors}))
    for _ in range(5):
        await node.settle()
        node.pass_time(1)
    assert peer.answers("subscribed") == []
    stored.away = False
    await node.settle()
    node.pass_time(1)
    await node.settle()
    assert answer(peer) == recovered(10)
    assert offsets(peer) == list(range(10))


@pytest.mark.parametrize("config", ["since", "resume"])
async def test_a_replay_that_waits_for_the_log_says_so_once_and_is_ended_by_name(
    stored: FakeLog, config: str
) -> None:
    node = FakeNode(stored, window_bytes=0, replay_seconds=0.05)
    cursors = known(node)
    emit(stored, 10)
    node.poll()
    stored.away = True
    peer = node.connect()
    peer.subscribe("s", USAGE, **({"since": EPOCH} if config == "since" else {"resume": cursors}))
    async with asyncio.timeout(60):
        while not peer.errors():
            await node.settle()
            node.pass_time(1)
            await asyncio.sleep(0.01)
    (waiting,) = peer.answers("waiting")
    assert (waiting["subscriptionId"], waiting["ahead"], waiting["reason"]) == ("s", 0, "log")
    (error,) = peer.errors()
    assert (error["code"], error["retryable"], error["subscriptionId"]) == ("not_ready", True, "s")
    assert peer.answers("subscribed") == []
    assert node.replayer.running == 0
    await node.settle()
    assert node.tasks == 0


@pytest.mark.parametrize("late", ["window", "unsubscribe", "replace"])
async def test_a_replay_that_waits_for_the_log_holds_up_no_other_of_its_connection(
    stored: FakeLog, late: str
) -> None:
    node = FakeNode(stored)
    cursors = known(node, NOTICE)
    emit(stored, 3, None, NOTICE)
    emit(stored, 3)
    node.poll()
    stored.away = True
    peer = node.connect()
    peer.subscribe("waits", USAGE, since=EPOCH)
    await node.settle()
    peer.subscribe("notices", NOTICE, resume=cursors)
    await node.settle()
    assert answer(peer, "notices") == recovered(3)
    if late == "unsubscribe":
        peer.unsubscribe("waits")
    elif late == "replace":
        peer.subscribe("waits", USAGE)
    stored.away = False
    node.pass_time(1)
    await node.settle()
    assert len(peer.answers("subscribed")) == (1 if late == "unsubscribe" else 2)
    assert node.replayer.running == 0
    assert node.tasks == 0


async def test_the_window_needs_no_broker(stored: FakeLog) -> None:
    node = FakeNode(stored)
    cursors = known(node)
    emit(stored, 10)
    node.poll()
    stored.away = True
    peer = node.connect()
    peer.subscribe("s", USAGE, resume=cursors)
    await node.settle()
    assert answer(peer) == recovered(10)


async def test_who_leaves_while_the_broker_is_away_leaves_no_task_behind(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    emit(stored, 10)
    node.poll()
    stored.away = True
    for index in range(20):
        peer = node.connect()
        peer.subscribe("s", USAGE, **({"since": EPOCH} if index % 2 else {"resume": cursors}))
        await node.settle()
        peer.leave()
    node.pass_time(2)
    await node.settle()
    assert node.replayer.running == 0
    assert node.tasks == 0
    assert node.hub.gates == {}


# -- nodes apart -----------------------------------------------------------------------------------


async def test_a_node_behind_the_clients_cursor_sends_nothing_twice(stored: FakeLog) -> None:
    ahead, behind = FakeNode(stored), FakeNode(stored)
    first = ahead.connect()
    first.subscribe("s", USAGE)
    emit(stored, 10)
    ahead.poll()
    first.leave()
    second = behind.connect()
    second.subscribe("s", USAGE, resume=first.cursors())
    await behind.settle()
    assert second.answers("subscribed") == []
    for _ in range(4):
        behind.poll(at_most=4)
        behind.pass_time(0.25)
        await behind.settle()
    emit(stored, 2)
    behind.poll()
    await behind.settle()
    assert offsets(second) == [10, 11]
    assert answer(second) == recovered(0)


async def test_a_node_behind_the_cursor_withholds_nothing_from_another_subscription(stored: FakeLog) -> None:
    ahead, behind = FakeNode(stored), FakeNode(stored)
    first = ahead.connect()
    first.subscribe("s", USAGE)
    for _ in range(5):
        emit(stored, 1)
        emit(stored, 1, type_name=APPROVAL)
    ahead.poll()
    second = behind.connect()
    second.subscribe("approvals", APPROVAL)
    second.subscribe("s", USAGE, resume=first.cursors())
    await behind.settle()
    behind.poll(at_most=6)
    behind.pass_time(0.25)
    await behind.settle()
    behind.poll()
    behind.pass_time(0.25)
    await behind.settle()
    assert offsets(second) == [1, 3, 5, 7, 9]
    assert answer(second) == recovered(0)
