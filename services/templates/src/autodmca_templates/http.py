"""One HTTP request from its head to its answer: who asks, what they sent, and how errors leave.

Owns authentication, the limit on bodies, decoding with the field named in every complaint, and metrics.
Knows no operation: it is given one. A body over the limit is read and thrown away up to a bound, so that
its sender gets to read the 413.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
import structlog
from autodmca_runtime import TokenVerifier
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from autodmca_templates import ids
from autodmca_templates.commands import Actor
from autodmca_templates.metrics import Metrics
from autodmca_templates.problems import ProblemError, invalid, problem_of, response

MAX_BODY_BYTES: Final = 1024 * 1024
MAX_DISCARDED_BYTES: Final = 64 * 1024 * 1024
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_PLACE: Final = re.compile(r"^(.*?)(?: - at `\$\.?(.*)`)?$", re.DOTALL)
_JSON: Final = re.compile(r"application/(?:[\w.+-]+\+)?json", re.IGNORECASE)

_log = structlog.get_logger()
T = TypeVar("T")


class Call(NamedTuple):
    """What an operation is given. `body` has the operation's own type."""

    actor: Actor
    path: Mapping[str, str]
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    key: str | None
    body: Any


class Reply(NamedTuple):
    """What an operation answers with; `body` is encoded as JSON."""

    status: int
    body: object
    headers: Mapping[str, str] = {}


Handler = Callable[[Call], Awaitable[Reply]]


class Door:
    """Turns handlers into endpoints that check, decode, answer, and count."""

    def __init__(self, verifier: TokenVerifier, metrics: Metrics) -> None:
        self._verifier = verifier
        self._metrics = metrics

    def endpoint(
        self, name: str, handler: Handler, body_type: type[Any] | None, parameters: frozenset[str]
    ) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint of one operation. `parameters` are the query parameters it knows."""
        decoder = msgspec.json.Decoder(body_type) if body_type is not None else None

        async def answer(request: Request) -> Response:
            began = time.perf_counter()
            try:
                answered = await self._answer(request, handler, decoder, parameters)
            except ClientDisconnect:
                answered = Response(status_code=499)  # nobody reads it; it is for the metrics
            except Exception as error:  # noqa: BLE001 - the top of a request: answered, logged, counted
                answered = self._trouble(error, request, name)
            self._metrics.request(name, answered.status_code, time.perf_counter() - began)
            return answered

        return answer

    async def _answer(
        self,
        request: Request,
        handler: Handler,
        decoder: msgspec.json.Decoder[Any] | None,
        parameters: frozenset[str],
    ) -> Response:
        actor = await self._actor(request)
        query = _query(request, parameters)
        key = _key(request, actor)
        body = _decode(decoder, await _read(request), request) if decoder is not None else None
        reply = await handler(Call(actor, request.path_params, query, request.headers, key, body))
        if reply.status in (204, 304):
            return Response(status_code=reply.status, headers=dict(reply.headers))
        content = msgspec.json.encode(reply.body)
        headers = {"content-type": "application/json", "cache-control": "no-store", **reply.headers}
        return Response(content, reply.status, headers)

    def _trouble(self, error: Exception, request: Request, name: str) -> Response:
        problem = problem_of(error)
        if problem is None:
            _log.error("request failed", operation=name, exc_info=error)
            problem = ProblemError(500, "internal", "this is our mistake; it has been logged")
        self._metrics.problem(problem.code)
        return response(problem, request.url.path)

    async def _actor(self, request: Request) -> Actor:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise ProblemError(
                401,
                "no-token",
                "a bearer token is needed",
                headers={"www-authenticate": 'Bearer realm="autodmca"'},
            )
        claims = await self._verifier.check(token.strip())
        return Actor(claims.user_id, tuple(sorted(claims.roles)))


async def unrouted(request: Request, error: Exception) -> Response:
    """What Starlette itself refuses (no such path, no such method), as a problem."""
    assert isinstance(error, HTTPException)
    code = {404: "no-such-path", 405: "method-not-allowed"}.get(error.status_code, "http")
    problem = ProblemError(error.status_code, code, str(error.detail), headers=error.headers)
    return response(problem, request.url.path)


def _query(request: Request, known: frozenset[str]) -> Mapping[str, list[str]]:
    query = {name: request.query_params.getlist(name) for name in request.query_params}
    for name in query:
        if name not in known:
            raise invalid(name, "this operation has no such parameter")
    return query


def _key(request: Request, actor: Actor) -> str | None:
    header = request.headers.get("idempotency-key")
    if header is None:
        return None
    if not _KEY.fullmatch(header):
        raise invalid("Idempotency-Key", "1 to 255 visible ASCII characters")
    return ids.request_key(actor.user_id, header)


async def _read(request: Request) -> bytes:
    """The body, or 413 once all of it (or as much as we put up with) has been thrown away."""
    announced = request.headers.get("content-length", "0")
    if len(announced) > 15 or int(announced) > MAX_DISCARDED_BYTES:
        raise _too_large({"connection": "close"})
    chunks: list[bytes] = []
    length = 0
    async for chunk in request.stream():
        length += len(chunk)
        if length <= MAX_BODY_BYTES:
            chunks.append(chunk)
        else:
            chunks.clear()
            if length > MAX_DISCARDED_BYTES:
                raise _too_large({"connection": "close"})
    if length > MAX_BODY_BYTES:
        raise _too_large({})
    return b"".join(chunks)


def _too_large(headers: Mapping[str, str]) -> ProblemError:
    detail = f"a request has {MAX_BODY_BYTES:,} bytes at most"
    return ProblemError(413, "too-large", detail, headers=headers)


def _decode(decoder: msgspec.json.Decoder[T], data: bytes, request: Request) -> T:
    content_type = request.headers.get("content-type")
    if data and content_type is not None and not _JSON.match(content_type):
        raise ProblemError(415, "not-json", "the body must be application/json")
    try:
        return decoder.decode(data or b"{}")
    except msgspec.ValidationError as error:
        reason, field = _place(str(error))
        raise invalid(field, reason) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProblemError(400, "malformed-json", f"the body is no JSON: {error}"[:300]) from error


def _place(message: str) -> tuple[str, str]:
    """Reason and field: msgspec names a place at the end, and a missing or unknown field before it."""
    match = _PLACE.match(message)
    assert match is not None
    reason, path = match.group(1), match.group(2) or ""
    named = re.search(r"(?:required|unknown) field `(.*?)`$", reason)
    parts = [part for part in (path, named.group(1) if named else "") if part]
    return reason, ".".join(parts) or "body"
