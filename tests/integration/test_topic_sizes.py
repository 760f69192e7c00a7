"""Topics that gain partitions while everything runs: named, unready, nothing falsely recovered or applied.

The services' test comes first: the other one changes the topics of all edges of this module's broker.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest
from aiokafka.admin import NewPartitions
from autodmca_events import partition_for, user_key
from autodmca_events.topics import inputs_topic
from autodmca_kafka import EventProducer, TopicSizes, TopicSpec, service_topics
from autodmca_service.testing import Process

from tests.brokers import Broker
from tests.contract.reading import admin
from tests.integration.edge_site import edge_node, heard, listening, usage
from tests.integration.purses import Outcome, Put
from tests.integration.running import running, until
from tests.integration.service import PARTITIONS, Service
from tests.integration.site import Site
from tests.integration.templates_site import replicas

USAGE, TEMPLATES = "template_usage", "autodmca.templates.v1"
_users = itertools.count(6_600_000 + os.getpid())


def user_who(stays: bool, before: int, after: int) -> int:
    """A user whose partition is the same, or is not, when there are more."""
    return next(
        user
        for user in _users
        if (partition_for(user_key(user), before) == partition_for(user_key(user), after)) is stays
    )


async def grow(broker: Broker, topic: str, partitions: int) -> None:
    async with admin(broker) as client:
        await client.create_partitions({topic: NewPartitions(partitions)})


@pytest.mark.kafka
async def test_inputs_on_partitions_that_were_gained_are_not_applied_and_it_is_said(
    fault_kafka: Broker, new_name: Callable[[str], str]
) -> None:
    servers = fault_kafka.bootstrap_servers
    service = Service(new_name("purses"), servers, random.Random(1))
    await service.set_up()
    topic, more = inputs_topic(service.name), 2 * PARTITIONS
    sizes = TopicSizes(servers, [*service_topics(service.name, PARTITIONS), TopicSpec("not-there", 9)])
    moved, stayer = user_who(False, PARTITIONS, more), user_who(True, PARTITIONS, more)
    async with EventProducer(servers, client_id="test") as producer, running(sizes.run()):
        assert sizes.trouble() is None
        await grow(fault_kafka, topic, more)
        await until(lambda: sizes.trouble() is not None)
        assert f"{topic} has {more}, wanted {PARTITIONS}" in (sizes.trouble() or "")
    # One that begins now is given all partitions at once; who runs is, when it asks for its topics again.
    async with EventProducer(servers, client_id="test") as producer:
        site = Site(service, producer)
        async with running(site.table.run(), site.processor.run(), site.ask.run()):
            await site.ask.tell(moved, Put("left", 1))
            assert await site.ask.ask(stayer, Put("left", 2), timeout_s=60) == Outcome(2)
            await until(lambda: site.owned == frozenset(range(PARTITIONS)))
            assert site.table.get(moved, "left") is None
        assert (site.count("inputs"), site.count("restarts")) == (1, 0)


async def readiness(replica: Process) -> str:
    try:
        answer = await replica.http.get("/readyz")
    except httpx.TransportError:
        return ""
    return answer.text if answer.status_code == 503 else ""


@pytest.mark.kafka
async def test_nodes_whose_topics_gain_partitions_are_unready_by_name_and_recover_nothing(
    fault_kafka: Broker,
) -> None:
    servers, before = fault_kafka.bootstrap_servers, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    said = f"{TEMPLATES} has 12, wanted 6"
    user = user_who(True, 6, 12)
    async with replicas(fault_kafka, 1) as (replica,):
        with edge_node(servers) as edge:
            async with (
                listening(edge, user) as listener,
                EventProducer(servers, client_id="test") as producer,
            ):
                await listener.subscribe(USAGE)
                await producer.send(usage("1"), user_id=user)
                await heard(listener, 1)
                await grow(fault_kafka, TEMPLATES, 12)
                await asyncio.to_thread(edge.until_ready, 503)
                assert said in edge.get("/readyz")[1]
                await until_said(replica, said)
                for where in ({"resume": listener.cursors()}, {"since": before}):
                    async with listening(edge, user) as back:
                        answer = await back.subscribe(USAGE, **where)
                        assert (answer["recovered"], answer["reason"]) == (False, "epoch")
                await producer.send(usage("2"), user_id=user)
                await heard(listener, 2)
        with edge_node(servers, ready=False) as again:
            await asyncio.to_thread(again.until_ready, 503)
            await until(lambda: said in again.get("/readyz")[1])
            assert again.process.poll() is None
    late = Process("templates", fault_kafka.bootstrap_servers)
    try:
        await late.start()
        await until_said(late, said)
    finally:
        await late.close()


async def until_said(replica: Process, said: str) -> None:
    async with asyncio.timeout(30):
        while said not in await readiness(replica):
            await asyncio.sleep(0.05)
