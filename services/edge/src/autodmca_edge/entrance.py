"""The first thing that a new connection meets.

Owns a socket from its first byte to the end of a request's head, within bounds of size and time, and hands
the transport on: to uvicorn's own HTTP protocol or, for an upgrade, to `WebSocket` (transport.py). Who is
refused while it talks is heard a little longer: closing at once would reset the connection and lose the
answer (RFC 9112, 9.6).
"""

import asyncio
from http import HTTPStatus
from typing import Any, Final, cast

from autodmca_edge.conversation import Gateway
from autodmca_edge.handshake import MAX_HEAD, HandshakeRefused, read_upgrade
from autodmca_edge.one_request import OneRequest
from autodmca_edge.transport import WebSocket, say_no_more

__all__ = ["Entrance"]

HEAD_TIMEOUT_S: Final = 10.0
LINGER_S: Final = 2.0


class Entrance(asyncio.Protocol):
    """Decides by the first request's head what a connection is."""

    __slots__ = ("_config", "_deadline", "_gateway", "_head", "_refused", "_transport")

    def __init__(self, gateway: Gateway, **config: Any) -> None:
        self._gateway = gateway
        self._config = config
        self._head = bytearray()
        self._refused = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._ask_in(HEAD_TIMEOUT_S)

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
        head = self._head
        head += data
        while head.startswith(b"\r\n"):
            del head[:2]  # RFC 9112, section 2.2: empty lines before a request are ignored
        end = head.find(b"\r\n\r\n", max(len(head) - len(data) - 3, 0)) + 4
        if end > MAX_HEAD or (end == 3 and len(head) > MAX_HEAD):
            too_large = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            self._refuse(HandshakeRefused(too_large, f"a request's head has at most {MAX_HEAD} bytes"))
        elif end > 3:
            self._decide(bytes(head), end)

    def _decide(self, data: bytes, end: int) -> None:
        try:
            upgrade = read_upgrade(data[:end], self._gateway.origins, compression=self._gateway.compression)
        except HandshakeRefused as refused:
            self._refuse(refused)
            return
        transport = self._leave()
        if upgrade is None:
            request = OneRequest(**self._config)
            transport.set_protocol(request)
            request.connection_made(transport)
            request.data_received(data)
        else:
            socket = self.socket(self._gateway, transport)
            transport.set_protocol(socket)
            socket.open(upgrade)
            socket.data_received(data[end:])

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
        self._leave()
