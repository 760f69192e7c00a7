"""A cluster that comes back at other addresses than the ones its clients knew: whoever writes, belongs to a
group, waits for outcomes or makes topics finds it again by the bootstrap servers, and says so until then."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest
from autodmca_kafka import EventProducer, TopicSpec, cluster, ensure_topics

from tests.apache_kafka import MovingKafka
from tests.integration.edge_site import edge_node
from tests.integration.purses import Outcome, Put
from tests.integration.running import running, until
from tests.integration.service import Service
from tests.integration.site import Site

USER = 7


@pytest.mark.kafka
async def test_producers_members_and_askers_find_a_broker_that_moved(
    moving_kafka: MovingKafka, new_name: Callable[[str], str]
) -> None:
    servers = moving_kafka.bootstrap_servers
    service, topic = Service(new_name("moved"), servers, random.Random(1)), new_name("records")
    await service.set_up()
    await ensure_topics(servers, [TopicSpec(topic, 1)])
    idle = EventProducer(servers, client_id="idle")
    async with EventProducer(servers, client_id="test") as producer, idle:
        site = Site(service, producer)
        checks = (idle, producer, site.processor, site.table, site.ask)
        async with running(site.table.run(), site.processor.run(), site.ask.run()):
            assert await site.ask.ask(USER, Put("left", 5), timeout_s=60) == Outcome(5)
            await idle.send_record(topic, key=None, value=b"before", partition=0)
            await until(lambda: not any(each.trouble() for each in checks))
            await asyncio.to_thread(moving_kafka.kill)
            await until(lambda: all(each.trouble() for each in (idle, producer, site.processor)))
            assert "no Kafka broker" in str(idle.trouble())
            await asyncio.to_thread(moving_kafka.move)
            # Nobody uses it, and it finds the broker all the same.
            await until(lambda: idle.trouble() is None)
            assert await site.ask.ask(USER, Put("left", 5), timeout_s=60) == Outcome(10)
            position = await asyncio.wait_for(
                idle.send_record(topic, key=None, value=b"after", partition=0), 60
            )
            assert position.offset == 1
            await until(lambda: not any(each.trouble() for each in checks))
        await service.finish()
    assert await service.judge() == 2


@pytest.mark.kafka
async def test_a_client_that_makes_topics_finds_a_broker_that_moved(
    moving_kafka: MovingKafka, new_name: Callable[[str], str]
) -> None:
    client = await cluster.connect(moving_kafka.bootstrap_servers, client_id="test", deadline_s=30)
    topic = new_name("topic")
    await ensure_topics(moving_kafka.bootstrap_servers, [TopicSpec(topic, 1)])
    assert topic in await cluster.describe_topics(client, [topic])
    await asyncio.to_thread(moving_kafka.kill)
    assert not await client.force_metadata_update()
    await asyncio.to_thread(moving_kafka.move)
    await until(lambda: client.lost_since is None)
    assert topic in await cluster.describe_topics(client, [topic])
    await cluster.close(client)


@pytest.mark.kafka
async def test_an_edge_says_that_it_cannot_write_until_it_can(moving_kafka: MovingKafka) -> None:
    with edge_node(moving_kafka.bootstrap_servers) as edge:
        await asyncio.to_thread(moving_kafka.kill)
        await until(lambda: "nothing can be written" in edge.get("/readyz")[1])
        await asyncio.to_thread(moving_kafka.move)
        await asyncio.to_thread(edge.until_ready)
