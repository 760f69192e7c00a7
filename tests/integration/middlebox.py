"""What may stand between a client and its edge: it refuses WebSockets, holds event streams back, cuts off."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Literal

REFUSAL = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Middlebox:
    """A proxy for HTTP to the edge at `edge_port`; its own `port` stays while edges come and go."""

    def __init__(self, edge_port: int) -> None:
        self.port = 0
        self.edge_port = edge_port
        self.websockets: Literal["pass", "refuse", "cut"] = "refuse"
        self.holds_streams = False
        self.seen: Counter[str] = Counter()
        """Requests by kind: `websocket`, `stream`, `poll`."""
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    def cut(self) -> None:
        """End every connection without a word."""
        for writer in self._open:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, for one request."""
        self._open.add(writer)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._serve(reader, writer)
        finally:
            self._open.discard(writer)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lower = head.lower()
        if b"upgrade: websocket" in lower:
            self.seen["websocket"] += 1
            if self.websockets != "pass":
                writer.write(REFUSAL if self.websockets == "refuse" else b"")
                return
        else:
            head = head.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
        streams = b"accept: text/event-stream" in lower
        self.seen["stream" if streams else "poll"] += b"/events" in lower
        above_reader, above = await asyncio.open_connection("127.0.0.1", self.edge_port)
        self._open.add(above)
        above.write(head)
        back = self._swallow if streams and self.holds_streams else self._pipe
        try:
            async with asyncio.TaskGroup() as tasks:
                up = tasks.create_task(self._pipe(reader, above))
                await back(above_reader, writer)
                up.cancel()
        finally:
            self._open.discard(above)
            above.close()

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def _swallow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """As a proxy does that waits for the whole answer."""
        held = b""
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                held = (held + data)[:1_000_000]
            writer.write(held)


@asynccontextmanager
async def middlebox(edge_port: int) -> AsyncIterator[Middlebox]:
    """One that refuses WebSockets."""
    box = Middlebox(edge_port)
    server = await asyncio.start_server(box.serve, "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
        box.cut()
