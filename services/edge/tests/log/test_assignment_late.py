"""Subscriptions and cursors that meet a partition which is not read yet."""

import asyncio

import pytest
from autodmca_edge.testing import FakeLog, FakeNode
from autodmca_events import partition_for, rfc3339, user_key

from services.edge.tests.assigned import GRACE_S, elsewhere, needed, read
from services.edge.tests.replaying import (
    EPOCH,
    INCIDENT,
    NOTICE,
    TEMPLATES,
    USAGE,
    answer,
    emit,
    lost,
    offsets,
    place,
    recovered,
)

LOG, NODE = {"partitions": 4}, {"grace_s": GRACE_S}


# -- waiting ---------------------------------------------------------------------------------------


async def test_while_the_log_is_away_a_subscription_waits(stored: FakeLog, node: FakeNode) -> None:
    stored.away = True
    peer = node.connect()
    peer.subscribe("s", USAGE)
    node.pass_time(GRACE_S + 1)
    await node.settle()
    assert peer.received[-1]["payload"]["action"] == "waiting"
    stored.away = False
    emit(stored, 2)
    node.pass_time(1)
    await node.settle()
    assert answer(peer) == recovered(0)
    emit(stored, 2)
    node.poll()
    assert offsets(peer) == [2, 3]


async def test_who_waits_for_the_log_is_told_once_and_refused_after_a_time(stored: FakeLog) -> None:
    node = FakeNode(stored, grace_s=GRACE_S, replay_seconds=0.1)
    stored.leaderless = {place(stored)}
    peer, other = node.connect(), node.connect(str(elsewhere(stored)))
    peer.subscribe("s", USAGE)
    async with asyncio.timeout(60):
        while not peer.errors():
            await node.settle()
            node.pass_time(1)
            await asyncio.sleep(0.01)
    (waiting,) = peer.answers("waiting")
    assert (waiting["subscriptionId"], waiting["ahead"], waiting["reason"]) == ("s", 0, "log")
    (error,) = peer.errors()
    assert (error["code"], error["retryable"], error["subscriptionId"]) == ("not_ready", True, "s")
    node.pass_time(GRACE_S + 1)
    await node.settle()
    assert (node.replayer.running, node.tasks, needed(node)) == (0, 0, 0)
    other.subscribe("s", USAGE)
    await node.settle()
    assert answer(other) == recovered(0)
    stored.leaderless.clear()
    peer.subscribe("s", USAGE)
    await node.settle()
    assert answer(peer) == recovered(0)


@pytest.mark.parametrize("how", ["leave", "unsubscribe", "replace"])
async def test_a_subscription_that_waits_can_be_given_up(stored: FakeLog, node: FakeNode, how: str) -> None:
    stored.away = True
    peer = node.connect()
    peer.subscribe("s", USAGE)
    await node.settle()
    if how == "leave":
        peer.leave()
    elif how == "unsubscribe":
        peer.unsubscribe("s")
    else:
        peer.subscribe("s", NOTICE)
        assert answer(peer) == recovered(0)
    if how != "leave":
        assert peer.errors()[-1]["code"] == "not_ready"
    node.pass_time(1)
    await node.settle()
    stored.away = False
    node.pass_time(GRACE_S + 1)
    await node.settle()
    assert (node.replayer.running, node.tasks, read(node), needed(node)) == (0, 0, set(), 0)


async def test_a_partition_that_a_replay_waits_for_is_not_dropped(stored: FakeLog, node: FakeNode) -> None:
    """The first subscription's replay hangs; what the second needs stays read until its turn has come."""
    for second in range(5):
        stored.emit(USAGE, 7, timestamp_ms=second * 1000)
    peer = node.connect()
    peer.subscribe("s", USAGE, since=rfc3339(2000))
    await node.settle(4)
    assert read(node) == {place(stored)}
    stored.away = True
    node.pass_time(GRACE_S + 1)
    await node.settle()
    assert read(node) == {place(stored)}
    emit(stored, 3)
    node.poll()
    stored.away = False
    for _ in range(3):
        node.pass_time(1)
        await node.settle()
    assert offsets(peer) == [2, 3, 4, 5, 6, 7]


# -- cursors of what is not read -------------------------------------------------------------------


async def cursors_of_one_who_left(stored: FakeLog, node: FakeNode) -> list[str]:
    peer = node.connect()
    peer.subscribe("s", USAGE)
    await node.settle()
    emit(stored, 3)
    node.poll()
    peer.leave()
    node.pass_time(GRACE_S + 1)
    assert read(node) == set()
    return peer.cursors()


async def resumed(node: FakeNode, cursors: list[str]) -> dict[str, object]:
    peer = node.connect()
    peer.subscribe("s", USAGE, resume=cursors)
    for _ in range(5):
        await node.settle()
        node.pass_time(0.5)
        node.poll()
    before = len(peer.events())
    node.stored.emit(USAGE, 7)
    node.poll()
    assert len(peer.events()) == before + 1
    return answer(peer)


async def test_retention_is_told_of_a_partition_that_was_not_read(stored: FakeLog, node: FakeNode) -> None:
    cursors = await cursors_of_one_who_left(stored, node)
    emit(stored, 5)
    stored.retain(*place(stored), 6)
    assert await resumed(node, cursors) == lost("retention")


async def test_a_cursor_past_the_end_of_one_is_told(stored: FakeLog, node: FakeNode) -> None:
    (cursor,) = await cursors_of_one_who_left(stored, node)
    assert await resumed(node, [f"{cursor.rpartition(':')[0]}:99"]) == lost("cursor")


async def test_a_topic_made_again_while_nobody_read_it_is_known_anew(stored: FakeLog, node: FakeNode) -> None:
    cursors = await cursors_of_one_who_left(stored, node)
    stored.remake(TEMPLATES)
    assert await resumed(node, cursors) == lost("epoch")
    peer = node.connect()
    peer.subscribe("s", USAGE)
    assert peer.cursors()[0].rpartition(":")[0] not in [each.rpartition(":")[0] for each in cursors]


async def test_a_node_takes_the_cursors_of_a_topic_made_again_from_another_node(
    stored: FakeLog, node: FakeNode
) -> None:
    """That one has seen it made again; here nothing of the topic is read, so nobody has told."""
    stored.remake(TEMPLATES)
    cursors = await cursors_of_one_who_left(stored, FakeNode(stored, grace_s=GRACE_S))
    emit(stored, 4)
    assert await resumed(node, cursors) == recovered(4)


async def test_a_topic_made_again_with_more_partitions_while_nobody_read_it(
    stored: FakeLog, node: FakeNode
) -> None:
    await cursors_of_one_who_left(stored, node)
    stored.remake(TEMPLATES, partitions=9)
    user = next(each for each in range(100) if partition_for(user_key(each), 9) > 4)
    peer = node.connect(str(user))
    peer.subscribe("s", USAGE)
    await node.settle()
    assert read(node) == {(TEMPLATES, partition_for(user_key(user), 9))}
    assert answer(peer) == recovered(0)


async def test_a_topic_made_again_while_part_of_it_is_read_waits_for_the_tail(
    stored: FakeLog, node: FakeNode
) -> None:
    first, second = node.connect(), node.connect(str(elsewhere(stored)))
    first.subscribe("s", USAGE)
    await node.settle()
    stored.remake(TEMPLATES)
    second.subscribe("s", USAGE)
    await node.settle()
    assert second.answers("subscribed") == []
    node.poll()  # tells
    node.pass_time(1)
    await node.settle()
    assert answer(second) == recovered(0)
    emit(stored, 2)
    emit(stored, 2, elsewhere(stored))
    node.poll()
    assert (offsets(first), offsets(second)) == ([0, 1], [0, 1])


@pytest.mark.parametrize("config", [{}, {"since": EPOCH}, {"resume": []}])
async def test_a_topic_that_nothing_is_known_of_yet_keeps_only_those_waiting_who_need_it(
    stored: FakeLog, config: dict[str, object]
) -> None:
    node = FakeNode(stored, unknown=[TEMPLATES])
    peer = node.connect()
    peer.subscribe("waits", USAGE, INCIDENT, **config)
    peer.subscribe("incidents", INCIDENT)
    await node.settle()
    assert [each["subscriptionId"] for each in peer.answers("subscribed")] == ["incidents"]
    assert [each["subscriptionId"] for each in peer.answers("waiting")] == ["waits"]
    emit(stored, 1, type_name=INCIDENT)
    node.poll()
    assert len(peer.events()) == 1
    node.know(TEMPLATES, whole=True)
    node.pass_time(1)
    await node.settle()
    emit(stored, 1)
    node.poll()
    await node.settle()
    again = (
        [INCIDENT] if "since" in config else []
    )  # what "incidents" has had, for the one that asked for the past
    assert [each["type"] for each in peer.events()] == [INCIDENT, *again, USAGE]
    assert node.tasks == 0


async def test_a_topic_that_is_gone_is_the_trouble_of_those_alone_who_need_it(stored: FakeLog) -> None:
    node = FakeNode(stored, grace_s=GRACE_S)
    for where in [each for each in stored.records if each[0] == TEMPLATES]:
        del stored.records[where]
    peer = node.connect()
    peer.subscribe("gone", USAGE)
    peer.subscribe("incidents", INCIDENT)
    await node.settle()
    assert [each["subscriptionId"] for each in peer.answers("subscribed")] == ["incidents"]
