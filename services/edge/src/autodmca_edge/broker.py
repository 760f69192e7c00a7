"""The node's clients of Kafka.

Owns the two readers and the producer, from the first try to reach the broker to their end, and the topics:
they are made where they are missing, also when a broker comes back without them. Never gives up: a broker
that is away is tried again.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog
from autodmca_kafka import EventProducer, ProducerMetrics, TailReader, ensure_topics, event_topics
from autodmca_kafka.errors import BrokerUnavailable
from autodmca_runtime import KafkaSettings

__all__ = ["Broker"]

CONTROL_BYTES = 1 << 20  # of one fetch
CONTROL_WAIT_MS = 500  # a quiet topic, whose partition is added once

log = structlog.get_logger()


class Broker:
    """`reader` is for events, `control_reader` for what nodes say: neither waits for the other."""

    def __init__(self, settings: KafkaSettings, metrics: ProducerMetrics) -> None:
        self._settings = settings
        servers = settings.bootstrap_servers
        self.reader = TailReader(servers, client_id="autodmca-edge")
        self.control_reader = TailReader(
            servers,
            client_id="autodmca-edge-control",
            fetch_max_bytes=CONTROL_BYTES,
            max_wait_ms=CONTROL_WAIT_MS,
        )
        self.producer = EventProducer(servers, client_id="autodmca-edge", metrics=metrics)

    @asynccontextmanager
    async def reached(self) -> AsyncIterator[None]:
        """All clients started, when the broker is there; stopped at the end."""
        started = []
        try:
            await _until_reachable(self._ensure_topics)
            for each in (self.reader, self.control_reader, self.producer):
                await _until_reachable(each.start)
                started.append(each)
            yield
        finally:
            for each in reversed(started):
                await each.stop()

    async def keep_topics(self, gone: asyncio.Event) -> None:
        """Make the topics again whenever `gone` is set, until cancelled."""
        while True:
            await gone.wait()
            gone.clear()
            await _until_reachable(self._ensure_topics)

    async def _ensure_topics(self) -> None:
        await ensure_topics(
            self._settings.bootstrap_servers,
            event_topics(self._settings.partitions),
            replication_factor=self._settings.replication_factor,
        )


async def _until_reachable(attempt: Callable[[], Awaitable[None]]) -> None:
    """The broker may come later than we do: try until it is there."""
    while True:
        try:
            return await attempt()
        except BrokerUnavailable as fault:
            log.warning("waiting for the broker", reason=str(fault))
