"""Transactions of foreign producers (KIP-98) on Apache Kafka: a reader takes what is committed, nothing else.

The embedded broker has no transactions: it gives no producer ids (differences.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaProducer
from autodmca_kafka import Batch, EventProducer, TailReader, TopicPartition, TopicSpec, ensure_topics

from tests.brokers import Broker
from tests.contract.reading import FOR_EVER, Seen

Name = Callable[[str], str]


@asynccontextmanager
async def transactional(broker: Broker, name: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers, transactional_id=name)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


class Log:
    """One topic of one partition, and who writes to it: two transactional producers and a plain one."""

    def __init__(
        self, broker: Broker, tp: TopicPartition, first: AIOKafkaProducer, second: AIOKafkaProducer,
        plain: EventProducer,
    ) -> None:  # fmt: skip
        self.broker, self.tp = broker, tp
        self.first, self.second = first, second
        self._plain = plain

    async def write(self, *values: bytes, by: AIOKafkaProducer | None = None) -> None:
        """Each is in the log when this returns, in a batch of its own."""
        for value in values:
            if by is None:
                await self._plain.send_record(
                    self.tp.topic, key=b"k", value=value, partition=0, timestamp_ms=1000
                )
            else:
                await by.send_and_wait(self.tp.topic, value, partition=0, timestamp_ms=1000)


@pytest.fixture
async def written(kafka_broker: Broker, new_name: Name) -> AsyncIterator[Log]:
    topic = new_name("transactions")
    await ensure_topics(kafka_broker.bootstrap_servers, [TopicSpec(topic, 1, FOR_EVER)])
    async with (
        transactional(kafka_broker, new_name("first")) as first,
        transactional(kafka_broker, new_name("second")) as second,
        EventProducer(kafka_broker.bootstrap_servers, client_id="plain") as plain,
    ):
        yield Log(kafka_broker, TopicPartition(topic, 0), first, second, plain)


def reader_of(log: Log) -> TailReader:
    return TailReader(log.broker.bootstrap_servers, client_id="tail")


async def end_of(reader: TailReader, log: Log, end: int) -> None:
    """Until the log ends there for readers: a marker is in the log a little after its transaction's end."""
    async with asyncio.timeout(30):
        while (await reader.bounds([log.tp]))[log.tp][1] != end:
            await asyncio.sleep(0.02)


async def replayed(reader: TailReader, log: Log) -> list[bytes | None]:
    """All that one-shot reads of a few bytes give, from the beginning."""
    values: list[bytes | None] = []
    offset, (_, end) = 0, (await reader.bounds([log.tp]))[log.tp]
    while offset < end:
        batch: Batch = await reader.fetch(log.tp, offset, 1)
        values += [record.value for record in batch.records]
        assert batch.next_offset > offset
        offset = batch.next_offset
    return values


@pytest.mark.kafka
async def test_what_is_not_committed_yet_is_not_there(written: Log) -> None:
    """Neither read live, nor replayed, nor counted as lag; what was written after it waits for it."""
    log, tp = written, written.tp
    async with reader_of(log) as reader:
        seen = Seen(reader)
        await reader.add({tp: reader.BEGINNING})
        await log.write(b"plain 0")
        await seen.until_count(1)
        await log.first.begin_transaction()
        await log.write(b"open 1", by=log.first)
        await log.write(b"plain 2")
        assert await reader.bounds([tp]) == {tp: (0, 1)}
        assert await replayed(reader, log) == [b"plain 0"]
        assert (await reader.add({tp: reader.END}))[tp].offset == 1
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await seen.poll()
        assert reader.lag(tp) == 0
        await log.first.commit_transaction()
        await seen.until_count(3)
        assert seen.values() == [b"plain 0", b"open 1", b"plain 2"]
        assert await replayed(reader, log) == seen.values()
        await seen.until(lambda: reader.positions()[tp] == 4)
        await end_of(reader, log, 4)


@pytest.mark.kafka
async def test_what_was_aborted_never_happened(written: Log) -> None:
    """Two producers' transactions among each other and among records without one, some aborted."""
    log, tp = written, written.tp
    async with reader_of(log) as reader:
        live = Seen(reader)
        await reader.add({tp: reader.BEGINNING})
        await log.first.begin_transaction()
        await log.second.begin_transaction()
        await log.write(b"aborted 0", by=log.first)
        await log.write(b"committed 1", by=log.second)
        await log.write(b"plain 2")
        await log.write(b"aborted 3", b"aborted 4", by=log.first)
        await log.first.abort_transaction()
        await log.write(b"committed 6", by=log.second)
        await log.first.begin_transaction()
        await log.write(b"committed 7", by=log.first)
        await log.second.commit_transaction()
        await log.second.begin_transaction()
        await log.write(b"aborted 9", by=log.second)
        await log.first.commit_transaction()
        await log.write(b"plain 11")
        await log.second.abort_transaction()
        expected = [b"committed 1", b"plain 2", b"committed 6", b"committed 7", b"plain 11"]
        await live.until(lambda: reader.positions()[tp] == 13)
        assert live.values() == expected
        assert reader.lag(tp) == 0
        assert await replayed(reader, log) == expected
        again = Seen(reader)
        await reader.add({tp: 3})
        await again.until(lambda: reader.positions()[tp] == 13)
        assert again.values() == expected[2:]
        assert not live.events
        assert not again.events


@pytest.mark.kafka
async def test_a_log_that_holds_only_what_was_aborted_is_read_to_its_end(written: Log) -> None:
    log, tp = written, written.tp
    await log.first.begin_transaction()
    await log.write(b"aborted 0", b"aborted 1", by=log.first)
    await log.first.abort_transaction()
    async with reader_of(log) as reader:
        await end_of(reader, log, 3)
        seen = Seen(reader)
        await reader.add({tp: reader.BEGINNING})
        await seen.until(lambda: reader.positions()[tp] == 3)
        assert (seen.records, reader.lag(tp)) == ([], 0)
        assert await replayed(reader, log) == []
        for moment_ms in (0, 1000, 5000):
            start = await reader.offset_at(tp, moment_ms)
            assert 0 <= start <= 3
