"""Several subscriptions of one connection, replaying and live, and changes of mind meanwhile."""

from collections import Counter
from collections.abc import Iterable

import pytest
from autodmca_edge.testing import FakeLog, FakeNode, FakePeer

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
    live_after,
    neighbour,
    offsets,
    recovered,
    stuck,
)

LOG = {"partitions": 2}


# -- several subscriptions of one connection -------------------------------------------------------


async def test_a_replay_brings_what_another_subscription_has_brought_too(stored: FakeLog) -> None:
    """Who asks for the past may be a part of the program that has heard nothing of it."""
    node = FakeNode(stored)
    cursors = known(node)
    emit(stored, 5)
    node.poll()
    peer = node.connect()
    peer.subscribe("plain", USAGE)
    for _ in range(5):
        emit(stored, 1)
        emit(stored, 1, type_name=APPROVAL)
    node.poll()
    peer.subscribe("s", USAGE, APPROVAL, resume=cursors)
    await node.settle()
    assert offsets(peer) == [5, 7, 9, 11, 13, *range(15)]
    assert answer(peer) == recovered(15)
    await live_after(node, peer)


@pytest.mark.parametrize("window_bytes", [1 << 20, 0])
async def test_two_replays_of_one_connection_bring_each_event_once_each(
    stored: FakeLog, window_bytes: int
) -> None:
    node = FakeNode(stored, window_bytes=window_bytes)
    cursors = known(node, USAGE, NOTICE)
    for _ in range(5):
        emit(stored, 1)
        emit(stored, 1, type_name=APPROVAL)
        emit(stored, 1, None, NOTICE)
    node.poll()
    peer = node.connect()
    peer.subscribe("a", USAGE, NOTICE, resume=cursors)
    peer.subscribe("b", USAGE, APPROVAL, resume=cursors)
    peer.subscribe("c", NOTICE, resume=cursors)
    for _ in range(5):
        emit(stored, 1)
        emit(stored, 1, type_name=APPROVAL)
        emit(stored, 1, None, NOTICE)
        node.poll()
        await node.settle(1)
    await node.settle()
    wanting, missed = {USAGE: 2, APPROVAL: 1, NOTICE: 2}, {USAGE: 10, APPROVAL: 10, NOTICE: 5}
    times = Counter((each["type"], int(each["cursor"].rpartition(":")[2])) for each in peer.events())
    assert len(times) == 30
    for (kind, offset), count in times.items():
        assert count == wanting[kind] if offset < missed[kind] else count <= wanting[kind]
    assert sorted(each["subscriptionId"] for each in peer.answers("subscribed")) == ["a", "b", "c"]


async def test_an_admins_other_subscription_loses_nothing_to_a_replay(stored: FakeLog) -> None:
    """The gate on a partition holds back all of a member's events there: also those of other users."""
    other = neighbour(stored)
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    emit(stored, 5)
    node.poll()
    peer = node.connect("7:admin")
    peer.subscribe("other", USAGE, filters={"userId": other})
    peer.subscribe("own", USAGE, resume=cursors)
    await node.settle(1)
    emit(stored, 3, other)
    node.poll()
    await node.settle()
    assert sorted(each["userId"] for each in peer.events()) == [7] * 5 + [other] * 3


async def test_one_users_subscription_has_not_brought_anothers_events(stored: FakeLog) -> None:
    other = neighbour(stored)
    node = FakeNode(stored)
    cursors = known(node)
    peer = node.connect("7:admin")
    peer.subscribe("own", USAGE)
    emit(stored, 3, other)
    emit(stored, 3, 7)
    node.poll()
    peer.subscribe("all", USAGE, filters={"userId": "*"}, resume=cursors)
    await node.settle()
    assert sorted(each["userId"] for each in peer.events()) == [7] * 6 + [other] * 3


async def test_one_subscriptions_filter_does_not_let_anothers_events_through(stored: FakeLog) -> None:
    other = neighbour(stored)
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    emit(stored, 3, other)
    node.poll()
    peer = node.connect("7:admin")
    peer.subscribe("own", USAGE)
    peer.subscribe("s", USAGE, filters={"userId": other, "usageCount": {"lt": 0}}, resume=cursors)
    await node.settle(1)
    emit(stored, 3, other)
    node.poll()
    await node.settle()
    assert peer.events() == []


def heartbeat_cursors(peer: FakePeer) -> Iterable[str]:
    peer.heartbeat()
    cursors: list[str] = peer.received[-1]["payload"]["cursors"]
    return cursors


async def test_positions_given_during_a_replay_do_not_pass_over_it(stored: FakeLog) -> None:
    """A client that keeps them and reconnects must not lose the rest of the replay."""
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    emit(stored, 10)
    node.poll()
    peer = node.connect()
    await stuck(node, peer, cursors)
    peer.subscribe("other", APPROVAL)
    assert [each.rpartition(":")[2] for each in peer.answers("subscribed")[-1]["cursors"]] == ["-1"]
    assert [each.rpartition(":")[2] for each in heartbeat_cursors(peer)] == ["-1"]
    await free(node)
    assert [each.rpartition(":")[2] for each in heartbeat_cursors(peer)] == ["9"]


# -- changes of mind -------------------------------------------------------------------------------


async def test_unsubscribing_ends_a_replay(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    emit(stored, 10)
    node.poll()
    peer = node.connect()
    peer.subscribe("other", APPROVAL)
    await stuck(node, peer, cursors)
    emit(stored, 2, type_name=APPROVAL)
    emit(stored, 2)
    node.poll()
    peer.unsubscribe("s")
    await free(node)
    assert [each["type"] for each in peer.events()] == [APPROVAL, APPROVAL]
    assert [each["subscriptionId"] for each in peer.answers("subscribed")] == ["other"]
    assert [(each["code"], each["inReplyTo"]) for each in peer.errors()] == [("not_ready", "m-subscribe")]
    assert node.hub.gates == {}


async def test_unsubscribing_ends_a_replay_that_waits_for_its_turn(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    emit(stored, 3)
    node.poll()
    peer = node.connect()
    await stuck(node, peer, cursors)
    peer.subscribe("second", APPROVAL, since=EPOCH)
    peer.unsubscribe("second")
    await free(node)
    emit(stored, 1, type_name=APPROVAL)
    node.poll()
    assert [each["subscriptionId"] for each in peer.answers("subscribed")] == ["s"]
    assert [each["type"] for each in peer.events()] == [USAGE] * 3


async def test_a_plain_subscribe_replaces_one_that_waits(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    emit(stored, 3)
    node.poll()
    peer = node.connect()
    stored.away = True
    peer.subscribe("s", USAGE, since=EPOCH)  # not even begun
    peer.subscribe("s", APPROVAL)
    await free(node)
    emit(stored, 1)
    emit(stored, 1, type_name=APPROVAL)
    node.poll()
    assert [each["type"] for each in peer.events()] == [APPROVAL]
    other = node.connect()
    await stuck(node, other, cursors)
    emit(stored, 2)
    node.poll()
    other.subscribe("s", USAGE)  # what was live since then stays its own
    await free(node)
    assert offsets(other)[-2:] == [5, 6]
    assert len(other.answers("subscribed")) == 1


async def test_resuming_again_under_the_same_name_begins_again(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    for _ in range(40):
        stored.emit(USAGE, 7, name="n" * 20_000)
    node.poll()
    peer = node.connect(limit=1 << 22)
    peer.room = 300_000  # about a third of it
    peer.subscribe("s", USAGE, resume=cursors)
    await node.settle()
    assert 0 < len(peer.events()) < 40
    emit(stored, 2)
    node.poll()
    peer.subscribe("s", USAGE, APPROVAL, resume=cursors)
    peer.subscribe("s", USAGE, APPROVAL, resume=cursors)
    peer.read()
    await node.settle()
    emit(stored, 1)
    node.poll()
    first, again = offsets(peer)[:-43], offsets(peer)[-43:]
    assert again == [*range(43)]
    assert first == sorted(set(first))
    assert len(peer.answers("subscribed")) == 1
    assert [each["code"] for each in peer.errors()] == ["not_ready", "not_ready"]


async def test_a_newer_token_limits_a_replay_under_way_and_one_that_waits(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    for index in range(10):
        stored.emit(USAGE, 7, usage_count=index)
        stored.emit(APPROVAL, 7)
    node.poll()
    peer = node.connect("7:admin")
    await stuck(node, peer, cursors, USAGE, APPROVAL)
    peer.subscribe("all", USAGE, filters={"userId": "*"}, since=EPOCH)
    node.verifier.types, node.verifier.filters = (USAGE,), {"usageCount": {"lt": 5}}
    node.verifier.lifetime_s = 4000
    peer.authenticate("7", "auth_update")
    await free(node)
    emit(stored, 2, 8)
    node.poll()
    assert [each["payload"]["usageCount"] for each in peer.events()] == [0, 1, 2, 3, 4]
    assert [(each["code"], each["subscriptionId"]) for each in peer.errors()] == [("forbidden", "all")]
    assert [each["types"] for each in peer.answers("subscribed")] == [[USAGE]]


async def test_a_newer_token_that_allows_nothing_ends_a_replay(stored: FakeLog) -> None:
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    emit(stored, 10)
    node.poll()
    peer = node.connect()
    await stuck(node, peer, cursors)
    node.verifier.types, node.verifier.lifetime_s = (INCIDENT,), 4000
    peer.authenticate("7", "auth_update")
    await free(node)
    assert peer.events() == []
    assert node.hub.gates == {}
    assert node.replayer.running == 0
