"""What the fallback says that is no event: errors as HTTP statuses, and headers.

Owns the way from the protocol's error codes and close codes to a status and a JSON body. Without I/O.
"""

import math
import random
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from starlette.responses import Response

from autodmca_edge.protocol import CloseCode, Refusal
from autodmca_edge.server.fallback.outlet import Closed

__all__ = [
    "HEADERS",
    "close_code_of",
    "error_of",
    "json_response",
    "refusal_response",
    "retry_after_s",
    "status_of",
]

HEADERS: Final = {"cache-control": "no-store", "x-accel-buffering": "no"}
_STATUSES: Final[Mapping[str, int]] = {
    "bad_json": 400,
    "bad_message": 400,
    "unknown_type": 400,
    "bad_filter": 400,
    "unauthenticated": 401,
    "invalid_token": 401,
    "token_expired": 401,
    "forbidden": 403,
    "limit_exceeded": 429,
    "rate_limited": 429,
    "not_ready": 503,
}
_OF_CLOSE: Final[Mapping[int, str]] = {
    CloseCode.NO_TOKEN: "invalid_token",
    CloseCode.FORBIDDEN: "forbidden",
    CloseCode.TOO_MANY: "limit_exceeded",
    CloseCode.MISUSE: "bad_message",
}
_CLOSES: Final[Mapping[int, CloseCode]] = {
    400: CloseCode.MISUSE,
    401: CloseCode.NO_TOKEN,
    403: CloseCode.FORBIDDEN,
    429: CloseCode.TOO_MANY,
}
_WITHIN: Final = ("payload.config.", "payload.")  # a message's fields that are parameters here
_HINT: Final = re.compile(r"retry after (\d+) ms")  # of admission/queue.py
_RETRY_S: Final = {429: (5, 15), 503: (1, 5)}


def error_of(refusal: Refusal | Mapping[str, Any] | None, closed: Closed | None) -> dict[str, Any]:
    """The body of an error: what was refused or, where nothing was, why the session closed."""
    if isinstance(refusal, Refusal):
        said = {"code": refusal.code, "message": refusal.message, "retryable": refusal.retryable}
        return said if refusal.field is None else {**said, "field": refusal.field}
    if refusal is not None:
        body: dict[str, Any] = {
            name: refusal[name] for name in ("code", "message", "retryable", "field") if name in refusal
        }
        for prefix in _WITHIN:
            if "field" in body:
                body["field"] = body["field"].removeprefix(prefix)
        return body
    code, reason = closed or Closed(CloseCode.OVERLOADED, "not ready")
    return {
        "code": _OF_CLOSE.get(code, "not_ready"),
        "message": reason,
        "retryable": code not in {CloseCode.NO_TOKEN, CloseCode.FORBIDDEN, CloseCode.MISUSE},
    }


def status_of(body: Mapping[str, Any]) -> int:
    """The HTTP status that says an error."""
    return _STATUSES.get(body["code"], 500)


def close_code_of(body: Mapping[str, Any]) -> CloseCode:
    """The close code of a stream that ends with an error: one to come back on, if that is worth it."""
    code = _CLOSES.get(status_of(body), CloseCode.OVERLOADED)
    if body["retryable"] and code is not CloseCode.TOO_MANY:
        return CloseCode.OVERLOADED
    return code


def retry_after_s(body: Mapping[str, Any]) -> int | None:
    """When to come back, for who may: not all at once."""
    if hint := _HINT.search(body["message"]):
        return math.ceil(int(hint[1]) / 1000)
    bounds = _RETRY_S.get(status_of(body))
    return bounds and random.randint(*bounds)  # noqa: S311 - no secret


def refusal_response(body: Mapping[str, Any]) -> Response:
    """The answer that says `body`, and when to come back."""
    status, headers = status_of(body), {}
    if (seconds := retry_after_s(body)) is not None:
        headers["retry-after"] = str(seconds)
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    return json_response(body, status, headers)


def json_response(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer in JSON; no proxy or browser may keep it."""
    return Response(
        msgspec.json.encode(body), status, {**HEADERS, **(headers or {})}, media_type="application/json"
    )
