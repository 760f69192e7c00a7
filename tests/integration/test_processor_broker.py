"""A broker that is away at the start, dies in the middle, or comes back having forgotten everything."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import Any

from autodmca_kafka import Ask, EventProducer, Table, TopicSpec, cluster, ensure_topics
from autodmca_kafka.batches import BatchWriter
from structlog.testing import capture_logs

from tests.brokers import Broker
from tests.integration.purses import Input, Outcome, Purse, Put, random_input
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
        await service.feed(producer, 200, draw=random_input)
        site = Site(service, producer)
        fault_kafka.kill()
        async with running(site.table.run(), site.processor.run(), site.ask.run()):
            fault_kafka.start()
            await until(lambda: bool(site.count("inputs")))
            await service.feed(producer, 200, draw=random_input)
            fault_kafka.kill()
            fault_kafka.start()
            await service.feed(producer, 200, draw=random_input)
            outcome = await site.ask.ask(USER, Put("left", 5), timeout_s=60)
            assert outcome.refused is None
        await service.finish()
    assert await service.judge() >= 601  # and what its relay told it


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


async def test_a_table_and_an_asker_wait_for_a_broker_that_is_absent_at_their_start(
    fault_embedded: Broker, new_name: Callable[[str], str]
) -> None:
    servers, name = fault_embedded.bootstrap_servers, new_name("absent")
    async with EventProducer(servers, client_id="test") as producer:
        site = Site(Service(name, servers, random.Random(1)), producer)
        table: Table[Purse] = Table(name, servers, Purse, connect_timeout_s=0.2)
        ask: Ask[Input, Outcome] = Ask(name, servers, Outcome, producer=producer, connect_timeout_s=0.2)
        fault_embedded.kill()
        with capture_logs() as logs:
            async with running(table.run(), ask.run()):
                await until(lambda: {"table", "ask"} <= {waiter(each) for each in logs})
                fault_embedded.start()
                await Service(name, servers, random.Random(1)).set_up()
                async with running(site.table.run(), site.processor.run()):
                    assert await ask.ask(USER, Put("left", 5), timeout_s=60) == Outcome(5)
                    await until(lambda: "left" in table.of_user(USER))


def waiter(entry: Mapping[str, Any]) -> str:
    """Who says that it waits for a broker."""
    said = {"waiting for the broker": "table", "outcomes cannot be read yet": "ask"}
    return said.get(entry["event"], "")
