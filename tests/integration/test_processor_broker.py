"""A broker that is away at the start, dies in the middle, or comes back having forgotten everything."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from autodmca_kafka import EventProducer, TopicSpec, cluster, ensure_topics
from autodmca_kafka.batches import BatchWriter

from tests.brokers import Broker
from tests.integration.purses import Outcome, Put
from tests.integration.running import running, until
from tests.integration.service import Service
from tests.integration.site import Site

USER = 7


async def test_writing_to_a_topic_that_is_missing_does_not_create_it(
    any_broker: Broker, new_name: Callable[[str], str]
) -> None:
    topic, servers = new_name("missing"), any_broker.bootstrap_servers
    client = await cluster.connect(servers, client_id="test", deadline_s=10)
    async with BatchWriter(servers, client_id="test", max_bytes=1_000) as writer:
        writing = asyncio.create_task(writer.write(topic, 0, [[(b"key", b"value", [])]]))
        done, _ = await asyncio.wait({writing}, timeout=1)
        assert not done
        assert await cluster.describe_topics(client, [topic]) == {}
        await ensure_topics(servers, [TopicSpec(topic, 1, {})])
        await writing
    await cluster.close(client)


async def test_a_broker_that_dies_and_comes_back_costs_time_and_nothing_else(
    fault_kafka: Broker, new_name: Callable[[str], str]
) -> None:
    service = Service(new_name("broker"), fault_kafka.bootstrap_servers, random.Random(1))
    await service.set_up()
    async with EventProducer(fault_kafka.bootstrap_servers, client_id="test") as producer:
        await service.feed(producer, 200)
        site = Site(service, producer)
        fault_kafka.kill()
        async with running(site.table.run(), site.processor.run(), site.ask.run()):
            fault_kafka.start()
            await until(lambda: bool(site.count("inputs")))
            await service.feed(producer, 200)
            fault_kafka.kill()
            fault_kafka.start()
            await service.feed(producer, 200)
            outcome = await site.ask.ask(USER, Put("left", 5), timeout_s=60)
            assert outcome.refused is None
        await service.finish()
    assert await service.judge() == 601


async def test_a_broker_that_forgot_everything_is_begun_with_anew(
    fault_embedded: Broker, new_name: Callable[[str], str]
) -> None:
    service = Service(new_name("broker"), fault_embedded.bootstrap_servers, random.Random(1))
    await service.set_up()
    async with EventProducer(fault_embedded.bootstrap_servers, client_id="test") as producer:
        site = Site(service, producer)
        async with running(site.table.run(), site.processor.run(), site.ask.run()):
            assert await site.ask.ask(USER, Put("left", 5), timeout_s=30) == Outcome(5)
            assert await site.ask.ask(USER, Put("left", 5)) == Outcome(10)
            fault_embedded.kill()
            fault_embedded.start()
            await service.set_up()
            await until(lambda: site.table.of_user(USER) == {})
            assert await site.ask.ask(USER, Put("left", 1), timeout_s=60) == Outcome(1)
    assert await service.judge() == 1
