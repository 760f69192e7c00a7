"""Where a tail reader stands: one `Position` a partition, and the bounded hand-over to its caller.

Owns the counting of bytes that were fetched and not taken; fetching stops while they are over the bound.
No I/O. Nothing is dropped but what belongs to a position that was moved or removed meanwhile.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import NamedTuple

from aiokafka.structs import TopicPartition

from autodmca_kafka.cluster import PartitionDescription, TopicDescription
from autodmca_kafka.reader_events import ReaderEvent


class Position:
    """`fetched` is the offset to ask for next, `taken` the one to hand over next.

    `leader` None means parked: not fetched until the cluster has been asked about it again.
    `doubtful` says that the broker refused `fetched` as out of range. `moves` counts repositionings.
    `unread_since` is the loop's time at which it was parked; None again once a leader has answered.
    """

    __slots__ = (
        "doubtful", "fetched", "high_watermark", "leader", "leader_epoch", "max_bytes", "moves",
        "taken", "topic_id", "tp", "unread_since", "unreadable",
    )  # fmt: skip

    def __init__(self, tp: TopicPartition, topic_id: bytes, offset: int, max_bytes: int) -> None:
        self.tp = tp
        self.topic_id = topic_id
        self.fetched = offset
        self.taken = offset
        self.high_watermark: int | None = None
        self.leader: int | None = None
        self.leader_epoch = -1
        self.max_bytes = max_bytes
        self.moves = 0
        self.doubtful = False
        self.unreadable = False
        self.unread_since: float | None = None

    def move(self, offset: int) -> None:
        """Go on at `offset`; what was fetched and not taken is void."""
        self.fetched = self.taken = offset
        self.moves += 1
        self.doubtful = self.unreadable = False

    def park(self) -> None:
        self.leader = None
        if self.unread_since is None:
            self.unread_since = asyncio.get_running_loop().time()

    def led_by(self, topic: TopicDescription, partition: PartitionDescription | None) -> None:
        self.topic_id = topic.topic_id
        self.leader = partition.leader if partition else None
        self.leader_epoch = partition.leader_epoch if partition else -1


class Fetched(NamedTuple):
    """Whole batches as they came, from `start`; void when the position has moved since."""

    position: Position
    moves: int
    start: int
    next_offset: int
    high_watermark: int
    records: bytes

    @property
    def void(self) -> bool:
        return self.moves != self.position.moves


class HandOver:
    """Between the fetch loops and `poll`. Holds at most `limit` bytes and one response a broker more."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: deque[Fetched | ReaderEvent] = deque()
        self._bytes = 0
        self._filled = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    def put(self, item: Fetched | ReaderEvent) -> None:
        self._items.append(item)
        self._filled.set()
        if isinstance(item, Fetched):
            self._bytes += len(item.records)
            if self._bytes >= self._limit:
                self._room.clear()

    def take(self) -> list[Fetched | ReaderEvent]:
        """What has come: batches only, up to the first event; or events only, up to the next batch."""
        items: list[Fetched | ReaderEvent] = []
        while self._items and (
            not items or isinstance(self._items[0], Fetched) == isinstance(items[0], Fetched)
        ):
            items.append(self._items.popleft())
        self._bytes -= sum([len(item.records) for item in items if isinstance(item, Fetched)])
        if self._bytes < self._limit:
            self._room.set()
        if not self._items:
            self._filled.clear()
        return items

    async def filled(self) -> None:
        await self._filled.wait()

    async def room(self) -> None:
        await self._room.wait()

    def wake(self) -> None:
        """Let a waiting `filled` return, though there may be nothing."""
        self._filled.set()
