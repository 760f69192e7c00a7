"""One replica's membership in a relay's group, while the topics are the same.

Owns the consumer: which partitions are assigned, where reading them begins, and commits. A rebalance waits
until the turn in progress is over (`turn`). Fails with aiokafka's KafkaError; a commit that comes too late is
none.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from aiokafka.structs import OffsetAndMetadata

from autodmca_kafka.brokers import Brokers
from autodmca_kafka.errors import KafkaLibraryError
from autodmca_kafka.log_client import LogClient
from autodmca_kafka.membership import group_options, naming_rights

log = structlog.get_logger(__name__)

NOTHING: Final = OffsetAndMetadata(-1, "")


class RelaySession(ConsumerRebalanceListener):  # type: ignore[misc]
    """`epochs`: of the topics that are read, which making of each. An offset is committed with the epoch that
    it counts in; one of another epoch does not count. `on_lost` is told how many records retention deleted
    that nobody had relayed."""

    def __init__(
        self,
        bootstrap_servers: Brokers,
        log_client: LogClient,
        epochs: Mapping[str, str],
        *,
        group: str,
        client_id: str,
        session_timeout_ms: int,
        on_lost: Callable[[TopicPartition, int], None],
    ) -> None:
        self.epochs = epochs
        self.turn = asyncio.Lock()
        self.positions: dict[TopicPartition, int] = {}
        self.looked_s = time.monotonic()
        self._generation = 0
        self._group = group
        self._log_client = log_client
        self._on_lost = on_lost
        self._broken: KafkaError | KafkaLibraryError | None = None
        self._consumer = AIOKafkaConsumer(
            **group_options(bootstrap_servers, client_id, group, session_timeout_ms),
            partition_assignment_strategy=(StickyPartitionAssignor,),
        )

    async def start(self) -> None:
        """Join the group."""
        self._consumer.subscribe(list(self.epochs), listener=self)
        with naming_rights(self._group, self.epochs):
            await self._consumer.start()

    async def stop(self) -> None:
        """Leave the group."""
        await self._consumer.stop()

    async def poll(
        self, timeout_ms: int, max_records: int
    ) -> tuple[dict[TopicPartition, list[ConsumerRecord]], int]:
        """The next records, in order, and the generation that they were polled in."""
        if self._broken is not None:
            raise self._broken
        with naming_rights(self._group, self.epochs):
            found = await self._consumer.getmany(timeout_ms=timeout_ms, max_records=max_records)
        return found, self._generation

    def is_current(self, found: Iterable[TopicPartition], generation: int) -> bool:
        """Whether what was polled in a generation counts yet; else whoever has the partitions now polls it
        again: a rebalance that has begun since takes its reading back."""
        return generation == self._generation and all(tp in self.positions for tp in found)

    async def looked(self, partitions: int) -> None:
        """Each topic has so many partitions. Where aiokafka knows of fewer, it has handed out fewer: it
        learns them from other answers of the cluster, and hands all out anew."""
        self.looked_s = time.monotonic()
        client = self._consumer._client  # noqa: SLF001 (there is no public way)
        known = (client.cluster.partitions_for_topic(topic) or () for topic in self.epochs)
        if any(len(each) != partitions for each in known):
            await client.force_metadata_update()

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Not when the group has rebalanced meanwhile: the next owner writes the same again."""
        self.positions.update(offsets)
        told = {tp: OffsetAndMetadata(offset, self.epochs[tp.topic]) for tp, offset in offsets.items()}
        try:
            with naming_rights(self._group, self.epochs):
                await self._consumer.commit(told)
        except (CommitFailedError, IllegalStateError) as error:
            log.info("commit came too late", error=str(error))

    def lag(self) -> int:
        """Records that are in the log and not relayed yet, of the partitions held."""
        ends = {tp: self._consumer.highwater(tp) for tp in self.positions}
        return sum(max(0, (ends[tp] or 0) - position) for tp, position in self.positions.items())

    def trouble(self) -> str | None:
        """That the log cannot be reached."""
        lost = self._consumer._client.trouble  # noqa: SLF001 (there is no public way)
        return f"others' records are not read: {lost}" if lost else None

    async def on_partitions_revoked(self, revoked: object) -> None:
        async with self.turn:
            self._generation += 1
            self.positions.clear()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        tps = list(assigned)
        self._consumer.pause(*tps)  # until it is sure where their reading begins
        try:
            await self._begin(tps)
        except (KafkaError, KafkaLibraryError) as error:  # which aiokafka would only log
            self._broken = error

    async def _begin(self, tps: list[TopicPartition]) -> None:
        """Read on where the group was."""
        coordinator = self._consumer._coordinator  # noqa: SLF001 (a commit's metadata has no public way)
        committed = await coordinator.fetch_committed_offsets(tps)
        bounds = await self._log_client.log_bounds.bounds(tps)
        for tp in tps:
            offset, epoch = committed.get(tp, NOTHING)
            earliest, end = bounds[tp]
            if epoch not in ("", self.epochs[tp.topic]) or offset > end:
                offset = -1  # of a topic that is gone
            if 0 < offset < earliest:
                self._on_lost(tp, earliest - offset)
            self.positions[tp] = max(offset, earliest)
            self._consumer.seek(tp, self.positions[tp])
        self._consumer.resume(*tps)
        self._generation += 1  # what was polled before does not count
