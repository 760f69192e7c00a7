"""The follower of `edge-control`: from the beginning before the node serves anyone, then through trouble."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any, cast

import pytest
from autodmca_events.topics import EDGE_CONTROL
from autodmca_kafka import (
    Batch,
    PartitionReset,
    Record,
    TailReader,
    TopicChanged,
    TopicGone,
    TopicPartition,
    Unreadable,
)
from autodmca_kafka.errors import BrokerUnavailable, NotAuthorized, TopicDeleted
from autodmca_service.control import tail as control_tail
from autodmca_service.control.tail import ControlTail
from autodmca_service.testing.memory import MemoryRecord

TP = TopicPartition(EDGE_CONTROL, 0)


class Scripted:
    """A reader whose polls are written down beforehand; after them nothing comes."""

    def __init__(self, earliest: int, end: int, *polls: Any) -> None:
        self.failures: list[Exception] = []
        self.denials: list[NotAuthorized] = []
        self.added: dict[TopicPartition, int] = {}
        self._bounds = earliest, end
        self._polls = list(polls)

    async def bounds(self, tps: Iterable[TopicPartition]) -> Mapping[TopicPartition, tuple[int, int]]:
        if self.failures:
            raise self.failures.pop(0)
        return dict.fromkeys(tps, self._bounds)

    def unread(self) -> dict[TopicPartition, float]:
        return {}

    def denied(self) -> list[NotAuthorized]:
        return self.denials

    async def add(self, wanted: Mapping[TopicPartition, int]) -> None:
        self.added.update(wanted)

    async def poll(self) -> list[Any]:
        if not self._polls:
            await asyncio.Event().wait()
        return [self._polls.pop(0)]


class Taken:
    """What has come, and how."""

    def __init__(self) -> None:
        self.offsets: list[tuple[int, bool]] = []
        self.missing: Counter[str] = Counter()
        self.told_again = 0

    def take(self, record: Record, *, early: bool = False) -> None:
        self.offsets.append((record.offset, early))

    def missed(self, reason: str, records: int) -> None:
        self.missing[reason] += records

    def forgotten(self) -> None:
        self.told_again += 1


def batch(*offsets: int) -> Batch:
    records = [MemoryRecord(each, 0, b"k", b"{}") for each in offsets]
    return Batch(EDGE_CONTROL, 0, records, offsets[-1] + 1, offsets[-1] + 1)


async def followed(reader: Scripted) -> tuple[ControlTail, Taken, int]:
    """The follower when the script is over, what it was given, how often the topic was missing."""
    taken, gone = Taken(), []
    tail = ControlTail(cast("TailReader", reader), taken, lambda: gone.append(1))
    running = asyncio.create_task(tail.run())
    for _ in range(50):
        await asyncio.sleep(0)
    assert not running.done()
    running.cancel()
    await asyncio.wait({running})
    return tail, taken, len(gone)


async def test_a_node_has_read_what_was_there_before_it_is_started() -> None:
    tail, taken, _ = await followed(Scripted(3, 7, batch(3, 4), batch(5)))
    assert (tail.started, taken.offsets) == (False, [(3, True), (4, True), (5, True)])
    assert tail.trouble()
    tail, taken, _ = await followed(Scripted(3, 7, batch(3, 4), batch(5, 6, 7)))
    assert (tail.started, taken.offsets[-2:], tail.trouble()) == (True, [(6, True), (7, False)], None)


async def test_a_topic_that_may_not_be_read_is_named() -> None:
    reader = Scripted(7, 7)
    reader.denials = [NotAuthorized("READ", "topic", EDGE_CONTROL)]
    tail, _, _ = await followed(reader)
    assert f"not authorized to READ on topic {EDGE_CONTROL}" in str(tail.trouble())


async def test_an_empty_topic_is_read_at_once() -> None:
    reader = Scripted(7, 7)
    tail, _, _ = await followed(reader)
    assert tail.started
    assert reader.added == {TP: 7}


async def test_a_topic_that_is_not_there_yet_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_tail, "RETRY_S", 0)
    reader = Scripted(0, 0)
    reader.failures = [TopicDeleted(EDGE_CONTROL), BrokerUnavailable("localhost:9092", "it is away")]
    tail, _, gone = await followed(reader)
    assert (tail.started, gone) == (True, 2)


async def test_what_cannot_be_read_is_counted_and_passed_over() -> None:
    tail, taken, _ = await followed(
        Scripted(0, 9, batch(0), Unreadable(TP, 1, 4, "its checksum is wrong"), batch(4, 8), batch(9))
    )
    assert tail.started
    assert taken.missing == {"unreadable": 3}
    assert [offset for offset, _ in taken.offsets] == [0, 4, 8, 9]


async def test_what_retention_took_meanwhile_is_not_waited_for() -> None:
    tail, taken, _ = await followed(Scripted(0, 5, PartitionReset(TP, 0, 5, 6)))
    assert tail.started
    assert taken.missing == {"retention": 5}


async def test_a_batch_is_taken_in_parts() -> None:
    taken = Taken()
    tail = ControlTail(cast("TailReader", Scripted(0, 0, batch(*range(1000)))), taken, list)
    running = asyncio.create_task(tail.run())
    seen = [0]
    while seen[-1] < 1000:
        await asyncio.sleep(0)
        seen.append(len(taken.offsets))
    running.cancel()
    await asyncio.wait({running})
    assert max(later - earlier for earlier, later in pairwise(seen)) == 100


async def test_a_topic_that_was_made_again_is_followed_and_told_what_holds() -> None:
    tail, taken, gone = await followed(
        Scripted(0, 3, batch(0, 1, 2), TopicGone(EDGE_CONTROL), TopicChanged(EDGE_CONTROL, "e2"), batch(0))
    )
    assert tail.started
    assert (gone, taken.told_again) == (1, 1)
    assert taken.offsets[-1] == (0, False)
