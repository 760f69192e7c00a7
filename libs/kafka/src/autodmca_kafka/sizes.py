"""Whether topics still have the partitions that they were made with, asked every few seconds.

A user's partition follows from the number of partitions: where a topic gains some, users are moved away from
what they had, and from who reads it. Owns the asking, with a connection of its own, and what is known;
never changes a topic. A broker that is away changes nothing of what is known.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog
from aiokafka.errors import KafkaError

from autodmca_kafka.access import say
from autodmca_kafka.brokers import Brokers
from autodmca_kafka.errors import BrokerUnavailable, NotAuthorized, TopicMismatch
from autodmca_kafka.log_client import LogClient
from autodmca_kafka.topics import TopicSpec

log = structlog.get_logger(__name__)

EVERY_S: Final = 2.0
CONNECT_S: Final = 30.0


class TopicSizes:
    """Run `run()` beside what reads and writes the topics of `specs`."""

    def __init__(
        self,
        bootstrap_servers: Brokers,
        specs: Sequence[TopicSpec],
        *,
        client_id: str = "autodmca-sizes",
    ) -> None:
        self.wrong: dict[str, tuple[int, int]] = {}
        """Of the topics with another number of partitions, how many they are to have, and have. Always the
        same object."""
        self._wanted = {spec.name: spec.partitions for spec in specs}
        self._client = LogClient(bootstrap_servers, client_id=client_id, deadline_s=CONNECT_S)

    def trouble(self) -> str | None:
        """Why who depends on the topics is not ready, for a health check."""
        return str(TopicMismatch(self.wrong)) if self.wrong else None

    async def run(self) -> None:
        """Ask until cancelled."""
        try:
            await self._start()
            while True:
                await self._look()
                await asyncio.sleep(EVERY_S)
        finally:
            await self._client.stop()

    async def _start(self) -> None:
        while True:
            try:
                return await self._client.start(deadline_s=CONNECT_S)
            except BrokerUnavailable:  # said by those who need it for more
                await asyncio.sleep(EVERY_S)

    async def _look(self) -> None:
        try:
            found = await self._client.look(self._wanted)
        except (KafkaError, OSError):
            await self._client.reconnect()
            return
        for name in self._client.denied:
            say(str(NotAuthorized("DESCRIBE", "topic", name)))
        sizes = {name: (self._wanted[name], len(topic.partitions)) for name, topic in found.items()}
        wrong = {name: size for name, size in sizes.items() if size[0] != size[1]}
        if wrong != self.wrong:
            self.wrong.clear()
            self.wrong.update(wrong)
            for name, (wanted, count) in wrong.items():
                log.error("a topic has another number of partitions", topic=name, wanted=wanted, found=count)
            if not wrong:
                log.info("all topics have their number of partitions")
