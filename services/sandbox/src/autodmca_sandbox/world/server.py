"""How a request to the world is served: by its place, unless a fault stands between.

Owns the order (fault before, the place's work, fault after, a line in the book) and the connection's death,
for which uvicorn's protocol hands its transport on. A place knows nothing of faults.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from email.utils import formatdate
from typing import Any, NamedTuple

import msgspec
from autodmca_runtime import HttpProtocol
from starlette.requests import Request
from starlette.responses import Response

from autodmca_sandbox.world.faults import Fault, Faults
from autodmca_sandbox.world.received import Book, Effect, Received

_ABORT = "autodmca.abort"


class DyingProtocol(HttpProtocol):
    """uvicorn's protocol, with a way for the application to end the connection without an answer."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        extensions: dict[str, Any] = {_ABORT: self.transport.abort}
        self.scope["extensions"] = extensions


class Answer(NamedTuple):
    """What a place answers, and what the request did there. `body`: sent as JSON; bytes as they are, with the
    type that the headers say."""

    status: int
    body: object
    effect: Effect
    headers: Mapping[str, str] = {}
    reference: str | None = None
    items: tuple[str, ...] = ()


Work = Callable[[Request], Awaitable[Answer]]


class World:
    """What all places share."""

    def __init__(self, seed: int, now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000) -> None:
        self.seed = seed
        self.now_ms = now_ms
        self.faults = Faults(seed)
        self.book = Book()

    def endpoint(self, place: str, operation: str, work: Work) -> Callable[[Request], Awaitable[Response]]:
        """A route's endpoint: `work`, and the faults set for it."""

        async def serve(request: Request) -> Response:
            fault = self.faults.meet(place, operation, self.now_ms())
            if fault is not None and fault.kind in ("status", "drop"):
                await request.body()
                answer = Answer(fault.status, {"error": {"code": "fault", "message": "as told"}}, "fault")
                self._write(request, place, operation, answer, fault)
                if fault.kind == "drop":
                    return await _dead(request)
                return _response(answer, self._retry_after(fault))
            answer = await work(request)
            self._write(request, place, operation, answer, fault)
            return await _through(request, _response(answer, {}), fault)

        return serve

    def _write(
        self, request: Request, place: str, operation: str, answer: Answer, fault: Fault | None
    ) -> None:
        self.book.write(
            Received(
                at_ms=self.now_ms(),
                place=place,
                operation=operation,
                effect=answer.effect,
                status=answer.status,
                reference=answer.reference,
                key=request.headers.get("idempotency-key"),
                fault=None if fault is None else fault.kind,
                items=answer.items,
            )
        )

    def _retry_after(self, fault: Fault) -> dict[str, str]:
        if fault.retry_after is None:
            return {}
        if not fault.retry_after.startswith("date:"):
            return {"retry-after": fault.retry_after}
        return {"retry-after": http_date(self.now_ms(), float(fault.retry_after[5:]))}


def http_date(now_ms: int, seconds: float) -> str:
    """The HTTP date (RFC 9110, section 5.6.7) in so many seconds."""
    return formatdate(now_ms / 1000 + seconds, usegmt=True)


def _response(answer: Answer, headers: Mapping[str, str]) -> Response:
    own = {**answer.headers, **headers}
    if isinstance(answer.body, bytes):
        return Response(answer.body, answer.status, own)
    return Response(msgspec.json.encode(answer.body), answer.status, own, media_type="application/json")


async def _through(request: Request, response: Response, fault: Fault | None) -> Response:
    if fault is None:
        return response
    match fault.kind:
        case "slow":
            await asyncio.sleep(fault.seconds)
        case "garbage":
            return Response("<html>We'll be right back", 200, media_type="text/html")
        case "lost":
            return await _dead(request)
        case "cut":
            return _Cut(response)
    return response


async def _dead(request: Request) -> Response:
    request.scope["extensions"][_ABORT]()
    return Response(status_code=500)  # nobody gets it


class _Cut(Response):
    """The head and the first half of a response; then its connection dies."""

    def __init__(self, whole: Response) -> None:
        super().__init__(whole.body, whole.status_code)
        self.raw_headers = whole.raw_headers

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        half = bytes(self.body[: len(self.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})
        scope["extensions"][_ABORT]()
        await send({"type": "http.response.body", "body": bytes(self.body[len(half) :])})
