"""A cluster's quotas: who is over one is slowed down, loses nothing, and keeps its connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import structlog
from autodmca_kafka import EventProducer, TailReader, TopicPartition, TopicSpec, ensure_topics
from autodmca_kafka.access import _said
from autodmca_kafka.rights import on_topics

from tests.contract.reading import Seen
from tests.secure_kafka import SecureKafka

pytestmark = pytest.mark.kafka

RATE = 100_000.0
"""Bytes a second that are allowed."""
RECORD = bytes(100_000)
COUNT = 16
"""Beyond the burst of one quota window, ten seconds' worth, for some seconds."""


@pytest.fixture
async def topic(secure_kafka: SecureKafka, new_name: Callable[[str], str]) -> AsyncIterator[str]:
    """One that `poor` may read and write, whose quotas are lifted at the end."""
    name = new_name("quota")
    await ensure_topics(secure_kafka.bootstrap_servers, [TopicSpec(name, 1)])
    await secure_kafka.grant("User:poor", [*on_topics("READ", [name]), *on_topics("WRITE", [name])])
    _said.clear()
    yield name
    await secure_kafka.limit("poor", producer_byte_rate=None, consumer_byte_rate=None)
    await secure_kafka.revoke("User:poor")


async def write(producer: EventProducer, topic: str) -> None:
    for number in range(COUNT):
        await producer.send_record(topic, key=str(number).encode(), value=RECORD, partition=0)


async def test_a_producer_waits_for_as_long_as_the_broker_says(secure_kafka: SecureKafka, topic: str) -> None:
    await secure_kafka.limit("poor", producer_byte_rate=RATE)
    clock = asyncio.get_running_loop().time
    with structlog.testing.capture_logs() as lines:
        async with EventProducer(secure_kafka.settings("poor"), client_id="test") as producer:
            began = clock()
            await write(producer, topic)
            took = clock() - began
    assert took > 1, "it was not slowed down"
    assert [line["event"] for line in lines] == [
        "a Kafka broker throttles this client, which is over a quota"
    ]


async def test_a_reader_gets_everything_later_on_the_same_connection(
    secure_kafka: SecureKafka, topic: str
) -> None:
    async with EventProducer(secure_kafka.bootstrap_servers, client_id="test") as producer:
        await write(producer, topic)
    await secure_kafka.limit("poor", consumer_byte_rate=RATE)
    reader = TailReader(secure_kafka.settings("poor"), client_id="tail", fetch_max_bytes=2 * len(RECORD))
    with structlog.testing.capture_logs() as lines:
        async with reader:
            await reader.add({TopicPartition(topic, 0): reader.BEGINNING})
            seen = Seen(reader)
            await seen.until_count(COUNT)
    assert [record.key for _, record in seen.records] == [str(number).encode() for number in range(COUNT)]
    assert seen.events == [], "the broker was there all the time"
    assert [line["event"] for line in lines] == [
        "a Kafka broker throttles this client, which is over a quota"
    ]
