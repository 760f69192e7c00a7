"""A log in memory: what producers write, what retention takes, a broker that can be away."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from autodmca_events import Payload, encode, envelope, event_type_of, partition_for, user_key
from autodmca_events.example import example
from autodmca_events.topics import BROADCAST
from msgspec import structs

from autodmca_edge.log.errors import PastEnd, Unreachable
from autodmca_edge.log.event_log import TOPICS, Partition, Record
from autodmca_edge.log.reader import EpochEnd

__all__ = ["FakeLog", "StoredBatch", "StoredRecord", "record_of"]


class StoredRecord(NamedTuple):
    """A record of the fake log."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


class StoredBatch:
    """Records as the window keeps them."""

    def __init__(self, records: Sequence[StoredRecord]) -> None:
        self._records = records

    def __len__(self) -> int:
        return sum(100 + len(record.value or b"") for record in self._records)

    def records(self, offset: int) -> list[StoredRecord]:
        return [record for record in self._records if record.offset >= offset]


def record_of(
    offset: int, payload: Payload, user_id: int | None = None, *, timestamp_ms: int = 0
) -> StoredRecord:
    """The record that a producer writes for an event; its id is `<topic>-<user>-<offset>`."""
    event_type = event_type_of(payload)
    event = envelope(
        payload,
        user_id=user_id,
        timestamp_ms=timestamp_ms,
        id=f"{event_type.topic.split('.')[1]}-{user_id or 0}-{offset}",
    )
    headers = (("type", event_type.name.encode()), ("id", event.id.encode()))
    key = None if user_id is None else user_key(user_id)
    return StoredRecord(offset, timestamp_ms, key, encode(event), headers)


class FakeLog:
    """The event log, as the tail and the replays see it: records, retention, an absent broker."""

    def __init__(self, partitions: int = 6) -> None:
        self.partitions = partitions
        self.records: dict[tuple[str, int], list[StoredRecord]] = {
            (topic, number): []
            for topic in TOPICS
            for number in range(1 if topic == BROADCAST else partitions)
        }
        self.first: Counter[tuple[str, int]] = Counter()
        self.epochs: Counter[str] = Counter()
        """How often a topic was made again."""
        self.away = False
        """The broker does not answer."""
        self.stuck = False
        """It does not answer reads."""
        self.leaderless: set[tuple[str, int]] = set()
        """Partitions whose brokers are all away."""
        self.led: dict[tuple[str, int], list[tuple[int, int]]] = {}
        """Leader epochs, each with its first offset, of partitions that have them."""
        self.traces = 0
        """Questions about leader epochs, whatever their number."""
        self.reads = 0
        self.follows = 0
        """Questions by which partitions were added, whatever their number."""

    def append(self, payload: Payload, user_id: int | None = None, *, timestamp_ms: int = 0) -> StoredRecord:
        """Write an event where its producer would."""
        topic = event_type_of(payload).topic
        number = 0 if user_id is None else partition_for(user_key(user_id), self.partitions)
        written = record_of(self.end(topic, number), payload, user_id, timestamp_ms=timestamp_ms)
        self.records[topic, number].append(written)
        return written

    def emit(
        self, type_name: str, user_id: int | None = None, *, timestamp_ms: int = 0, **fields: Any
    ) -> StoredRecord:
        """Write the example event of a type, with other `fields`."""
        payload = structs.replace(example(type_name).payload, **fields)
        return self.append(payload, user_id, timestamp_ms=timestamp_ms)

    def append_raw(
        self, topic: str, number: int, key: bytes | None, value: bytes | None, type_name: str = ""
    ) -> None:
        """Write any record."""
        headers = (("type", type_name.encode()),) if type_name else ()
        self.records[topic, number].append(StoredRecord(self.end(topic, number), 0, key, value, headers))

    def end(self, topic: str, number: int) -> int:
        return self.first[topic, number] + len(self.records[topic, number])

    def count(self, topic: str) -> int:
        """How many partitions a topic has."""
        return sum(each == topic for each, _ in self.records)

    def epoch(self, topic: str) -> str:
        """The name of its incarnation."""
        return f"e{self.epochs[topic]}"

    def retain(self, topic: str, number: int, first: int) -> None:
        """Let retention take everything before `first`."""
        drop = first - self.first[topic, number]
        del self.records[topic, number][:drop]
        self.first[topic, number] = first

    def remake(self, topic: str, partitions: int | None = None) -> None:
        """Delete a topic and create it again: empty, from offset 0, perhaps with other partitions."""
        self.epochs[topic] += 1
        count = partitions or self.count(topic)
        for where in [each for each in self.records if each[0] == topic]:
            del self.records[where], self.first[where]
        self.records.update({(topic, number): [] for number in range(count)})

    def elect(self, topic: str, number: int, *, end: int | None = None) -> None:
        """Another leader, perhaps one whose log ends before: what comes after `end` is lost."""
        where = topic, number
        end = self.end(*where) if end is None else end
        del self.records[where][end - self.first[where] :]
        before = [each for each in self.led.get(where, ()) if each[1] < end]
        self.led[where] = [*before, (self.leader_epoch(*where) + 1, end)]

    def leader_epoch(self, topic: str, number: int) -> int:
        """Of who leads now; -1: the partition has no leader epochs."""
        return self.led.get((topic, number), [(-1, 0)])[-1][0]

    async def epoch_ends(self, wanted: Mapping[Partition, int]) -> dict[Partition, EpochEnd]:
        """As Kafka answers (LeaderEpochFileCache.endOffsetFor), from leaders that are there."""
        self.traces += 1
        await asyncio.sleep(0)
        if self.away:
            raise Unreachable
        answers = {each: self.epoch_end(asked, each.topic, each.number) for each, asked in wanted.items()}
        return {
            each: end for each, end in answers.items() if (each.topic, each.number) not in self.leaderless
        }

    def epoch_end(self, asked: int, topic: str, number: int) -> EpochEnd:
        """The same of one partition."""
        where = topic, number
        led = [(epoch, max(start, self.first[where])) for epoch, start in self.led.get(where, ())]
        older = [epoch for epoch, _ in led if epoch <= asked]
        newer = [start for epoch, start in led if epoch > asked]
        if not newer and asked not in older:
            return -1, -1, self.first[where]
        return older[-1] if older else asked, newer[0] if newer else self.end(*where), self.first[where]

    def led_up_to(self, offset: int, topic: str, number: int) -> list[tuple[int, int]]:
        """The leader epochs that batches up to an offset show, each with its first offset."""
        return [each for each in self.led.get((topic, number), ()) if each[1] <= offset]

    async def read(self, partition: Partition, offset: int, max_bytes: int) -> tuple[list[Record], int]:
        self.reads += 1
        await asyncio.sleep(0)
        if self.away or self.stuck:
            raise Unreachable
        where = partition.topic, partition.number
        if not self.first[where] <= offset <= self.end(*where):
            raise PastEnd
        found: list[Record] = []
        for record in self.records[where][offset - self.first[where] :]:
            found.append(record)
            max_bytes -= len(record.value or b"")
            if max_bytes <= 0:
                break
        return found, found[-1].offset + 1 if found else offset

    async def bounds(self, partition: Partition) -> tuple[int, int]:
        await asyncio.sleep(0)
        if self.away:
            raise Unreachable
        where = partition.topic, partition.number
        return self.first[where], self.end(*where)

    async def offset_at(self, partition: Partition, timestamp_ms: int) -> int:
        await asyncio.sleep(0)
        if self.away:
            raise Unreachable
        where = partition.topic, partition.number
        if timestamp_ms < 0:
            raise AssertionError("to a broker a negative time is a marker")
        later = (each.offset for each in self.records[where] if each.timestamp >= timestamp_ms)
        return next(later, self.end(*where))
