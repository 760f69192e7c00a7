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

from autodmca_edge.fallback.answers import (
    HEADERS,
    error_of,
    json_response,
    refusal_response,
    retry_after_s,
    status_of,
)
from autodmca_edge.fallback.counts import Counts
from autodmca_edge.fallback.listening import Door, Listening
from autodmca_edge.fallback.poll import poll
from autodmca_edge.fallback.query import Query, read_query, wants_stream
from autodmca_edge.fallback.sse import stream, turned_away
from autodmca_edge.one_request import ABORT
from autodmca_edge.protocol import Refusal

__all__ = ["Fallback"]

_STREAM: Final = "text/event-stream"
_STREAM_HEADERS: Final = [
    (name.encode(), value.encode()) for name, value in {**HEADERS, "content-type": _STREAM}.items()
]


def _leave_alone() -> None:
    """A server that cannot abort a connection."""


class Fallback:
    """The endpoint, an ASGI application. Its `counts` are for Prometheus."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self.counts = Counts()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        kind = "stream" if wants_stream(request.headers.getlist("accept")) else "poll"
        try:
            origin = request.headers.get("origin")
            if self._door.origins and origin is not None and origin not in self._door.origins:
                raise Refusal("forbidden", "this origin is not allowed")  # noqa: TRY301
            query = read_query(request.query_params.multi_items(), request.headers)
        except Refusal as refusal:
            await self._refuse(kind, error_of(refusal, None), scope, receive, send)
            return
        if request.method == "HEAD":
            media_type = _STREAM if kind == "stream" else "application/json"
            await Response(headers=HEADERS, media_type=media_type)(scope, receive, send)
            return
        peer = request.client.host if request.client else "local"
        forwarded = ",".join(request.headers.getlist("x-forwarded-for"))
        abort = scope.get("extensions", {}).get(ABORT, _leave_alone)
        with self.counts.opened(kind):
            async with asyncio.TaskGroup() as tasks:
                listening = Listening(self._door, peer, forwarded, query, abort)
                watching = tasks.create_task(listening.watch(receive))
                try:
                    listening.begin()
                    if kind == "stream":
                        await self._stream(listening, scope, receive, send)
                    else:
                        await self._poll(listening, query, scope, receive, send)
                finally:
                    listening.leave()
                    watching.cancel()

    async def _refuse(
        self, kind: str, error: dict[str, Any], scope: Scope, receive: Receive, send: Send
    ) -> None:
        response = refusal_response(error)
        self.counts.ended(kind, str(response.status_code))
        await response(scope, receive, send)

    async def _poll(
        self, listening: Listening, query: Query, scope: Scope, receive: Receive, send: Send
    ) -> None:
        polled = await poll(listening, query, self._door.clock)
        if listening.gone:
            self.counts.ended("poll", "gone")
            return
        error = error_of(listening.error, listening.closed)
        listening.leave()
        if polled is None:
            await self._refuse("poll", error, scope, receive, send)
            return
        self.counts.ended("poll", "events" if polled.events else "nothing")
        await json_response(polled)(scope, receive, send)

    async def _stream(self, listening: Listening, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def write(data: bytes, more: bool) -> None:
            nonlocal begun
            if not begun:
                begun = True
                await send({"type": "http.response.start", "status": 200, "headers": _STREAM_HEADERS})
            await send({"type": "http.response.body", "body": data, "more_body": more})

        outcome = await stream(listening, write, self._door.clock)
        if outcome is not None:
            self.counts.ended("stream", outcome)
            return
        error = error_of(listening.error, listening.closed)
        listening.leave()
        if (seconds := retry_after_s(error)) is None:
            await self._refuse("stream", error, scope, receive, send)
        else:
            self.counts.ended("stream", str(status_of(error)))
            await write(turned_away(error, seconds), False)
