"""What the contract tests share: polling until something is true, and deleting topics and records."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from autodmca_kafka import Batch, ReaderEvent, Record, TailReader, TopicPartition

from tests.brokers import Broker

DEADLINE_S = 60

FOR_EVER = {"retention.ms": "-1"}
"""For topics of records with times long past, which Apache Kafka would soon delete."""


class Seen:
    """All that a reader's polls gave, in order."""

    def __init__(self, reader: TailReader) -> None:
        self._reader = reader
        self.records: list[tuple[TopicPartition, Record]] = []
        self.events: list[ReaderEvent] = []

    def values(self, *tps: TopicPartition) -> list[bytes | None]:
        return [record.value for tp, record in self.records if not tps or tp in tps]

    def offsets(self, tp: TopicPartition) -> list[int]:
        return [record.offset for place, record in self.records if place == tp]

    async def poll(self) -> None:
        for item in await self._reader.poll():
            if isinstance(item, Batch):
                tp = TopicPartition(item.topic, item.partition)
                self.records += [(tp, record) for record in item.records]
            else:
                self.events.append(item)

    async def until(self, reached: Callable[[], bool]) -> None:
        """Poll until `reached`; fails by TimeoutError."""
        async with asyncio.timeout(DEADLINE_S):
            while not reached():
                await self.poll()

    async def until_count(self, count: int) -> None:
        await self.until(lambda: len(self.records) >= count)

    async def until_event(self, kind: type[ReaderEvent]) -> None:
        await self.until(lambda: any(isinstance(event, kind) for event in self.events))


@asynccontextmanager
async def admin(broker: Broker) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


async def delete_topic(broker: Broker, topic: str) -> None:
    """Delete it, and wait until the broker has heard of it: it would take the topic for there until then."""
    async with admin(broker) as client, asyncio.timeout(DEADLINE_S):
        await client.delete_topics([topic])
        while topic in await client.list_topics():
            await asyncio.sleep(0.02)


async def expire_before(broker: Broker, tp: TopicPartition, offset: int) -> None:
    """What retention does, at once."""
    async with admin(broker) as client:
        await client.delete_records({tp: RecordsToDelete(before_offset=offset)})
