"""The writing side of a service's state: inputs in, events, outcomes and state out.

Owns this replica's membership in the service's consumer group and the order of writes. Of every poll,
the dead letters, events, sends and outcomes are acknowledged first, then the state, then the inputs are
committed. So a state record says that all that follows from its input, and from those before, is in the
log; whoever owns the partition next passes over those inputs and applies the rest again, to the same
bytes and ids. Two owners at once (one was frozen and does not know that it was replaced) do no harm for
the same reason. Never skips an input: what cannot be applied becomes a dead letter, and what cannot be
written is tried again, from the state that the log holds, until it can. An input or a state of a newer
version of the program makes this replica stand aside: it leaves the group to those that know more.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Generic, Literal

import structlog
from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaError
from autodmca_events.partitions import partition_for, user_key
from autodmca_events.topics import BROADCAST, dead_letters_topic, events_topic, inputs_topic, outcomes_topic

from autodmca_kafka.batches import BatchWriter, Outgoing
from autodmca_kafka.brokers import Brokers
from autodmca_kafka.consequences import ERROR_CHARACTERS
from autodmca_kafka.decision import I, Model, O, S
from autodmca_kafka.errors import KafkaLibraryError, StateReplaced, StateUnreadable, UnknownInput
from autodmca_kafka.holdings import Holdings, next_offsets
from autodmca_kafka.membership import Extent, Membership
from autodmca_kafka.owners import NOBODY, Owners
from autodmca_kafka.partition_work import Block, Failures, PartitionWork
from autodmca_kafka.processor_metrics import ProcessorMetrics
from autodmca_kafka.rights import service_group
from autodmca_kafka.table import ASIDE_S, Table
from autodmca_kafka.versions import VersionedDecoder

log = structlog.get_logger(__name__)

Step = Literal["applied", "batch", "emitted", "stored", "committed"]
"""Where a poll's work stands: applied in memory; one more batch acknowledged; events, sends, outcomes and
dead letters acknowledged; state acknowledged; inputs committed."""

IDLE_POLL_MS: Final = 100
SESSION_TIMEOUT_MS: Final = 10_000
EMBEDDED_SESSION_TIMEOUT_MS: Final = 1_000
"""The embedded broker (known by its lack of producer ids) takes half the session timeout to let the first
member in, and up to twice that timeout to let another one follow."""
UNSEEN_USERS: Final = 10_000
FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 5.0


class Processor(Generic[S, I, O]):
    """Run `run()` in a TaskGroup beside its table's.

    `decode`: how an input is read, by a `VersionedDecoder` of its type unless given.
    `max_poll`: inputs applied at once, which bounds memory and how long the event loop is held.
    `max_bytes`: the most that everything that follows from one input may take; below the broker's limit.
    `group`: the consumer group, `autodmca.<service>` unless given; a new one goes on where the state ends.
    `instance`: this replica's lasting name in the group (static membership, KIP-345): started again under
    it, it has its partitions back without a rebalance. `address`: where it answers, for `owners`.
    `on_step`: told each `Step`. `holdings`: what is told, and can be asked, of the partitions it has.
    """

    def __init__(
        self,
        service: str,
        bootstrap_servers: Brokers,
        model: Model[S, I, O],
        *,
        table: Table[S],
        input_type: type[I] | Any,
        decode: Callable[[bytes], I] | None = None,
        client_id: str | None = None,
        group: str | None = None,
        instance: str | None = None,
        address: str = "",
        idempotent: bool | None = None,
        max_poll: int = 500,
        max_bytes: int = 900_000,
        session_timeout_ms: int | None = None,
        on_step: Callable[[Step], None] = lambda _: None,
        on_outcomes: Callable[[int, Sequence[Outgoing]], None] = lambda *_: None,
        metrics: ProcessorMetrics | None = None,
    ) -> None:
        self.service = service
        self._bootstrap_servers = bootstrap_servers
        self._model = model
        self._table = table
        self._decode = decode or VersionedDecoder(input_type).decode
        self._client_id = client_id or f"{service}-processor"
        self._group = group or service_group(service)
        self._instance = instance
        self._address = address
        self._idempotent = idempotent
        self._max_poll = max_poll
        self._max_bytes = max_bytes
        self._session_timeout_ms = session_timeout_ms
        self._on_step = on_step
        self._on_outcomes = on_outcomes
        self._metrics = metrics or ProcessorMetrics(registry=None)
        self._metrics.begin(service)
        self._inputs = inputs_topic(service)
        self.holdings: Holdings[S, I, O] = Holdings(table)
        self._incarnation = 0
        self._failure: str | None = None
        self._failures = Failures()
        self._member: Membership | None = None

    def owners(self) -> Owners:
        """Which replica owns which partition, by its `address`, as of the last rebalance."""
        return NOBODY if self._member is None else self._member.owners

    def answers(self, partition: int) -> bool:
        """Whether this replica owns the partition now, and has applied what stood there when it took over: no
        other replica can have begun with it, and `entities` shows all that any owner has shown before. Not so
        where two processes run under one `instance`: the group lets the second in at once."""
        member = self._member
        return member is not None and partition in self.holdings.owned and member.lease.holds

    def entities(self, user_id: int) -> Mapping[str, S]:
        """The user's entities after the newest input that was applied here, not to be changed; empty for a
        partition that this replica does not hold."""
        if not self._table.partitions:
            return {}
        work = self.holdings.works.get(partition_for(user_key(user_id), self._table.partitions))
        return {} if work is None else work.entities(user_id)

    @property
    def settled(self) -> bool:
        """Whether this replica has a place in the group and answers for all that it was given there."""
        given = None if self._member is None else self._member.assigned
        return given is not None and all(map(self.answers, given & frozenset(range(self._table.partitions))))

    async def shown(self, partitions: Iterable[int]) -> None:
        """Wait until the table shows all that was applied in these partitions by now."""
        works = self.holdings.works
        applied = {partition: works[partition].changed for partition in partitions if partition in works}

        def reached() -> bool:
            left = ((works.get(partition), position) for partition, position in applied.items())
            return all(work is None or work.ledger.applied >= position for work, position in left)

        await self._table.until(reached)

    def positions(self) -> dict[int, int]:
        """Where this replica stands: partition -> the next input to apply; what was before is written."""
        return self.holdings.positions()

    def trouble(self) -> str | None:
        """Why inputs may wait, for a readiness check; an error counts until processing has lasted again."""
        if self._failure is not None:
            return f"processing stopped: {self._failure}"
        return "inputs are not read yet" if self._member is None else self._member.trouble()

    async def run(self) -> None:
        """Process until cancelled; then leave the group, so that the others need not wait for a timeout.

        A broker that is away, and whatever else goes wrong with the log, is logged, counted and tried
        again without end: nothing is skipped.
        """
        pause = FIRST_PAUSE_S
        while True:
            began, aside = time.monotonic(), False
            try:
                await self._process()
            except* (KafkaError, KafkaLibraryError, OSError) as group:
                self._metrics.restarts.labels(self.service).inc()
                errors = [repr(error) for error in group.exceptions]
                log.warning("processing stopped, beginning anew", service=self.service, errors=errors)
                self._failure = errors[0][:ERROR_CHARACTERS]
                aside = group.subgroup((UnknownInput, StateUnreadable)) is not None
            finally:
                self._member = None
            lasted = time.monotonic() - began
            pause = FIRST_PAUSE_S if lasted > LONGEST_PAUSE_S else min(pause * 2, LONGEST_PAUSE_S)
            await asyncio.sleep(ASIDE_S if aside else pause)

    async def _process(self) -> None:
        """From joining the group to the first error; nothing in memory outlives it but the table."""
        await self._table.caught_up()
        self._incarnation = self._table.incarnation
        writer = BatchWriter(
            self._bootstrap_servers,
            client_id=self._client_id,
            idempotent=self._idempotent,
            max_bytes=self._max_bytes,
            on_batch=lambda: self._on_step("batch"),
        )
        async with writer, self._membership(writer) as self._member:
            try:
                await self._take_turns(self._member, writer)
            finally:
                await self.holdings.release()  # before the group is left

    async def _take_turns(self, membership: Membership, writer: BatchWriter) -> None:
        joined_at = math.inf
        while True:
            records = await membership.poll(IDLE_POLL_MS, self._max_poll)
            async with membership.turn:
                self._check_state()
                await self._take_turn(membership, writer, records)
            if membership.assigned is not None:
                joined_at = min(joined_at, time.monotonic())
                if time.monotonic() - joined_at > LONGEST_PAUSE_S:
                    self._failure = None

    def _membership(self, writer: BatchWriter) -> Membership:
        timeout_ms = SESSION_TIMEOUT_MS if writer.idempotent else EMBEDDED_SESSION_TIMEOUT_MS
        return Membership(
            self._inputs,
            self._group,
            self._bootstrap_servers,
            client_id=self._client_id,
            instance=self._instance,
            address=self._address,
            session_timeout_ms=self._session_timeout_ms or timeout_ms,
            on_revoked=self.holdings.release,
        )

    async def _take_turn(
        self, membership: Membership, writer: BatchWriter, records: Mapping[int, Sequence[ConsumerRecord]]
    ) -> None:
        """Everything between two polls."""
        # Those of a partition that was taken away meanwhile, or is not taken over yet, are polled again.
        works = self.holdings.works
        held = {p: found for p, found in records.items() if p in works}
        if held and not membership.lease.holds:
            # Another replica may own them and be behind: what is answered from here would be ahead of what
            # that one shows. What comes while a lease holds is in the log before another owner begins.
            for partition in held:
                membership.begin(partition, works[partition].next_offset)
            await asyncio.sleep(IDLE_POLL_MS / 1000)
            return
        blocks = {p: self._apply(works[p], found) for p, found in held.items()}
        if blocks:
            self._on_step("applied")
            await self._write(writer, blocks)
            await membership.commit(next_offsets(blocks))
            self.holdings.passed(next_offsets(blocks))
            self._on_step("committed")
            if unknown := next((block.unknown for block in blocks.values() if block.unknown), None):
                raise unknown
        await self._pass_over(membership)
        await self._repair(writer)
        await self._take_over(membership)
        while sum(work.unseen_users for work in works.values()) > UNSEEN_USERS:
            await self._table.progress()
            self._check_state()

    def _check_state(self) -> None:
        """What was decided on a state that is gone is void; what was written of it will never be shown."""
        self._table.check()
        if self._table.incarnation != self._incarnation:
            raise StateReplaced(self._table.topic)

    async def _pass_over(self, membership: Membership) -> None:
        """Commit what is no input though it is in the log: of aborted transactions, and their markers."""
        known = self.holdings.positions()
        reached = await membership.reached(known)
        if passed := {p: offset for p, offset in reached.items() if offset > known[p]}:
            await membership.commit(passed)
            self.holdings.passed(passed)

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
                for topic, sent in block.sends.items():
                    group.create_task(writer.write_to_users(topic, sent))
        self._on_step("emitted")
        async with asyncio.TaskGroup() as group:
            for partition, block in blocks.items():
                group.create_task(writer.write(self._table.topic, partition, block.states))
        self._on_step("stored")
        for partition, block in blocks.items():
            self._on_outcomes(partition, block.outcomes)

    async def _repair(self, writer: BatchWriter) -> None:
        """Write the newest state again where a late owner's older one stands after it in the log."""
        for partition, work in self.holdings.works.items():
            if records := work.repairs():
                topic = self._table.topic
                log.warning("repairing state", topic=topic, partition=partition, records=len(records))
                await writer.write(topic, partition, [[record] for record in records])
                self._metrics.repairs.labels(self.service).inc(len(records))

    async def _take_over(self, membership: Membership) -> None:
        """Begin with the partitions that a rebalance brought, once all their state is read."""
        if membership.assigned is None:
            return
        # What the inputs topic has gained has no state, its users' is in another partition: its inputs wait.
        known = membership.assigned & frozenset(range(self._table.partitions))
        await self._table.follow(known)
        if fresh := known - self.holdings.works.keys():
            # Asked before the end of the state: inputs below `committed` have their state before that end.
            extents = await membership.extents(fresh)
            await self._table.caught_up(fresh)
            for partition in fresh:
                work = self._work(partition, extents[partition])
                self.holdings.begin(partition, work, extents[partition].end)
                membership.begin(partition, work.next_offset)
        self.holdings.settle()

    def _work(self, partition: int, extent: Extent) -> PartitionWork[S, I, O]:
        ledger = self._table.ledger(partition)
        begin, lost = extent.begin_after(ledger.applied, self._inputs, partition)
        if lost:
            log.error("inputs were deleted unapplied", topic=self._inputs, partition=partition, lost=lost)
            self._metrics.lost.labels(self.service).inc(lost)
        return PartitionWork(
            self._inputs,
            partition,
            incarnation=extent.incarnation,
            partitions=self._table.partitions,
            model=self._model,
            decode=self._decode,
            ledger=ledger,
            next_offset=begin,
            max_bytes=self._max_bytes,
            failures=self._failures,
        )
