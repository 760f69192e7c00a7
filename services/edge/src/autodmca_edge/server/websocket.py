"""An open WebSocket's protocol class.

Owns a socket from its upgrade (server/entrance.py) to its last byte: turns frames into a session's messages
and writes what the session says, at once with `os.write` while the kernel takes it, through the transport for
the rest. Who breaks the framing is heard a little longer: closing at once would reset the connection and lose
the answer (RFC 6455, 7.1.1).
"""

import asyncio
import math
from typing import Final

from autodmca_edge.server.ports import Gateway
from autodmca_edge.wire.frames import (
    FrameError,
    FrameParser,
    Opcode,
    close_frame,
    encode,
    message_frame,
    parse_close,
)
from autodmca_edge.wire.handshake import Upgrade, accept
from autodmca_edge.wire.outbox import Outbox

__all__ = ["WebSocket", "say_no_more"]

NO_HANDLE: Final = -2  # write(2) refuses it
CLOSE_TIMEOUT_S: Final = 5.0
LAST_PARSED: Final = 65_536
"""Bytes that are searched for the peer's Close after ours; each turn counts as a page besides."""
LAST_READ: Final = 2_097_152
"""Bytes that are read then; a peer that talks on is left with the rest."""
_PAGE: Final = 4096
_TEXT, _BINARY, _PING, _CLOSE, _PONG = (
    int(each) for each in (Opcode.TEXT, Opcode.BINARY, Opcode.PING, Opcode.CLOSE, Opcode.PONG)
)


def say_no_more(transport: asyncio.Transport) -> None:
    """Close our half; TLS has no halves."""
    if transport.can_write_eof():
        transport.write_eof()
    else:
        transport.close()


def _handle(transport: asyncio.Transport) -> int:
    """The file descriptor to write to past the transport; under TLS none that would take anything."""
    if transport.get_extra_info("sslcontext") is not None:
        return NO_HANDLE
    return int(transport.get_extra_info("socket").fileno())


class WebSocket(asyncio.Protocol):
    """An open WebSocket: frames in, bytes out, the closing handshake."""

    __slots__ = (
        "_answer",
        "_close_code",
        "_conversation",
        "_gateway",
        "_late",
        "_parser",
        "_transport",
        "closing",
        "outbox",
    )

    def __init__(self, gateway: Gateway, transport: asyncio.Transport) -> None:
        self._gateway = gateway
        self._transport = transport
        self._answer = b""  # to the handshake, until it is on its way
        self._close_code: int | None = None
        self._late = 0  # bytes that came after our Close
        self.closing: float | None = None
        """When the closing handshake ends at the latest; None: the socket is open, infinity: it is gone."""
        # pause_writing comes as soon as the transport holds anything at all, resume_writing when it is empty.
        transport.set_write_buffer_limits(high=0)
        self.outbox = Outbox(gateway.wire, _handle(transport), self._spill, gateway.outbox_bytes)
        self._parser: FrameParser | None = FrameParser(gateway.max_message_bytes)
        self._conversation = gateway.converse(self)

    def _spill(self, data: bytes) -> None:
        """What the kernel did not take; the transport says nothing if it takes it now after all."""
        self._transport.write(data)
        if not self._transport.get_write_buffer_size():
            self.outbox.drained()

    @property
    def peer(self) -> str:
        """The peer's address, for logs and limits."""
        address = self._transport.get_extra_info("peername")
        return str(address[0]) if isinstance(address, tuple) else "local"

    @property
    def gone(self) -> bool:
        """Whether there is no socket any more."""
        return self.closing == math.inf

    def open(self, upgrade: Upgrade, turned_away: str | None = None) -> None:
        """Answer the handshake and begin the conversation; `turned_away`: end it, and why."""
        if upgrade.deflate is not None:
            if self._gateway.compresses(upgrade):
                self.outbox.window = upgrade.deflate.window
                self._parser = FrameParser(self._gateway.max_message_bytes, inflates=True)
            else:
                upgrade = upgrade._replace(deflate=None)
        self._answer = accept(upgrade)
        if turned_away is None:
            self._conversation.opened(upgrade)
        else:
            self._conversation.turn_away(turned_away)
        if self._answer:
            self._write(b"")

    def say(self, text: bytes) -> bool:
        """Write one text message. False: the peer is too slow, its outbox is full."""
        return self._write(message_frame(text, self.outbox.window))

    def _write(self, frame: bytes) -> bool:
        return self.closing is not None or self.outbox.write(self._counted(frame))

    def _write_last(self, frame: bytes) -> None:
        self.outbox.end(self._counted(frame))

    def _counted(self, frame: bytes) -> bytes:
        self._gateway.sent(len(frame))
        if self._answer:  # the first words leave together with it
            frame, self._answer = self._answer + frame, b""
        return frame

    def close(self, code: int, reason: str = "", *, discard: bool = False) -> None:
        """Begin the closing handshake; `discard` drops what still waits to be sent."""
        if self.closing is not None:
            return
        if discard:
            self.outbox.discard()
        self._write_last(close_frame(code, reason))
        self._begin_closing()

    def _begin_closing(self) -> None:
        self.closing = self._gateway.clock() + CLOSE_TIMEOUT_S
        self._gateway.wheel.add(self, self.closing)

    def due(self, now: float) -> float | None:
        """The closing handshake took too long: end it."""
        if self.closing is not None and now >= self.closing:
            self._transport.abort()
            return None
        return None if self.closing == math.inf else self.closing

    def data_received(self, data: bytes) -> None:
        if self.closing is not None:
            self._hear_out(len(data))
        parser = self._parser
        if parser is None:
            return
        try:
            frames = parser.feed(data)
            self._conversation.heard(parser.taken)
            for opcode, payload in frames:
                if opcode == _CLOSE:
                    self._closed_by_peer(payload)
                elif self.closing is not None:
                    continue
                elif opcode == _PING:
                    self._write(encode(payload, _PONG))
                elif opcode == _TEXT:
                    self._conversation.said(payload)
                elif opcode == _BINARY:
                    self.binary_received(payload)
            if parser.behind and self._parser is not None:
                self._transport.pause_reading()
                asyncio.get_running_loop().call_soon(self._next_turn)
        except FrameError as fault:
            self._parser = None
            self._conversation.leave()
            self.close(fault.code, fault.reason)
            self._end()

    def _hear_out(self, size: int) -> None:
        """What comes after our Close may hold the peer's, for which not everything is read."""
        self._late += size + _PAGE
        if self._late > LAST_READ:
            self._transport.pause_reading()
        if self._late > LAST_PARSED and self._parser is not None:
            self._parser = None
            self._end()

    def binary_received(self, payload: bytes) -> None:
        """A binary message came: the protocol has none."""
        self._conversation.leave()
        self.close(1003, "messages are text")

    def _next_turn(self) -> None:
        """Others had theirs; take what this peer has sent already before more of it is read."""
        if self._parser is not None and not self._transport.is_closing():
            self._transport.resume_reading()
            self.data_received(b"")

    def _closed_by_peer(self, payload: bytes) -> None:
        said = parse_close(payload)
        self._close_code = said.code or 1005
        self._conversation.leave()
        if self.closing is None:
            self._write_last(encode(payload[:2], _CLOSE))
        self._parser = None
        self._end()

    def _end(self) -> None:
        """Nothing more will be read: leave when what was written is out, or the time for that is over."""
        if self.closing is None:
            self._begin_closing()
        if self.outbox.unsent:
            return
        if self._close_code is not None:
            self._transport.close()
        else:
            say_no_more(self._transport)

    def pause_writing(self) -> None:
        self.outbox.block()

    def resume_writing(self) -> None:
        self.outbox.drained()
        if self.outbox.unsent:
            return
        if self._parser is None:
            self._end()
        elif self.closing is None:
            self._conversation.drained()

    def eof_received(self) -> bool | None:
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        self._parser = None
        self.closing = math.inf
        # The number may be another connection's from here on.
        self.outbox.seal()
        self._conversation.lost(self._close_code)
        # The timers may know us for a minute yet, and the garbage collector comes rarely: keep no circle.
        del self._conversation, self._transport
