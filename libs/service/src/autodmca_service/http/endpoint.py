"""One HTTP request from its head to its answer: who asks, what they sent, and how errors leave.

Owns authentication, which comes before everything else, ids of requests and traces, and metrics. Knows no
operation: it is given one. An exception that is no problem becomes a 500 that says nothing of its inside.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import Final, NamedTuple
from urllib.parse import urlencode

import msgspec
import structlog
from autodmca_events import new_id, rfc3339
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from autodmca_service.commands import Actor
from autodmca_service.context import as_of_ms, trace_id, traceparent, valid_traceparent
from autodmca_service.control.revocations import Verifier
from autodmca_service.errors import AskedOfEverybody, LogUnavailable, OwnedElsewhere
from autodmca_service.http.bodies import Body, BodyReader
from autodmca_service.http.forwarding import AS_OF, FORWARDED, PART, PLACES, Forwarder, OwnPart
from autodmca_service.http.metrics import HttpMetrics
from autodmca_service.http.operations import Call, Operation, Reply
from autodmca_service.http.pages import Place, places
from autodmca_service.http.problems import ProblemError, ProblemOf, invalid, problem_of, problem_response
from autodmca_service.http.queries import limit
from autodmca_service.http.spool import Spool
from autodmca_service.ownership import Ownership, forwarded, part, partitions_of
from autodmca_service.receipts import Request as Again
from autodmca_service.receipts import digest_of, request_key

_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_REQUEST_ID: Final = re.compile(r"[\w.:-]{1,100}", re.ASCII)

_log = structlog.get_logger()


class Peers(NamedTuple):
    """How this replica finds who owns a user, and reaches that replica."""

    ownership: Ownership
    forwarder: Forwarder


Endpoint = Callable[[Request], Awaitable[Response]]


class Door:
    """Turns operations into endpoints. `problem_of_service` maps the service's own exceptions. With `peers`
    what another replica owns is forwarded to it. `spool`: the room for forms.
    """

    def __init__(
        self,
        verifier: Verifier,
        metrics: HttpMetrics,
        problem_of_service: ProblemOf,
        peers: Peers | None = None,
        spool: Spool | None = None,
    ) -> None:
        self._peers = peers
        self._spool = spool or Spool()
        self._verifier = verifier
        self._metrics = metrics
        self._problem_of_service = problem_of_service

    def endpoint(self, operation: Operation) -> Endpoint:
        """The endpoint of one operation."""
        bodies = BodyReader(operation, self._spool)
        parameters = frozenset(each.name for each in operation.parameters if each.place == "query")

        async def answer(request: Request) -> Response:
            began = time.perf_counter()
            request_id = _request_id(request)
            request.state.request_id = request_id
            ids = {"request_id": request_id}
            # The server gives each request a context of its own, so there is nothing to be put back.
            forwarded.set(FORWARDED in request.headers)
            part.set(asked := partitions_of(request.headers.get(PART)))
            places.set(None if asked is None else [])
            as_of_ms.set(None)
            traceparent.set(parent := valid_traceparent(request.headers.get("traceparent", "")))
            if parent is not None:
                ids["trace_id"] = trace_id(parent)
            with structlog.contextvars.bound_contextvars(**ids):
                try:
                    answered = await self._answer(request, operation, bodies, parameters)
                except ClientDisconnect:
                    answered = Response(status_code=499)  # nobody reads it; it is for the metrics
                except Exception as error:  # noqa: BLE001 - the top of a request: answered, logged, counted
                    answered = self._trouble(error, request, operation.name, request_id)
            answered.headers["x-request-id"] = request_id
            if (noted := places.get()) is not None:
                answered.headers[PLACES] = msgspec.json.encode(noted).decode("latin-1")
            if operation.method == "GET" and (moment := as_of_ms.get()) is not None:
                answered.headers[AS_OF] = rfc3339(moment)
            self._metrics.request(operation.name, answered.status_code, time.perf_counter() - began)
            return answered

        return answer

    async def _answer(
        self, request: Request, operation: Operation, bodies: BodyReader, parameters: frozenset[str]
    ) -> Response:
        actor = await self._actor(request)
        query = _query(request, parameters)
        key = _key(request, actor)
        peers = self._peers
        if peers is not None and operation.files:
            try:  # before a large body is read: whose it is says the token
                await peers.ownership.here(actor.user_id)
            except OwnedElsewhere as elsewhere:
                return await peers.forwarder.forward(
                    request,
                    bodies.passed_on(request),
                    elsewhere.address,
                    work_s=operation.limits.work_s,
                )
        async with AsyncExitStack() as stack:
            body = await bodies.read(request, stack, named=key is not None)
            call = Call(
                actor,
                request.path_params,
                query,
                request.headers,
                None if key is None else _again(request, key, body),
                body.value,
                body.files,
            )
            try:
                reply = await operation.handler(call)
            except OwnedElsewhere as elsewhere:
                if peers is None:
                    raise
                if operation.files:  # they are read already, and were ours to answer until then
                    raise LogUnavailable("another replica owns this since a moment; try again") from elsewhere
                return await peers.forwarder.forward(request, body.name or None, elsewhere.address)
            except AskedOfEverybody as everybody:
                if peers is None:
                    raise
                reply = await peers.forwarder.gather(
                    request, everybody.shares, partial(_part, operation, call), limit(query)
                )
        if isinstance(reply, Reply):
            return _response(reply, operation.media_type)
        if reply.problem:
            self._metrics.problem(reply.problem)
        return _response(Reply(reply.status, reply.body, reply.headers), operation.media_type)

    def _trouble(self, error: Exception, request: Request, name: str, request_id: str) -> Response:
        problem = self._problem_of_service(error) or problem_of(error)
        if problem is None:
            _log.error("request failed", operation=name, exc_info=error)
            problem = ProblemError(500, "internal", "this is our mistake; it has been logged")
        self._metrics.problem(problem.code)
        return problem_response(problem, request.url.path, request_id)

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


async def _part(operation: Operation, call: Call, partitions: frozenset[int]) -> OwnPart:
    """This replica's part of a list over all users; a task of its own, so the context is its own, too."""
    part.set(partitions)
    noted: list[Place] = []
    places.set(noted)
    reply = await operation.handler(call)
    assert isinstance(reply, Reply), "a list is not kept as an answer"
    return OwnPart(reply, noted, as_of_ms.get() or 0)


async def unrouted(request: Request, error: Exception) -> Response:
    """What Starlette itself refuses (no such path, no such method), as a problem."""
    assert isinstance(error, HTTPException)
    code = {404: "no-such-path", 405: "method-not-allowed"}.get(error.status_code, "http")
    problem = ProblemError(error.status_code, code, str(error.detail), headers=error.headers)
    return problem_response(problem, request.url.path)


def _response(reply: Reply, media_type: str) -> Response:
    if reply.status in (204, 304):
        return Response(status_code=reply.status, headers=dict(reply.headers))
    content = reply.body if isinstance(reply.body, bytes) else msgspec.json.encode(reply.body)
    headers = {"content-type": media_type, "cache-control": "no-store", **reply.headers}
    return Response(content, reply.status, headers)


def _query(request: Request, known: frozenset[str]) -> Mapping[str, list[str]]:
    query = {name: request.query_params.getlist(name) for name in request.query_params}
    for name in query:
        if name not in known:
            raise invalid(name, "this operation has no such parameter")
    return query


def _again(request: Request, key: str, body: Body) -> Again:
    query = sorted(request.query_params.multi_items())
    target = f"{request.url.path}?{urlencode(query)}" if query else request.url.path
    return Again(key=key, digest=digest_of(request.method, target, body.name), path=request.url.path)


def _key(request: Request, actor: Actor) -> str | None:
    header = request.headers.get("idempotency-key")
    if header is None:
        return None
    if not _KEY.fullmatch(header):
        raise invalid("Idempotency-Key", "1 to 255 visible ASCII characters")
    return request_key(actor.user_id, header)


def _request_id(request: Request) -> str:
    """The caller's or the proxy's, so that one id goes through all logs; our own where there is none."""
    header = request.headers.get("x-request-id", "")
    return header if _REQUEST_ID.fullmatch(header) else new_id()
