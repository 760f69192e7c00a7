"""Work that takes time, and what is due at a time, for the entities of the partitions that a replica owns.

Owns when each job is performed, and by which of the replica's slots; what is due is derived from the state,
so whoever owns a partition next finds it there. Of an entity one job is performed at a time. A performance
that raises, or whose checkpoints are refused, is counted and tried again after a pause that grows; it stops
no other. One whose partition is lost is cancelled and waited for before the group goes on; begun anew by the
next owner, or by this one after a rebalance, it may reach the outside twice, under one key. Decides nothing
about the state.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final, Generic

import msgspec
import structlog
from autodmca_events.partitions import partition_for, user_key
from autodmca_events.topics import inputs_topic
from autodmca_kafka import PartitionLost
from autodmca_kafka.consequences import TRACEPARENT
from autodmca_kafka.decision import S
from autodmca_kafka.ledger import Change
from autodmca_kafka.partition_work import RUN

from autodmca_service.context import trace_id, traceparent
from autodmca_service.work.agenda import Agenda, Key
from autodmca_service.work.clock import Clock
from autodmca_service.work.job import Due, DueOf, Job, Perform, Replica
from autodmca_service.work.metrics import Series
from autodmca_service.work.performance import Performance
from autodmca_service.work.retries import Retries
from autodmca_service.work.traces import trace_of_job
from autodmca_service.work.turns import Turns

log = structlog.get_logger(__name__)

LEASE_S: Final = 0.5
"""Nothing is begun while it is not sure that the partitions are still ours; it is asked again after this."""
CLOCK_S: Final = 1.0
"""The clock is read again after this time at the latest."""
BURST: Final = 500
"""Users scanned, or jobs begun, without letting anything else run."""
SETTLING: Final = 10_000
"""Performances that have ended, and whose last checkpoint is not applied yet."""
PATIENCE_S: Final = 10.0
"""So long a performance may take to end after it was cancelled; the group waits for it."""

_ENCODER: Final = msgspec.json.Encoder()


class Work(Generic[S]):
    """Run `run()` in a TaskGroup beside the replica's tasks.

    `due`: what is due for an entity by its state, None: nothing. `perform`: does the I/O of a job, and tells
    what came of it by checkpoints, at least one. `at_once`: how many are performed at a time, `per_user`: of
    one user, half of them unless given. `name`, in metrics and logs, is that of `perform` unless given.
    """

    def __init__(
        self,
        replica: Replica[S],
        due: DueOf[S],
        perform: Perform[S],
        *,
        at_once: int = 16,
        per_user: int | None = None,
        name: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.name = name or str(getattr(perform, "__name__", "work"))
        self._replica = replica
        self._due_of = due
        self._perform = perform
        self._at_once = at_once
        self._clock = clock or Clock()
        self._series = Series(replica.work_metrics, replica.name, self.name)
        self._topic = inputs_topic(replica.name)
        self._agenda = Agenda()
        self._turns = Turns(at_once, per_user or max(1, at_once // 2))
        self._running: dict[Key, Performance[S]] = {}
        self._retries = Retries(self._clock.steady)
        self._unscanned: asyncio.Queue[int] = asyncio.Queue()
        self._woken = asyncio.Event()
        replica.table.on_change(self._changed)
        replica.processor.holdings.follow(self)

    @property
    def waiting(self) -> int:
        """How many jobs wait for their time or for a slot."""
        return len(self._agenda) + len(self._turns)

    @property
    def running(self) -> int:
        """How many jobs are performed, or were and wait until their last checkpoint is applied."""
        return len(self._running)

    async def run(self) -> None:
        """Perform what is due until cancelled; then what is performed is cancelled too."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._scan())
            while True:
                sure = all(map(self._replica.processor.answers, self._agenda.partitions))
                began = self._begin(group) if sure else 0
                self._count()
                if began == BURST:
                    await asyncio.sleep(0)
                    continue
                self._woken.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._pause_s() if sure else LEASE_S):
                        await self._woken.wait()

    def gained(self, partitions: frozenset[int]) -> None:
        """See `Follower`."""
        for partition in partitions:
            self._agenda.open(partition)
            self._unscanned.put_nowait(partition)

    async def lost(self, partitions: frozenset[int]) -> None:
        """See `Follower`. Waits until what is performed for them has ended, at most PATIENCE_S."""
        for partition in partitions:
            self._agenda.close(partition)
        ending = [each for each in self._running.values() if each.partition in partitions]
        for performance in ending:
            performance.stop("lost")
        tasks = [each.task for each in ending if each.task is not None]
        if tasks and (stuck := (await asyncio.wait(tasks, timeout=PATIENCE_S))[1]):
            log.error("work does not end", work=self.name, performances=len(stuck))
            self._series.stuck.inc(len(stuck))

    def _begin(self, group: asyncio.TaskGroup) -> int:
        """Begin what is due and has a slot; returns how many steps that were, at most BURST."""
        now_ms = self._now_ms()
        for step in range(BURST):
            if (key := self._agenda.take(now_ms)) is not None:
                self._turns.put(key)
            elif len(self._running) >= self._at_once + SETTLING or (key := self._turns.take()) is None:
                return step
            elif not self._start(group, key, now_ms):
                self._turns.give_back(key[0])
        return BURST

    def _start(self, group: asyncio.TaskGroup, key: Key, now_ms: int) -> bool:
        """Perform what is due for the entity by now, if it still is; by its newest state."""
        user_id, entity_id = key
        partition = self._partition_of(user_id)
        state = self._replica.table.get(user_id, entity_id)
        due = None if state is None else self._ask(user_id, entity_id, state)
        if partition not in self._agenda or state is None or due is None:
            return False
        begins_ms = self._begins_ms(key, due, now_ms)
        if begins_ms > now_ms:
            self._agenda.put(partition, key, begins_ms)
            return False
        self._series.late_seconds.observe((now_ms - begins_ms) / 1000)
        job = Job(user_id, entity_id, state, due.key, due.at_ms, due.run)
        performance = Performance(job, partition, self._write, self._due_after)
        self._running[key] = performance
        parent = trace_of_job(self._replica.table, user_id, entity_id, due.at_ms)
        group.create_task(self._run_one(key, performance, parent))
        return True

    async def _run_one(self, key: Key, performance: Performance[S], parent: str | None) -> None:
        failed = False
        traceparent.set(parent)  # in this task, and in those that it starts
        structlog.contextvars.unbind_contextvars("trace_id")
        if parent is not None:
            structlog.contextvars.bind_contextvars(trace_id=trace_id(parent))
        performance.task = asyncio.current_task()
        try:
            try:
                if performance.stopped is None:
                    await self._perform(performance.job, performance.checkpoint)
            except Exception as error:  # noqa: BLE001 (it may raise anything, and stops no other)
                failed = True
                said = repr(error)[:1_000]
                log.warning("work failed", work=self.name, key=performance.job.key, error=said)
            finally:
                self._turns.give_back(key[0])
                self._woken.set()
            if performance.newest is not None:
                await self._replica.processor.holdings.shown(performance.partition, performance.newest)
        except asyncio.CancelledError:
            if performance.stopped is None:
                raise
        except PartitionLost:
            performance.stopped = "lost"
        finally:
            del self._running[key]
            self._woken.set()
        self._settle(key, performance, failed)

    def _settle(self, key: Key, performance: Performance[S], failed: bool) -> None:
        """Count what came of it, and go on with what is due by now."""
        if performance.stopped == "lost":
            self._series.interrupted.inc()
            return
        state = self._replica.table.get(*key)
        due = None if state is None else self._ask(*key, state)
        unchanged = due is not None and due.run == performance.job.run
        if performance.stopped == "superseded":
            self._series.superseded.inc()
        elif failed or unchanged:
            if not failed:
                log.error("no checkpoint of work was accepted", work=self.name, key=performance.job.key)
            self._series.failed.inc()
            if due is not None:
                self._retries.failed(key, due.run)
        else:
            self._series.performed.inc()
        self._consider(performance.partition, key, due)

    def _changed(self, partition: int, changes: Sequence[Change[S]]) -> None:
        if partition not in self._agenda:
            return
        for change in changes:
            key = change.user_id, change.entity_id
            performance = self._running.get(key)
            if performance is not None:
                performance.heed(change)
            else:
                self._consider(partition, key, self._due_after(change))

    def _consider(self, partition: int, key: Key, due: Due | None) -> None:
        """Have it wait for its time. One whose time had come before is looked at again when its turn is."""
        if due is None:
            self._retries.pause_ms(key, None)
            self._agenda.drop(partition, key)
        elif key not in self._turns:
            earliest = self._agenda.next_ms()
            at_ms = self._begins_ms(key, due, self._now_ms())
            self._agenda.put(partition, key, at_ms)
            if earliest is None or at_ms < earliest:
                self._woken.set()

    async def _scan(self) -> None:
        """Look at the whole state of the partitions that were gained; what changes meanwhile is told
        besides."""
        table = self._replica.table
        while True:
            partition = await self._unscanned.get()
            if partition >= table.partitions:
                continue  # the topic was made anew, with fewer
            for number, user_id in enumerate(table.ledger(partition).users(), start=1):
                if partition not in self._agenda:
                    break
                for entity_id, state in table.of_user(user_id).items():
                    if (user_id, entity_id) not in self._running:
                        due = self._ask(user_id, entity_id, state)
                        self._consider(partition, (user_id, entity_id), due)
                if number % BURST == 0:
                    await asyncio.sleep(0)

    def _due_after(self, change: Change[S]) -> Due | None:
        if change.state is None:
            return None
        return self._ask(change.user_id, change.entity_id, change.state)

    def _ask(self, user_id: int, entity_id: str, state: S) -> Due | None:
        """What is due; nothing where `due` cannot say, which must not stop who reads the state."""
        try:
            return self._due_of(user_id, entity_id, state)
        except Exception:
            log.exception("it is unclear what is due", work=self.name)
            self._series.unclear.inc()
            return None

    async def _write(self, user_id: int, command: msgspec.Struct, run: int) -> int:
        headers = [(RUN, b"%d" % run)]
        if (parent := traceparent.get()) is not None:
            headers.append((TRACEPARENT, parent.encode()))
        position = await self._replica.producer.send_record(
            self._topic, key=user_key(user_id), value=_ENCODER.encode(command), headers=headers
        )
        self._series.checkpoints.inc()
        return position.offset

    def _begins_ms(self, key: Key, due: Due, now_ms: int) -> int:
        """When it may be begun."""
        pause_ms = self._retries.pause_ms(key, due.run)
        return due.at_ms if pause_ms is None else max(due.at_ms, now_ms + pause_ms)

    def _now_ms(self) -> int:
        steps = self._clock.steps
        now_ms = self._clock.now_ms()
        if self._clock.steps > steps:
            self._series.clock_steps.inc(self._clock.steps - steps)
            for key in self._retries:  # their pauses are none of the wall clock's
                self._agenda.drop(self._partition_of(key[0]), key)
                self._turns.put(key)
        return now_ms

    def _pause_s(self) -> float:
        next_ms = self._agenda.next_ms()
        if next_ms is None:
            return CLOCK_S
        return min(CLOCK_S, max(0.0, (next_ms - self._now_ms()) / 1000))

    def _partition_of(self, user_id: int) -> int:
        return partition_for(user_key(user_id), self._replica.table.partitions)

    def _count(self) -> None:
        self._series.waiting.set(len(self._agenda))
        self._series.ready.set(len(self._turns))
        self._series.running.set(len(self._running))
