"""A service's work over a log in memory: what is due is performed at once, one job after the other.

Owns nothing that is tested elsewhere: no clock, no slots, no pauses. The checkpoints go through the real
rules of the log, runs among them.
"""

from __future__ import annotations

from typing import Any

import msgspec
from autodmca_events.partitions import user_key
from autodmca_kafka.consequences import TRACEPARENT
from autodmca_kafka.partition_work import RUN

from autodmca_service.answers import S
from autodmca_service.testing.memory import MemoryLog
from autodmca_service.work import Due, Job
from autodmca_service.work.job import DueOf, Perform
from autodmca_service.work.traces import trace_of_job


async def perform_due(log: MemoryLog[S, Any, Any], due: DueOf[S], perform: Perform[S]) -> list[str]:
    """Perform all that is due at `log.now_ms`, and what follows from it by then; returns the keys in order.

    Raises what `perform` raises, and AssertionError for a performance of which no checkpoint was accepted.
    """
    performed: list[str] = []
    while (job := _next(log, due)) is not None:
        await perform(job, _Checkpoints(log, job))
        performed.append(job.key)
        state = log.table.get(job.user_id, job.entity_id)
        after = None if state is None else due(job.user_id, job.entity_id, state)
        assert after is None or after.run != job.run, f"{job.key}: the model accepted no checkpoint of it"
    return performed


def _next(log: MemoryLog[S, Any, Any], due: DueOf[S]) -> Job[S] | None:
    """The job that has been due for longest."""
    found: list[tuple[Due, int, str, S]] = []
    for partition in range(log.table.partitions):
        for user_id, entity_id, state in log.table.of_partition(partition):
            each = due(user_id, entity_id, state)
            if each is not None and each.at_ms <= log.now_ms:
                found.append((each, user_id, entity_id, state))
    if not found:
        return None
    first, user_id, entity_id, state = min(found, key=lambda each: (each[0].at_ms, each[1], each[2]))
    return Job(user_id, entity_id, state, first.key, first.at_ms, first.run)


class _Checkpoints:
    """The thread of a job's checkpoints."""

    def __init__(self, log: MemoryLog[Any, Any, Any], job: Job[Any]) -> None:
        self._log = log
        self._job = job
        self._run = job.run
        parent = trace_of_job(log.table, job.user_id, job.entity_id, job.at_ms)
        self._traced = {} if parent is None else {TRACEPARENT: parent.encode()}

    async def __call__(self, command: msgspec.Struct) -> None:
        value = msgspec.json.encode(command)
        block, _ = self._log.write(
            user_key(self._job.user_id), value, {RUN: b"%d" % self._run, **self._traced}
        )
        self._run = block.next_offset - 1
