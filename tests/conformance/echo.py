"""An echo on the edge's own transport: `python -m tests.conformance.echo [LARGEST MESSAGE]`.

Owns a conversation that says back what was said, text and binary, so that a conformance suite sees how
the edge frames, limits and closes. Prints its port and serves until it is ended.
"""

import asyncio
import os
import signal
import sys
from functools import partial
from typing import Final

import uvloop
from autodmca_edge.admission.descriptors import Descriptors
from autodmca_edge.admission.queue import Admission
from autodmca_edge.server.entrance import Entrance
from autodmca_edge.server.ports import Gateway
from autodmca_edge.server.websocket import WebSocket
from autodmca_edge.session.ports import Socket
from autodmca_edge.timers import TimerWheel, steady_clock
from autodmca_edge.wire.frames import Opcode, message_frame
from autodmca_edge.wire.handshake import Upgrade
from autodmca_edge.wire.outbox import Wire

LARGEST: Final = 16 * 1024 * 1024  # Autobahn's largest message
TICK_S: Final = 0.25


class EchoNode:
    """A node whose sessions are echoes."""

    def __init__(self, max_message_bytes: int) -> None:
        self.wheel = TimerWheel()
        self.origins: frozenset[str] = frozenset()
        self.compression = True
        self.max_message_bytes = max_message_bytes
        self.outbox_bytes = 4 * max_message_bytes
        self.files = Descriptors(1 << 30)
        self.wire = Wire(os.write)
        self.clock = steady_clock()
        self.admission = Admission(1_000_000, 0, self.clock, lambda *_: None)

    async def keep_time(self) -> None:
        """Until cancelled."""
        while True:
            self.wheel.advance(self.clock())
            await asyncio.sleep(TICK_S)

    def converse(self, socket: Socket) -> "Echo":
        return Echo(socket)

    def compresses(self, upgrade: Upgrade) -> bool:
        return True

    def refused(self, status: int) -> None:
        """Not counted."""

    def sent(self, size: int) -> None:
        """Not counted."""


class Echo:
    """Says back what was said."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket

    def opened(self, upgrade: Upgrade) -> None:
        """Nothing to say first."""

    def turn_away(self, reason: str) -> None:
        """Everybody is let in."""

    def said(self, text: bytes) -> None:
        self._socket.say(text)

    def heard(self, frames: int = 0) -> None:
        """Silence is allowed."""

    def drained(self) -> None:
        """Nothing waits."""

    def leave(self) -> None:
        """Nothing is written but answers."""

    def lost(self, code: int | None) -> None:
        """Nothing to undo."""

    def due(self, now: float) -> float | None:
        return None


class EchoSocket(WebSocket):
    """Takes binary messages too."""

    __slots__ = ()

    def binary_received(self, payload: bytes) -> None:
        self._write(message_frame(payload, self.outbox.window, Opcode.BINARY))


class EchoEntrance(Entrance):
    """Opens echoes."""

    __slots__ = ()

    @staticmethod
    def socket(gateway: Gateway, transport: asyncio.Transport) -> EchoSocket:
        return EchoSocket(gateway, transport)


async def serve(max_message_bytes: int) -> None:
    """Serve on a free port of loopback, which is printed."""
    node = EchoNode(max_message_bytes)
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    server = await loop.create_server(partial(EchoEntrance, node), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with asyncio.TaskGroup() as tasks:
        time = tasks.create_task(node.keep_time())
        await ended.wait()
        time.cancel()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]) if len(sys.argv) > 1 else LARGEST))
