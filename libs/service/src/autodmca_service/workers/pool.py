"""The pool of workers: gives each job to a process that can be killed, and kills it when it must.

Owns the processes. A job is judged by what it does itself: its processor time, its memory, a crash that it
causes (JobAborted). A worker that the machine kills, or that has no answer for too long on the clock, is
replaced and its job done once more, then given up (WorkerLost). Who is next is `queue`'s business.
"""

from __future__ import annotations

import asyncio
import math
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import structlog

from autodmca_service.errors import JobAborted, JobFailed, PoolBusy, WorkerLost
from autodmca_service.workers import child
from autodmca_service.workers.child import Child
from autodmca_service.workers.confinement import PARTS, Part, hide
from autodmca_service.workers.frames import Aborted, Failed, Frame, FrameError, Kind, Ready, message_of
from autodmca_service.workers.jobs import Job, answer_type, kind_of
from autodmca_service.workers.metrics import WorkerMetrics
from autodmca_service.workers.process import Orders
from autodmca_service.workers.queue import JobQueue, Ticket
from autodmca_service.workers.settings import WorkerSettings

_RESTART_PAUSE_S: Final = 1.0
_OWN_CRASH: Final = {-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGFPE, -signal.SIGILL, -signal.SIGABRT}
"""Ends that a process brings about by itself: twice in a row, they are the job's."""
_HUNG_UP: Final = (asyncio.IncompleteReadError, ConnectionError)

A = TypeVar("A")
_log = structlog.get_logger()


class WorkerPool:
    """Call `run` as a task; `ask` waits for a worker and for its answer.

    `name` is the pool's in metrics and logs. `module` is what each worker loads: its function `work(job)`
    does one job. The service itself need not import it. `reads` are files and folders, beside code, that the
    module reads. `missing` says of what isolation the workers lack, why, since the first of them is there.
    """

    def __init__(
        self,
        name: str,
        module: str,
        settings: WorkerSettings,
        metrics: WorkerMetrics,
        *,
        reads: Sequence[str] = (),
    ) -> None:
        self.name = name
        self._module = module
        self._settings = settings
        self._metrics = metrics
        self._queue = JobQueue(settings)
        self._changed = asyncio.Condition()
        self._live: set[int] = set()
        self._reads = tuple(reads)
        self._service: dict[Part, str] = {}
        self.missing: dict[Part, str] | None = None

    @property
    def alive(self) -> int:
        """How many workers are there now."""
        return len(self._live)

    @property
    def busy(self) -> int:
        """How many jobs are being done now."""
        return self._queue.running

    @property
    def pids(self) -> frozenset[int]:
        """The workers' process ids."""
        return frozenset(self._live)

    async def ask(self, user_id: int, job: Job[A]) -> A:
        """The job's answer. Its blobs must not change before it is there.

        Raises JobAborted, JobFailed, JobTooLarge, PoolBusy, TooManyJobs, WorkerLost.
        """
        ticket = Ticket(user_id, kind_of(job), Frame(Kind.JOB, job), answer_type(type(job)))
        if (refusal := self._queue.refusal(ticket)) is not None:
            reason, error = refusal
            self._metrics.refused(self.name, reason)
            raise error
        self._queue.add(ticket)
        try:
            await self._notify()
            async with asyncio.timeout(self._settings.patience_s):
                answer: A = await ticket.answer
                return answer
        except TimeoutError:
            self._metrics.refused(self.name, "patience")
            raise PoolBusy("no worker came free in time") from None
        finally:
            self._queue.drop(ticket)
            self._show()

    async def run(self) -> None:
        """Keep the workers until cancelled; then every one of them is killed and waited for.

        From then on no process of the same user can read this one's memory or environment.
        """
        try:
            hide()
        except OSError as error:
            self._service = {"memory": str(error)}
        async with asyncio.TaskGroup() as group:
            for index in range(self._settings.workers):
                group.create_task(self._keep(index), name=f"{self.name}-worker-{index}")

    def _show(self) -> None:
        self._metrics.queued(self.name, self._queue.waiting, self._queue.size)
        self._metrics.alive(self.name, len(self._live))

    async def _notify(self) -> None:
        self._show()
        async with self._changed:
            self._changed.notify_all()

    async def _keep(self, index: int) -> None:
        """Own one worker after the other."""
        # The first ones are replaced one after the other, and so are those that follow.
        jobs = -(-self._settings.jobs * (index + 1) // self._settings.workers)
        while True:
            try:
                async with self._worker() as worker:
                    await self._serve(worker, jobs or math.inf)
                jobs = self._settings.jobs
            except (OSError, TimeoutError, asyncio.IncompleteReadError, FrameError):
                _log.exception("worker did not start", pool=self.name, module=self._module)
                await asyncio.sleep(_RESTART_PAUSE_S)

    def _orders(self) -> Orders:
        return Orders(
            service=os.getpid(),
            module=self._module,
            reads=self._reads,
            threads=self._settings.threads,
            path=child.importable(),
            memory_bytes=self._settings.memory_bytes,
            frame_bytes=self._settings.frame_bytes,
            file_bytes=self._settings.file_bytes,
            files=self._settings.files,
            cpu_s=self._settings.cpu_s,
        )

    def _told(self, missing: dict[Part, str]) -> None:
        """What isolation this worker has; the same is said once."""
        missing = {**self._service, **missing}
        if missing and missing != self.missing:
            _log.warning("this system does not keep workers wholly apart", pool=self.name, missing=missing)
        self.missing = missing
        for part in PARTS:
            self._metrics.isolated(self.name, part, had=part not in missing)

    @asynccontextmanager
    async def _worker(self) -> AsyncIterator[Child]:
        """A worker that has said it is ready; killed and reaped on the way out."""
        starting = asyncio.ensure_future(child.start(self._orders()))
        try:
            worker = await asyncio.shield(starting)
        except asyncio.CancelledError:
            # Cancelling asyncio while it starts a process would leave the process behind.
            await (await starting).end()
            raise
        try:
            async with asyncio.timeout(self._settings.start_s):
                kind, parts = await worker.read()
            if kind is not Kind.READY:
                raise FrameError("a worker's first word was no Ready")
            self._told(message_of(parts, Ready).missing)
            self._live.add(worker.pid)
            watch = asyncio.create_task(self._watch(worker))
            try:
                yield worker
            finally:
                watch.cancel()
        finally:
            self._live.discard(worker.pid)
            await worker.end()

    async def _serve(self, worker: Child, jobs: float) -> None:
        """Give so many jobs to this worker, or until it is gone."""
        spent = False
        while not spent:
            if jobs <= 0:
                self._metrics.ended(self.name, "recycled")
                return
            jobs -= 1
            ticket = await self._next(worker)
            if ticket is None:
                self._metrics.ended(self.name, "crash")
                _log.warning("worker died at rest", pool=self.name, pid=worker.pid, status=worker.status)
                return
            again = False
            try:
                result, spent = await self._work(worker, ticket)
                again = self._settle(ticket, result)
            finally:
                # If this task is cancelled: nobody may wait for a worker that is gone.
                if not again and not ticket.answer.done():
                    ticket.answer.set_exception(PoolBusy("the service is stopping"))
                self._queue.rest(ticket, again=again)
            await self._notify()

    def _settle(self, ticket: Ticket, result: Any) -> bool:
        """Hand the answer out; without one, the job is done once more (True) and then given up."""
        if result is None:
            if not ticket.again and not ticket.answer.done():
                self._metrics.job(self.name, ticket.kind, "again")
                ticket.again = True
                return True
            self._metrics.job(self.name, ticket.kind, "lost")
            result = WorkerLost("two workers were lost while they did this; try again")
        if ticket.answer.done():
            return False
        if isinstance(result, Exception):
            ticket.answer.set_exception(result)
        else:
            ticket.answer.set_result(result)
        return False

    async def _work(self, worker: Child, ticket: Ticket) -> tuple[Any, bool]:
        """The answer or an error, None if the worker was lost but not by the job; whether it must go."""
        try:
            async with asyncio.timeout(self._settings.stall_s):
                kind, parts = await worker.exchange(ticket.frame)
            return self._result(kind, parts, worker, ticket)
        except TimeoutError:
            self._metrics.ended(self.name, "stall")
            _log.warning("worker gave no answer in time", pool=self.name, pid=worker.pid)
        except FrameError as error:
            self._metrics.ended(self.name, "confused")
            _log.warning(
                "worker gave no answer to its job", pool=self.name, pid=worker.pid, reason=repr(error)
            )
        except _HUNG_UP as error:
            return self._verdict(await worker.end(ending=True), worker.pid, ticket, error), True
        return None, True

    def _result(self, kind: Kind, parts: list[bytes], worker: Child, ticket: Ticket) -> tuple[Any, bool]:
        """What a reply says; whether its worker ends with it. Raises FrameError."""
        match kind:
            case Kind.DONE:
                answer = message_of(parts, ticket.answer_type)
                self._metrics.job(self.name, ticket.kind, "done")
                return answer, False
            case Kind.ABORTED:
                # Its memory is spent to the limit; a fresh process is cheaper than finding out by how much.
                aborted = message_of(parts, Aborted)
                return self._aborted(ticket, JobAborted(aborted.cause, aborted.reason)), True
            case Kind.FAILED:
                self._metrics.ended(self.name, "failed")
                self._metrics.job(self.name, ticket.kind, "failed")
                trace = message_of(parts, Failed).trace
                _log.error("job failed", pool=self.name, job=ticket.kind, pid=worker.pid, trace=trace)
                return JobFailed("this is our mistake"), True
        raise FrameError(f"a worker replied with a frame of kind {kind.name}")

    def _aborted(self, ticket: Ticket, error: JobAborted) -> JobAborted:
        self._metrics.ended(self.name, error.cause)
        self._metrics.job(self.name, ticket.kind, error.cause)
        return error

    def _verdict(self, status: int, pid: int, ticket: Ticket, error: Exception) -> JobAborted | None:
        """What the end of a worker says about its job."""
        if status == -signal.SIGPROF:
            reason = f"used more than {self._settings.cpu_s:g} s of processor time"
            return self._aborted(ticket, JobAborted("cpu_time", reason))
        _log.warning(
            "worker died", pool=self.name, pid=pid, status=status, again=ticket.again, reason=repr(error)
        )
        if status in _OWN_CRASH and ticket.again:
            return self._aborted(ticket, JobAborted("crash", "two workers died of it"))
        self._metrics.ended(self.name, "crash")
        return None

    async def _watch(self, worker: Child) -> None:
        """Have a worker's end noticed while it rests, so that no job is given to it."""
        await worker.wait()
        self._live.discard(worker.pid)
        await self._notify()

    async def _next(self, worker: Child) -> Ticket | None:
        """Wait for a job whose turn it is; None when the worker has ended meanwhile."""
        async with self._changed:
            while not worker.gone:
                if (ticket := self._queue.take()) is not None:
                    self._show()
                    return ticket
                await self._changed.wait()
        return None
