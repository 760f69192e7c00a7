"""Where a tail reader stands: one `Position` a partition, and the bounded hand-over to its caller.

Owns the counting of bytes that were fetched and not taken; fetching stops while they are over the bound.
No I/O. Nothing is dropped but what belongs to a position that was moved or removed meanwhile.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from aiokafka.structs import TopicPartition

from autodmca_kafka.access import say
from autodmca_kafka.cluster import PartitionDescription, TopicDescription
from autodmca_kafka.errors import NotAuthorized
from autodmca_kafka.reader_events import ReaderEvent
from autodmca_kafka.records import Led

EPOCHS = 16


class Position:
    """`fetched` is the offset to ask for next, `taken` the one to hand over next.

    `leader` None means parked: not fetched until the cluster has been asked about it again.
    `doubtful` says that the broker refused `fetched` as out of range. `moves` counts repositionings.
    `unread_since` is the loop's time at which it was parked; None again once a leader has answered.
    `denied` is what this client may not do with the topic; None again once a leader has answered.
    `last_epoch` is the leader's epoch of the record before `fetched`, -1 where that is not known.
    """

    __slots__ = (
        "_epochs", "denied", "doubtful", "end", "fetched", "last_epoch", "leader", "leader_epoch",
        "max_bytes", "moves", "taken", "topic_id", "tp", "unread_since", "unreadable",
    )  # fmt: skip

    def __init__(self, tp: TopicPartition, topic_id: bytes, offset: int, max_bytes: int) -> None:
        self.tp = tp
        self.topic_id = topic_id
        self.fetched = offset
        self.taken = offset
        self.end: int | None = None
        self.leader: int | None = None
        self.leader_epoch = -1
        self.last_epoch = -1
        self.max_bytes = max_bytes
        self.moves = 0
        self._epochs: list[tuple[int, int]] = []  # the newest, each with where reading stood before it came
        self.doubtful = False
        self.unreadable = False
        self.unread_since: float | None = None
        self.denied: str | None = None

    def move(self, offset: int, last_epoch: int = -1) -> None:
        """Go on at `offset`; what was fetched and not taken is void."""
        self.fetched = self.taken = offset
        self.last_epoch = last_epoch
        self._epochs = [each for each in self._epochs if each[0] <= last_epoch]
        self.moves += 1
        self.doubtful = self.unreadable = False

    def came(self, epoch: int, next_offset: int) -> None:
        """Records up to `next_offset` were fetched, the last one of `epoch`."""
        if epoch != self.last_epoch:
            self._epochs = [*self._epochs[1 - EPOCHS :], (epoch, self.fetched)]
            self.last_epoch = epoch
        self.fetched = next_offset

    def parted(self, epoch: int, end: int) -> int | None:
        """The log has another record before `fetched` than the one that was read: its own epochs that are not
        newer end with `epoch` at `end`. Go back to where both still agree.

        None when nothing was handed over from there on, else where the caller stood.
        """
        agreed = min([end, self.fetched, *(start for newer, start in self._epochs if newer > epoch)])
        taken = self.taken
        if agreed == self.fetched:
            self.last_epoch = epoch  # a leader that wrote nothing
            return None
        self.move(min(agreed, taken), epoch)
        return taken if agreed < taken else None

    def park(self) -> None:
        self.leader = None
        if self.unread_since is None:
            self.unread_since = asyncio.get_running_loop().time()

    def deny(self, operation: str) -> None:
        """Park it: the cluster does not let this client do that."""
        self.park()
        self.denied = operation
        say(str(NotAuthorized(operation, "topic", self.tp.topic)))

    def read(self) -> None:
        """A leader has answered."""
        self.unread_since = self.denied = None

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
    end: int
    records: bytes
    led: Sequence[Led] = ()

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
