"""Faults that nobody foresaw, in the middle of a replay: whoever waits is answered, and loses nothing."""

from collections import Counter
from typing import Any

import pytest
from autodmca_edge.log.event_log import Partition, Record
from autodmca_edge.testing import FakeLog, FakeNode

from services.edge.tests.replaying import USAGE, answer, emit, known, offsets, recovered


class BrokenLog(FakeLog):
    """Raises what it should not, as often as it is told to."""

    def __init__(self, partitions: int) -> None:
        super().__init__(partitions)
        self.faults: Counter[str] = Counter()

    def _maybe_fail(self, question: str) -> None:
        if self.faults[question]:
            self.faults[question] -= 1
            raise RuntimeError("a fault")

    async def bounds(self, partition: Partition) -> tuple[int, int]:
        self._maybe_fail("bounds")
        return await super().bounds(partition)

    async def read(self, partition: Partition, offset: int, max_bytes: int) -> tuple[list[Record], int]:
        self._maybe_fail("read")
        return await super().read(partition, offset, max_bytes)


def away() -> tuple[BrokenLog, FakeNode, list[str]]:
    """A log, a node that remembers nothing, and what a client saw last."""
    stored = BrokenLog(partitions=2)
    node = FakeNode(stored, window_bytes=0)
    cursors = known(node)
    emit(stored, 5)
    node.poll()
    return stored, node, cursors


async def test_a_replay_that_fails_before_it_begins_is_answered_and_can_be_asked_for_again() -> None:
    stored, node, cursors = away()
    peer = node.connect()
    stored.faults["bounds"] = 1
    peer.subscribe("s", USAGE, resume=cursors)
    await node.settle()
    error: dict[str, Any] = peer.errors()[0]
    assert (error["code"], error["retryable"], error["subscriptionId"]) == ("internal", True, "s")
    peer.subscribe("s", USAGE, resume=cursors)
    await node.settle()
    assert answer(peer) == recovered(5)
    assert offsets(peer) == list(range(5))


async def test_a_reading_that_fails_is_tried_again() -> None:
    stored, node, cursors = away()
    peer = node.connect()
    stored.faults["read"] = 2
    peer.subscribe("s", USAGE, resume=cursors)
    for _ in range(3):
        await node.settle()
        node.pass_time(1)
    assert stored.faults["read"] == 0
    assert answer(peer) == recovered(5)
    assert offsets(peer) == list(range(5))


@pytest.mark.parametrize("kind", ["replay", "catch-up"])
async def test_who_waits_for_a_reading_that_never_comes_is_told_and_sent_away(kind: str) -> None:
    node = FakeNode(FakeLog(partitions=2), window_bytes=0, replay_seconds=20)
    cursors = known(node)
    node.stored.stuck = True
    peer = node.connect(limit=1500)
    if kind == "replay":
        emit(node.stored, 5)
        node.poll()
        peer.subscribe("s", USAGE, resume=cursors)
    else:
        peer.subscribe("s", USAGE)
        peer.stall()
        for _ in range(20):
            emit(node.stored, 1)
            node.poll()
        peer.read()
    for _ in range(30):
        await node.settle()
        node.pass_time(1)
    told = [each["reason"] for each in peer.answers("waiting")]
    assert told == (["log"] if kind == "replay" else [])
    assert peer.closed == 4410
    peer.leave()
    await node.settle()
    node.pass_time(2)
    await node.settle()
    assert (node.replayer.running, node.tasks) == (0, 0)
