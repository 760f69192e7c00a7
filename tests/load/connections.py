"""The generator's process: many WebSockets of one server in one loop, which count and do little else.

Owns opening them (handshake, token, one subscribe where the server wants one), heartbeats, and counting what
comes; what it is worth is judged by arrivals.py, what to do is told by clients.py over a pipe. Fails, and
ends, when a server closes a connection that was not cut here, but for a storm, in which it is opened again.
"""

from __future__ import annotations

import base64
import contextlib
import gc
import os
import re
import select
import socket
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe
from multiprocessing.sharedctypes import Synchronized
from typing import Any, Final, Literal

import msgspec

from tests.load.arrivals import Marks, Stream
from tests.load.events import FIRST_USER, TYPES
from tests.load.tokens import pin, token

READ_BYTES: Final = 1 << 18
OPENING: Final = 128  # handshakes under way at once
CURSOR: Final = re.compile(rb'"cursor":"([^"]+):(\d+)"')
CURSORS: Final = re.compile(rb'"cursors":\[([^]]*)\]')
_GREETING: Final = {"edge": b'"subscribed"', "relay": b'"hello"'}
Kind = Literal["marks", "stamped", "tracked", "stream"]
"""How a round is received: by marks; these with their latencies, or with cursors; all bytes compared."""
_HEARTBEAT: Final = b'{"type":"heartbeat","payload":{}}'


@dataclass(slots=True, eq=False)
class Connection:
    """One client."""

    user: int
    bearer: str
    peer: socket.socket | None = None
    greeting: bytes | None = b""
    """What came before the server took the subscription; None from then on."""
    rest: bytes = b""
    marks: list[bytes] = field(default_factory=list)
    at: int = 0
    cursors: dict[bytes, bytes] = field(default_factory=dict)


class Loop:
    """All connections of the process. Every method runs in its one thread."""

    def __init__(
        self, port: int, server: Literal["edge", "relay"], users: Sequence[int], counters: Counters
    ) -> None:
        self._port = port
        self._edge = server == "edge"
        self._greeted_by = _GREETING[server]
        self._counters = counters
        self._connections = [Connection(user, token(FIRST_USER + user)) for user in users]
        self._closed = deque(self._connections)
        self._open: dict[int, Connection] = {}
        self._opening = 0
        self._epoll = select.epoll()
        self._view = memoryview(bytearray(READ_BYTES))
        self._arrivals: Marks | Stream = Marks(0)
        self._beats_per_s = len(users) / 25  # the edge's clients owe it one every 30 s
        self._beat, self._beat_at = 0, 0.0
        self._resuming = self._tracked = False

    def run(self, pipe: Pipe) -> None:
        """Serve the sockets and the pipe until told to end."""
        self._epoll.register(pipe.fileno(), select.EPOLLIN)
        while True:
            while self._closed and self._opening < OPENING:
                self._connect(self._closed.popleft())
            for number, _ in self._epoll.poll(0.02, 4096):
                if number != pipe.fileno():
                    self._read(number)
                    continue
                try:
                    name, arguments = pipe.recv()
                except EOFError:
                    return
                pipe.send(getattr(self, name)(*arguments))
            if isinstance(self._arrivals, Stream):
                self._counters.events.value = self._arrivals.events(self._connections)
            else:
                self._heartbeat()

    # -- commands --------------------------------------------------------------------------------

    def begin(self, number: int, kind: Kind) -> None:
        """Forget what was counted; only events of this round count from now on."""
        for each in self._connections:
            each.marks, each.at = [], 0
        self._tracked = self._edge and kind == "tracked"
        self._arrivals = Stream(number) if kind == "stream" else Marks(number, stamped=kind == "stamped")
        self._counters.events.value = 0

    def judge(self, by_user: list[list[int]], everybodys: int) -> Any:
        """The round's `Tally`."""
        return self._arrivals.judge(self._connections, by_user, everybodys)

    def latencies(self) -> tuple[float, float]:
        """Median and 99th percentile of the round, ms. Only of a round that is stamped."""
        assert isinstance(self._arrivals, Marks)
        sample = sorted(self._arrivals.latencies_ns)
        return sample[len(sample) // 2] / 1e6, sample[len(sample) * 99 // 100] / 1e6

    def beat(self, per_second: float) -> None:
        """Send so many heartbeats a second from now on, each connection in its turn."""
        self._beats_per_s, self._beat_at = per_second, 0.0

    def cut(self) -> None:
        """Reset every connection at once and open it again, where it was if the server can resume."""
        self._resuming = True
        for each in self._connections:
            self._close(each)
        self._counters.ready.value = 0

    # -- sockets ---------------------------------------------------------------------------------

    def _connect(self, connection: Connection) -> None:
        peer = socket.create_connection(("127.0.0.1", self._port))
        # Closing resets: a cut line, and no port left waiting.
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer.setblocking(False)
        connection.peer, connection.greeting, connection.rest = peer, b"", b""
        self._opening += 1
        self._open[peer.fileno()] = connection
        self._epoll.register(peer.fileno(), select.EPOLLIN)
        peer.send(handshake(self._port, connection.bearer) + (_subscribe(connection) if self._edge else b""))

    def _close(self, connection: Connection) -> None:
        peer, connection.peer = connection.peer, None
        if peer is None:
            return
        if connection.greeting is not None:
            self._opening -= 1
        else:
            self._counters.ready.value -= 1
        del self._open[peer.fileno()]
        peer.close()
        self._closed.append(connection)

    def _read(self, number: int) -> None:
        connection = self._open.get(number)
        if connection is None or connection.peer is None:
            return  # cut by a command that was polled together with it
        size = 0
        with contextlib.suppress(ConnectionError):
            size = connection.peer.recv_into(self._view)
        if size == 0:
            self._lost(connection, "end of stream")
        elif connection.greeting is not None:
            self._greeted(connection, connection.greeting + bytes(self._view[:size]))
        elif isinstance(self._arrivals, Stream):
            self._arrivals.take(connection, self._view[:size], self._unexpected)
        else:
            self._take(connection, bytes(self._view[:size]))

    def _greeted(self, connection: Connection, data: bytes) -> None:
        at = data.find(self._greeted_by)
        if at < 0:
            connection.greeting = data
            return
        connection.greeting = None
        self._opening -= 1
        self._counters.ready.value += 1
        self._take(connection, data[data.index(b"\r\n\r\n") + 4 :])

    def _take(self, connection: Connection, data: bytes) -> None:
        assert isinstance(self._arrivals, Marks), "the server greets while a stream is compared"

        def control(opcode: int, payload: bytes) -> None:
            if opcode == 9 and connection.peer is not None:
                connection.peer.send(masked(payload, 0x8A))
            elif opcode == 8:
                self._lost(connection, str(int.from_bytes(payload[:2], "big")))

        whole, events, others = self._arrivals.take(connection, data, control)
        self._counters.events.value += events
        self._counters.others.value += others
        if self._edge and others:
            for listed in CURSORS.findall(whole):
                connection.cursors.update(_cursors(listed))
            if self._resuming and b'"recovered":false' in whole:
                self._counters.unrecovered.value += 1
        if self._tracked:  # last: events may have come after what was listed, in the same read
            connection.cursors.update(CURSOR.findall(whole))

    def _lost(self, connection: Connection, why: str) -> None:
        if not self._resuming:
            raise ConnectionError(f"the server closed a connection: {why}")
        self._close(connection)

    @staticmethod
    def _unexpected(opcode: int, payload: bytes) -> None:
        raise ConnectionError(f"a control frame {opcode} among the events: {payload!r}")

    def _heartbeat(self) -> None:
        now = time.monotonic()
        if not self._beat_at or self._closed or self._opening:
            self._beat_at = now
        if not self._beats_per_s:
            return
        due = int((now - self._beat_at) * self._beats_per_s)
        self._beat_at += due / self._beats_per_s
        for _ in range(min(due, len(self._connections))):
            self._beat = (self._beat + 1) % len(self._connections)
            peer = self._connections[self._beat].peer
            if peer is not None:
                with contextlib.suppress(ConnectionError):  # reading finds out
                    peer.send(masked(_HEARTBEAT))


@dataclass(frozen=True)
class Counters:
    """What the parent reads while the loop runs."""

    events: Synchronized[int]
    """Of the round: received; of a stream: received by every connection."""
    ready: Synchronized[int]
    others: Synchronized[int]
    """Text frames that are no event of the round: answers to heartbeats, for one."""
    unrecovered: Synchronized[int]
    """Resumes that the server said it could not do."""


def serve(
    port: int,
    server: Literal["edge", "relay"],
    users: Sequence[int],
    core: int,
    counters: Counters,
    pipe: Pipe,
) -> None:
    """The process."""
    pin(core)
    gc.disable()  # nothing here is cyclic, and marks are many
    Loop(port, server, users, counters).run(pipe)


def _subscribe(connection: Connection) -> bytes:
    config: dict[str, object] = {"types": TYPES}
    if connection.cursors:
        config["resume"] = [(prefix + b":" + at).decode() for prefix, at in connection.cursors.items()]
    payload = {"action": "subscribe", "subscriptionId": "s", "config": config}
    return masked(msgspec.json.encode({"type": "connection_established", "payload": payload}))


def _cursors(listed: bytes) -> list[tuple[bytes, bytes]]:
    """The prefix and position of each cursor of a list as it stands in JSON."""
    whole = (each.strip(b'"') for each in listed.split(b",") if each)
    return [(prefix, at) for prefix, _, at in (each.rpartition(b":") for each in whole)]


def handshake(port: int, bearer: str) -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET /ws?token={bearer} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    ).encode()


def masked(payload: bytes, head: int = 0x81) -> bytes:
    """A client's frame with a mask of zeros."""
    size = len(payload)
    length = bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return bytes((head,)) + length + b"\0\0\0\0" + payload
