"""One replica's membership in a service's consumer group.

Owns the consumer of the inputs topic: which partitions are assigned, where reading them begins, and
commits. A rebalance waits until the turn in progress is over (`turn`), so that what was begun with a
partition is finished before another replica has it; assigned partitions stay paused until `begin`.
Never applies anything. Fails with aiokafka's KafkaError, or with NotAuthorized; a commit that comes too late
is none.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    GroupAuthorizationFailedError,
    IllegalStateError,
    KafkaError,
    TopicAuthorizationFailedError,
)

from autodmca_kafka.access import Access
from autodmca_kafka.brokers import Brokers
from autodmca_kafka.errors import InputsRewound, NotAuthorized
from autodmca_kafka.log_client import LogClient
from autodmca_kafka.owners import NOBODY, AddressedAssignor, Lease, Owners

log = structlog.get_logger(__name__)

DEADLINE_S: Final = 30
HEARTBEAT_MS: Final = 1_000
"""A member hears of a rebalance by its heartbeat: so long stands still what another gave up."""
REBALANCE_TIMEOUT_MS: Final = 60_000
OUTSIDE_S: Final = 30
"""A rebalance takes less, unless a member that died has to be waited for."""
FETCH_MAX_WAIT_MS: Final = 100
"""Short, for the embedded broker looks for new records four times in that time only."""


class Extent(NamedTuple):
    """Where a partition stood when asked: committed (0: nothing), the first offset held, the next one; and
    which making of the topic that was (KIP-516): another one when it was deleted and made again."""

    committed: int
    earliest: int
    end: int
    incarnation: str

    def begin_after(self, applied: int, topic: str, partition: int) -> tuple[int, int]:
        """The first input to apply when the state shows those up to `applied`, and how many before it were
        deleted unapplied. Raises InputsRewound."""
        begin = max(self.committed, applied + 1)
        if begin > self.end:
            raise InputsRewound(topic, partition, begin, self.end)
        lost = max(0, self.earliest - begin) if begin else 0
        return max(begin, self.earliest), lost


@contextlib.contextmanager
def naming_rights(group: str, topics: Iterable[str]) -> Iterator[None]:
    """Name what a member of the group, reading these topics, may not do. Raises NotAuthorized."""
    try:
        yield
    except GroupAuthorizationFailedError:
        raise NotAuthorized("READ", "group", group) from None
    except TopicAuthorizationFailedError:
        raise NotAuthorized("READ", "topic", " or ".join(topics)) from None


def group_options(
    bootstrap_servers: Brokers, client_id: str, group: str, session_timeout_ms: int
) -> dict[str, Any]:
    """What every consumer of a group here is made with: committed data alone, and commits by us."""
    return {
        **Access(bootstrap_servers).options(),
        "client_id": client_id,
        "group_id": group,
        "enable_auto_commit": False,
        "isolation_level": "read_committed",
        "auto_offset_reset": "earliest",
        "session_timeout_ms": session_timeout_ms,
        "heartbeat_interval_ms": min(session_timeout_ms // 3, HEARTBEAT_MS),
        "rebalance_timeout_ms": REBALANCE_TIMEOUT_MS,
        "fetch_max_wait_ms": FETCH_MAX_WAIT_MS,
    }


class Membership(ConsumerRebalanceListener):  # type: ignore[misc]
    """An async context manager; leaving it leaves the group, unless `instance` names a static member.

    `on_revoked` is awaited when the partitions are taken away, all of them: each rebalance hands them out
    anew, mostly as they were. `assigned` is None until it has. `address`: where this replica answers
    questions about its partitions; `owners` has all replicas' addresses, as of the last rebalance.
    """

    def __init__(
        self,
        topic: str,
        group: str,
        bootstrap_servers: Brokers,
        *,
        client_id: str,
        instance: str | None,
        session_timeout_ms: int,
        on_revoked: Callable[[], Awaitable[None]],
        address: str = "",
    ) -> None:
        self.assigned: frozenset[int] | None = None
        self.owners: Owners = NOBODY
        self.lease = Lease(session_timeout_ms / 1000)
        self.turn = asyncio.Lock()
        self._topic = topic
        self._group = group
        self._on_revoked = on_revoked
        self._in_turn_at = asyncio.get_running_loop().time()
        self._log_client = LogClient(bootstrap_servers, client_id=client_id, deadline_s=DEADLINE_S)
        self._consumer = AIOKafkaConsumer(
            **group_options(bootstrap_servers, client_id, group, session_timeout_ms),
            group_instance_id=instance,
            partition_assignment_strategy=(AddressedAssignor(address, self._own),),
        )
        self._consumer.subscribe([topic], listener=self)

    async def __aenter__(self) -> Self:
        try:
            await self._log_client.start(deadline_s=DEADLINE_S)
            with naming_rights(self._group, [self._topic]):
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
        if self.assigned is not None and self._consumer._coordinator.coordinator_id is not None:  # noqa: SLF001
            self._in_turn_at = asyncio.get_running_loop().time()
        with naming_rights(self._group, [self._topic]):
            found = await self._consumer.getmany(timeout_ms=timeout_ms, max_records=max_records)
        return {tp.partition: records for tp, records in found.items()}

    def trouble(self) -> str | None:
        """Why inputs may wait, for a readiness check: no broker, or no place in the group for a long time."""
        if lost := self._consumer._client.trouble:  # noqa: SLF001 (there is no public way)
            return f"inputs are not read: {lost}"
        outside_s = asyncio.get_running_loop().time() - self._in_turn_at
        return f"no place in the group for {outside_s:.0f} s" if outside_s > OUTSIDE_S else None

    async def extents(self, partitions: Iterable[int]) -> dict[int, Extent]:
        """Where these assigned partitions stand."""
        tps = [TopicPartition(self._topic, partition) for partition in partitions]
        with naming_rights(self._group, [self._topic]):
            committed = {tp: await self._consumer.committed(tp) or 0 for tp in tps}
        bounds = await self._log_client.log_bounds.bounds(tps)
        topic = await self._log_client.describe(self._topic)
        return {tp.partition: Extent(committed[tp], *bounds[tp], topic.epoch) for tp in tps}

    def begin(self, partition: int, offset: int) -> None:
        """Let an assigned partition be polled, from `offset` on."""
        tp = TopicPartition(self._topic, partition)
        self._consumer.seek(tp, offset)
        self._consumer.resume(tp)

    async def reached(self, partitions: Iterable[int]) -> dict[int, int]:
        """The next offset that these assigned partitions are polled from."""
        return {p: await self._consumer.position(TopicPartition(self._topic, p)) for p in partitions}

    async def commit(self, offsets: Mapping[int, int]) -> None:
        """Record the next offset to apply, by partition; not when the group has rebalanced meanwhile: the
        next owner then finds out by the state."""
        try:
            with naming_rights(self._group, [self._topic]):
                await self._consumer.commit(
                    {TopicPartition(self._topic, partition): offset for partition, offset in offsets.items()}
                )
        except (CommitFailedError, IllegalStateError) as error:
            log.info("commit came too late", topic=self._topic, error=str(error))

    def _own(self, owners: Owners) -> None:
        self.owners = owners

    async def _beat(self) -> None:
        """Have each heartbeat that aiokafka sends renew the lease, and send the first one now.

        There is no public way to hear of them. A rebalance in progress is no error to aiokafka, but the
        partitions are not sure any more.
        """
        coordinator = self._consumer._coordinator  # noqa: SLF001
        send = type(coordinator)._do_heartbeat  # noqa: SLF001

        async def heartbeat() -> bool:
            sent = self.lease.now()
            taken: bool = await send(coordinator)
            if taken and not coordinator._rejoin_needed_fut.done():  # noqa: SLF001
                self.lease.renew(sent)
            return taken

        coordinator._do_heartbeat = heartbeat  # noqa: SLF001
        with contextlib.suppress(KafkaError):
            await heartbeat()

    async def on_partitions_revoked(self, revoked: object) -> None:
        async with self.turn:
            self.assigned = None
            self.lease.end()
            await self._on_revoked()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        tps = list(assigned)
        self._consumer.pause(*tps)
        await self._beat()
        self.assigned = frozenset(tp.partition for tp in tps)
