"""Three Apache Kafka brokers that lead partitions for each other, without Docker.

Owns the three processes, each broker and controller in a quorum of three, so that any one may be killed; and
the moving of partitions from broker to broker. Replicas are placed by who makes a topic. Fails with
`NoApacheKafka` where Java or Maven is missing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import CompactArray, CompactString, Int16, Int32, Schema, TaggedFields
from autodmca_kafka import TopicPartition, cluster

from tests.apache_kafka import apache_nodes
from tests.broker_process import BrokerProcess

NODES = 3
MEMORY = ("-Xms64m", "-Xmx256m", "-XX:TieredStopAtLevel=1")
DEADLINE_S = 60


class KafkaCluster:
    """`nodes` by their ids, 1 to 3; each can be killed, frozen and started again."""

    def __init__(self, directory: Path) -> None:
        self.nodes: dict[int, BrokerProcess] = dict(enumerate(apache_nodes(directory, NODES, MEMORY), 1))
        self.bootstrap_servers = ",".join(node.bootstrap_servers for node in self.nodes.values())

    def mend(self) -> None:
        """All three are up, from the first time on. Together: it takes two for either to begin."""
        with ThreadPoolExecutor(NODES) as threads:
            list(threads.map(BrokerProcess.mend, self.nodes.values()))

    def close(self) -> None:
        """End all three. Killed: in order, the last one would wait for a quorum."""
        for node in self.nodes.values():
            node.kill()

    async def leader(self, tp: TopicPartition) -> int | None:
        """Who leads it, as one of those that answer says; None while nobody does."""
        async with self._client() as client:
            return await _leader(client, tp)

    async def until_led(self, tp: TopicPartition, *nodes: int) -> int:
        """Which of `nodes` leads it, once one does."""
        async with self._client() as client, asyncio.timeout(DEADLINE_S):
            return await _led(client, tp, nodes)

    async def move(self, places: Mapping[TopicPartition, Sequence[int]]) -> None:
        """Have these nodes hold each partition, and one of them lead it: return when that is so."""
        async with self._client() as client, asyncio.timeout(DEADLINE_S):
            topics: dict[str, list[tuple[int, list[int], dict[int, bytes]]]] = {}
            for tp, nodes in places.items():
                topics.setdefault(tp.topic, []).append((tp.partition, list(nodes), {}))
            request = _Reassign([(topic, partitions, {}) for topic, partitions in topics.items()])
            answer = await cluster.any_answer(client, request)
            codes = [code for _topic, found, _tags in answer.topics for _number, code, *_ in found]
            assert answer.error_code == 0, answer
            assert not any(codes), answer
            for tp, nodes in places.items():
                await _led(client, tp, nodes)

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[AIOKafkaClient]:
        client = await cluster.connect(self.bootstrap_servers, client_id="move", deadline_s=DEADLINE_S)
        try:
            yield client
        finally:
            await cluster.close(client)


async def _led(client: AIOKafkaClient, tp: TopicPartition, nodes: Sequence[int]) -> int:
    while (leader := await _leader(client, tp)) is None or leader not in nodes:
        await asyncio.sleep(0.05)
    return leader


async def _leader(client: AIOKafkaClient, tp: TopicPartition) -> int | None:
    while True:
        try:
            found = await cluster.describe_topics(client, [tp.topic])
            return found[tp.topic].partitions[tp.partition].leader
        except KafkaError:  # of a broker that is being killed
            await asyncio.sleep(0.05)


class _Reassigned(Response):  # type: ignore[misc]
    API_KEY = 45
    API_VERSION = 0
    SCHEMA: ClassVar[Schema] = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        ("error_message", CompactString()),
        (
            "topics",
            CompactArray(
                ("name", CompactString()),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32),
                        ("error_code", Int16),
                        ("error_message", CompactString()),
                        ("tags", TaggedFields),
                    ),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _ReassignV0(RequestStruct):  # type: ignore[misc]
    API_KEY = 45
    API_VERSION = 0
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _Reassigned
    SCHEMA: ClassVar[Schema] = Schema(
        ("timeout_ms", Int32),
        (
            "topics",
            CompactArray(
                ("name", CompactString()),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32), ("replicas", CompactArray(Int32)), ("tags", TaggedFields)
                    ),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _Reassign(Request[_ReassignV0]):  # type: ignore[misc]
    """AlterPartitionReassignments (KIP-455), which aiokafka does not have."""

    API_KEY = 45

    def __init__(
        self, topics: list[tuple[str, list[tuple[int, list[int], dict[int, bytes]]], dict[int, bytes]]]
    ) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[_ReassignV0]) -> _ReassignV0:
        return request_struct_class(10_000, self._topics, {})
