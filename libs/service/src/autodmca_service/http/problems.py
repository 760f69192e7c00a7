"""Errors as callers see them: RFC 9457 problem details, one type per thing that can be wrong.

Owns the mapping from the exceptions that all services share to a status and a type. A service adds a
mapping of its own exceptions; what neither knows is a bug, answered 500 without a word about its inside.
A type is a URN that stays; `detail` is for people and may change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

import msgspec
from autodmca_runtime import InvalidToken, KeysUnavailable, TokenError, TokenExpired
from msgspec import Struct
from starlette.responses import Response

from autodmca_service.commands import FieldError, Refused
from autodmca_service.control.revocations import UserCutOff
from autodmca_service.errors import (
    AnswerLate,
    CommandFailed,
    CommandRefused,
    JobAborted,
    JobTooLarge,
    LogUnavailable,
    PoolBusy,
    TooManyJobs,
    WorkerLost,
)

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:autodmca:problem:"
_PLACE: Final = re.compile(r"^(.*?)(?: - at `\$\.?(.*)`)?$", re.DOTALL)
_NAMED: Final = re.compile(r"(?:required|unknown) field `(.*?)`$")
_REFUSED_STATUS: Final[Mapping[Refused, int]] = {
    "not_found": 404,
    "forbidden": 403,
    "conflict": 409,
    "precondition": 412,
    "key_reused": 422,
    "invalid": 422,
}


class Problem(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """RFC 9457. `errors` names fields; `line` is a line of a field that has several.

    `requestId` is in the service's log, too.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: tuple[FieldError, ...] = ()
    request_id: str | None = None


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


ProblemOf = Callable[[Exception], ProblemError | None]
"""A service's own mapping: None for an exception that is none of its own."""


def invalid(field: str, reason: str, *, status: int = 422) -> ProblemError:
    """One field, and what is wrong with it."""
    return ProblemError(
        status, "invalid-field", f"{field}: {reason}", errors=(FieldError(field=field, reason=reason),)
    )


def misshapen(error: msgspec.ValidationError, whole: str = "body") -> ProblemError:
    """A value that is not as its struct says, named `whole` where no field of it is.

    msgspec names a place at the end of its message, and a missing or unknown field before it.
    """
    match = _PLACE.match(str(error))
    assert match is not None
    reason, path = match.group(1), match.group(2) or ""
    named = _NAMED.search(reason)
    parts = [part for part in (path, named.group(1) if named else "") if part]
    return invalid(".".join(parts) or whole, reason)


def problem_of(error: Exception) -> ProblemError | None:
    """The problem that an exception is which every service may raise; None for any other."""
    match error:
        case ProblemError():
            return error
        case CommandRefused(refusal=refusal):
            return ProblemError(
                _REFUSED_STATUS[refusal.refused], refusal.code, refusal.detail, errors=refusal.errors
            )
        case CommandFailed():
            return ProblemError(
                500, "internal", "this is our mistake; the request has been kept for us to see"
            )
        case LogUnavailable():
            return ProblemError(503, "log-unavailable", str(error), headers={"retry-after": "5"})
        case AnswerLate():
            return ProblemError(504, "log-late", str(error))
        case TokenError():
            return _of_token(error)
        case TooManyJobs():
            return ProblemError(429, "too-many-jobs", str(error), headers={"retry-after": "1"})
        case PoolBusy():
            return ProblemError(503, "workers-busy", str(error), headers={"retry-after": "1"})
        case WorkerLost():
            return ProblemError(503, "worker-lost", str(error), headers={"retry-after": "2"})
        case JobTooLarge():
            return ProblemError(413, "job-too-large", str(error))
        case JobAborted():
            return ProblemError(422, f"job-{error.cause.replace('_', '-')}", error.reason)
    return None


def _of_token(error: TokenError) -> ProblemError:
    if isinstance(error, KeysUnavailable):
        return ProblemError(
            503, "keys-unavailable", "tokens cannot be verified now", headers={"retry-after": "5"}
        )
    if isinstance(error, UserCutOff):
        return ProblemError(403, "user-cut-off", str(error))
    code = "token-expired" if isinstance(error, TokenExpired) else "invalid-token"
    detail = error.reason if isinstance(error, InvalidToken) else str(error)
    # RFC 6750, section 3.1
    return ProblemError(
        401, code, detail, headers={"www-authenticate": 'Bearer realm="autodmca", error="invalid_token"'}
    )


def encoded(problem: ProblemError, instance: str, request_id: str | None = None) -> bytes:
    """The body of the answer; `instance` is the path that was asked."""
    body = Problem(
        type=TYPE_PREFIX + problem.code,
        title=HTTPStatus(problem.status).phrase,
        status=problem.status,
        detail=problem.detail,
        instance=instance,
        errors=problem.errors,
        request_id=request_id,
    )
    return msgspec.json.encode(body)


def problem_response(problem: ProblemError, instance: str, request_id: str | None = None) -> Response:
    """The HTTP answer."""
    headers = {"content-type": MEDIA_TYPE, "cache-control": "no-store", **problem.headers}
    return Response(encoded(problem, instance, request_id), problem.status, headers)
