"""Reaching a cluster and asking it about topics.

Owns the connect loop (a broker that is not up yet is waited for) and the description of a topic: its
id, partitions and their leaders. Never creates a topic, never caches. Fails with `BrokerUnavailable`
when nobody answers within the deadline.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import random
from collections.abc import Iterable
from typing import Any

import aiokafka.conn
import aiokafka.consumer.consumer
import aiokafka.producer.producer
import msgspec
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import IncompatibleBrokerVersion, KafkaError

from autodmca_kafka.access import Access
from autodmca_kafka.brokers import Brokers
from autodmca_kafka.client import Client
from autodmca_kafka.connection import Connection
from autodmca_kafka.errors import BrokerTooOld, BrokerUnavailable, NotAuthorized
from autodmca_kafka.wire import NO_ID, MetadataRequest

FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 2.0
PATIENCE_S = 2.0
LEADER_NOT_AVAILABLE = 5
NOT_AUTHORIZED = 29


aiokafka.conn.AIOKafkaConnection = Connection
aiokafka.consumer.consumer.AIOKafkaClient = aiokafka.producer.producer.AIOKafkaClient = Client


class PartitionDescription(msgspec.Struct, frozen=True):
    partition: int
    leader: int | None
    leader_epoch: int


class TopicDescription(msgspec.Struct, frozen=True):
    """A topic as the cluster describes it. `epoch` names this incarnation: a topic that is deleted and
    created again has another (KIP-516); 22 characters of URL-safe base 64, or "" where there is none."""

    name: str
    epoch: str
    topic_id: bytes
    partitions: dict[int, PartitionDescription]


async def connect(
    bootstrap_servers: Brokers, *, client_id: str, deadline_s: float, request_timeout_ms: int = 10_000
) -> Client:
    """A client that has reached the cluster; waits for a broker that is not up yet.

    Cancellation leaves nothing open. Raises BrokerUnavailable after `deadline_s` seconds.
    """
    access = Access(bootstrap_servers)
    client = Client(**access.options(), client_id=client_id, request_timeout_ms=request_timeout_ms)
    pause = FIRST_PAUSE_S
    reason = "no answer"
    try:
        async with asyncio.timeout(deadline_s):
            while True:
                try:
                    await client.bootstrap()
                    return client
                except (KafkaError, OSError) as error:
                    reason = access.reason or str(error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
    except TimeoutError:
        await close(client)
        raise BrokerUnavailable(bootstrap_servers, reason) from None
    except BaseException:
        await close(client)
        raise


async def close(client: AIOKafkaClient) -> None:
    """Close the client's connections; a connection that breaks meanwhile is closed too.

    Cancelling stops the waiting, not the closing.
    """
    with contextlib.suppress(KafkaError, OSError):
        await asyncio.shield(client.close())  # it would take its caller's cancellation for its own doing


async def describe_topics(
    client: AIOKafkaClient, topics: Iterable[str], denied: set[str] | None = None
) -> dict[str, TopicDescription]:
    """What one broker of the cluster knows about `topics`; one that does not exist is absent, as is one that
    this client may not know of, which is put into `denied`.

    Raises aiokafka's KafkaError when none can be reached, BrokerTooOld, NotAuthorized without `denied`.
    """
    try:
        answer = await any_answer(client, MetadataRequest(sorted(topics)))
    except (IncompatibleBrokerVersion, NotImplementedError) as error:
        raise BrokerTooOld("Metadata version 10") from error
    found = {}
    for error_code, name, topic_id, _internal, partitions, _operations, _tags in answer.topics:
        if error_code == NOT_AUTHORIZED:
            if denied is None:
                raise NotAuthorized("DESCRIBE", "topic", name)
            denied.add(name)
        if error_code in (0, LEADER_NOT_AVAILABLE) and partitions:
            found[name] = TopicDescription(name, _epoch(topic_id), topic_id, _partitions(partitions))
    return found


async def any_answer(client: AIOKafkaClient, request: Any) -> Any:
    """What whichever broker can be reached says; each but the last has `PATIENCE_S` for it.

    Raises aiokafka's KafkaError where none can.
    """
    nodes = [broker.nodeId for broker in client.cluster.brokers()]
    random.shuffle(nodes)
    for node in nodes[:-1]:
        with contextlib.suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                return await client.send(node, request)
    return await client.send(nodes[-1], request)


def _epoch(topic_id: bytes) -> str:
    return "" if topic_id == NO_ID else base64.urlsafe_b64encode(topic_id).decode().rstrip("=")


def _partitions(
    described: list[tuple[int, int, int, int, list[int], list[int], list[int], dict[int, bytes]]],
) -> dict[int, PartitionDescription]:
    return {
        partition: PartitionDescription(partition, leader if leader >= 0 else None, leader_epoch)
        for _error, partition, leader, leader_epoch, *_rest in described
    }
