"""The clients of the benchmarks: many WebSockets in one process, which count and do little else.

Owns opening them (handshake, token, one subscribe) and counting events by the cursor that each
carries, without decoding. Runs in a process and, where there is one, on a core of its own.
"""

import base64
import multiprocessing
import os
import selectors
import socket
import time
from collections.abc import Sequence
from multiprocessing.sharedctypes import Synchronized
from typing import Final, Self

import jwt
import msgspec

SECRET: Final = "a secret of benchmarks, on loopback only"
MARK: Final = b',"cursor":"'
READ_BYTES: Final = 1 << 18
OPENING: Final = 128  # handshakes under way at once

_spawn = multiprocessing.get_context("spawn")


class Sink:
    """`connections` clients of an edge; users are numbered from `first_user`, round robin."""

    def __init__(
        self,
        port: int,
        *,
        connections: int,
        users: int,
        types: Sequence[str],
        core: int | None = 1,
        first_user: int = 100_000,
    ) -> None:
        self._events: Synchronized[int] = _spawn.Value("q", 0, lock=False)
        self._ready: Synchronized[int] = _spawn.Value("q", 0, lock=False)
        self._connections = connections
        self._process = _spawn.Process(
            target=_run,
            args=(port, connections, users, tuple(types), core, first_user, self._events, self._ready),
            daemon=True,
        )

    def __enter__(self) -> Self:
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()

    @property
    def events(self) -> int:
        """Events received so far, over all connections."""
        return self._events.value

    @property
    def ready(self) -> bool:
        """Whether every connection is subscribed."""
        return self._ready.value >= self._connections

    def wait_ready(self, timeout_s: float = 60) -> None:
        """Raises TimeoutError when not every connection is subscribed in time."""
        deadline = time.monotonic() + timeout_s
        while not self.ready:
            if time.monotonic() > deadline or not self._process.is_alive():
                raise TimeoutError(f"{self._ready.value} of {self._connections} connections subscribed")
            time.sleep(0.01)

    def wait_events(self, count: int, timeout_s: float = 120) -> float:
        """Wait until `count` events have come; the moment (monotonic). Raises TimeoutError."""
        deadline = time.monotonic() + timeout_s
        while self.events < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.events} of {count} events came")
            time.sleep(0.0005)
        return time.monotonic()


def token(user_id: int) -> str:
    """A token of the benchmarks."""
    claims = {"sub": str(user_id), "exp": int(time.time()) + 36_000}
    return jwt.encode(claims, SECRET, algorithm="HS256")


def pin(core: int | None) -> None:
    """Stay on one core, if the machine has more than one."""
    if core is not None and hasattr(os, "sched_setaffinity") and core < (os.cpu_count() or 1):
        os.sched_setaffinity(0, {core})


def _run(
    port: int,
    connections: int,
    users: int,
    types: tuple[str, ...],
    core: int | None,
    first_user: int,
    events: "Synchronized[int]",
    ready: "Synchronized[int]",
) -> None:
    pin(core)
    selector = selectors.DefaultSelector()
    subscribe = _masked(
        msgspec.json.encode(
            {
                "type": "connection_established",
                "payload": {"action": "subscribe", "subscriptionId": "s", "config": {"types": types}},
            }
        )
    )
    opened = 0
    buffer = bytearray(READ_BYTES)
    view = memoryview(buffer)
    tails: dict[int, bytes] = {}
    heartbeat, beat_at = _masked(b'{"type":"heartbeat","payload":{}}'), time.monotonic() + 20
    while True:
        while opened < connections and opened - ready.value < OPENING:
            peer = socket.create_connection(("127.0.0.1", port))
            peer.sendall(_handshake(port, token(first_user + opened % users)) + subscribe)
            peer.setblocking(False)
            selector.register(peer, selectors.EVENT_READ)
            tails[peer.fileno()] = b"?"  # not subscribed yet
            opened += 1
        for key, _ in selector.select(0.05):
            number = key.fd
            size = key.fileobj.recv_into(view)  # type: ignore[union-attr]
            if size == 0:
                raise ConnectionError("the edge closed a connection")
            data = tails[number] + bytes(view[:size])
            if data[:1] == b"?":
                if b'"subscribed"' not in data:
                    tails[number] = data
                    continue
                ready.value += 1
                data = data.partition(b'"subscribed"')[2]
            events.value += data.count(MARK)
            tails[number] = data[-len(MARK) + 1 :]
        if time.monotonic() > beat_at and opened == connections:
            beat_at = time.monotonic() + 20
            for peer_key in list(selector.get_map().values()):
                peer_key.fileobj.send(heartbeat)  # type: ignore[union-attr]


def _handshake(port: int, bearer: str) -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET /ws?token={bearer} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    ).encode()


def _masked(text: bytes) -> bytes:
    """A client's text frame with a mask of zeros."""
    size = len(text)
    head = bytes((0x81, 0x80 | size)) if size < 126 else b"\x81\xfe" + size.to_bytes(2, "big")
    return head + b"\0\0\0\0" + text
