"""A tail reader and an edge on three real brokers: partitions move while events pour in, brokers die."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from autodmca_events import partition_for, user_key
from autodmca_events.topics import BROADCAST
from autodmca_kafka import (
    BrokerBack,
    EventProducer,
    TailReader,
    TopicPartition,
    TopicSpec,
    ensure_topics,
    event_topics,
)

from tests.contract.reading import Seen
from tests.integration.edge_site import Edge, edge_node, heard, listening, until, usage
from tests.kafka_cluster import NODES, KafkaCluster

Name = Callable[[str], str]
USAGE = "template_usage"
TEMPLATES = "autodmca.templates.v1"
PARTITIONS = 3
_users = itertools.count(9_900_000 + os.getpid())


def user_on(partition: int) -> int:
    """A user of that partition whom no other test has."""
    return next(user for user in _users if partition_for(user_key(user), PARTITIONS) == partition)


def others(node: int, count: int = NODES - 1) -> list[int]:
    """The nodes after this one."""
    return [(node + more) % NODES + 1 for more in range(count)]


def named(numbers: range) -> list[str]:
    return [str(number) for number in numbers]


class Pouring:
    """Numbered records to each partition of a topic, until `stop`."""

    def __init__(self, cluster: KafkaCluster, write: Callable[[EventProducer, int], None]) -> None:
        self.count = 0
        self._cluster = cluster
        self._write = write
        self._ends = asyncio.Event()
        self._task = asyncio.create_task(self._pour())

    async def _pour(self) -> None:
        async with EventProducer(self._cluster.bootstrap_servers, client_id="pour") as producer:
            while not self._ends.is_set():
                self._write(producer, self.count)
                self.count += 1
                await asyncio.sleep(0.005)
            await producer.flush()

    async def more(self, count: int = 20) -> None:
        """Until so many more have been given to the producer."""
        enough = self.count + count
        await until(lambda: self.count >= enough or self._task.done(), "more records")

    async def stop(self) -> int:
        """How many each partition has, all acknowledged."""
        self._ends.set()
        await self._task
        return self.count


def to_all(topic: str) -> Callable[[EventProducer, int], None]:
    """A write of each number to every partition of a topic."""

    def write(producer: EventProducer, number: int) -> None:
        for partition in range(PARTITIONS):
            producer.enqueue_record(topic, key=None, value=b"%d" % number, partition=partition)

    return write


def to_each(*users: int) -> Callable[[EventProducer, int], None]:
    """An event with each number to every user."""

    def write(producer: EventProducer, number: int) -> None:
        for user in users:
            producer.enqueue(usage(f"{number}"), user_id=user)

    return write


def partitions_of(topic: str) -> list[TopicPartition]:
    return [TopicPartition(topic, number) for number in range(PARTITIONS)]


@pytest.mark.kafka
async def test_a_reader_follows_partitions_from_broker_to_broker(
    kafka_cluster: KafkaCluster, new_name: Name
) -> None:
    topic, servers = new_name("moves"), kafka_cluster.bootstrap_servers
    tps = partitions_of(topic)
    await ensure_topics(servers, [TopicSpec(topic, PARTITIONS)])
    async with TailReader(servers, client_id="tail") as reader:
        seen = Seen(reader)
        await reader.add(dict.fromkeys(tps, reader.END))
        pouring = Pouring(kafka_cluster, to_all(topic))
        for turn in range(4):
            await kafka_cluster.move({tp: [(tp.partition + turn) % NODES + 1] for tp in tps})
            await pouring.more()
        count = await pouring.stop()
        await seen.until_count(count * PARTITIONS)
        for tp in tps:
            assert seen.values(tp) == [b"%d" % number for number in range(count)]
            assert seen.offsets(tp) == list(range(count))
        assert not seen.events
        assert not reader.unread()


@pytest.mark.kafka
async def test_a_reader_goes_on_without_a_broker_that_does_not_come_back(
    kafka_cluster: KafkaCluster, new_name: Name
) -> None:
    """Of what that one alone has it says so, and waits; nothing else waits for it."""
    topic, servers = new_name("gone"), kafka_cluster.bootstrap_servers
    tps = partitions_of(topic)
    alone, *shared = tps
    await ensure_topics(servers, [TopicSpec(topic, PARTITIONS)], replication_factor=1)
    await kafka_cluster.move({alone: [3]} | {tp: [3, 1] for tp in shared})
    async with TailReader(servers, client_id="tail") as reader:
        seen = Seen(reader)
        await reader.add({alone: reader.END, shared[0]: reader.END})
        pouring = Pouring(kafka_cluster, to_all(topic))
        await seen.until(lambda: len(seen.offsets(alone)) > 10)
        await asyncio.to_thread(kafka_cluster.nodes[3].kill)
        await kafka_cluster.until_led(shared[0], 1)
        before = len(seen.offsets(shared[0]))
        await seen.until(lambda: len(seen.offsets(shared[0])) > before + 100)
        await seen.until(lambda: set(reader.unread()) == {alone})  # those may have come before the kill
        added = await reader.add({alone: reader.BEGINNING, shared[1]: reader.BEGINNING}, patience_s=1)
        assert set(added) == {shared[1]}
        await seen.until(lambda: len(seen.offsets(shared[1])) > 100)
        assert [event for event in seen.events if isinstance(event, BrokerBack)] == []
        await asyncio.to_thread(kafka_cluster.nodes[3].start)
        count = await pouring.stop()
        await seen.until_count(count * PARTITIONS)
        for tp in tps:
            assert seen.values(tp) == [b"%d" % number for number in range(count)]
            assert seen.offsets(tp) == list(range(count))
        assert not reader.unread()


SETTINGS: dict[str, Any] = {
    "TOPIC_PARTITIONS": PARTITIONS,
    "TOPIC_REPLICATION_FACTOR": NODES,
    "EDGE_WINDOW_BYTES": 0,  # who resumes is served from Kafka
}


class Wanderer:
    """A client that leaves and comes back, again and again, with its cursors."""

    def __init__(self, edge: Edge, user: int) -> None:
        self.names: list[str] = []
        self.total: int | None = None
        """How many events there are in all, when that is known."""
        self.visits = 0
        self.task = asyncio.create_task(self._wander(edge, user))

    async def _wander(self, edge: Edge, user: int) -> None:
        resume: dict[str, Any] = {}
        while len(self.names) != self.total:
            async with listening(edge, user) as listener:
                answer = await listener.subscribe(USAGE, **resume)
                assert answer["recovered"]
                self.visits += 1
                await until(lambda: self._is_enough(len(listener.events())), "some events")
            self.names += listener.names()
            resume = {"resume": listener.cursors()}

    def _is_enough(self, count: int) -> bool:
        return count >= 20 or len(self.names) + count == self.total


def serves_without(edge: Edge, tp: TopicPartition) -> bool:
    """Whether it lacks but this partition."""
    _, reasons = edge.get("/readyz")
    return f"{tp.topic}[{tp.partition}] is not read yet" in reasons and "not known yet" not in reasons


async def resumed(wanderers: list[Wanderer]) -> None:
    """Until each has come back once more."""
    visits = [each.visits for each in wanderers]
    for wanderer, before in zip(wanderers, visits, strict=True):
        while wanderer.visits == before:
            await asyncio.wait({wanderer.task}, timeout=0.02)
            if wanderer.task.done():
                await wanderer.task


@pytest.mark.kafka
async def test_an_edge_loses_nothing_while_its_partitions_move(kafka_cluster: KafkaCluster) -> None:
    """PROTOCOL.md, delivery: none lost, none sent twice, in order, also when a partition changes brokers,
    and when the broker that led it is killed and does not come back."""
    servers, tps = kafka_cluster.bootstrap_servers, partitions_of(TEMPLATES)
    users = [user_on(number) for number in range(PARTITIONS)]
    with edge_node(servers, **SETTINGS) as edge:
        async with AsyncExitStack() as stack:
            stayers = [await stack.enter_async_context(listening(edge, user)) for user in users]
            for stayer in stayers:
                await stayer.subscribe(USAGE)
            wanderers = [Wanderer(edge, user) for user in users]
            await until(lambda: all(each.visits for each in wanderers), "the wanderers")
            pouring = Pouring(kafka_cluster, to_each(*users))
            for turn in range(4):
                await kafka_cluster.move({tp: others((tp.partition + turn) % NODES + 1) for tp in tps})
                await resumed(wanderers)
            led = await kafka_cluster.leader(tps[0])
            assert led is not None
            await asyncio.to_thread(kafka_cluster.nodes[led].kill)
            await kafka_cluster.until_led(tps[0], *others(led))
            await pouring.more(100)
            count = await pouring.stop()
            for wanderer in wanderers:
                wanderer.total = count
            for stayer in stayers:
                await heard(stayer, count)
            await asyncio.gather(*(each.task for each in wanderers))
            assert [each.names() for each in stayers] == [named(range(count))] * PARTITIONS
            assert [each.names for each in wanderers] == [named(range(count))] * PARTITIONS
        await asyncio.to_thread(edge.until_ready)


@pytest.mark.kafka
async def test_an_edge_serves_whom_it_can_while_a_broker_is_down(kafka_cluster: KafkaCluster) -> None:
    """One that runs, and one that begins meanwhile. Only who needs what that broker alone has waits."""
    down = kafka_cluster.nodes[2]
    servers = ",".join(dict.fromkeys([down.bootstrap_servers, *kafka_cluster.bootstrap_servers.split(",")]))
    await ensure_topics(servers, event_topics(PARTITIONS), replication_factor=NODES)
    first, alone, third = partitions_of(TEMPLATES)
    await kafka_cluster.move({first: [2, 1], alone: [2], third: [2, 3], TopicPartition(BROADCAST, 0): [2]})
    lucky, unlucky = user_on(first.partition), user_on(alone.partition)
    with edge_node(servers, **SETTINGS) as old:
        async with listening(old, lucky) as one, listening(old, unlucky) as two:
            await one.subscribe(USAGE)
            await two.subscribe(USAGE)
            await asyncio.to_thread(down.kill)
            await kafka_cluster.until_led(first, 1)
            async with EventProducer(servers, client_id="test") as producer:
                with edge_node(servers, ready=False, **SETTINGS) as new:
                    await until(lambda: serves_without(new, TopicPartition(BROADCAST, 0)), "the new edge")
                    async with listening(new, lucky) as three, listening(new, unlucky) as four:
                        waiting = asyncio.create_task(four.subscribe(USAGE))
                        await until(lambda: four.answers("waiting"), "being told to wait")
                        assert four.answers("waiting")[0]["reason"] == "log"
                        await three.subscribe(USAGE)
                        for number in range(20):
                            await producer.send(usage(f"{number}"), user_id=lucky)
                        await heard(one, 20)
                        await heard(three, 20)
                        await asyncio.to_thread(old.until_ready, 503)
                        await until(
                            lambda: f"{TEMPLATES}[1]" in old.get("/readyz")[1], "the old edge's reasons"
                        )
                        assert not waiting.done()
                        await asyncio.to_thread(down.start)
                        await waiting
                        await asyncio.to_thread(new.until_ready)
                        for number in range(20):
                            await producer.send(usage(f"{number}"), user_id=unlucky)
                        await heard(two, 20)
                        await heard(four, 20)
                        for each in (one, two, three, four):
                            assert each.names() == named(range(20))
                        await asyncio.to_thread(old.until_ready)


async def test_producers_start_and_topics_are_made_while_a_broker_is_away(
    kafka_cluster: KafkaCluster, new_name: Name
) -> None:
    """Also in the seconds in which the others still count it among them."""
    servers = kafka_cluster.bootstrap_servers
    await asyncio.to_thread(kafka_cluster.nodes[3].kill)
    for number in range(6):
        async with EventProducer(servers, client_id=f"early-{number}", connect_timeout_s=30):
            await ensure_topics(servers, [TopicSpec(new_name("early"), 1, {}, least_retention_ms=5000)])
