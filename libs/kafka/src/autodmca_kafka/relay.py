"""What other services wrote, read by a group and written to this service's inputs.

Owns this replica's membership in the relay's group. What is read goes into the inputs in its order, each
batch acknowledged before the next leaves, and is committed then; so after a crash, or with two members at
once, the same inputs are written again, from an earlier place, and passed over by their source. A topic that
does not have the inputs' number of partitions is refused: a user's records would lose their order. One that
was made anew is read from its beginning. Never skips a record because of an error: it is tried again until it
is written.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final, Literal

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from autodmca_events.topics import dead_letters_topic, inputs_topic

from autodmca_kafka.batches import BatchWriter
from autodmca_kafka.brokers import Brokers
from autodmca_kafka.consequences import ERROR_CHARACTERS
from autodmca_kafka.errors import KafkaLibraryError, TopicMismatch, TopicReplaced
from autodmca_kafka.log_client import LogClient
from autodmca_kafka.relay_metrics import RelayMetrics
from autodmca_kafka.relay_session import RelaySession
from autodmca_kafka.relayed import Relayed, RelayWork, Translate
from autodmca_kafka.rights import relay_group

log = structlog.get_logger(__name__)

DEADLINE_S: Final = 30
IDLE_POLL_MS: Final = 100
SESSION_TIMEOUT_MS: Final = 10_000
EMBEDDED_SESSION_TIMEOUT_MS: Final = 1_000
"""See `processor`."""
FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 5.0
LOOK_S: Final = 1.0
"""Topics that nothing is read from are looked at again after this time."""


class Relay:
    """Run `run()` in a TaskGroup.

    `topics`: of other services' events and outcomes, clients' actions, or this service's own. `translate`:
    what a record means to this service. `group`: `autodmca.<service>-relay` unless given; a new one begins
    with what the topics hold. `max_poll`: records relayed at once. `max_bytes`: of an input; see `Processor`.
    `on_step`: told when inputs are acknowledged, and not committed yet.
    """

    def __init__(
        self,
        service: str,
        bootstrap_servers: Brokers,
        topics: Iterable[str],
        translate: Translate,
        *,
        client_id: str | None = None,
        group: str | None = None,
        idempotent: bool | None = None,
        max_poll: int = 1_000,
        max_bytes: int = 900_000,
        session_timeout_ms: int | None = None,
        on_step: Callable[[Literal["relayed"]], None] = lambda _: None,
        metrics: RelayMetrics | None = None,
    ) -> None:
        self.service = service
        self._bootstrap_servers = bootstrap_servers
        self._topics = sorted(set(topics))
        self._translate = translate
        self.name = client_id or f"{service}-relay"
        self._group = group or relay_group(service)
        self._idempotent = idempotent
        self._max_poll = max_poll
        self._max_bytes = max_bytes
        self._session_timeout_ms = session_timeout_ms
        self._on_step = on_step
        self._metrics = metrics or RelayMetrics(registry=None)
        self._metrics.begin(service)
        self._inputs = inputs_topic(service)
        self._failure: str | None = "records are not read yet"
        self._session: RelaySession | None = None

    def trouble(self) -> str | None:
        """Why what others wrote may wait, for a readiness check."""
        if self._failure is not None:
            return f"nothing is relayed: {self._failure}"
        return None if self._session is None else self._session.trouble()

    def positions(self) -> dict[TopicPartition, int]:
        """The next record to relay of each partition that this replica relays; those before are written."""
        return {} if self._session is None else dict(self._session.positions)

    async def run(self) -> None:
        """Relay until cancelled; then leave the group. Whatever goes wrong with the log is logged, counted
        and tried again without end, a topic of the wrong size too."""
        pause = FIRST_PAUSE_S
        while True:
            began = time.monotonic()
            try:
                await self._relay()
            except* (KafkaError, KafkaLibraryError, OSError) as group:
                self._metrics.restarts.labels(self.service).inc()
                errors = [repr(error) for error in group.exceptions]
                log.warning("relaying stopped, beginning anew", service=self.service, errors=errors)
                self._failure = errors[0][:ERROR_CHARACTERS]
            finally:
                self._session = None
            lasted = time.monotonic() - began
            pause = FIRST_PAUSE_S if lasted > LONGEST_PAUSE_S else min(pause * 2, LONGEST_PAUSE_S)
            await asyncio.sleep(pause)

    async def _relay(self) -> None:
        """From looking at the topics to the first error."""
        log_client = LogClient(self._bootstrap_servers, client_id=self.name, deadline_s=DEADLINE_S)
        try:
            await log_client.start(deadline_s=DEADLINE_S)
            epochs, partitions = await self._look(log_client)
            work = RelayWork(partitions, epochs, self._translate, max_bytes=self._max_bytes)
            writer = BatchWriter(
                self._bootstrap_servers,
                client_id=self.name,
                idempotent=self._idempotent,
                max_bytes=self._max_bytes,
            )
            async with writer:
                timeout_ms = SESSION_TIMEOUT_MS if writer.idempotent else EMBEDDED_SESSION_TIMEOUT_MS
                session = RelaySession(
                    self._bootstrap_servers,
                    log_client,
                    epochs,
                    group=self._group,
                    client_id=self.name,
                    session_timeout_ms=self._session_timeout_ms or timeout_ms,
                    on_lost=self._lost,
                )
                try:
                    await session.start()
                    self._session = session
                    while True:
                        await self._take_turn(session, work, writer, log_client)
                finally:
                    await session.stop()
        finally:
            await log_client.stop()

    async def _take_turn(
        self, session: RelaySession, work: RelayWork, writer: BatchWriter, log_client: LogClient
    ) -> None:
        found, generation = await session.poll(IDLE_POLL_MS, self._max_poll)
        async with session.turn:
            if found and session.is_current(found, generation):
                await self._look_again(session, log_client)  # else it is not sure of which making they are
                relayed = work.relay(found)
                await self._write(writer, relayed)
                self._on_step("relayed")
                await session.commit({tp: records[-1].offset + 1 for tp, records in found.items()})
                self._metrics.observe(self.service, relayed)
            elif time.monotonic() - session.looked_s > LOOK_S:
                await self._look_again(session, log_client)
            self._metrics.lag.labels(self.service).set(session.lag())
        self._failure = None

    async def _look_again(self, session: RelaySession, log_client: LogClient) -> None:
        """Raises TopicReplaced, TopicMismatch, TopicDeleted."""
        epochs, partitions = await self._look(log_client)
        if replaced := [topic for topic, epoch in epochs.items() if epoch != session.epochs[topic]]:
            raise TopicReplaced(replaced[0])
        await session.looked(partitions)

    async def _look(self, log_client: LogClient) -> tuple[dict[str, str], int]:
        """The epoch of each topic, and the number of partitions that all have. Raises TopicMismatch."""
        described = await log_client.describe_all([self._inputs, *self._topics])
        wanted = len(described[self._inputs].partitions)
        found = {name: len(described[name].partitions) for name in self._topics}
        if wrong := {name: (wanted, count) for name, count in found.items() if count != wanted}:
            raise TopicMismatch(wrong)
        return {name: described[name].epoch for name in self._topics}, wanted

    async def _write(self, writer: BatchWriter, relayed: Relayed) -> None:
        letters = dead_letters_topic(self.service)
        async with asyncio.TaskGroup() as group:
            for partition, written in relayed.dead_letters.items():
                log.error(
                    "records could not be relayed", topic=letters, partition=partition, records=len(written)
                )
                group.create_task(writer.write(letters, partition, [[record] for record in written]))
            for partition, written in relayed.inputs.items():
                group.create_task(writer.write(self._inputs, partition, [[record] for record in written]))

    def _lost(self, tp: TopicPartition, records: int) -> None:
        log.error(
            "records were deleted before they were relayed",
            topic=tp.topic,
            partition=tp.partition,
            lost=records,
        )
        self._metrics.lost.labels(self.service).inc(records)
