"""The HTTP protocol, for one request.

Owns the end of a plain HTTP connection: it closes with its first answer, and is cut off when its client
takes nothing of that for a minute. uvicorn bounds neither this nor the size and the time of a later
request's head; the first one's has been bounded by server/entrance.py.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final, cast

from autodmca_runtime import HttpProtocol

__all__ = ["ABORT", "HALF_CLOSED", "OneRequest"]

STALL_S: Final = 60.0
ABORT: Final = "autodmca.abort"
"""The extension of the ASGI scope by which an application may close the connection at once."""
HALF_CLOSED: Final = "autodmca.half_closed"
"""The extension by which it is called when the client ends its half: who waits for long might be gone."""


class OneRequest(HttpProtocol):
    """A request, and what comes after its end left alone."""

    _stalled: asyncio.TimerHandle | None = None
    _tell: Callable[[], object] | None = None

    def on_headers_complete(self) -> None:
        self.headers.append((b"connection", b"close"))
        super().on_headers_complete()
        self.cycle.keep_alive = False
        cast("Any", self.scope)["extensions"] = {
            ABORT: self.transport.abort,
            HALF_CLOSED: self._call_when_half_closed,
        }

    def _call_when_half_closed(self, tell: Callable[[], object]) -> None:
        self._tell = tell
        if self.half_closed:
            tell()

    def eof_received(self) -> bool | None:  # type: ignore[override]
        waits = super().eof_received()
        if waits and self._tell is not None:
            self._tell()
        return waits

    def data_received(self, data: bytes) -> None:
        if self.cycle is None or self.cycle.more_body:
            super().data_received(data)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._cut_off_later()

    def resume_writing(self) -> None:
        self._moving()
        if self.transport.is_closing():  # some of the answer's end is still to go
            self._cut_off_later()
        super().resume_writing()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.get_write_buffer_size():
            self._cut_off_later()

    def connection_lost(self, exc: Exception | None) -> None:
        self._moving()
        super().connection_lost(exc)

    def _cut_off_later(self) -> None:
        self._moving()
        self._stalled = self.loop.call_later(STALL_S, self.transport.abort)

    def _moving(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
