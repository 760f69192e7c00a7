"""Reading the log as it grows: no consumer group, any partitions, from given offsets or the end.

`TailReader` owns a position a partition, one fetch loop a broker and a bounded hand-over; terms are defined
in `reader_events`. It never commits, never decodes a value, never ends because of a broker: what happens to
the log comes out of `poll` as an event, in its place among the batches. It reads below AIOKafkaConsumer:
its own Fetch requests, and aiokafka's C record parser without a ConsumerRecord a record (`records` says
which record it gives and what that costs; `tests/load/bench_tail.py` measures the whole).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from types import TracebackType
from typing import ClassVar, Final, Self

import structlog
from aiokafka.structs import TopicPartition

from autodmca_kafka import epoch_wire
from autodmca_kafka.brokers import Brokers
from autodmca_kafka.epoch_wire import EpochEnd
from autodmca_kafka.errors import Closed, KafkaLibraryError, NotAuthorized, TopicDeleted
from autodmca_kafka.fetch_loop import FetchLoop
from autodmca_kafka.log_client import LogClient
from autodmca_kafka.positions import Fetched, HandOver, Position
from autodmca_kafka.reader_events import Added, Batch, ReaderEvent, Unreadable
from autodmca_kafka.records import NO_EPOCH, Packed, Record, decode
from autodmca_kafka.watch import Watch

log = structlog.get_logger(__name__)

EPOCH_PATIENCE_S = 1.0

HELD_FETCH_BYTES: Final = 1 << 20


class TailReader:
    """An async context manager, for one task that polls; needs Apache Kafka 3.1 or newer.

    `fetch_max_bytes` bounds one response, which may be of one partition alone, and what may wait to be
    polled (one response a broker more may be on its way). `max_wait_ms` is how long a broker may wait for
    the first new record: added partitions are asked for after at most that time; latency does not depend
    on it. `refresh_s` is how soon a deletion of a topic nobody writes to is noticed.
    """

    END: ClassVar[int] = -1
    BEGINNING: ClassVar[int] = -2

    def __init__(
        self,
        bootstrap_servers: Brokers,
        *,
        client_id: str,
        fetch_max_bytes: int = 4 << 20,
        max_wait_ms: int = 100,
        connect_timeout_s: float = 60,
        deadline_s: float = 30,
        refresh_s: float = 5,
    ) -> None:
        self._log_client = LogClient(bootstrap_servers, client_id=client_id, deadline_s=deadline_s)
        self._client_id = client_id
        self._fetch_max_bytes = fetch_max_bytes
        self._max_wait_ms = max_wait_ms
        self._connect_timeout_s = connect_timeout_s
        self._positions: dict[TopicPartition, Position] = {}
        self._hand_over = HandOver(fetch_max_bytes)
        self._watch = Watch(
            self._positions, self._log_client, self._hand_over, self._led, refresh_s=refresh_s
        )
        self._loops: dict[int, FetchLoop] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._runner: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Reach the cluster, waiting for a broker that is not up yet. Raises BrokerUnavailable."""
        await self._log_client.start(deadline_s=self._connect_timeout_s)
        started = asyncio.Event()
        self._runner = asyncio.create_task(self._run(started), name=f"tail {self._client_id}")
        await started.wait()

    async def stop(self) -> None:
        """Stop reading; a `poll` that waits raises Closed."""
        if self._runner is not None:
            self._runner.cancel()
            await asyncio.wait({self._runner})
        await self._log_client.stop()

    async def _run(self, started: asyncio.Event) -> None:
        try:
            async with asyncio.TaskGroup() as self._tasks:
                started.set()
                await self._watch.run()
        finally:
            self._hand_over.wake()

    def _led(self, node: int) -> None:
        loop = self._loops.get(node)
        if loop is None:
            assert self._tasks is not None
            loop = self._loops[node] = FetchLoop(
                node, self._positions, self._log_client, self._hand_over, self._watch.trouble,
                max_bytes=self._fetch_max_bytes, max_wait_ms=self._max_wait_ms,
            )  # fmt: skip
            self._tasks.create_task(loop.run(), name=f"fetch from broker {node}")
        loop.wake()

    async def add(
        self, wanted: Mapping[TopicPartition, int], *, patience_s: float | None = None
    ) -> dict[TopicPartition, Added]:
        """Read these partitions too, from an offset, END or BEGINNING; one already added is moved.

        When it returns, END means the end of now: every record written from then on will come, and `poll`
        has handed over nothing of them yet. An offset that the log does not hold comes back as
        PartitionReset. With `patience_s`, what has no leader that answers by then is left out, and the rest
        is added. Raises TopicDeleted and NotAuthorized (nothing is added then), BrokerUnavailable, and
        ValueError for another negative number.
        """
        self._check()
        for tp, place in wanted.items():
            if place < self.BEGINNING:
                raise ValueError(f"{place} is no offset of {tp.topic}[{tp.partition}]")
        topics = await self._log_client.describe_all({tp.topic for tp in wanted})
        for tp in wanted:
            if tp.partition not in topics[tp.topic].partitions:
                raise TopicDeleted(f"{tp.topic}[{tp.partition}]")
        bounds = self._log_client.log_bounds
        at_end = [tp for tp, place in wanted.items() if place == self.END]
        at_beginning = [tp for tp, place in wanted.items() if place == self.BEGINNING]
        places = {tp: place for tp, place in wanted.items() if place >= 0}
        places |= await bounds.ends(at_end, patience_s=patience_s)
        places |= await bounds.beginnings(at_beginning, patience_s=patience_s)
        # What is before an end was written under the leader that named it, or under one before.
        led = {topic: await self._log_client.known(topic) for topic in {tp.topic for tp in at_end}}
        for tp, place in places.items():
            if (old := self._positions.get(tp)) is not None:
                old.move(place)
            else:
                self._positions[tp] = Position(tp, topics[tp.topic].topic_id, place, self._fetch_max_bytes)
            if tp.topic in led and wanted[tp] == self.END and tp.partition in led[tp.topic].partitions:
                self._positions[tp].last_epoch = led[tp.topic].partitions[tp.partition].leader_epoch
            self._positions[tp].led_by(topics[tp.topic], topics[tp.topic].partitions[tp.partition])
        for node in {position.leader for position in self._positions.values()}:
            if node is not None:
                self._led(node)
        self._watch.trouble()
        keeps_epochs = self._log_client.connection.knows(epoch_wire.API_KEY)
        return {
            tp: Added(
                topics[tp.topic].epoch, place, self._positions[tp].last_epoch if keeps_epochs else NO_EPOCH
            )
            for tp, place in places.items()
        }

    def remove(self, tps: Iterable[TopicPartition]) -> None:
        """Read these no more; what was fetched of them and not polled is dropped."""
        for tp in tps:
            if (position := self._positions.pop(tp, None)) is not None:
                position.move(position.taken)

    async def poll(self, *, decoded: bool = True) -> list[Batch | ReaderEvent]:
        """Wait until there is something, and return it: batches, in the order of their partition, or events.

        One poll returns either kind, never a batch together with an event from before or after it (but
        Unreadable, which follows the batch that it is about). Batches hold what has come, at least one; those
        that are not `decoded` in `packed` alone, whose `chunks` tell what is unreadable.
        Cancelling loses nothing. Raises Closed, BrokerTooOld.
        """
        while True:
            await self._hand_over.filled()
            if items := self._hand_over.take():
                out: list[Batch | ReaderEvent] = []
                for item in items:
                    if not isinstance(item, Fetched):
                        out.append(item)
                    elif not item.void:
                        self._open(item, out, decoded)
                if out:
                    return out
            self._check()

    def _open(self, item: Fetched, out: list[Batch | ReaderEvent], decoded: bool) -> None:
        tp = item.position.tp
        records, faults = decode(item.records, item.start) if decoded else ((), ())
        item.position.taken = item.next_offset
        packed = Packed(item.records, item.start)
        out.append(Batch(tp.topic, tp.partition, records, item.next_offset, item.end, packed, item.led))
        for fault in faults:
            log.error(
                "records cannot be decoded", topic=tp.topic, partition=tp.partition, offset=fault.offset,
                next_offset=fault.next_offset, reason=fault.reason,
            )  # fmt: skip
            out.append(Unreadable(tp, *fault))

    def _check(self) -> None:
        if self._runner is None or self._runner.cancelled():
            raise Closed("the reader is not running")
        if self._runner.done() and (failure := self._runner.exception()) is not None:
            while isinstance(failure, BaseExceptionGroup):
                failure = failure.exceptions[0]
            raise (
                failure if isinstance(failure, KafkaLibraryError) else Closed("the reader failed")
            ) from failure

    def positions(self) -> dict[TopicPartition, int]:
        """The offset that `poll` will hand over next, of every partition added."""
        return {tp: position.taken for tp, position in self._positions.items()}

    def lag(self, tp: TopicPartition) -> int | None:
        """How many offsets were written and not handed over, as of the last answer; None before one."""
        position = self._positions[tp]
        if position.end is None:
            return None
        return max(position.end - position.taken, 0)

    def unread(self) -> dict[TopicPartition, float]:
        """The partitions that stand still, and for how many seconds: no leader that is known answers."""
        now = asyncio.get_running_loop().time()
        return {
            tp: now - position.unread_since
            for tp, position in self._positions.items()
            if position.unread_since is not None
        }

    def denied(self) -> list[NotAuthorized]:
        """Why partitions stand still that this client may not read, once a topic."""
        topics = {tp.topic: each.denied for tp, each in self._positions.items() if each.denied is not None}
        return [NotAuthorized(operation, "topic", topic) for topic, operation in sorted(topics.items())]

    async def partitions(self, topic: str) -> int:
        """How many partitions the topic has. Raises TopicDeleted, NotAuthorized, BrokerUnavailable, as do the
        others."""
        return len((await self._log_client.describe(topic)).partitions)

    async def epoch(self, topic: str) -> str:
        """The name of the topic's incarnation (KIP-516): 22 characters of URL-safe base 64."""
        return (await self._log_client.describe(topic)).epoch

    async def bounds(self, tps: Iterable[TopicPartition]) -> dict[TopicPartition, tuple[int, int]]:
        """(earliest, end) of each partition: the first offset held, the one the next record will get."""
        return await self._log_client.log_bounds.bounds(tps)

    async def epoch_ends(self, wanted: Mapping[TopicPartition, int]) -> dict[TopicPartition, EpochEnd]:
        """Where these leader epochs end in their logs; see `LogBounds.epoch_ends`. A partition whose leader
        does not answer soon is left out."""
        return await self._log_client.log_bounds.epoch_ends(wanted, patience_s=EPOCH_PATIENCE_S)

    async def offset_at(self, tp: TopicPartition, timestamp_ms: int) -> int:
        """The first offset whose record is of that time or later; the end where there is none."""
        return await self._log_client.offset_at(tp, timestamp_ms)

    async def held(self, tp: TopicPartition, *, since_ms: int | None = None) -> AsyncIterator[Record]:
        """Every record that the partition holds now, in order; with `since_ms` (milliseconds since the Unix
        epoch) those of that time and after. For use beside `poll`. Raises what `fetch` raises."""
        earliest, end = (await self.bounds([tp]))[tp]
        offset = earliest if since_ms is None else await self.offset_at(tp, max(0, since_ms))
        while offset < end:
            batch = await self.fetch(tp, offset, HELD_FETCH_BYTES)
            for record in batch.records:
                if record.offset < end:
                    yield record
            offset = batch.next_offset

    async def fetch(self, tp: TopicPartition, offset: int, max_bytes: int) -> Batch:
        """Read about `max_bytes` from `offset` without waiting for new records: for replays, beside `poll`.

        At the end of the log the batch has no records. Raises OffsetOutOfRange, CorruptBatch.
        """
        return await self._log_client.read(tp, offset, max_bytes)
