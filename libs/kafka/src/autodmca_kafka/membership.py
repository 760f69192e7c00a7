"""One replica's membership in a service's consumer group.

Owns the consumer of the inputs topic: which partitions are assigned, where reading them begins, and
commits. A rebalance waits until the turn in progress is over (`turn`), so that what was begun with a
partition is finished before another replica has it; assigned partitions stay paused until `begin`.
Never applies anything. Fails with aiokafka's KafkaError; a commit that comes too late is none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Final, NamedTuple, Self

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import CommitFailedError, IllegalStateError

from autodmca_kafka.log_client import LogClient

log = structlog.get_logger(__name__)

DEADLINE_S: Final = 30
HEARTBEAT_MS: Final = 1_000
"""A member hears of a rebalance by its heartbeat: so long stands still what another gave up."""
REBALANCE_TIMEOUT_MS: Final = 60_000
FETCH_MAX_WAIT_MS: Final = 100
"""Short, for the embedded broker looks for new records four times in that time only."""


class Extent(NamedTuple):
    """Where a partition stood when asked: committed (0: nothing), the first offset held, the next one."""

    committed: int
    earliest: int
    end: int


class Membership(ConsumerRebalanceListener):  # type: ignore[misc]
    """An async context manager; leaving it leaves the group, unless `instance` names a static member.

    `on_revoked` is called when the partitions are taken away, all of them: each rebalance hands them out
    anew, mostly as they were. `assigned` is None until it has.
    """

    def __init__(
        self,
        topic: str,
        group: str,
        bootstrap_servers: str,
        *,
        client_id: str,
        instance: str | None,
        session_timeout_ms: int,
        on_revoked: Callable[[], None],
    ) -> None:
        self.assigned: frozenset[int] | None = None
        self.turn = asyncio.Lock()
        self._topic = topic
        self._on_revoked = on_revoked
        self._log_client = LogClient(bootstrap_servers, client_id=client_id, deadline_s=DEADLINE_S)
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap_servers,
            client_id=client_id,
            group_id=group,
            group_instance_id=instance,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=session_timeout_ms,
            heartbeat_interval_ms=min(session_timeout_ms // 3, HEARTBEAT_MS),
            rebalance_timeout_ms=REBALANCE_TIMEOUT_MS,
            fetch_max_wait_ms=FETCH_MAX_WAIT_MS,
            partition_assignment_strategy=(StickyPartitionAssignor,),
        )
        self._consumer.subscribe([topic], listener=self)

    async def __aenter__(self) -> Self:
        try:
            await self._log_client.start(deadline_s=DEADLINE_S)
            await self._consumer.start()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def _close(self) -> None:
        try:
            await self._consumer.stop()
        finally:
            await self._log_client.stop()

    async def poll(self, timeout_ms: int, max_records: int) -> dict[int, list[ConsumerRecord]]:
        """The next records by partition, in order; empty after `timeout_ms`."""
        found = await self._consumer.getmany(timeout_ms=timeout_ms, max_records=max_records)
        return {tp.partition: records for tp, records in found.items()}

    async def extents(self, partitions: Iterable[int]) -> dict[int, Extent]:
        """Where these assigned partitions stand."""
        tps = [TopicPartition(self._topic, partition) for partition in partitions]
        committed = {tp: await self._consumer.committed(tp) or 0 for tp in tps}
        bounds = await self._log_client.log_bounds.bounds(tps)
        return {tp.partition: Extent(committed[tp], *bounds[tp]) for tp in tps}

    def begin(self, partition: int, offset: int) -> None:
        """Let an assigned partition be polled, from `offset` on."""
        tp = TopicPartition(self._topic, partition)
        self._consumer.seek(tp, offset)
        self._consumer.resume(tp)

    async def commit(self, offsets: Mapping[int, int]) -> None:
        """Record the next offset to apply, by partition; not when the group has rebalanced meanwhile: the
        next owner then finds out by the state."""
        try:
            await self._consumer.commit(
                {TopicPartition(self._topic, partition): offset for partition, offset in offsets.items()}
            )
        except (CommitFailedError, IllegalStateError) as error:
            log.info("commit came too late", topic=self._topic, error=str(error))

    async def on_partitions_revoked(self, revoked: object) -> None:
        async with self.turn:
            self.assigned = None
            self._on_revoked()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        tps = list(assigned)
        self._consumer.pause(*tps)
        self.assigned = frozenset(tp.partition for tp in tps)
