"""A client of the edge that can send any bytes, cut anywhere, and reads a server's frames strictly.

Blocking sockets with a deadline: what does not come in time is a TimeoutError. Nothing is answered by
itself, neither pings nor the closing handshake: the test says what is said.
"""

import socket
import zlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Self

from autodmca_edge.testing import upgrade_request

COMPRESSED = 0x40  # RSV1 of a message's first frame: RFC 7692, section 6
DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
"""What a browser offers."""
TEXT, BINARY, CONT, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10
READ_BYTES = 1 << 16


class Frame(NamedTuple):
    """A server's frame."""

    opcode: int
    payload: bytes

    @property
    def code(self) -> int | None:
        """Of a Close frame."""
        return int.from_bytes(self.payload[:2], "big") if self.payload else None


class RawClient:
    """One connection. `received` is what has come and was not taken yet.

    `compressed`: how many messages came compressed; None when that was not agreed, and none may.
    """

    def __init__(self, port: int, *, timeout_s: float = 10, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout_s)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.compressed: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes, sizes: Iterable[int] = ()) -> None:
        """Send `data` in pieces of these sizes, the rest at once. A piece is a segment of its own."""
        at = 0
        for size in sizes:
            if at >= len(data):
                return
            self.socket.sendall(data[at : at + size])
            at += size
        self.socket.sendall(data[at:])

    def upgrade(self, target: str = "/ws", *lines: str, request: bytes | None = None) -> str:
        """Ask for a WebSocket; the head of the answer, which must be 101."""
        self.send(upgrade_request(target, *lines) if request is None else request)
        head = self.head()
        assert head.startswith("HTTP/1.1 101 "), head
        if "permessage-deflate" in head:
            self.compressed = 0
        return head

    def head(self) -> str:
        """The head of an HTTP answer."""
        while b"\r\n\r\n" not in self.received:
            self._more()
        head, _, self.received = self.received.partition(b"\r\n\r\n")
        return head.decode("latin-1")

    def status(self) -> int:
        """The status of an HTTP answer, after which the connection must end."""
        answer = self.rest().decode("latin-1")
        head, _, body = answer.partition("\r\n\r\n")
        lengths = [
            line.partition(":")[2]
            for line in head.split("\r\n")
            if line.lower().startswith("content-length:")
        ]
        assert not lengths or len(body) == int(lengths[0]), answer
        return int(answer.split(" ")[1])

    def frame(self) -> Frame:
        """The next frame. Raises EOFError when the connection ends instead."""
        while True:
            frame, size = first_frame(self.received, deflate=self.compressed is not None)
            if frame is not None:
                if self.compressed is not None:
                    self.compressed += bool(self.received[0] & COMPRESSED)
                self.received = self.received[size:]
                return frame
            self._more()

    def frames(self) -> Iterator[Frame]:
        """All frames until the connection ends, which it must between two of them."""
        while True:
            try:
                yield self.frame()
            except EOFError:
                assert not self.received, "the connection ended inside a frame"
                return

    def close_code(self) -> int | None:
        """The code of the Close frame, which must be the last one, before the connection ends."""
        frames = list(self.frames())
        assert [each.opcode for each in frames].count(CLOSE) == 1, frames
        assert frames[-1].opcode == CLOSE, frames
        return frames[-1].code

    def rest(self) -> bytes:
        """All that comes until the connection ends."""
        while True:
            try:
                self._more()
            except EOFError:
                rest, self.received = self.received, b""
                return rest

    def _more(self) -> None:
        data = self.socket.recv(READ_BYTES)
        if not data:
            raise EOFError("the connection has ended")
        self.received += data


def first_frame(data: bytes, *, deflate: bool = False) -> tuple[Frame | None, int]:
    """The frame that `data` begins with, and its size; None when it is not whole yet.

    `deflate`: a message may be compressed; it is given as it was before.
    """
    if len(data) < 2:
        return None, 0
    allowed = COMPRESSED if deflate and data[0] & 0x0F in (TEXT, BINARY) else 0
    assert data[0] & 0xF0 & ~allowed == 0x80, (
        f"a server's frames are final and have no reserved bits: {data[:16]!r}"
    )
    assert not data[1] & 0x80, "a server's frames are not masked"
    size, head = data[1], 2
    if size > 125:
        head = 4 if size == 126 else 10
        if len(data) < head:
            return None, 0
        size = int.from_bytes(data[2:head], "big")
        assert size > (125 if head == 4 else 65535), "the length is not in its shortest form"
    if len(data) < head + size:
        return None, 0
    payload = data[head : head + size]
    if data[0] & COMPRESSED:
        payload = zlib.decompress(payload + b"\x00\x00\xff\xff\x01\x00\x00\xff\xff", wbits=-15)
    return Frame(data[0] & 0x0F, payload), head + size
