"""Which topics exist, with how many partitions and what retention, and their creation.

A *spec* is a topic as it must be; a topic's number of partitions is fixed for its life, since a user's
partition number is part of every cursor. `ensure_topics` creates what is missing. Of what
exists it changes nothing but a retention under the least that a spec names (retention.py). It fails with
`TopicMismatch` when a topic has another number of partitions, and with `BrokerUnavailable` when no broker
answers in time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec
import structlog
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import ClusterAuthorizationFailedError, KafkaError
from aiokafka.protocol.admin import CreateTopicsRequest
from autodmca_events.topics import (
    BROADCAST,
    CLIENT_ACTIONS,
    EDGE_CONTROL,
    USER_EVENT_TOPICS,
    dead_letters_topic,
    events_topic,
    inputs_topic,
    outcomes_topic,
    state_topic,
)

from autodmca_kafka import cluster
from autodmca_kafka.brokers import Brokers
from autodmca_kafka.errors import BrokerUnavailable, NotAuthorized, Refused, TopicMismatch
from autodmca_kafka.inner_producer import DENIED_PAUSE_S, DENIED_S
from autodmca_kafka.retention import raise_retention

log = structlog.get_logger(__name__)

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
SAGA_DAYS = 7
"""How long services may take to answer each other, the time that one is down among it."""
CONTROL_RETENTION_MS = 8 * DAY_MS
POLL_S = 0.05
LEADERS_S = 5.0
FATAL_CODES = {
    17: "invalid topic name",
    37: "invalid number of partitions",
    38: "invalid replication factor",
    40: "invalid configuration",
}


class TopicSpec(msgspec.Struct, frozen=True):
    """`config` holds Kafka's own topic settings, as strings. A topic that exists and keeps less than
    `least_retention_ms`, unless that is 0, is made to keep that."""

    name: str
    partitions: int
    config: Mapping[str, str] = {}
    least_retention_ms: int = 0


def event_topics(partitions: int = 6) -> list[TopicSpec]:
    """The topics every edge reads or writes; those keyed by user have `partitions` partitions."""
    events = {"cleanup.policy": "delete", "retention.ms": str(7 * DAY_MS)}
    # Who starts reads all of it, for what was revoked: longer than that lasts, and the newest of each key.
    control = {
        "cleanup.policy": "compact,delete",
        "retention.ms": str(CONTROL_RETENTION_MS),
        "segment.ms": str(HOUR_MS),  # only what is behind the newest segment is compacted
    }
    return [
        *(TopicSpec(name, partitions, events) for name in USER_EVENT_TOPICS),
        TopicSpec(BROADCAST, 1, events),
        TopicSpec(CLIENT_ACTIONS, partitions, events),
        TopicSpec(EDGE_CONTROL, 1, control, CONTROL_RETENTION_MS),
    ]


def service_topics(service: str, partitions: int = 6, *, saga_days: float = SAGA_DAYS) -> list[TopicSpec]:
    """The topics of one service's processor, in `partitions` partitions each.

    Inputs and outcomes are kept for `saga_days`, which is raised where they exist: a service that was down
    for less finds what was sent to it, and what became of what it had sent.
    """
    saga_ms = int(saga_days * DAY_MS)
    saga = {"cleanup.policy": "delete", "retention.ms": str(saga_ms)}
    # The lag gives an owner time to repair what a late owner's older record would replace.
    state = {"cleanup.policy": "compact", "min.compaction.lag.ms": str(HOUR_MS)}
    # The largest input that a broker takes by default has to fit, with its error beside it.
    letters = {"cleanup.policy": "delete", "retention.ms": "-1", "max.message.bytes": str(2 * 1024 * 1024)}
    return [
        TopicSpec(inputs_topic(service), partitions, saga, saga_ms),
        TopicSpec(outcomes_topic(service), partitions, saga, saga_ms),
        TopicSpec(state_topic(service), partitions, state),
        TopicSpec(dead_letters_topic(service), partitions, letters),
    ]


def topics_of(service: str, partitions: int = 6, *, saga_days: float = SAGA_DAYS) -> list[TopicSpec]:
    """All that a domain service reads or writes: its own topics, those of its events, and who is cut off."""
    shared = (events_topic(service), BROADCAST, EDGE_CONTROL)
    events = [spec for spec in event_topics(partitions) if spec.name in shared]
    return [*events, *service_topics(service, partitions, saga_days=saga_days)]


async def ensure_topics(
    bootstrap_servers: Brokers,
    specs: Sequence[TopicSpec],
    *,
    replication_factor: int = 1,
    deadline_s: float = 60,
    client_id: str = "autodmca-topics",
) -> None:
    """Create the topics of `specs` that are missing, and return when every partition has a leader, or has
    had none for some seconds: the brokers that have it may be down, which is no reason to wait with the rest.

    A retention that is too short is raised, if the broker allows it.

    Idempotent, and safe to run on several machines at once; waits for a broker that is not up yet, at
    most `deadline_s` seconds in all. Raises TopicMismatch (nothing is created then), BrokerUnavailable,
    NotAuthorized, Refused when the broker refuses a topic.
    """
    client: AIOKafkaClient | None = None
    try:
        async with asyncio.timeout(deadline_s):
            client = await cluster.connect(bootstrap_servers, client_id=client_id, deadline_s=deadline_s)
            clock = asyncio.get_running_loop().time
            since = clock()
            denied_since: float | None = None
            while True:
                try:
                    leaderless = await _step(client, specs, replication_factor)
                except NotAuthorized:
                    denied_since = denied_since or clock()
                    if clock() - denied_since > DENIED_S:
                        raise
                    await asyncio.sleep(DENIED_PAUSE_S)
                    continue
                if leaderless == []:
                    break
                if leaderless is None:
                    since = clock()
                elif clock() - since > LEADERS_S:
                    log.warning("partitions have no leader", partitions=leaderless)
                    break
                await asyncio.sleep(POLL_S)
            if least := {each.name: each.least_retention_ms for each in specs if each.least_retention_ms}:
                await raise_retention(client, least)
    except TimeoutError:
        raise BrokerUnavailable(bootstrap_servers, f"topics were not ready after {deadline_s} s") from None
    finally:
        if client is not None:
            await cluster.close(client)


async def _step(
    client: AIOKafkaClient, specs: Sequence[TopicSpec], replication_factor: int
) -> list[str] | None:
    """Take one step: the partitions without a leader, or None while it is not known that all exist."""
    try:
        found = await cluster.describe_topics(client, [spec.name for spec in specs])
        mismatches = {
            spec.name: (spec.partitions, len(found[spec.name].partitions))
            for spec in specs
            if spec.name in found and len(found[spec.name].partitions) != spec.partitions
        }
        if mismatches:
            raise TopicMismatch(mismatches)
        missing = [spec for spec in specs if spec.name not in found]
        if missing:
            await _create(client, missing, replication_factor)
            return None
        return [
            f"{topic.name}[{each.partition}]"
            for topic in found.values()
            for each in topic.partitions.values()
            if each.leader is None
        ]
    except KafkaError:
        await client.force_metadata_update()
        return None


async def _create(client: AIOKafkaClient, specs: Sequence[TopicSpec], replication_factor: int) -> None:
    wanted: list[tuple[str, int, int, list[int], list[tuple[str, str]]]] = [
        (s.name, s.partitions, replication_factor, [], list(s.config.items())) for s in specs
    ]
    request = CreateTopicsRequest(wanted, 10_000, False)
    answer = await cluster.any_answer(client, request)
    for name, code, message in answer.topic_errors:
        if code in (cluster.NOT_AUTHORIZED, ClusterAuthorizationFailedError.errno):
            raise NotAuthorized("CREATE", "topic", name)
        if code in FATAL_CODES:
            raise Refused(name, message or FATAL_CODES[code])
