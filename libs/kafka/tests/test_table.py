"""Waiting for a table, when the topic is made anew meanwhile; and being told what changes in it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import NamedTuple, cast

import msgspec
from aiokafka import TopicPartition
from autodmca_kafka import Table, TailReader
from autodmca_kafka.ledger import Change, Ledger
from autodmca_kafka.reader_events import Batch


class Note(msgspec.Struct, frozen=True):
    text: str


class Written(NamedTuple):
    key: bytes
    position: int
    value: bytes | None
    offset: int = 0
    timestamp: int = 0

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        return [("position", b"%d" % self.position)]


class Log:
    """A topic that holds so many records in each partition."""

    def __init__(self, end: int) -> None:
        self.end = end

    async def bounds(self, tps: Iterable[TopicPartition]) -> dict[TopicPartition, tuple[int, int]]:
        return dict.fromkeys(tps, (0, self.end))


class Read(Table[Note]):
    """A table whose reading the test does."""

    def __init__(self) -> None:
        super().__init__("notes", "localhost:1", Note)

    async def begin(self, log: Log, partitions: int) -> None:
        """Read the topic from its beginning, with nothing read yet."""
        self._ledgers = [Ledger(self._decode) for _ in range(partitions)]
        self._next = [0] * partitions
        self.incarnation += 1
        self._reader = cast("TailReader", log)
        await self._tell()

    async def read(self, *positions: int) -> None:
        self._next = list(positions)
        await self._tell()

    async def _tell(self) -> None:
        async with self._progress:
            self._progress.notify_all()


async def waits(task: asyncio.Task[None]) -> bool:
    """Whether it goes on waiting when everything that can happen has happened."""
    for _ in range(20):
        await asyncio.sleep(0)
    return not task.done()


async def test_who_waits_for_a_topic_that_is_made_anew_waits_for_what_the_new_one_holds() -> None:
    table = Read()
    await table.begin(Log(100), 3)
    waiting = asyncio.create_task(table.caught_up())
    await table.read(99, 100, 100)
    assert await waits(waiting)
    await table.begin(Log(2), 2)  # with fewer partitions, too
    assert await waits(waiting)
    await table.read(2, 2)
    await asyncio.wait_for(waiting, 60)


async def test_who_waits_for_the_state_after_an_input_is_not_left_waiting_when_it_is_gone() -> None:
    table = Read()
    await table.begin(Log(100), 3)
    waiting = asyncio.create_task(table.shows(2, 50))
    assert await waits(waiting)
    await table.begin(Log(0), 1)
    await asyncio.wait_for(waiting, 60)


async def test_a_listener_is_told_each_batch_as_a_whole_and_what_changed_in_it() -> None:
    table = Read()
    await table.begin(Log(100), 2)
    told: list[tuple[int, list[Change[Note]], int]] = []
    table.on_change(lambda partition, changes: told.append((partition, list(changes), len(table.of_user(7)))))
    note, source = b'{"text":"x"}', b"7/~source/topic#x/0"
    first = [Written(b"7/a", 3, note), Written(b"7/b", 3, note), Written(source, 3, b"[1,0]")]
    table._observe(Batch(table.topic, 1, first, 3, 3))
    later = [Written(b"7/a", 2, None), Written(b"7/a", 3, note), Written(b"7/b", 5, None)]
    table._observe(Batch(table.topic, 1, later, 6, 6))
    table._observe(Batch(table.topic, 0, [], 9, 9))
    assert told[0][:2] == (1, [Change(7, "a", Note("x"), 3), Change(7, "b", Note("x"), 3)])
    assert told[1][:2] == (1, [Change(7, "b", None, 5)])  # what is older, or known, is no change
    assert told[2][:2] == (0, [])
    assert list(table.ledger(1).users()) == [7]
