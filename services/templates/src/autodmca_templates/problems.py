"""This service's own exceptions as problems (RFC 9457): each has one status and one type."""

from __future__ import annotations

from autodmca_service.commands import FieldError
from autodmca_service.http.problems import ProblemError

from autodmca_templates.errors import JobStopped, UnknownValues


def problem_of(error: Exception) -> ProblemError | None:
    """The problem that an exception of ours is; None for what is none of ours."""
    match error:
        case UnknownValues(names=names):
            errors = tuple(FieldError(field=f"values.{name}", reason="is not declared") for name in names)
            return ProblemError(422, "invalid-field", "values for undeclared variables", errors=errors)
        case JobStopped():
            return stopped(error)
    return None


def stopped(stop: JobStopped) -> ProblemError:
    """The problem of a template that had to be stopped, or does not run."""
    if stop.code == "undeclared_variable":
        missing = FieldError(field="values", reason=stop.reason, line=stop.line)
        return ProblemError(422, "value-missing", stop.reason, errors=(missing,))
    fault = FieldError(field="body", reason=stop.reason, line=stop.line)
    return ProblemError(422, stop.code.replace("_", "-"), stop.reason, errors=(fault,))
