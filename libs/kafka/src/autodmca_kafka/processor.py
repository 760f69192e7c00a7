"""The writing side of a service's state: inputs in, events, outcomes and state out.

Owns this replica's membership in the service's consumer group and the order of writes. Of every poll,
the dead letters, events and outcomes are acknowledged first, then the state, then the inputs are
committed. So a state record says that all that follows from its input, and from those before, is in the
log; whoever owns the partition next passes over those inputs and applies the rest again, to the same
bytes and ids. Two owners at once (one was frozen and does not know that it was replaced) do no harm for
the same reason. Never skips an input: what cannot be applied becomes a dead letter, and what cannot be
written is tried again, from the state that the log holds, until it can.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Generic, Literal

import msgspec
import structlog
from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaError
from autodmca_events.topics import BROADCAST, dead_letters_topic, events_topic, inputs_topic, outcomes_topic

from autodmca_kafka.batches import BatchWriter
from autodmca_kafka.decision import I, Model, O, S
from autodmca_kafka.errors import InputsRewound, KafkaLibraryError, StateReplaced
from autodmca_kafka.membership import Extent, Membership
from autodmca_kafka.partition_work import Block, PartitionWork
from autodmca_kafka.processor_metrics import ProcessorMetrics
from autodmca_kafka.table import Table

log = structlog.get_logger(__name__)

Step = Literal["applied", "batch", "emitted", "stored", "committed"]
"""Where a poll's work stands: applied in memory; one more batch acknowledged; events, outcomes and dead
letters acknowledged; state acknowledged; inputs committed."""

IDLE_POLL_MS: Final = 100
SESSION_TIMEOUT_MS: Final = 10_000
EMBEDDED_SESSION_TIMEOUT_MS: Final = 1_000
"""The embedded broker (known by its lack of producer ids) takes half the session timeout to let the first
member in, and up to twice that timeout to let another one follow."""
UNSEEN_USERS: Final = 10_000
FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 5.0

Partitions = frozenset[int]


def _nothing(_: Any) -> None:
    return


class Processor(Generic[S, I, O]):
    """Run `run()` in a TaskGroup beside its table's.

    `max_poll`: inputs applied at once, which bounds memory and how long the event loop is held.
    `max_bytes`: the most that everything that follows from one input may take; below the broker's limit.
    `group`: the consumer group, `autodmca.<service>` unless given; a new one goes on where the state ends.
    `instance`: this replica's lasting name in the group (static membership, KIP-345): started again under
    it, it has its partitions back without a rebalance. `on_gained`, `on_lost`: told the partitions that
    this replica begins and ceases to own, after their state is known and after their last write; for work
    that takes time and goes on where its owner is. They must not block. `on_step`: told each `Step`.
    """

    def __init__(
        self,
        service: str,
        bootstrap_servers: str,
        model: Model[S, I, O],
        *,
        table: Table[S],
        input_type: type[I] | Any,
        client_id: str | None = None,
        group: str | None = None,
        instance: str | None = None,
        idempotent: bool | None = None,
        max_poll: int = 500,
        max_bytes: int = 900_000,
        session_timeout_ms: int | None = None,
        on_gained: Callable[[Partitions], None] = _nothing,
        on_lost: Callable[[Partitions], None] = _nothing,
        on_step: Callable[[Step], None] = _nothing,
        metrics: ProcessorMetrics | None = None,
    ) -> None:
        self.service = service
        self._bootstrap_servers = bootstrap_servers
        self._model = model
        self._table = table
        self._decode = msgspec.json.Decoder(input_type).decode
        self._client_id = client_id or f"{service}-processor"
        self._group = group or f"autodmca.{service}"
        self._instance = instance
        self._idempotent = idempotent
        self._max_poll = max_poll
        self._max_bytes = max_bytes
        self._session_timeout_ms = session_timeout_ms
        self._on_gained = on_gained
        self._on_lost = on_lost
        self._on_step = on_step
        self._metrics = metrics or ProcessorMetrics(registry=None)
        self._metrics.begin(service)
        self._inputs = inputs_topic(service)
        self._owned: Partitions = frozenset()
        self._works: dict[int, PartitionWork[S, I, O]] = {}
        self._positions: dict[int, int] = {}

    def owned_partitions(self) -> Partitions:
        """The partitions whose inputs this replica applies."""
        return self._owned

    def positions(self) -> dict[int, int]:
        """Where this replica stands: partition -> the next input to apply; what was before is written."""
        return dict(self._positions)

    async def run(self) -> None:
        """Process until cancelled; then leave the group, so that the others need not wait for a timeout.

        A broker that is away, and whatever else goes wrong with the log, is logged, counted and tried
        again without end: nothing is skipped.
        """
        pause = FIRST_PAUSE_S
        while True:
            began = time.monotonic()
            try:
                await self._process()
            except* (KafkaError, KafkaLibraryError, OSError) as group:
                self._metrics.restarts.labels(self.service).inc()
                errors = [repr(error) for error in group.exceptions]
                log.warning("processing stopped, beginning anew", service=self.service, errors=errors)
            finally:
                self._works.clear()
                self._settle(frozenset())
            lasted = time.monotonic() - began
            pause = FIRST_PAUSE_S if lasted > LONGEST_PAUSE_S else min(pause * 2, LONGEST_PAUSE_S)
            await asyncio.sleep(pause)

    async def _process(self) -> None:
        """From joining the group to the first error; nothing in memory outlives it but the table."""
        await self._table.caught_up()
        incarnation = self._table.incarnation
        writer = BatchWriter(
            self._bootstrap_servers,
            client_id=self._client_id,
            idempotent=self._idempotent,
            max_bytes=self._max_bytes,
            on_batch=lambda: self._on_step("batch"),
        )
        async with writer, self._membership(writer) as membership:
            while True:
                records = await membership.poll(IDLE_POLL_MS, self._max_poll)
                async with membership.turn:
                    if self._table.incarnation != incarnation:
                        raise StateReplaced(self._table.topic)
                    await self._take_turn(membership, writer, records)

    def _membership(self, writer: BatchWriter) -> Membership:
        timeout_ms = SESSION_TIMEOUT_MS if writer.idempotent else EMBEDDED_SESSION_TIMEOUT_MS
        return Membership(
            self._inputs,
            self._group,
            self._bootstrap_servers,
            client_id=self._client_id,
            instance=self._instance,
            session_timeout_ms=self._session_timeout_ms or timeout_ms,
            on_revoked=self._works.clear,
        )

    async def _take_turn(
        self, membership: Membership, writer: BatchWriter, records: Mapping[int, Sequence[ConsumerRecord]]
    ) -> None:
        """Everything between two polls."""
        # Those of a partition that was taken away meanwhile, or is not taken over yet, are polled again.
        blocks = {p: self._apply(self._works[p], found) for p, found in records.items() if p in self._works}
        if blocks:
            self._on_step("applied")
            await self._write(writer, blocks)
            await membership.commit({p: block.next_offset for p, block in blocks.items()})
            self._positions.update((p, block.next_offset) for p, block in blocks.items())
            self._on_step("committed")
        await self._repair(writer)
        await self._take_over(membership)
        while sum(work.unseen_users for work in self._works.values()) > UNSEEN_USERS:
            await self._table.progress()

    def _apply(self, work: PartitionWork[S, I, O], records: Sequence[ConsumerRecord]) -> Block:
        began = time.perf_counter()
        block = work.apply(records)
        self._metrics.observe(self.service, block, time.perf_counter() - began)
        return block

    async def _write(self, writer: BatchWriter, blocks: Mapping[int, Block]) -> None:
        """What follows from the inputs, then the state: see the module's docstring."""
        events, outcomes = events_topic(self.service), outcomes_topic(self.service)
        for partition, block in blocks.items():
            # Kept before anybody is told that it failed.
            letters = [[record] for record in block.dead_letters]
            await writer.write(dead_letters_topic(self.service), partition, letters)
        async with asyncio.TaskGroup() as group:
            for partition, block in blocks.items():
                for topic, to, written in (
                    (events, partition, block.events),
                    (BROADCAST, 0, block.broadcasts),
                    (outcomes, partition, block.outcomes),
                ):
                    group.create_task(writer.write(topic, to, [[record] for record in written]))
        self._on_step("emitted")
        async with asyncio.TaskGroup() as group:
            for partition, block in blocks.items():
                group.create_task(writer.write(self._table.topic, partition, block.states))
        self._on_step("stored")

    async def _repair(self, writer: BatchWriter) -> None:
        """Write the newest state again where a late owner's older one stands after it in the log."""
        for partition, work in self._works.items():
            if records := work.repairs():
                topic = self._table.topic
                log.warning("repairing state", topic=topic, partition=partition, records=len(records))
                await writer.write(topic, partition, [[record] for record in records])
                self._metrics.repairs.labels(self.service).inc(len(records))

    async def _take_over(self, membership: Membership) -> None:
        """Begin with the partitions that a rebalance brought, once all their state is read."""
        if membership.assigned is None:
            return
        if fresh := membership.assigned - self._works.keys():
            # Asked before the end of the state: inputs below `committed` have their state before that end.
            extents = await membership.extents(fresh)
            await self._table.caught_up(fresh)
            for partition in fresh:
                self._works[partition] = self._work(partition, extents[partition])
                self._positions[partition] = self._works[partition].next_offset
                membership.begin(partition, self._positions[partition])
        self._settle(membership.assigned)

    def _work(self, partition: int, extent: Extent) -> PartitionWork[S, I, O]:
        ledger = self._table.ledger(partition)
        begin = max(extent.committed, ledger.applied + 1)
        if begin > extent.end:
            raise InputsRewound(self._inputs, partition, begin, extent.end)
        if begin < extent.earliest and begin > 0:
            lost = extent.earliest - begin
            log.error("inputs were deleted unapplied", topic=self._inputs, partition=partition, lost=lost)
            self._metrics.lost.labels(self.service).inc(lost)
        return PartitionWork(
            self._inputs,
            partition,
            partitions=self._table.partitions,
            model=self._model,
            decode=self._decode,
            ledger=ledger,
            next_offset=max(begin, extent.earliest),
            max_bytes=self._max_bytes,
        )

    def _settle(self, owned: Partitions) -> None:
        """Tell whoever has long work to do what changed hands."""
        lost, gained, self._owned = self._owned - owned, owned - self._owned, owned
        for partition in lost:
            self._positions.pop(partition, None)
        if lost:
            self._on_lost(lost)
        if gained:
            self._on_gained(gained)
