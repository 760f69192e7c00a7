"""Work over all connections of a node: a bounded part of it each turn of the loop, and nobody is missed."""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from itertools import pairwise
from typing import Any

import pytest
from autodmca_edge.control import commands, inspect
from autodmca_edge.control.commands import Cutoffs
from autodmca_edge.control.messages import DescribeAsk, DisconnectUser, ListAsk
from autodmca_edge.control.walks import Walks
from autodmca_edge.protocol import Refusal
from autodmca_edge.session.identifiers import ConnectionId, NodeName
from autodmca_edge.testing import FakeNode, FakePeer
from autodmca_service.control.records import Revoke

from services.edge.tests.control.test_revocations import ends
from services.edge.tests.control_site import Site


@pytest.fixture(autouse=True)
def small_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "LOOKS_A_TURN", 10)
    monkeypatch.setattr(commands, "ENDED_A_TURN", 3)
    monkeypatch.setattr(inspect, "LAGS_A_TURN", 5)
    monkeypatch.setattr(inspect, "IDS_A_TURN", 5)


@pytest.fixture
async def node() -> FakeNode:
    return Site().here


def closed(peers: list[FakePeer]) -> int:
    return sum(each.closed is not None for each in peers)


async def turns_until(done: Callable[[], bool], each_turn: Callable[[], object] = lambda: None) -> int:
    """How many turns of the loop something takes."""
    for turns in range(1, 1000):
        await asyncio.sleep(0)
        each_turn()
        if done():
            return turns
    raise AssertionError("it does not end")


async def tell(node: FakeNode, *users: int) -> None:
    until_ms = int((node.clock() + 3600) * 1000)
    for user in users:
        await node.control.tell(Revoke.of(user, until_ms))


async def test_each_turn_does_one_piece_and_works_alternate() -> None:
    done: list[str] = []
    walks = Walks(asyncio.get_running_loop().call_soon)

    def work(name: str, pieces: int) -> Generator[None, None, None]:
        for number in range(pieces):
            done.append(f"{name}{number}")
            yield

    def failing() -> Generator[None, None, None]:
        yield
        raise RuntimeError("it fails")

    for each in (work("a", 3), failing(), work("b", 2)):
        walks.begin(each)
    assert not done, "nothing is done in the turn of who begins it"
    before = 0
    while walks:
        await asyncio.sleep(0)
        assert len(done) - before <= 1
        before = len(done)
    assert done == ["a0", "b0", "a1", "b1", "a2"]


@pytest.mark.parametrize("how", ["revoked", "sent away"])
async def test_a_user_with_many_connections_is_ended_a_few_each_turn(node: FakeNode, how: str) -> None:
    peers = [node.connect("7") for _ in range(20)]
    other = node.connect("8")
    await (tell(node, 7) if how == "revoked" else node.control.tell(DisconnectUser(user_id=7)))
    seen = [0]
    turns = await turns_until(lambda: seen[-1] == 20, lambda: seen.append(closed(peers)))
    assert max(later - earlier for earlier, later in pairwise(seen)) == 3
    assert turns >= 7
    assert ends(other) == [(None, None)]


async def test_a_batch_of_revocations_costs_no_more_walks_than_two(
    node: FakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = 0
    look = Cutoffs._ends

    def counted(*args: Any) -> bool:
        nonlocal looked
        looked += 1
        return look(*args)

    monkeypatch.setattr(Cutoffs, "_ends", counted)
    peers = [node.connect(str(user)) for user in range(1, 51)]
    await tell(node, *range(51, 251))
    await tell(node, 1, 50)
    await turns_until(lambda: closed(peers) == 2)
    assert looked <= 100


async def test_who_authenticates_during_a_walk_is_caught(node: FakeNode) -> None:
    late = node.connect(None)
    for _ in range(30):
        node.connect("8")
    last = node.connect("7")
    await tell(node, 7)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert last.closed is None, "the walk is under way"
    late.authenticate("7")
    assert ends(late, node.connect("7")) == [("forbidden", 4403)] * 2
    await turns_until(lambda: last.closed is not None)


async def test_who_waits_for_its_tokens_key_is_caught(node: FakeNode) -> None:
    node.verifier.known = False
    peer = node.connect("7")
    await tell(node, 7)
    await asyncio.sleep(0)
    node.verifier.known = True
    node.verifier.fetched.set()
    await turns_until(lambda: peer.closed is not None)
    assert ends(peer) == [("forbidden", 4403)]


async def test_what_is_revoked_behind_the_back_of_a_walk_is_found_by_the_next(node: FakeNode) -> None:
    first = node.connect("7")
    for _ in range(40):
        node.connect("8")
    last = node.connect("9")
    await tell(node, 9)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await tell(node, 7)
    assert (first.closed, last.closed) == (None, None), "the walk has passed the first"
    await turns_until(lambda: closed([first, last]) == 2)


async def test_one_connections_fault_keeps_no_other_open(
    node: FakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    peers = [node.connect("7") for _ in range(3)]

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(peers[0], "close", fail)
    await tell(node, 7)
    await turns_until(lambda: closed(peers[1:]) == 2)


async def list_of(node: FakeNode, *, by_lag: bool, limit: int = 100) -> dict[str, Any]:
    name = NodeName(node.name)
    ask = ListAsk(ask="a", node=name, user_id=None, limit=limit, after="", by_lag=by_lag)
    return await node.control.ask(ask)


async def turns_of(what: Awaitable[Any]) -> tuple[int, Any]:
    asked = asyncio.ensure_future(what)
    return await turns_until(asked.done), await asked


@pytest.mark.parametrize("by_lag", [True, False])
async def test_a_list_is_made_over_many_turns(node: FakeNode, by_lag: bool) -> None:
    for _ in range(50):
        node.connect("7")
    turns, listed = await turns_of(list_of(node, by_lag=by_lag))
    assert turns >= 20, "ten to look, ten to show"
    names = [each["connectionId"] for each in listed["connections"]]
    assert names == sorted(node.sessions)


async def test_who_leaves_while_a_list_is_made_is_not_shown(node: FakeNode) -> None:
    peers = [node.connect("7") for _ in range(50)]
    asked = asyncio.ensure_future(list_of(node, by_lag=True))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    peers[0].leave()
    node.connect("8")
    listed = await asked
    assert [each["userId"] for each in listed["connections"]] == [7] * 49


async def test_lists_under_way_are_bounded(node: FakeNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "MOST_WALKS", 2)
    for _ in range(50):
        node.connect("7")
    asked = [asyncio.ensure_future(list_of(node, by_lag=False)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Refusal, match="too many lists"):
        await list_of(node, by_lag=False)
    assert [len(each["connections"]) for each in await asyncio.gather(*asked)] == [50, 50]


async def test_a_list_that_fails_is_answered(node: FakeNode, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError("a fault of ours")

    node.connect("7")
    monkeypatch.setattr(inspect, "_summary", fail)
    with pytest.raises(Refusal) as refused:
        await list_of(node, by_lag=False)
    assert refused.value.code == "internal"
    session = next(iter(node.sessions))
    with pytest.raises(Refusal):
        await node.control.ask(DescribeAsk(ask="b", connection_id=ConnectionId(session)))
