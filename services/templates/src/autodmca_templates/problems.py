"""Errors as callers see them: RFC 9457 problem details, one type per thing that can be wrong.

Owns the mapping from every exception of this service to a status and a type; what is not in it is a bug,
answered 500 without a word about its inside. A type is a URN that stays; `detail` is for people and may
change.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import msgspec
from autodmca_runtime import InvalidToken, KeysUnavailable, TokenError, TokenExpired
from starlette.responses import Response

from autodmca_templates import api
from autodmca_templates.commands import FieldError
from autodmca_templates.commands import Refused as RefusedAs
from autodmca_templates.errors import (
    JobStopped,
    PoolBusy,
    Refused,
    ServiceDown,
    ServiceLate,
    TooManyJobs,
    UnknownValues,
)

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:autodmca:problem:"
_REFUSED_STATUS: Final[Mapping[RefusedAs, int]] = {
    "not_found": 404,
    "forbidden": 403,
    "conflict": 409,
    "precondition": 412,
    "key_reused": 422,
}


class ProblemError(Exception):
    """A problem that is known where it arises. `code` becomes the type."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: tuple[FieldError, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})


def invalid(field: str, reason: str, *, status: int = 422) -> ProblemError:
    """One field, and what is wrong with it."""
    return ProblemError(
        status, "invalid-field", f"{field}: {reason}", errors=(FieldError(field=field, reason=reason),)
    )


def problem_of(error: Exception) -> ProblemError | None:
    """The problem that an exception of ours is; None for what is none of ours."""
    match error:
        case ProblemError():
            return error
        case Refused(refusal=refusal):
            return ProblemError(
                _REFUSED_STATUS[refusal.refused], refusal.code, refusal.detail, errors=refusal.errors
            )
        case UnknownValues(names=names):
            errors = tuple(FieldError(field=f"values.{name}", reason="is not declared") for name in names)
            return ProblemError(422, "invalid-field", "values for undeclared variables", errors=errors)
        case JobStopped(code="undeclared_variable"):
            missing = FieldError(field="values", reason=error.reason, line=error.line)
            return ProblemError(422, "value-missing", error.reason, errors=(missing,))
        case JobStopped():
            fault = FieldError(field="body", reason=error.reason, line=error.line)
            return ProblemError(422, error.code.replace("_", "-"), error.reason, errors=(fault,))
        case TooManyJobs():
            return ProblemError(429, "too-many-jobs", str(error), headers={"retry-after": "1"})
        case PoolBusy():
            return ProblemError(503, "workers-busy", str(error), headers={"retry-after": "1"})
        case ServiceDown():
            return ProblemError(503, "log-unavailable", str(error), headers={"retry-after": "5"})
        case ServiceLate():
            return ProblemError(504, "log-late", str(error))
        case TokenError():
            return _of_token(error)
    return None


def _of_token(error: TokenError) -> ProblemError:
    if isinstance(error, KeysUnavailable):
        return ProblemError(
            503, "keys-unavailable", "tokens cannot be verified now", headers={"retry-after": "5"}
        )
    code = "token-expired" if isinstance(error, TokenExpired) else "invalid-token"
    detail = error.reason if isinstance(error, InvalidToken) else str(error)
    # RFC 6750, section 3.1
    return ProblemError(
        401, code, detail, headers={"www-authenticate": 'Bearer realm="autodmca", error="invalid_token"'}
    )


def response(problem: ProblemError, instance: str) -> Response:
    """The HTTP answer; `instance` is the path that was asked."""
    body = api.Problem(
        type=TYPE_PREFIX + problem.code,
        title=HTTPStatus(problem.status).phrase,
        status=problem.status,
        detail=problem.detail,
        instance=instance,
        errors=problem.errors,
    )
    return Response(
        msgspec.json.encode(body), problem.status, {"content-type": MEDIA_TYPE, **problem.headers}
    )
