"""Replays of one connection side by side: what waits for a broker holds up only what needs that one."""

from collections import Counter

import pytest
from autodmca_edge.log.errors import Unreachable
from autodmca_edge.log.event_log import Partition, Record
from autodmca_edge.testing import FakeLog, FakeNode, FakePeer
from autodmca_events.topics import BROADCAST, events_topic

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
    recovered,
)

LOG = {"partitions": 2}


class PartlyAway(FakeLog):
    """A log some of whose topics cannot be read: their brokers are away."""

    absent: frozenset[str] = frozenset()

    async def read(self, partition: Partition, offset: int, max_bytes: int) -> tuple[list[Record], int]:
        if partition.topic in self.absent:
            raise Unreachable
        return await super().read(partition, offset, max_bytes)


@pytest.fixture
def parted() -> PartlyAway:
    return PartlyAway(2)


async def site(
    parted: PartlyAway, *, window_bytes: int = 0, log_replays: int = 1000
) -> tuple[FakeNode, list[str]]:
    """A node, what a client saw before three events of each type, and that templates cannot be read."""
    node = FakeNode(parted, window_bytes=window_bytes, log_replays=log_replays)
    cursors = known(node, USAGE, INCIDENT, NOTICE)
    for user, type_name in ((7, USAGE), (7, APPROVAL), (7, INCIDENT), (None, NOTICE)):
        emit(parted, 3, user, type_name)
    node.poll()
    parted.absent = frozenset({events_topic("templates")})
    return node, cursors


def told(peer: FakePeer) -> list[str]:
    return [each["subscriptionId"] for each in peer.answers("waiting") if each.get("reason") == "log"]


async def test_a_replay_under_way_whose_broker_goes_holds_up_no_other(parted: PartlyAway) -> None:
    node, cursors = await site(parted)
    peer = node.connect()
    peer.subscribe("waits", USAGE, resume=cursors)
    await node.settle()
    peer.subscribe("incidents", INCIDENT, resume=cursors)
    peer.subscribe("notices", NOTICE, since=EPOCH)
    await node.settle()
    assert answer(peer, "incidents") == answer(peer, "notices") == recovered(3)
    assert told(peer) == ["waits"]
    emit(parted, 1, 7, INCIDENT)
    emit(parted, 1, 7, USAGE)
    node.poll()
    assert [each["type"] for each in peer.events()] == [*[INCIDENT] * 3, *[NOTICE] * 3, INCIDENT]
    parted.absent = frozenset()
    await free(node)
    assert answer(peer, "waits") == recovered(3)
    assert [each["type"] for each in peer.events()][7:] == [USAGE] * 4
    assert node.replayer.running == node.replayer.waiting == node.tasks == 0
    assert node.hub.gates == {}


async def test_one_that_waits_behind_it_holds_up_none_that_needs_other_brokers(parted: PartlyAway) -> None:
    node, cursors = await site(parted)
    peer = node.connect()
    peer.subscribe("waits", USAGE, resume=cursors)
    await node.settle()
    peer.subscribe("behind", APPROVAL, INCIDENT, since=EPOCH)
    await node.settle()
    peer.subscribe("incidents", INCIDENT, resume=cursors)
    await node.settle()
    node.pass_time(1)
    await node.settle()
    assert answer(peer, "incidents") == recovered(3)
    assert [each["subscriptionId"] for each in peer.answers("subscribed")] == ["incidents"]
    assert sorted(told(peer)) == ["behind", "waits"]
    parted.absent = frozenset()
    await free(node)
    assert answer(peer, "waits") == recovered(3)
    assert answer(peer, "behind") == recovered(6)
    assert Counter(Counter(peer.ids()).values()) == {1: 6, 2: 3}, "the incidents for each that asked for them"


async def test_what_the_window_serves_does_not_wait_for_a_turn_of_its_connection(
    parted: PartlyAway,
) -> None:
    node, cursors = await site(parted, log_replays=1)
    other = node.connect("8")
    other.subscribe("s", USAGE, since=EPOCH)
    first = node.connect()
    first.subscribe("waits", USAGE, resume=cursors)
    await node.settle()
    first.subscribe("line", INCIDENT, resume=cursors)
    first.subscribe("now", NOTICE, resume=known(node, NOTICE))
    await node.settle()
    assert answer(first, "now") == recovered(0)


async def test_a_connection_has_one_turn_and_uses_it_for_what_can_be_read(parted: PartlyAway) -> None:
    node, cursors = await site(parted, log_replays=1)
    peer = node.connect()
    peer.subscribe("waits", USAGE, resume=cursors)
    await node.settle()
    assert node.replayer.slots.running == 1
    for name in ("a", "b"):
        peer.subscribe(name, INCIDENT, resume=cursors)
        await node.settle()
        assert node.replayer.slots.running == 1
    assert answer(peer, "a") == answer(peer, "b") == recovered(3)
    peer.leave()
    await free(node)
    assert (node.replayer.slots.running, node.replayer.slots.waiting, node.replayer.running) == (0, 0, 0)


@pytest.mark.parametrize("how", ["unsubscribe", "replace", "leave"])
async def test_one_that_waits_can_be_given_up(parted: PartlyAway, how: str) -> None:
    node, cursors = await site(parted)
    peer = node.connect()
    for name in ("waits", "behind"):
        peer.subscribe(name, USAGE, resume=cursors)
        await node.settle()
    for name in ("behind", "waits"):
        if how == "unsubscribe":
            peer.unsubscribe(name)
        elif how == "replace":
            peer.subscribe(name, INCIDENT, resume=cursors)
    if how == "leave":
        peer.leave()
    parted.absent = frozenset()
    await free(node)
    assert node.replayer.running == node.replayer.waiting == node.tasks == 0
    assert node.hub.gates == {}
    assert Counter(Counter(peer.ids()).values()) == ({2: 3} if how == "replace" else {})


async def test_a_socket_that_takes_nothing_meanwhile_loses_and_repeats_nothing(parted: PartlyAway) -> None:
    node, cursors = await site(parted)
    peer = node.connect(limit=4096)
    peer.subscribe("incidents", INCIDENT)
    peer.subscribe("waits", USAGE, resume=cursors)
    await node.settle()
    peer.room = 0
    emit(parted, 40, 7, INCIDENT)
    emit(parted, 5, 7, USAGE)
    node.poll()
    peer.subscribe("notices", NOTICE, resume=cursors)
    await node.settle()
    peer.read()
    await free(node)
    assert answer(peer, "notices") == recovered(3)
    parted.absent = frozenset()
    await free(node)
    assert answer(peer, "waits") == recovered(3)
    assert len(peer.ids()) == len(set(peer.ids())) == 3 + 5 + 3 + 40
    assert BROADCAST in {each.topic for each in node.log}
    assert node.hub.gates == {}
