"""`GET /events`: the fallback for clients that cannot have a WebSocket.

Owns a request from its head to its end: which way it wants events, and its session, which is gone when the
request is. Every request and how it ended is counted. Needs the same token as a WebSocket, and takes
requests from the same origins.
"""

import asyncio
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from autodmca_edge.counts import FallbackCounts
from autodmca_edge.protocol import Refusal
from autodmca_edge.server.answers import (
    HEADERS,
    error_of,
    json_response,
    refusal_response,
    retry_after_s,
    status_of,
)
from autodmca_edge.server.fallback.listener import Door, Listener
from autodmca_edge.server.fallback.long_poll import poll
from autodmca_edge.server.fallback.query import Query, read_query, wants_stream
from autodmca_edge.server.fallback.sse import stream, turned_away
from autodmca_edge.server.one_request import ABORT, HALF_CLOSED
from autodmca_edge.session.auth import verified
from autodmca_edge.wire.credentials import require_origin, token_of

__all__ = ["Fallback"]

_STREAM: Final = "text/event-stream"
_STREAM_HEADERS: Final = [
    (name.encode(), value.encode()) for name, value in {**HEADERS, "content-type": _STREAM}.items()
]


def _leave_alone() -> None:
    """A server that cannot abort a connection."""


class Fallback:
    """The endpoint, an ASGI application. metrics.py shows its `counts`."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self.counts = FallbackCounts()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        kind = "stream" if wants_stream(request.headers.getlist("accept")) else "poll"
        try:
            require_origin(self._door.origins, request.headers.getlist("origin"))
            token, query = await self._read(request)
        except Refusal as refusal:
            await self._refuse(kind, error_of(refusal, None), scope, receive, send)
            return
        if request.method == "HEAD":
            media_type = _STREAM if kind == "stream" else "application/json"
            await Response(headers=HEADERS, media_type=media_type)(scope, receive, send)
            return
        peer = request.client.host if request.client else "local"
        forwarded = ",".join(request.headers.getlist("x-forwarded-for"))
        extensions = scope.get("extensions", {})
        abort = extensions.get(ABORT, _leave_alone)
        with self.counts.opened(kind):
            async with asyncio.TaskGroup() as tasks:
                listener = Listener(self._door, peer, forwarded, token, query, abort)
                watching = tasks.create_task(listener.watch(receive))
                try:
                    if HALF_CLOSED in extensions:
                        extensions[HALF_CLOSED](listener.half_close)
                    listener.begin()
                    if kind == "stream":
                        await self._stream(listener, scope, receive, send)
                    else:
                        await self._poll(listener, query, scope, receive, send)
                finally:
                    listener.leave()
                    watching.cancel()

    async def _read(self, request: Request) -> tuple[str, Query]:
        """The token and what is wanted. What is wrong with the token is said before anything else."""
        parameters = request.query_params.multi_items()
        token = token_of(request.headers.getlist("authorization"), parameters)
        if not token:
            raise Refusal("unauthenticated", "a token is needed", field="token")
        try:
            query = read_query(parameters, request.headers)
        except Refusal:
            await verified(self._door, token)
            raise
        if request.method == "HEAD":  # it has no session that would ask
            await verified(self._door, token)
        return token, query

    async def _refuse(
        self, kind: str, error: dict[str, Any], scope: Scope, receive: Receive, send: Send
    ) -> None:
        response = refusal_response(error)
        self.counts.ended(kind, str(response.status_code))
        await response(scope, receive, send)

    async def _poll(
        self, listener: Listener, query: Query, scope: Scope, receive: Receive, send: Send
    ) -> None:
        polled = await poll(listener, query, self._door.clock)
        if listener.gone:
            self.counts.ended("poll", "gone")
            return
        error = error_of(listener.error, listener.closed)
        listener.leave()
        if polled is None:
            await self._refuse("poll", error, scope, receive, send)
            return
        self.counts.ended("poll", "events" if polled.events else "nothing")
        await json_response(polled)(scope, receive, send)

    async def _stream(self, listener: Listener, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def write(data: bytes, more: bool) -> None:
            nonlocal begun
            if not begun:
                begun = True
                await send({"type": "http.response.start", "status": 200, "headers": _STREAM_HEADERS})
            await send({"type": "http.response.body", "body": data, "more_body": more})

        outcome = await stream(listener, write, self._door.clock)
        if outcome is not None:
            self.counts.ended("stream", outcome)
            return
        error = error_of(listener.error, listener.closed)
        listener.leave()
        if (seconds := retry_after_s(error)) is None:
            await self._refuse("stream", error, scope, receive, send)
        else:
            self.counts.ended("stream", str(status_of(error)))
            await write(turned_away(error, seconds), False)
