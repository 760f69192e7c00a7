"""A tail reader in memory: the partitions of a fake log that one node reads, and its single reads."""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping

from autodmca_kafka import BrokerUnavailable, TopicPartition
from autodmca_kafka.reader_events import Added

from autodmca_edge.following import Following
from autodmca_edge.log import Partition, Record
from autodmca_edge.testing.log import FakeLog

__all__ = ["FakeReader"]


class FakeReader:
    """`positions` is what it reads, and from where on. What it is told takes a moment."""

    def __init__(self, stored: FakeLog) -> None:
        self._stored = stored
        self.positions: dict[TopicPartition, int] = {}
        self._epochs: dict[str, str] = {}
        self.following: Following
        """What chooses for it."""

    # -- following.Reader ---------------------------------------------------------------------------

    async def add(
        self, wanted: Mapping[TopicPartition, int], *, patience_s: float | None = None
    ) -> Mapping[TopicPartition, Added]:
        self._stored.follows += 1
        await self._answered()
        ends = {tp: self._stored.end(*tp) for tp in wanted if tp not in self._stored.leaderless}
        await self._answered()
        return {tp: self.take(tp, ends[tp]) for tp in ends}

    def take(self, tp: TopicPartition, offset: int | None = None) -> Added:
        """Read a partition, without waiting."""
        epoch = self._stored.epoch(tp.topic)
        self._epochs.setdefault(tp.topic, epoch)
        self.positions[tp] = self._stored.end(*tp) if offset is None else offset
        return Added(epoch, self.positions[tp])

    def remove(self, tps: Iterable[TopicPartition]) -> None:
        for tp in tps:
            self.positions.pop(tp, None)
        read = {tp.topic for tp in self.positions}
        self._epochs = {topic: epoch for topic, epoch in self._epochs.items() if topic in read}

    async def partitions(self, topic: str) -> int:
        await self._answered()
        return self._stored.count(topic)

    async def epoch(self, topic: str) -> str:
        await self._answered()
        return self._stored.epoch(topic)

    async def _answered(self) -> None:
        await asyncio.sleep(0)
        if self._stored.away:
            raise BrokerUnavailable("fake", "away")

    def made_again(self) -> Iterator[tuple[str, str]]:
        """Topics that were made again since they were last read: they are read from the beginning."""
        for topic, epoch in list(self._epochs.items()):
            if self._stored.epoch(topic) != epoch:
                self._epochs[topic] = self._stored.epoch(topic)
                self.positions.update({tp: 0 for tp in self.positions if tp.topic == topic})
                yield topic, self._epochs[topic]

    # -- starts.LogReader ---------------------------------------------------------------------------

    async def follow(self, partitions: Collection[Partition]) -> None:
        await self.following.follow(partitions)

    async def read(self, partition: Partition, offset: int, max_bytes: int) -> tuple[list[Record], int]:
        return await self._stored.read(partition, offset, max_bytes)

    async def bounds(self, partition: Partition) -> tuple[int, int]:
        return await self._stored.bounds(partition)

    async def offset_at(self, partition: Partition, timestamp_ms: int) -> int:
        return await self._stored.offset_at(partition, timestamp_ms)
