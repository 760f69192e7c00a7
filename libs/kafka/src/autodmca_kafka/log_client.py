"""One-shot questions to the log: who leads a partition, which offsets it holds, what is at one.

`LogClient` owns the connections (AIOKafkaClient's) and what the cluster last said about topics. Every call
asks again, with growing pauses, while leaders move or brokers are away, and fails with `BrokerUnavailable`
after its deadline; `TopicDeleted` when a broker says for a while that there is none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import TypeVar

from aiokafka.errors import IncompatibleBrokerVersion, KafkaError
from aiokafka.structs import TopicPartition

from autodmca_kafka import cluster
from autodmca_kafka.brokers import Brokers
from autodmca_kafka.client import Client
from autodmca_kafka.cluster import TopicDescription
from autodmca_kafka.errors import (
    BrokerTooOld,
    BrokerUnavailable,
    Closed,
    CorruptBatch,
    NotAuthorized,
    OffsetOutOfRange,
    TopicDeleted,
)
from autodmca_kafka.fetch_wire import FetchRequest, Slice, Wanted
from autodmca_kafka.log_bounds import OFFSET_OUT_OF_RANGE, LogBounds
from autodmca_kafka.reader_events import Batch
from autodmca_kafka.records import committed, decode, span

T = TypeVar("T")

TOPIC_PATIENCE_S = 2.0
FIRST_PAUSE_S = 0.02
LONGEST_PAUSE_S = 1.0
LARGEST_FETCH = 64 * 1024 * 1024


def out_of_range(piece: Slice, offset: int) -> bool:
    """Whether the log does not hold `offset`; the embedded broker only shows it by its high watermark."""
    return piece.error_code == OFFSET_OUT_OF_RANGE or (
        piece.error_code == 0 and offset > piece.high_watermark
    )


class LogClient:
    """`deadline_s` bounds every call but `start`."""

    def __init__(self, bootstrap_servers: Brokers, *, client_id: str, deadline_s: float) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._client_id = client_id
        self._deadline_s = deadline_s
        self._client: Client | None = None
        self._topics: dict[str, TopicDescription] = {}
        self.denied: set[str] = set()
        """The topics that the last `look` at each was denied."""
        self.log_bounds = LogBounds(self)

    @property
    def connection(self) -> Client:
        if self._client is None:
            raise Closed("the reader is not running")
        return self._client

    async def start(self, *, deadline_s: float) -> None:
        self._client = await cluster.connect(
            self._bootstrap_servers, client_id=self._client_id, deadline_s=deadline_s
        )

    async def stop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await cluster.close(client)

    async def look(self, topics: Iterable[str]) -> dict[str, TopicDescription]:
        """Ask once; a topic that does not exist is absent, and forgotten; so is one that this client may not
        know of, which is then in `denied`. Raises aiokafka's KafkaError."""
        names = list(topics)
        denied: set[str] = set()
        found = await cluster.describe_topics(self.connection, names, denied)
        self.denied = self.denied.difference(names) | denied
        for name in names:
            self._topics.pop(name, None)
        self._topics.update(found)
        return found

    async def reconnect(self) -> None:
        """Learn where the brokers are now: from the ones known, else from the bootstrap servers."""
        await self.connection.force_metadata_update()

    async def describe(self, topic: str) -> TopicDescription:
        """Raises TopicDeleted, NotAuthorized, BrokerUnavailable."""
        return (await self.describe_all([topic]))[topic]

    async def describe_all(self, topics: Iterable[str]) -> dict[str, TopicDescription]:
        """All of them in one question. Raises TopicDeleted when one is missing, NotAuthorized,
        BrokerUnavailable."""
        names = list(topics)
        clock = asyncio.get_running_loop().time
        patience_ends = clock() + TOPIC_PATIENCE_S

        async def attempt() -> dict[str, TopicDescription] | None:
            found = await self.look(names)
            missing = [name for name in names if name not in found]
            if (denied := self.denied.intersection(missing)) and clock() > patience_ends:
                raise NotAuthorized("DESCRIBE", "topic", min(denied))
            if missing and clock() > patience_ends:
                raise TopicDeleted(missing[0])
            return None if missing else found

        return await self.until(attempt)

    def forget(self, topic: str) -> None:
        """What is known of it does not hold: ask before it is used again."""
        self._topics.pop(topic, None)

    async def known(self, topic: str) -> TopicDescription:
        """What the cluster last said about `topic`; asks when it has not yet."""
        return self._topics.get(topic) or await self.describe(topic)

    async def read(self, tp: TopicPartition, offset: int, max_bytes: int) -> Batch:
        """Whole batches from `offset` without waiting for new records; at least one where there is one.

        Raises OffsetOutOfRange, CorruptBatch, TopicDeleted, NotAuthorized, BrokerUnavailable.
        """
        while True:
            piece = await self.until(partial(self._read_once, tp, offset, max_bytes))
            whole = span(piece.records, offset)
            if whole.size or not piece.records or max_bytes >= LARGEST_FETCH or whole.broken:
                break
            max_bytes *= 4  # the first batch came cut off
        if whole.broken and not whole.size:
            raise CorruptBatch(tp.topic, tp.partition, offset, offset, whole.broken)
        records, faults = decode(committed(piece.records[: whole.size], piece.aborted), offset)
        if faults:
            fault = faults[0]
            if fault.offset <= offset:
                raise CorruptBatch(tp.topic, tp.partition, offset, fault.next_offset, fault.reason)
            records = [record for record in records if record.offset < fault.offset]
            return Batch(tp.topic, tp.partition, records, fault.offset, piece.end)
        return Batch(tp.topic, tp.partition, records, whole.next_offset, piece.end)

    async def _read_once(self, tp: TopicPartition, offset: int, max_bytes: int) -> Slice | None:
        piece = await self._slice(tp, offset, max_bytes)
        if piece is not None and out_of_range(piece, offset):
            earliest, end = (await self.log_bounds.bounds([tp]))[tp]
            if not earliest <= offset <= end:
                raise OffsetOutOfRange(tp.topic, tp.partition, offset, earliest, end)
            return None
        return piece

    async def _slice(self, tp: TopicPartition, offset: int, max_bytes: int) -> Slice | None:
        """One partition's answer, out of range or not; None where the cluster has to be asked again."""
        topic = await self.known(tp.topic)
        described = topic.partitions.get(tp.partition)
        if described is None:
            raise TopicDeleted(f"{tp.topic}[{tp.partition}]")
        if described.leader is None:
            self._topics.pop(tp.topic, None)
            return None
        wanted = Wanted(topic.topic_id, tp.partition, described.leader_epoch, offset, max_bytes)
        # A wait of 0 gets nothing from the embedded broker; with no bytes required Kafka waits for none.
        request = FetchRequest([wanted], max_wait_ms=1, min_bytes=0, max_bytes=max_bytes)
        answer = await self.connection.send(described.leader, request)
        piece: Slice | None = answer.slices[0] if answer.slices else None
        if piece is not None and piece.error_code == cluster.NOT_AUTHORIZED:
            raise NotAuthorized("READ", "topic", tp.topic)
        if answer.error_code or piece is None or piece.error_code not in (0, OFFSET_OUT_OF_RANGE):
            self._topics.pop(tp.topic, None)
            return None
        return piece

    async def offset_at(self, tp: TopicPartition, timestamp_ms: int) -> int:
        """The first offset whose record is of that time or later; the end where there is none.

        Asks the log's index, and believes it if the record found is that late; else (a broker without such
        an index) searches by halves, which takes the records' times to be rising.
        """
        earliest, end = (await self.log_bounds.bounds([tp]))[tp]
        if timestamp_ms < 0:  # no record is that old, and to a broker it would be a marker, as LATEST is
            return earliest
        found, _ = (await self.log_bounds.offsets({tp: timestamp_ms}))[tp]
        if found < 0:
            return end
        if found > earliest or await self._is_late(tp, earliest, timestamp_ms):
            return found
        low, high = earliest, end  # the record before `low` is too early, the one at `high` is not
        while low < high:
            middle = (low + high) // 2
            if await self._is_late(tp, middle, timestamp_ms):
                high = middle
            else:
                low = middle + 1
        return low

    async def _is_late(self, tp: TopicPartition, offset: int, timestamp_ms: int) -> bool:
        """Whether the first record at or after `offset` is of that time or later, or there is none."""
        batch = await self.read(tp, offset, 1)
        while not batch.records and batch.next_offset > offset:  # aborted, or markers of transactions
            offset = batch.next_offset
            batch = await self.read(tp, offset, 1)
        return not batch.records or batch.records[0].timestamp >= timestamp_ms

    async def until(self, attempt: Callable[[], Awaitable[T | None]]) -> T:
        """Repeat `attempt` until it gives something, over errors that pass."""
        pause = FIRST_PAUSE_S
        reason = "leaders are not known"
        try:
            async with asyncio.timeout(self._deadline_s):
                while True:
                    try:
                        if (result := await attempt()) is not None:
                            return result
                    except (IncompatibleBrokerVersion, NotImplementedError) as error:
                        raise BrokerTooOld("Fetch version 13, Metadata version 10") from error
                    except KafkaError as error:
                        reason = self.connection.access.reason or str(error)
                        self._topics.clear()
                        await self.reconnect()
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, LONGEST_PAUSE_S)
        except TimeoutError:
            raise BrokerUnavailable(self._bootstrap_servers, reason) from None
