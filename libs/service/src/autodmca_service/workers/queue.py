"""The queue before a pool's workers: bounded, and fair between users.

Bounded as a whole in jobs and bytes (PoolBusy), per user in jobs and to half of the bytes (TooManyJobs). No
user has more than all but one of the workers, and the user who was served longest ago is next, so that
nobody's jobs delay everybody else's. Holds tickets; never waits and knows no process.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from autodmca_service.errors import JobTooLarge, PoolBusy, TooManyJobs
from autodmca_service.workers.frames import Frame
from autodmca_service.workers.settings import WorkerSettings


@dataclass(eq=False)
class Ticket:
    """A job in the queue and whoever waits for its answer."""

    user_id: int
    kind: str
    frame: Frame
    answer_type: Any
    again: bool = False
    """Whether a worker was lost under it before."""
    answer: asyncio.Future[Any] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class JobQueue:
    """A ticket is pending from `add` to `drop`; within that time it is being done from `take` to `rest`."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._share = max(1, settings.workers - 1)
        self._waiting: list[Ticket] = []
        self._pending: Counter[int] = Counter()
        self._bytes: Counter[int] = Counter()
        self._running: Counter[int] = Counter()
        self._served: dict[int, int] = {}
        self._turn = 0

    def __contains__(self, ticket: Ticket) -> bool:
        return ticket in self._waiting

    @property
    def waiting(self) -> int:
        """Jobs that wait for a worker."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """Jobs that are being done."""
        return self._running.total()

    @property
    def size(self) -> int:
        """Bytes of the jobs that wait or are being done."""
        return self._bytes.total()

    def refusal(self, ticket: Ticket) -> tuple[str, JobTooLarge | PoolBusy | TooManyJobs] | None:
        """Why a ticket cannot be added, by a name for metrics and as an error; None if it can."""
        user, size, bounds = ticket.user_id, ticket.frame.size, self._settings
        if size > bounds.frame_bytes:
            return "too_large", JobTooLarge(f"the job has {size} bytes; {bounds.frame_bytes} are allowed")
        if self._pending[user] >= bounds.per_user:
            return "user_queue", TooManyJobs(f"one user may have {bounds.per_user} jobs at work")
        if self._pending[user] and 2 * (self._bytes[user] + size) > bounds.queue_bytes:
            return "user_queue", TooManyJobs(
                f"one user's jobs may have {bounds.queue_bytes // 2} bytes in all"
            )
        if len(self._waiting) >= bounds.queue:
            return "queue", PoolBusy("every worker is busy and the queue is full")
        if self.size + size > bounds.queue_bytes:
            return "bytes", PoolBusy("the jobs at work have as many bytes as may be held")
        return None

    def add(self, ticket: Ticket) -> None:
        """Let a ticket wait."""
        self._pending[ticket.user_id] += 1
        self._bytes[ticket.user_id] += ticket.frame.size
        self._waiting.append(ticket)

    def drop(self, ticket: Ticket) -> None:
        """Nobody waits for it any longer, or it is answered."""
        if ticket in self._waiting:
            self._waiting.remove(ticket)
        self._pending[ticket.user_id] -= 1
        self._bytes[ticket.user_id] -= ticket.frame.size
        if not self._pending[ticket.user_id]:
            del self._pending[ticket.user_id], self._bytes[ticket.user_id]
            self._served.pop(ticket.user_id, None)

    def take(self) -> Ticket | None:
        """The ticket whose turn it is, of a user who may have another worker."""
        able = [ticket for ticket in self._waiting if self._running[ticket.user_id] < self._share]
        if not able:
            return None
        ticket = min(able, key=lambda each: self._served.get(each.user_id, 0))
        self._waiting.remove(ticket)
        self._turn += 1
        self._served[ticket.user_id] = self._turn
        self._running[ticket.user_id] += 1
        return ticket

    def rest(self, ticket: Ticket, *, again: bool) -> None:
        """No worker has it any longer; let it wait for another one, or not."""
        self._running[ticket.user_id] -= 1
        if not self._running[ticket.user_id]:
            del self._running[ticket.user_id]
        if again:
            self._waiting.append(ticket)
