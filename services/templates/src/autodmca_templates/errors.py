"""What can go wrong around the model, as exceptions.

TemplatesError
    PoolBusy          every worker is taken and the queue is full, or waiting took too long
    TooManyJobs       this user has as many jobs waiting as one user may
    JobStopped        a template or text had to be stopped, or does not run; says why and where
    UnknownValues     values for variables that the template does not declare
    Refused           the model refused a command (see `commands.Refusal`)
    ServiceLate       no answer from the log in time; the command may still be applied
    ServiceDown       the log cannot be reached; the command was not written
"""

from __future__ import annotations

from autodmca_templates.commands import Refusal
from autodmca_templates.report import FindingCode


class TemplatesError(Exception):
    """Everything this service raises on purpose."""


class PoolBusy(TemplatesError):
    """No worker in time; asking again later helps."""


class TooManyJobs(TemplatesError):
    """One user's jobs fill that user's share of the queue."""


class JobStopped(TemplatesError):
    """The job's answer is that it does not work."""

    def __init__(self, code: FindingCode, reason: str, line: int | None) -> None:
        super().__init__(reason)
        self.code: FindingCode = code
        self.reason = reason
        self.line = line


class UnknownValues(TemplatesError):
    """`names` are no variables of the template."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(", ".join(names))
        self.names = names


class Refused(TemplatesError):
    """The model said no."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


class ServiceLate(TemplatesError):
    """The outcome did not come in time."""


class ServiceDown(TemplatesError):
    """The broker is out of reach."""
