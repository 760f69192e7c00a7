"""What can go wrong around the model, as exceptions; `autodmca_service.errors` has what every service knows.

TemplatesError
    JobStopped        a template or text had to be stopped, or does not run; says why and where
    UnknownValues     values for variables that the template does not declare
"""

from __future__ import annotations

from autodmca_templates.report import FindingCode


class TemplatesError(Exception):
    """Everything this service raises on purpose."""


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
