"""One job as it is performed, and the thread of its checkpoints.

Owns the run that the next checkpoint carries: the one that the job began with, then the offset of the
checkpoint before. So if one is refused, because another owner's came first, those after it are too. Judges
what the table shows of the entity meanwhile: the state may go on by this performance's own checkpoints, or by
an input that keeps its run; anything else stops it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, Literal

import msgspec
from autodmca_kafka.decision import S
from autodmca_kafka.ledger import Change

from autodmca_service.errors import WorkStopped
from autodmca_service.work.job import Due, Job

Stopped = Literal["superseded", "lost"]


class Performance(Generic[S]):
    """`write`: writes a command for the job's user under a run, and returns its offset. `due`: what is due by
    a state. `task` is set by whoever performs it, as it begins."""

    def __init__(
        self,
        job: Job[S],
        partition: int,
        write: Callable[[int, msgspec.Struct, int], Awaitable[int]],
        due: Callable[[Change[S]], Due | None],
    ) -> None:
        self.job = job
        self.partition = partition
        self.task: asyncio.Task[None] | None = None
        self.stopped: Stopped | None = None
        self.newest: int | None = None
        """The offset of the newest checkpoint."""
        self._write = write
        self._due = due
        self._runs = [job.run]
        self._writing = asyncio.Lock()
        self._unjudged: list[Change[S]] = []

    async def checkpoint(self, command: msgspec.Struct) -> None:
        """See `Checkpoint`. Several at once are written one after the other."""
        async with self._writing:
            if self.stopped is not None:
                raise WorkStopped(self.stopped)
            try:
                self.newest = await self._write(self.job.user_id, command, self._runs[-1])
                self._runs.append(self.newest)
            finally:
                changes, self._unjudged = self._unjudged, []
                for change in changes:
                    self._judge(change)

    def heed(self, change: Change[S]) -> None:
        """The table shows a change of the entity. While a checkpoint is on its way it may be its own."""
        if self._writing.locked():
            self._unjudged.append(change)
        else:
            self._judge(change)

    def stop(self, why: Stopped) -> None:
        """Cancel it; no checkpoint of it is written any more."""
        if self.stopped is None:
            self.stopped = why
            if self.task is not None:
                self.task.cancel()

    def _judge(self, change: Change[S]) -> None:
        if change.position in self._runs:
            run = change.position
        else:
            due = self._due(change)
            if due is None or due.run not in self._runs:
                self.stop("superseded")
                return
            run = due.run
        del self._runs[: self._runs.index(run)]  # those before cannot come any more
