"""The pool of workers: gives each job to a process that can be killed, and kills it when it must.

Owns the processes and the queue before them. A job has a wall-clock limit, after which its worker is
killed with SIGKILL and replaced; no user has more than all but one of the workers, and the user who was
served longest ago is next, so a looping template delays nobody else. The queue is bounded as a whole
(PoolBusy) and per user (TooManyJobs).
"""

from __future__ import annotations

import asyncio
import math
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import msgspec
import structlog

from autodmca_templates.config import WorkerSettings
from autodmca_templates.errors import JobStopped, PoolBusy, TooManyJobs
from autodmca_templates.jobs import (
    HEADER_BYTES,
    MAX_FRAME_BYTES,
    Analysed,
    AnalyseJob,
    Answer,
    Examined,
    ExamineJob,
    Job,
    Rendered,
    RenderJob,
    Stopped,
    answer_of,
    frame,
)
from autodmca_templates.metrics import Metrics
from autodmca_templates.notices import Analysis
from autodmca_templates.report import Report
from autodmca_templates.state import Content

_START_TIMEOUT_S: Final = 30.0
_RESTART_PAUSE_S: Final = 1.0

_log = structlog.get_logger()


@dataclass(eq=False)
class _Ticket:
    """A job in the queue and whoever waits for its answer."""

    job: Job
    user_id: int
    answer: asyncio.Future[Answer] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class WorkerPool:
    """Call `run` as a task; `render`, `examine` and `analyse` wait for a worker and for its answer."""

    def __init__(self, settings: WorkerSettings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._waiting: list[_Ticket] = []
        self._pending: Counter[int] = Counter()
        self._running: Counter[int] = Counter()
        self._served: dict[int, int] = {}
        self._turn = 0
        self._changed = asyncio.Condition()
        self._live: set[int] = set()

    @property
    def alive(self) -> int:
        """How many workers are there now."""
        return len(self._live)

    @property
    def busy(self) -> int:
        """How many jobs are being done now."""
        return self._running.total()

    @property
    def pids(self) -> frozenset[int]:
        """The workers' process ids."""
        return frozenset(self._live)

    async def render(self, user_id: int, body: str, values: dict[str, object]) -> str:
        """The text of a template. Raises JobStopped, PoolBusy, TooManyJobs."""
        job = RenderJob(body, values, self._settings.max_characters)
        match await self._ask(user_id, job):
            case Rendered(text=text):
                return text
            case other:
                raise _stopped(other)

    async def examine(self, user_id: int, content: Content) -> Report:
        """The report on a content. Raises JobStopped, PoolBusy, TooManyJobs."""
        match await self._ask(user_id, ExamineJob(content)):
            case Examined(report=report):
                return report
            case other:
                raise _stopped(other)

    async def analyse(self, user_id: int, text: str) -> Analysis:
        """What a notice is and holds. Raises JobStopped, PoolBusy, TooManyJobs."""
        match await self._ask(user_id, AnalyseJob(text)):
            case Analysed(analysis=analysis):
                return analysis
            case other:
                raise _stopped(other)

    async def run(self) -> None:
        """Keep the workers until cancelled; then every one of them is killed and waited for."""
        async with asyncio.TaskGroup() as group:
            for index in range(self._settings.workers):
                group.create_task(self._keep(), name=f"worker-{index}")

    async def _ask(self, user_id: int, job: Job) -> Answer:
        if self._pending[user_id] >= self._settings.per_user:
            self._metrics.refused("user_queue")
            raise TooManyJobs(f"one user may have {self._settings.per_user} templates at work")
        if len(self._waiting) >= self._settings.queue:
            self._metrics.refused("queue")
            raise PoolBusy("every worker is busy and the queue is full")
        ticket = _Ticket(job, user_id)
        self._pending[user_id] += 1
        self._waiting.append(ticket)
        try:
            await self._notify()
            async with asyncio.timeout(self._settings.patience_s):
                return await ticket.answer
        except TimeoutError:
            self._metrics.refused("patience")
            raise PoolBusy("no worker came free in time") from None
        finally:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
            self._pending[user_id] -= 1
            if not self._pending[user_id]:
                del self._pending[user_id]
                self._served.pop(user_id, None)

    async def _notify(self) -> None:
        self._metrics.queued.set(len(self._waiting))
        async with self._changed:
            self._changed.notify_all()

    async def _keep(self) -> None:
        """Own one worker after the other."""
        while True:
            try:
                async with self._worker() as process:
                    await self._serve(process)
            except (OSError, TimeoutError, asyncio.IncompleteReadError):
                _log.exception("worker did not start")
                await asyncio.sleep(_RESTART_PAUSE_S)

    @asynccontextmanager
    async def _worker(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """A worker that has said it is ready; killed and reaped on the way out."""
        memory = self._settings.memory_mb * 1024 * 1024
        starting = asyncio.ensure_future(_start(memory, math.ceil(self._settings.timeout_s)))
        try:
            process = await asyncio.shield(starting)
        except asyncio.CancelledError:
            # Cancelling asyncio while it starts a process would leave the process behind.
            await _end(await starting)
            raise
        try:
            async with asyncio.timeout(_START_TIMEOUT_S):
                await _read(process)
            self._live.add(process.pid)
            yield process
        finally:
            self._live.discard(process.pid)
            await _end(process)

    async def _serve(self, process: asyncio.subprocess.Process) -> None:
        """Give jobs to this worker until one of them costs its life."""
        spent = False
        while not spent:
            ticket = await self._next()
            try:
                answer, spent = await self._work(process, ticket.job)
                self._metrics.job(ticket.job, answer)
                if not ticket.answer.done():
                    ticket.answer.set_result(answer)
            finally:
                # Still open when this task is cancelled: nobody may wait for a worker that is gone.
                if not ticket.answer.done():
                    ticket.answer.set_exception(PoolBusy("the service is stopping"))
                self._running[ticket.user_id] -= 1
            await self._notify()

    async def _work(self, process: asyncio.subprocess.Process, job: Job) -> tuple[Answer, bool]:
        """The answer, and whether the worker must go."""
        limit = self._settings.timeout_s
        try:
            async with asyncio.timeout(limit):
                answer = await _exchange(process, job)
        except TimeoutError:
            self._metrics.killed("timeout")
            return Stopped("template_timeout", f"did not end within {limit:g} s"), True
        except (asyncio.IncompleteReadError, ConnectionError, msgspec.MsgspecError):
            status = await _end(process)
            if status == -signal.SIGXCPU:
                self._metrics.killed("timeout")
                return Stopped("template_timeout", f"used more than {limit:g} s of processor time"), True
            self._metrics.killed("crash")
            _log.warning("worker died", pid=process.pid, status=status)
            return Stopped("worker_crashed", "the worker died of it"), True
        if isinstance(answer, Stopped) and answer.code == "template_memory":
            # Its memory is spent to the limit; a fresh process is cheaper than finding out by how much.
            self._metrics.killed("memory")
            return answer, True
        return answer, False

    async def _next(self) -> _Ticket:
        """Wait for a job of a user who may have another worker; the user served longest ago comes first."""
        share = max(1, self._settings.workers - 1)
        async with self._changed:
            while True:
                able = [ticket for ticket in self._waiting if self._running[ticket.user_id] < share]
                if able:
                    break
                await self._changed.wait()
        ticket = min(able, key=lambda each: self._served.get(each.user_id, 0))
        self._waiting.remove(ticket)
        self._metrics.queued.set(len(self._waiting))
        self._turn += 1
        self._served[ticket.user_id] = self._turn
        self._running[ticket.user_id] += 1
        return ticket


async def _start(memory_bytes: int, cpu_seconds: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-X", "utf8", "-m", "autodmca_templates.worker"),
        *(str(memory_bytes), str(cpu_seconds)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={},
        start_new_session=True,  # a terminal's Ctrl-C is for the service, which ends its workers itself
    )


async def _end(process: asyncio.subprocess.Process) -> int:
    """Kill and reap, to the end even when cancelled; the exit status, negative for a signal."""
    if process.returncode is None:
        process.kill()
    ending = asyncio.ensure_future(process.communicate())
    try:
        await asyncio.shield(ending)
    except asyncio.CancelledError:
        await ending
        raise
    assert process.returncode is not None
    return process.returncode


async def _exchange(process: asyncio.subprocess.Process, job: Job) -> Answer:
    assert process.stdin is not None
    process.stdin.write(frame(job))
    await process.stdin.drain()
    return answer_of(await _read(process))


async def _read(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None
    length = int.from_bytes(await process.stdout.readexactly(HEADER_BYTES), "big")
    if length > MAX_FRAME_BYTES:
        raise ConnectionError(f"a worker announced {length} bytes")
    return await process.stdout.readexactly(length)


def _stopped(answer: Answer) -> JobStopped:
    if isinstance(answer, Stopped):
        return JobStopped(answer.code, answer.reason, answer.line)
    return JobStopped("worker_crashed", "the worker gave another job's answer", None)
