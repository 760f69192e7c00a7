"""A log that loses its end and grows again: a follower that was behind leads, for nobody else is left."""

from __future__ import annotations

import asyncio
import itertools
import os
from typing import Any

import pytest
from autodmca_events import partition_for, user_key
from autodmca_kafka import (
    EventProducer,
    PartitionReset,
    TailReader,
    TopicPartition,
    TopicSpec,
    ensure_topics,
    event_topics,
)

from tests.contract.reading import Seen
from tests.integration.edge_site import edge_node, heard, listening, usage
from tests.kafka_cluster import NODES, KafkaCluster

USAGE, TEMPLATES, PARTITIONS = "template_usage", "autodmca.templates.v1", 3
SETTINGS: dict[str, Any] = {"TOPIC_PARTITIONS": PARTITIONS, "TOPIC_REPLICATION_FACTOR": NODES}
_users = itertools.count(9_700_000 + os.getpid())


def user_on(partition: int) -> int:
    return next(user for user in _users if partition_for(user_key(user), PARTITIONS) == partition)


@pytest.mark.kafka
async def test_what_took_the_place_of_a_lost_end_is_read_and_cursors_of_the_lost_are_of_another_epoch(
    kafka_cluster: KafkaCluster,
) -> None:
    servers, tp = kafka_cluster.bootstrap_servers, TopicPartition(TEMPLATES, 0)
    unclean = {"unclean.leader.election.enable": "true", "min.insync.replicas": "1"}
    specs = [TopicSpec(TEMPLATES, PARTITIONS, unclean)]
    await ensure_topics(servers, specs, replication_factor=NODES)
    await ensure_topics(servers, event_topics(PARTITIONS), replication_factor=NODES)
    await kafka_cluster.move({tp: [1, 2]})
    user = user_on(tp.partition)
    first = await kafka_cluster.until_led(
        tp, 1, 2
    )  # also where a node is asked that has not heard of the move
    leader, follower = kafka_cluster.nodes[first], kafka_cluster.nodes[3 - first]
    with edge_node(servers, **SETTINGS) as edge:
        async with (
            TailReader(servers, client_id="tail") as reader,
            TailReader(servers, client_id="tail-end") as idle,
            listening(edge, user) as live,
        ):
            seen, idly = Seen(reader), Seen(idle)
            await reader.add({tp: reader.BEGINNING})
            await live.subscribe(USAGE)

            async def send(kind: str, count: int) -> None:
                async with EventProducer(servers, client_id="test") as producer:  # its sequence is lost, too
                    for number in range(count):
                        await producer.send(usage(f"{kind} {number}"), user_id=user)

            await send("kept", 5)
            await heard(live, 5)
            kept = live.cursors()
            await asyncio.to_thread(follower.kill)
            await send("lost", 3)  # acknowledged when the follower is out of sync
            await heard(live, 8)
            lost = live.cursors()
            await seen.until_count(8)
            assert (await idle.add({tp: idle.END}))[tp].offset == 8
            await asyncio.to_thread(leader.kill)
            await asyncio.to_thread(follower.start)
            await kafka_cluster.until_led(tp, 3 - first)
            await send("new", 6)
            await heard(live, 14)
            written = (("kept", 5), ("lost", 3), ("new", 6))
            assert live.names() == [f"{kind} {n}" for kind, count in written for n in range(count)]
            await seen.until_count(14)
            await idly.until_count(6)
            assert seen.offsets(tp) == [*range(8), *range(5, 11)]
            assert idly.offsets(tp) == [*range(5, 11)]
            for each in (seen, idly):
                [reset] = [event for event in each.events if isinstance(event, PartitionReset)]
                assert (reset.tp, reset.requested, reset.end) == (tp, 8, 5)
            assert reader.lag(tp) == 0
            await asyncio.to_thread(edge.until_ready)
            with edge_node(servers, **SETTINGS) as later:  # which has read nothing of what was lost
                for node in (edge, later):
                    async with listening(node, user) as back:
                        answer = await back.subscribe(USAGE, resume=lost)
                        assert (answer["recovered"], answer.get("reason")) == (False, "epoch")
                        assert back.names() == []
                    async with listening(node, user) as back:
                        answer = await back.subscribe(USAGE, resume=kept)
                        assert (answer["recovered"], answer["replayed"]) == (True, 6)
                        assert back.names() == [f"new {number}" for number in range(6)]
                    async with listening(node, user) as back:
                        assert (await back.subscribe(USAGE, resume=live.cursors()))["recovered"]
                assert "lost its end" not in later.output
            assert "lost its end" in edge.output
            numbers = [int(each["cursor"].rpartition(":")[2]) for each in live.events()]
            assert numbers == sorted(set(numbers)), "cursors of one place grow, also when offsets do not"
