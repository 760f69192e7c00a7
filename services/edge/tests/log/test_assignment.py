"""A node reads the partitions that its connected users need, and no others."""

import pytest
from autodmca_edge.testing import FakeLog, FakeNode

from services.edge.tests.assigned import GRACE_S, elsewhere, needed, read
from services.edge.tests.replaying import (
    APPROVAL,
    INCIDENT,
    NOTICE,
    TEMPLATES,
    USAGE,
    answer,
    emit,
    offsets,
    place,
    recovered,
)

LOG, NODE = {"partitions": 4}, {"grace_s": GRACE_S}


async def test_a_node_without_users_reads_what_is_for_everybody(stored: FakeLog, node: FakeNode) -> None:
    emit(stored, 3)
    emit(stored, 2, None, NOTICE)
    assert node.poll() == 2
    assert read(node) == set()


async def test_a_subscription_is_answered_when_its_partition_is_read(stored: FakeLog, node: FakeNode) -> None:
    emit(stored, 3)
    peer = node.connect()
    peer.subscribe("s", USAGE, NOTICE)
    assert peer.answers("subscribed") == []
    emit(stored, 1)
    await node.settle()
    assert read(node) == {place(stored)}
    assert answer(peer) == recovered(0)
    assert {each.rpartition(":")[2] for each in peer.cursors()} == {"3", "-1"}
    emit(stored, 2)
    emit(stored, 5, elsewhere(stored))
    emit(stored, 1, None, NOTICE)
    assert node.poll() == 3
    assert offsets(peer) == [4, 5, 0]


async def test_another_user_of_a_partition_that_is_read_does_not_wait(
    stored: FakeLog, node: FakeNode
) -> None:
    first, second = node.connect(), node.connect()
    first.subscribe("s", USAGE)
    await node.settle()
    second.subscribe("s", USAGE)
    assert answer(second) == recovered(0)
    assert stored.follows == 1


async def test_many_who_come_at_once_cost_one_question(stored: FakeLog, node: FakeNode) -> None:
    peers = [node.connect(str(user)) for user in range(200)]
    for peer in peers:
        peer.subscribe("s", USAGE, APPROVAL, INCIDENT)
    await node.settle()
    assert all(answer(peer) == recovered(0) for peer in peers)
    assert stored.follows == 1
    assert len(read(node)) == 8


async def test_who_comes_while_a_question_is_under_way_shares_the_next(
    stored: FakeLog, node: FakeNode
) -> None:
    first = node.connect()
    first.subscribe("s", USAGE)
    await node.settle(3)
    assert stored.follows == 1
    later = [node.connect(str(user)) for user in range(50)]
    for peer in later:
        peer.subscribe("s", USAGE)
    await node.settle()
    assert all(answer(peer) == recovered(0) for peer in [first, *later])
    assert stored.follows == 2


async def test_an_admin_who_watches_everybody_needs_all_partitions(stored: FakeLog, node: FakeNode) -> None:
    peer = node.connect("1:admin")
    peer.subscribe("s", USAGE, filters={"userId": "*"})
    await node.settle()
    assert read(node) == {(TEMPLATES, number) for number in range(4)}
    for user in range(20):
        emit(stored, 1, user)
    node.poll()
    assert len(peer.events()) == 20


async def test_only_who_needs_a_partition_without_a_leader_waits(stored: FakeLog, node: FakeNode) -> None:
    stored.leaderless = {place(stored)}
    unlucky, lucky, later = node.connect(), node.connect(str(elsewhere(stored))), node.connect("7")
    unlucky.subscribe("s", USAGE)
    lucky.subscribe("s", USAGE)
    await node.settle()
    assert (unlucky.answers("subscribed"), answer(lucky)) == ([], recovered(0))
    later.subscribe("s", USAGE)
    later.subscribe("t", APPROVAL)
    await node.settle()
    assert read(node) == {place(stored, elsewhere(stored))}
    stored.leaderless.clear()
    emit(stored, 2)
    node.pass_time(1)
    await node.settle()
    assert (answer(unlucky), later.answers("subscribed")[0]["recovered"]) == (recovered(0), True)
    emit(stored, 1)
    node.poll()
    assert offsets(unlucky) == offsets(later) == [2]


# -- the end of a need -----------------------------------------------------------------------------


async def test_what_nobody_needs_is_dropped_after_the_grace_period(stored: FakeLog, node: FakeNode) -> None:
    peer = node.connect()
    peer.subscribe("s", USAGE)
    await node.settle()
    emit(stored, 10)
    node.poll()
    peer.leave()
    node.pass_time(GRACE_S - 1)
    assert read(node) == {place(stored)}
    held = node.log.window_size
    node.pass_time(2)
    assert read(node) == set()
    assert (held > 0, node.log.window_size) == (True, 0)
    assert node.counts["added"] == node.counts["dropped"] == 1


async def test_who_comes_back_within_it_is_served_from_memory(stored: FakeLog, node: FakeNode) -> None:
    peer = node.connect()
    peer.subscribe("s", USAGE)
    await node.settle()
    for _ in range(3):
        peer.leave()
        emit(stored, 2)
        node.poll()
        node.pass_time(GRACE_S - 1)
        cursors, peer = peer.cursors(), node.connect()
        peer.subscribe("s", USAGE, resume=cursors)
        await node.settle()
        assert answer(peer) == recovered(2)
    assert (stored.reads, stored.follows) == (0, 1)


async def test_who_comes_back_later_loses_nothing(stored: FakeLog, node: FakeNode) -> None:
    peer = node.connect()
    peer.subscribe("s", USAGE)
    await node.settle()
    emit(stored, 2)
    node.poll()
    peer.leave()
    node.pass_time(GRACE_S + 1)
    emit(stored, 20)
    assert node.poll() == 0
    again = node.connect()
    again.subscribe("s", USAGE, resume=peer.cursors())
    for _ in range(10):
        await node.settle(1)
        emit(stored, 1)
        node.poll()
    await node.settle()
    assert offsets(again) == list(range(2, 32))
    assert answer(again)["recovered"]


@pytest.mark.parametrize("how", ["unsubscribe", "replace", "token", "close"])
async def test_a_need_ends_with_its_subscription(stored: FakeLog, node: FakeNode, how: str) -> None:
    peer = node.connect()
    peer.subscribe("s", USAGE)
    await node.settle()
    if how == "unsubscribe":
        peer.unsubscribe("s")
    elif how == "replace":
        peer.subscribe("s", NOTICE)
    elif how == "token":
        node.verifier.types = (NOTICE,)
        node.verifier.lifetime_s += 1
        peer.authenticate("7", "auth_update")
    else:
        peer.session.drain()
    node.pass_time(GRACE_S + 1)
    assert read(node) == set()
    assert needed(node) == 0


async def test_a_partition_is_read_as_long_as_one_subscription_needs_it(
    stored: FakeLog, node: FakeNode
) -> None:
    peer, other = node.connect(), node.connect()
    for each in (peer, other):
        each.subscribe("one", USAGE)
        each.subscribe("two", APPROVAL)
        await node.settle()
        each.subscribe("one", USAGE, APPROVAL)
    peer.unsubscribe("one")
    other.leave()
    node.pass_time(GRACE_S + 1)
    assert read(node) == {place(stored)}
    emit(stored, 1, 7, APPROVAL)
    node.poll()
    assert len(peer.events()) == 1
