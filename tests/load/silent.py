"""Clients that subscribe and never read: what a slow connection is at its worst.

Owns their sockets, with receive buffers as small as the kernel allows, and asks the edge's /metrics whether
they stand and are blocked. They say nothing after their subscribe, so the edge closes them after a minute.
"""

import asyncio
import socket
import urllib.request
from typing import Final, Self

import msgspec

from tests.load.connections import handshake, masked
from tests.load.events import FIRST_USER, TYPES
from tests.load.pressure import BULK_TYPE
from tests.load.tokens import token

RECEIVE_BYTES: Final = 4096
DEADLINE_S: Final = 60.0


class Silent:
    """`count` connections to an edge, of the users from `first` on. A context manager; then `subscribed`."""

    def __init__(self, port: int, *, first: int, count: int) -> None:
        self._port = port
        self._users = range(first, first + count)
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> Self:
        config = {"types": [*TYPES, BULK_TYPE]}
        payload = {"action": "subscribe", "subscriptionId": "s", "config": config}
        subscribe = masked(msgspec.json.encode({"type": "connection_established", "payload": payload}))
        for user in self._users:
            peer = socket.socket()
            self._sockets.append(peer)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            peer.connect(("127.0.0.1", self._port))
            peer.sendall(handshake(self._port, token(FIRST_USER + user)) + subscribe)
        return self

    def __exit__(self, *_: object) -> None:
        for peer in self._sockets:
            peer.close()

    async def subscribed(self, others: int) -> None:
        """Until all are, beside `others` on the same node. Raises TimeoutError."""
        await self._until("subscriptions", others + len(self._sockets))

    async def blocked(self) -> bool:
        """Whether none of them can be written to any more."""
        return await metric(self._port, "connections_blocked") >= len(self._sockets)

    async def gone(self, others: int) -> None:
        """Until the node has seen that they are closed. Raises TimeoutError."""
        for peer in self._sockets:
            peer.close()
        await self._until("subscriptions", others)

    async def _until(self, name: str, value: float) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while await metric(self._port, name) != value:
                await asyncio.sleep(0.1)


async def metric(port: int, name: str) -> float:
    """One figure of a node's /metrics. Raises LookupError."""

    def ask() -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
            return str(answer.read().decode())

    for line in (await asyncio.to_thread(ask)).splitlines():
        if line.startswith(f"autodmca_edge_{name} "):
            return float(line.rpartition(" ")[2])
    raise LookupError(name)
