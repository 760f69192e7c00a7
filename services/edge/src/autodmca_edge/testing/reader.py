"""A tail reader in memory: the partitions of a fake log that one node reads, and its single reads."""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping

from autodmca_kafka import BrokerUnavailable, TopicPartition
from autodmca_kafka.errors import TopicDeleted
from autodmca_kafka.reader_events import Added

from autodmca_edge.log.assignment import Assignment
from autodmca_edge.log.event_log import EventLog, Partition, Record
from autodmca_edge.log.reader import EpochEnd
from autodmca_edge.testing.log import FakeLog

__all__ = ["FakeReader"]


class FakeReader:
    """`positions` is what it reads, and from where on. What it is told takes a moment."""

    def __init__(self, stored: FakeLog) -> None:
        self._stored = stored
        self.positions: dict[TopicPartition, int] = {}
        self._epochs: dict[str, str] = {}
        self.assignment: Assignment
        """What chooses for it."""

    # -- log/assignment.py: Reader ---------------------------------------------------------------------------

    async def add(
        self, wanted: Mapping[TopicPartition, int], *, patience_s: float | None = None
    ) -> Mapping[TopicPartition, Added]:
        self._stored.follows += 1
        await self._answered()
        for topic in sorted({tp.topic for tp in wanted}):
            if not self._stored.count(topic):
                raise TopicDeleted(topic)
        ends = {tp: self._stored.end(*tp) for tp in wanted if tp not in self._stored.leaderless}
        await self._answered()
        return {tp: self.take(tp, ends[tp]) for tp in ends}

    def take(self, tp: TopicPartition, offset: int | None = None) -> Added:
        """Read a partition, without waiting."""
        epoch = self._stored.epoch(tp.topic)
        self._epochs.setdefault(tp.topic, epoch)
        self.positions[tp] = self._stored.end(*tp) if offset is None else offset
        return Added(epoch, self.positions[tp], self._stored.leader_epoch(*tp))

    def remove(self, tps: Iterable[TopicPartition]) -> None:
        for tp in tps:
            self.positions.pop(tp, None)
        read = {tp.topic for tp in self.positions}
        self._epochs = {topic: epoch for topic, epoch in self._epochs.items() if topic in read}

    async def partitions(self, topic: str) -> int:
        await self._answered()
        if not self._stored.count(topic):
            raise TopicDeleted(topic)
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

    def part(self, event_log: EventLog) -> None:
        """Go back to where a log that has lost its end still agrees with what was read."""
        for tp, position in self.positions.items():
            partition = event_log.get(*tp)
            if partition is not None and partition.leaders.newest >= 0:
                _, end, _ = self._stored.epoch_end(partition.leaders.newest, *tp)
                if end < position:
                    self.positions[tp] = end
                    event_log.lose_end(partition, end)

    # -- log/reader.py: LogReader ---------------------------------------------------------------------------

    async def follow(self, partitions: Collection[Partition]) -> None:
        await self.assignment.follow(partitions)

    async def read(self, partition: Partition, offset: int, max_bytes: int) -> tuple[list[Record], int]:
        return await self._stored.read(partition, offset, max_bytes)

    async def bounds(self, partition: Partition) -> tuple[int, int]:
        return await self._stored.bounds(partition)

    async def epoch_ends(self, wanted: Mapping[Partition, int]) -> Mapping[Partition, EpochEnd]:
        return await self._stored.epoch_ends(wanted)

    async def offset_at(self, partition: Partition, timestamp_ms: int) -> int:
        return await self._stored.offset_at(partition, timestamp_ms)
