"""Damaged clients, many at once.

Owns their connections: each sends what its seed says, cut anywhere, reads the edge's answers strictly (or not
at all), and must see the connection end soon after it has ended its own half. Fails by connection: what went
wrong is said with the seed's part that makes it again.
"""

import asyncio
import json
import random
import socket
import struct
from collections import Counter
from collections.abc import Sequence
from typing import Final

from autodmca_edge.testing import client_frame, upgrade_request

from tests.fuzz import messages
from tests.fuzz.compression import compressed
from tests.raw_client import CLOSE, DEFLATE, TEXT, first_frame

END_S: Final = 10.0
AT_ONCE: Final = 24
READ_BYTES: Final = 1 << 16


class Attack:
    """`count` frames and messages (a request's head counts as one) from `seed`, against one edge."""

    def __init__(
        self, port: int, seed: str, count: int, tokens: Sequence[str], cursors: Sequence[str]
    ) -> None:
        self.sent = 0
        self.connections = 0
        self.closes: Counter[int | str] = Counter()
        """Connections by the close code that the edge sent, the HTTP status, or how else they ended."""
        self.faults: list[str] = []
        self._port = port
        self._seed = seed
        self._count = count
        self._tokens = tokens
        self._cursors = cursors

    async def run(self) -> None:
        """Until all is sent, or something went wrong."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(AT_ONCE):
                tasks.create_task(self._go_on())

    async def _go_on(self) -> None:
        while self.sent < self._count and not self.faults:
            self.connections += 1
            name = f"{self._seed}/{self.connections}"
            rng = random.Random(name)
            try:
                self.closes[await self._connect(rng)] += 1
            except (AssertionError, TimeoutError) as fault:
                self.faults.append(f"connection {name}: {fault!r}")

    async def _connect(self, rng: random.Random) -> int | str:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        reads = rng.random() < 0.9
        answers = Answers(reader)
        reading = asyncio.create_task(answers.read()) if reads else None
        try:
            await self._talk(rng, writer, answers)
            if writer.transport.is_closing():
                return "reset"
            if rng.random() < 0.05:
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                writer.transport.abort()
                return "cut"
            writer.write(client_frame(b"\x03\xe8", CLOSE) * rng.randrange(2))
            writer.write_eof()
        except OSError:
            pass
        finally:
            if reading is None:
                reading = asyncio.create_task(answers.read())
            try:
                async with asyncio.timeout(END_S):
                    if not writer.transport.is_closing():
                        await reading
            finally:
                reading.cancel()
                writer.transport.abort()
        return answers.ended or "reset"

    async def _talk(self, rng: random.Random, writer: asyncio.StreamWriter, answers: "Answers") -> None:
        if rng.random() < 0.05:
            await self._send(rng, writer, messages.head(rng, self._tokens[0]))
            self.sent += 1
            return
        token = rng.choice(self._tokens)
        target = rng.choice(
            ["/ws", f"/ws?token={token}", f"/ws?token={token}", f"/ws/templates?token={token}"]
        )
        early = rng.random() < 0.3
        deflate = rng.random() < 0.3
        head = upgrade_request(target, *([DEFLATE] if deflate else []))
        await self._send(rng, writer, head, whole=not early)
        for _ in range(rng.randint(1, 30)):
            if answers.ended or writer.transport.is_closing():
                return
            text = messages.message(rng, self._tokens, self._cursors)
            squeezed = deflate and rng.random() < 0.6
            await self._send(rng, writer, (compressed if squeezed else messages.frames)(rng, text))
            self.sent += 1

    async def _send(
        self, rng: random.Random, writer: asyncio.StreamWriter, data: bytes, *, whole: bool = False
    ) -> None:
        at = 0
        if not whole and rng.random() < 0.3:
            for _ in range(rng.randint(1, 6)):
                size = rng.choice([1, 2, 3, 7, 200])
                writer.write(data[at : at + size])
                at += size
                await asyncio.sleep(0)
                if writer.transport.is_closing():
                    return
        writer.write(data[at:])
        try:
            async with asyncio.timeout(END_S):
                await writer.drain()
        except TimeoutError:
            raise AssertionError("the edge stopped reading") from None


class Answers:
    """What the edge says on one connection; anything but whole, well-formed answers is a fault."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self.ended: int | str = ""
        """How: the close code, the HTTP status, or in words; empty until then."""

    async def read(self) -> None:
        """Until the edge has ended the connection."""
        try:
            await self._head()
        except OSError:
            self.ended = "reset"

    async def _head(self) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            more = await self._reader.read(1)
            if not more:
                assert not head, f"half an answer: {head!r}"
                self.ended = "nothing"
                return
            head += more
        status = int(head.split(b" ", 2)[1])
        if status == 101:
            await self._frames(deflate=b"permessage-deflate" in head)
        else:
            await self._reader.read()
            self.ended = status

    async def _frames(self, *, deflate: bool) -> None:
        data, closed = b"", 0
        while more := await self._reader.read(READ_BYTES):
            data += more
            while True:
                frame, size = first_frame(data, deflate=deflate)
                if frame is None:
                    break
                assert not closed, f"{frame} came after a Close frame"
                data = data[size:]
                if frame.opcode == TEXT:
                    json.loads(frame.payload)
                elif frame.opcode == CLOSE:
                    closed = frame.code or 1005
        assert not data, "the connection ended inside a frame"
        self.ended = closed or "left"
