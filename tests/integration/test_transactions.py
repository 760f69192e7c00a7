"""What a foreign producer's transactions (KIP-98) come to: events at an edge, inputs at a processor."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from autodmca_edge.log.cursors import record_of
from autodmca_events import encode, envelope, new_id, partition_for, user_key
from autodmca_events.topics import inputs_topic
from autodmca_kafka import EventProducer, TailReader, TopicPartition

from tests.brokers import Broker
from tests.integration.edge_site import edge_node, heard, listening, usage
from tests.integration.purses import Put
from tests.integration.running import running
from tests.integration.running import until as until_true
from tests.integration.service import PARTITIONS, Service
from tests.integration.site import Site

Name = Callable[[str], str]
USAGE, TEMPLATES = "template_usage", "autodmca.templates.v1"
_users = itertools.count(7_700_000 + os.getpid())


@pytest.fixture
async def transactional(kafka_broker: Broker, new_name: Name) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka_broker.bootstrap_servers, transactional_id=new_name("t")
    )
    await producer.start()
    yield producer
    await producer.stop()


@pytest.fixture
async def producer(kafka_broker: Broker) -> AsyncIterator[EventProducer]:
    async with EventProducer(kafka_broker.bootstrap_servers, client_id="test") as made:
        yield made


@pytest.mark.parametrize("window_bytes", [0, 1 << 20])
@pytest.mark.kafka
async def test_an_edge_delivers_what_was_committed_live_and_on_every_replay(
    kafka_broker: Broker, transactional: AIOKafkaProducer, producer: EventProducer, window_bytes: int
) -> None:
    user, before = next(_users), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    async def write(name: str) -> None:
        event = encode(envelope(usage(name), user_id=user, timestamp_ms=int(time.time() * 1000), id=new_id()))
        key, partition = user_key(user), partition_for(user_key(user), 6)
        headers = [("type", USAGE.encode())]
        await transactional.send_and_wait(TEMPLATES, event, key=key, partition=partition, headers=headers)

    with edge_node(kafka_broker.bootstrap_servers, EDGE_WINDOW_BYTES=window_bytes) as edge:
        async with listening(edge, user) as live, listening(edge, user) as early:
            begun = await early.subscribe(USAGE)
            await live.subscribe(USAGE)
            await transactional.begin_transaction()
            await write("aborted")
            await producer.send(usage("1"), user_id=user)
            async with listening(edge, user) as meanwhile:
                answer = await meanwhile.subscribe(USAGE, since=before)
                assert (answer["recovered"], answer["replayed"]) == (True, 0)
            assert not live.events()
            await transactional.abort_transaction()
            await transactional.begin_transaction()
            await write("2")
            await transactional.commit_transaction()
            await producer.send(usage("3"), user_id=user)
            await transactional.begin_transaction()
            await write("aborted")
            await transactional.abort_transaction()
            await heard(live, 3)
            assert live.names() == ["1", "2", "3"]
            for where in ({"resume": begun["cursors"]}, {"since": before}):
                async with listening(edge, user) as back:
                    answer = await back.subscribe(USAGE, **where)
                    assert (answer["recovered"], answer["replayed"]) == (True, 3)
                    assert back.names() == ["1", "2", "3"]
            async with TailReader(kafka_broker.bootstrap_servers, client_id="test") as reader:
                tp = TopicPartition(TEMPLATES, partition_for(user_key(user), 6))
                _, end = (await reader.bounds([tp]))[tp]

            async def positions() -> list[int]:
                async with listening(edge, user) as late:
                    cursors = (await late.subscribe(USAGE))["cursors"]
                return [record_of(cursor.rpartition(":")[2])[1] for cursor in cursors]

            async with asyncio.timeout(30):  # nobody seems behind for what nobody gets
                while end - 1 not in await positions():
                    await asyncio.sleep(0.05)
            assert live.names() == ["1", "2", "3"]


@pytest.mark.kafka
async def test_a_processor_applies_what_was_committed_and_does_not_seem_behind(
    kafka_broker: Broker, transactional: AIOKafkaProducer, new_name: Name
) -> None:
    service = Service(new_name("purses"), kafka_broker.bootstrap_servers, random.Random(1))
    await service.set_up()
    user = 7
    home = partition_for(user_key(user), PARTITIONS)

    async def write(coins: int) -> None:
        value = msgspec.json.encode(Put("left", coins))
        await transactional.send_and_wait(
            inputs_topic(service.name), value, key=user_key(user), partition=home
        )

    async with EventProducer(kafka_broker.bootstrap_servers, client_id="test") as producer:
        site = Site(service, producer)
        async with running(site.table.run(), site.processor.run()):
            await until_true(lambda: home in site.owned)
            await transactional.begin_transaction()
            await write(100)
            await site.ask.tell(user, Put("left", 1))
            await transactional.abort_transaction()
            await transactional.begin_transaction()
            await write(20)
            await transactional.commit_transaction()
            await transactional.begin_transaction()
            await write(300)
            await transactional.abort_transaction()
            await until_true(lambda: site.processor.positions()[home] == 7)
            purse = site.table.get(user, "left")
            assert purse is not None
            assert purse.coins == 21
    assert (site.count("inputs"), site.count("restarts")) == (2, 0)
    await service.finish()
    assert await service.judge() == 2
