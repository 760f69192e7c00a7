"""The node's clients of Kafka.

Owns the two readers and the producer, from the first try to reach the broker to their end, and the topics:
they are made where they are missing, also when a broker comes back without them, and watched for partitions
that they gain. Never gives up: a broker that is away is tried again, as are topics of another size, and what
the cluster does not allow.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from autodmca_events.topics import CLIENT_ACTIONS, EDGE_CONTROL
from autodmca_kafka import (
    EventProducer,
    ProducerMetrics,
    TailReader,
    TopicSizes,
    ensure_topics,
    event_topics,
    until_reachable,
)
from autodmca_kafka.rights import Right, on_topics
from autodmca_runtime import KafkaSettings

from autodmca_edge.log.event_log import TOPICS

__all__ = ["Broker", "rights"]

CONTROL_BYTES = 1 << 20  # of one fetch
CONTROL_WAIT_MS = 500  # a quiet topic, whose partition is added once

log = structlog.get_logger()


def rights() -> list[Right]:
    """What a node may have to do, while its topics exist."""
    return [
        *on_topics("READ", [*TOPICS, EDGE_CONTROL]),
        *on_topics("WRITE", [CLIENT_ACTIONS, EDGE_CONTROL]),
        Right("topic", EDGE_CONTROL, "DESCRIBE_CONFIGS"),
    ]


class Broker:
    """`reader` is for events, `control_reader` for what nodes say: neither waits for the other."""

    def __init__(self, settings: KafkaSettings, metrics: ProducerMetrics) -> None:
        self._settings = settings
        self.reader = TailReader(settings, client_id="autodmca-edge")
        self.control_reader = TailReader(
            settings,
            client_id="autodmca-edge-control",
            fetch_max_bytes=CONTROL_BYTES,
            max_wait_ms=CONTROL_WAIT_MS,
        )
        self._specs = event_topics(settings.partitions)
        self.sizes = TopicSizes(settings, self._specs, client_id="autodmca-edge-sizes")
        self.producer = EventProducer(settings, client_id="autodmca-edge", metrics=metrics)

    @asynccontextmanager
    async def reached(self) -> AsyncIterator[None]:
        """All clients started, when the broker is there; stopped at the end."""
        started = []
        try:
            await until_reachable(self._ensure_topics)
            for each in (self.reader, self.control_reader, self.producer):
                await until_reachable(each.start)
                started.append(each)
            yield
        finally:
            for each in reversed(started):
                await each.stop()

    async def keep_topics(self, gone: asyncio.Event) -> None:
        """Watch their sizes, and make the topics again whenever `gone` is set, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.sizes.run())
            while True:
                await gone.wait()
                gone.clear()
                await until_reachable(self._ensure_topics)

    async def _ensure_topics(self) -> None:
        await ensure_topics(self._settings, self._specs, replication_factor=self._settings.replication_factor)
