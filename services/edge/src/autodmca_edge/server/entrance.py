"""The first thing that a new connection meets.

Owns a socket from its first byte to the end of a request's head, within bounds of size and time, and hands
the transport on: to uvicorn's own HTTP protocol or, for an upgrade, to `WebSocket` (server/websocket.py). Who
is refused while it talks is heard a little longer: closing at once would reset the connection and lose the
answer (RFC 9112, 9.6).
"""

import asyncio
import math
from http import HTTPStatus
from typing import Any, Final, cast

from autodmca_edge.server.one_request import OneRequest
from autodmca_edge.server.ports import Gateway
from autodmca_edge.server.websocket import WebSocket, say_no_more
from autodmca_edge.wire.handshake import MAX_HEAD, HandshakeRefused, may_begin, read_upgrade

__all__ = ["Entrance"]

HEAD_TIMEOUT_S: Final = 10.0
EARLY_BYTES: Final = 64 * 1024  # taken of one that waits for its turn; its head is in it
LINGER_S: Final = 2.0
RETRY_AFTER_S: Final = "5"


class Entrance(asyncio.Protocol):
    """Decides by the first request's head what a connection is."""

    __slots__ = ("_begun", "_config", "_deadline", "_end", "_gateway", "_head", "_refused", "_transport")

    def __init__(self, gateway: Gateway, **config: Any) -> None:
        self._gateway = gateway
        self._config = config
        self._head = bytearray()
        self._begun = False  # it is known to be HTTP
        self._end = 0  # of the head; not 0: it waits for its turn
        self._refused = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._ask_in(HEAD_TIMEOUT_S)
        if self._transport.get_extra_info("socket").fileno() >= self._gateway.files.most:
            # Where it ends: a connection more that is kept would cost Kafka or the operators theirs.
            message = "this node has too many files open"
            self._refuse(HandshakeRefused(HTTPStatus.SERVICE_UNAVAILABLE, message, Retry_After=RETRY_AFTER_S))

    def _ask_in(self, seconds: float) -> None:
        self._deadline = self._gateway.clock() + seconds
        self._gateway.wheel.add(self, self._deadline)

    def due(self, now: float) -> float | None:
        if self._transport is not None and now >= self._deadline:
            if self._refused:
                self._transport.abort()
            else:
                self._refuse(HandshakeRefused(HTTPStatus.REQUEST_TIMEOUT, "the head took too long"))
        return None

    def data_received(self, data: bytes) -> None:
        if self._transport is None or self._refused:
            return
        if self._end:
            self._wait(data)
            return
        head = self._head
        head += data
        while head.startswith(b"\r\n"):
            del head[:2]  # RFC 9112, section 2.2: empty lines before a request are ignored
        if not self._begun and head and head != b"\r":
            self._begun = b"\n" in head  # its first line is whole
            if not may_begin(head):
                self._refuse(HandshakeRefused(HTTPStatus.BAD_REQUEST, "not an HTTP request"))
                return
        end = head.find(b"\r\n\r\n", max(len(head) - len(data) - 3, 0)) + 4
        if end > MAX_HEAD or (end == 3 and len(head) > MAX_HEAD):
            too_large = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            self._refuse(HandshakeRefused(too_large, f"a request's head has at most {MAX_HEAD} bytes"))
        elif end > 3:
            self._end = end
            self._decide(head[:end])

    def _decide(self, head: bytearray) -> None:
        """A WebSocket has to be admitted; the rest, small and rare, does not wait in storms of those."""
        if b"upgrade" in head.lower():
            self._deadline = math.inf
            self._gateway.admission.arrive(self)
        else:
            self._ask()

    def admit(self) -> None:
        """It is this one's turn."""
        self._open(None)

    def turn_away(self, reason: str) -> None:
        """There is no room for it; it is told in a Close frame, as browsers hide everything else."""
        self._open(reason)

    def _open(self, turned_away: str | None) -> None:
        data, end = bytes(self._head), self._end
        if len(data) > EARLY_BYTES and self._transport is not None:
            self._transport.resume_reading()
        try:
            upgrade = read_upgrade(data[:end], self._gateway.origins, compression=self._gateway.compression)
        except HandshakeRefused as refused:
            self._refuse(refused)
            return
        if upgrade is None:
            self._ask()
            return
        transport = self._leave()
        socket = self.socket(self._gateway, transport)
        transport.set_protocol(socket)
        socket.open(upgrade, turned_away)
        socket.data_received(data[end:])

    def _ask(self) -> None:
        """It is a request for the HTTP application."""
        data = bytes(self._head)
        transport = self._leave()
        request = OneRequest(**self._config)
        transport.set_protocol(request)
        request.connection_made(transport)
        request.data_received(data)

    def _wait(self, data: bytes) -> None:
        """It says more while it waits for its turn: enough of that is enough."""
        self._head += data
        if len(self._head) > EARLY_BYTES and self._transport is not None:
            self._transport.pause_reading()

    def _leave(self) -> asyncio.Transport:
        """Have nothing more to do with the connection; the wheel may know us for some seconds yet."""
        transport, self._transport, self._head = self._transport, None, bytearray()
        return cast("asyncio.Transport", transport)

    @staticmethod
    def socket(gateway: Gateway, transport: asyncio.Transport) -> WebSocket:
        """What becomes of an upgrade."""
        return WebSocket(gateway, transport)

    def _refuse(self, refused: HandshakeRefused) -> None:
        self._gateway.refused(refused.status)
        self._refused, self._head = True, bytearray()
        transport = cast("asyncio.Transport", self._transport)
        transport.write(refused.response())
        say_no_more(transport)
        self._ask_in(LINGER_S)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._end:
            self._gateway.admission.leave(self)
        self._leave()
