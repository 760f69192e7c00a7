"""An edge on a real broker reads the partitions that its connected users need, and loses nothing over it."""

import asyncio
import itertools
import os
import re

import pytest
from autodmca_events import partition_for, user_key
from autodmca_events.topics import BROADCAST, USER_EVENT_TOPICS
from autodmca_kafka import EventProducer

from tests.brokers import Broker
from tests.integration.edge_site import Edge, edge_node, heard, listening, until, usage

USAGE = "template_usage"
ALL = (USAGE, "submission_progress", "ai_detection_result", "social_media_incident", "visibility_change")
"""One type a topic."""
PARTITIONS = 6
LAG = re.compile(r'^autodmca_edge_lag_records\{partition="(\d+)",topic="([^"]+)"\}', re.MULTILINE)
_users = itertools.count(9_700_000 + os.getpid())


def user_on(partition: int) -> int:
    """A user of that partition whom no other test has."""
    return next(user for user in _users if partition_for(user_key(user), PARTITIONS) == partition)


async def read(edge: Edge) -> set[tuple[str, int]]:
    """What the node says that it reads, beside what is for everybody."""
    _, text = await asyncio.to_thread(edge.get, "/metrics")
    found = {(topic, int(number)) for number, topic in LAG.findall(text)}
    return found - {(BROADCAST, 0)}


def of(*numbers: int) -> set[tuple[str, int]]:
    """These partitions of every topic keyed by user."""
    return {(topic, number) for topic in USER_EVENT_TOPICS for number in numbers}


async def until_read(edge: Edge, wanted: set[tuple[str, int]]) -> None:
    """Until it reads these and no others."""
    async with asyncio.timeout(30):
        while await read(edge) != wanted:
            await asyncio.sleep(0.05)


async def pour(producer: EventProducer, user: int, numbers: range) -> None:
    for number in numbers:
        await producer.send(usage(f"{number}"), user_id=user)
        await asyncio.sleep(0.002)


def named(numbers: range) -> list[str]:
    return [str(number) for number in numbers]


async def test_partitions_are_added_and_dropped_while_events_flow(any_broker: Broker) -> None:
    servers, one, two = any_broker.bootstrap_servers, user_on(1), user_on(4)
    with edge_node(servers, EDGE_PARTITION_GRACE_SECONDS=1) as edge:
        async with EventProducer(servers, client_id="test") as producer, listening(edge, one) as first:
            await until_read(edge, set())
            await first.subscribe(*ALL)
            await until_read(edge, of(1))
            assert await asyncio.to_thread(edge.metric, "partitions") == len(ALL) + 1
            flowing = asyncio.create_task(pour(producer, one, range(400)))
            async with listening(edge, two) as second:
                await second.subscribe(*ALL)
                await pour(producer, two, range(50))
                await heard(second, 50)
                await until_read(edge, of(1, 4))
                cursors = second.cursors()
            await pour(producer, two, range(50, 60))
            await until_read(edge, of(1))
            await pour(producer, two, range(60, 90))
            async with listening(edge, two) as again:
                answer = await again.subscribe(*ALL, resume=cursors)
                assert answer["recovered"]
                await pour(producer, two, range(90, 100))
                await heard(again, 50)
                assert second.names() + again.names() == named(range(100))
            await flowing
            await heard(first, 400)
            assert first.names() == named(range(400))
        await until_read(edge, set())
        assert (await asyncio.to_thread(edge.get, "/readyz"))[0] == 200


async def test_a_single_topic_is_read_for_who_wants_no_more(any_broker: Broker) -> None:
    servers, user = any_broker.bootstrap_servers, user_on(2)
    with edge_node(servers) as edge:
        async with listening(edge, user) as listener:
            await listener.subscribe(USAGE)
            assert await read(edge) <= {("autodmca.templates.v1", 2)}
            assert await asyncio.to_thread(edge.metric, "partitions") == 2


async def test_everything_is_read_where_that_is_set(any_broker: Broker) -> None:
    with edge_node(any_broker.bootstrap_servers, EDGE_READ_ALL_PARTITIONS="true") as edge:
        assert await asyncio.to_thread(edge.metric, "partitions") == PARTITIONS * len(USER_EVENT_TOPICS) + 1


@pytest.mark.kafka
async def test_who_comes_while_the_broker_is_away_is_served_when_it_is_back(fault_kafka: Broker) -> None:
    """On Apache Kafka alone: the embedded broker comes back with nothing."""
    servers, one, two = fault_kafka.bootstrap_servers, user_on(0), user_on(5)
    with edge_node(servers, EDGE_PARTITION_GRACE_SECONDS=1) as edge:
        async with listening(edge, two) as before:
            await before.subscribe(USAGE)
            async with EventProducer(servers, client_id="test") as producer:
                await pour(producer, two, range(20))
                await heard(before, 10)
        async with listening(edge, one) as first:
            await first.subscribe(USAGE)
            await until_read(edge, {("autodmca.templates.v1", 0)})
            await asyncio.to_thread(fault_kafka.kill)
            await asyncio.to_thread(edge.until_ready, 503)
            async with listening(edge, two) as second:
                answering = asyncio.create_task(second.subscribe(USAGE, resume=before.cursors()))
                await until(lambda: second.answers("connected"), "the greeting")
                await asyncio.to_thread(fault_kafka.start)
                await asyncio.to_thread(edge.until_ready)
                answer = await answering
                assert answer["recovered"]
                async with EventProducer(servers, client_id="test") as producer:
                    await pour(producer, one, range(20))
                    await pour(producer, two, range(20, 40))
                await heard(first, 20)
                await heard(second, 40 - len(before.events()))
                assert before.names() + second.names() == named(range(40))


async def test_topics_that_were_made_again_while_nobody_read_them_are_known_anew(
    fault_embedded: Broker,
) -> None:
    """The embedded broker comes back with nothing; the node read nothing of the topic meanwhile."""
    servers, user = fault_embedded.bootstrap_servers, user_on(3)
    with edge_node(servers, EDGE_PARTITION_GRACE_SECONDS=0) as edge:
        async with listening(edge, user) as before:
            await before.subscribe(USAGE)
            async with EventProducer(servers, client_id="test") as producer:
                await pour(producer, user, range(10))
                await heard(before, 10)
        await until_read(edge, set())
        await asyncio.to_thread(fault_embedded.kill)
        await asyncio.to_thread(edge.until_ready, 503)
        await asyncio.to_thread(fault_embedded.start)
        await asyncio.to_thread(edge.until_ready)
        async with listening(edge, user) as after:
            answer = await after.subscribe(USAGE, resume=before.cursors())
            assert (answer["recovered"], answer["reason"]) == (False, "epoch")
            async with EventProducer(servers, client_id="test") as producer:
                await pour(producer, user, range(10))
                await heard(after, 10)
            assert after.names() == named(range(10))
            assert answer["cursors"][0].rpartition(":")[0] == after.cursors()[0].rpartition(":")[0]
