"""What templates and notices are put through in the workers, and what comes of it.

Owns the way from a call to a job and from its answer to a result. The processes are
`autodmca_service.workers`'; a job that they had to stop is a JobStopped, as is a template that does not
run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

from autodmca_service.errors import JobAborted
from autodmca_service.workers.jobs import Job
from autodmca_service.workers.pool import WorkerPool

from autodmca_templates.errors import JobStopped, UnknownValues
from autodmca_templates.jobs import AnalyseJob, ExamineJob, RenderJob, Stopped
from autodmca_templates.notices import Analysis
from autodmca_templates.report import FindingCode, Report, stopped
from autodmca_templates.state import Content, Version

WORKER: Final = "autodmca_templates.worker"
"""What the pool's workers load."""
_CODES: Final[Mapping[str, FindingCode]] = {
    "cpu_time": "template_timeout",
    "memory": "template_memory",
    "crash": "worker_crashed",
}

A = TypeVar("A")


class Renderer:
    """Raises JobStopped, and the library's JobFailed, JobTooLarge, PoolBusy, TooManyJobs, WorkerLost."""

    def __init__(self, pool: WorkerPool, max_characters: int) -> None:
        self._pool = pool
        self._max_characters = max_characters

    async def render(self, user_id: int, body: str, values: dict[str, object]) -> str:
        """The text of a template."""
        return (await self._ask(user_id, RenderJob(body, values, self._max_characters))).text

    async def text(self, user_id: int, version: Version, values: dict[str, object]) -> str:
        """The text of a version. Raises UnknownValues, too."""
        undeclared = sorted(set(values) - set(version.content.variables))
        if undeclared:
            raise UnknownValues(tuple(undeclared))
        return await self.render(user_id, version.content.body, values)

    async def report(self, user_id: int, content: Content) -> Report:
        """The report on a content, also where it had to be stopped."""
        try:
            return await self.examine(user_id, content)
        except JobStopped as stop:
            return stopped(stop.code, stop.reason, content.body.count("\n") + 1)

    async def examine(self, user_id: int, content: Content) -> Report:
        """The report on a content."""
        return (await self._ask(user_id, ExamineJob(content))).report

    async def analyse(self, user_id: int, text: str) -> Analysis:
        """What a notice is and holds."""
        return (await self._ask(user_id, AnalyseJob(text))).analysis

    async def _ask(self, user_id: int, job: Job[A | Stopped]) -> A:
        try:
            answer = await self._pool.ask(user_id, job)
        except JobAborted as error:
            raise JobStopped(_CODES[error.cause], error.reason, None) from None
        if isinstance(answer, Stopped):
            raise JobStopped(answer.code, answer.reason, answer.line)
        return answer
