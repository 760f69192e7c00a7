"""A TCP load balancer that can be told to fail.

Owns the connections between clients and edges: each new one goes to the next edge that takes a connection,
in turn. Knows nothing of what is said on them. Breaks them as networks do: `cut` resets both ends,
`freeze` goes silent on both without closing either. Where no edge takes a connection the client's is
reset.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import Callable, Sequence
from typing import Final, Self, cast

CONNECT_S: Final = 2.0
REST_S: Final = 0.5  # an edge that refused is left alone for so long
BACKLOG: Final = 4096


class Balancer:
    """An async context manager: entered, it listens at `port` of loopback."""

    def __init__(self, edges: Sequence[int]) -> None:
        self.port = 0
        self.refused = 0
        """Clients that no edge took."""
        self.links: dict[Link, None] = {}
        self._edges = list(edges)
        self._next = 0
        self._resting: dict[int, float] = {}
        self._opening: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Link(self._accepted, self._ended), "127.0.0.1", 0, backlog=BACKLOG
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        opening = list(self._opening)
        for task in opening:
            task.cancel()
        await asyncio.gather(*opening, return_exceptions=True)
        self._reset(list(self.links))

    def cut(self, share: float, rng: random.Random) -> int:
        """Reset a share of the connections; how many."""
        return self._reset(self._some(share, rng))

    def freeze(self, share: float, rng: random.Random) -> list[Link]:
        """Forward nothing more on a share of the connections, and close neither end; which."""
        frozen = self._some(share, rng)
        for link in frozen:
            link.freeze()
        return frozen

    def give_up(self, frozen: Sequence[Link]) -> int:
        """Reset those that are still there: a frozen connection never goes on."""
        return self._reset([link for link in frozen if link in self.links])

    def _some(self, share: float, rng: random.Random) -> list[Link]:
        links = list(self.links)
        return rng.sample(links, round(len(links) * share))

    def _reset(self, links: Sequence[Link]) -> int:
        for link in links:
            link.reset()
        return len(links)

    def _accepted(self, link: Link) -> None:
        self.links[link] = None
        task = asyncio.get_running_loop().create_task(self._connect(link))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    def _ended(self, link: Link) -> None:
        self.links.pop(link, None)

    async def _connect(self, link: Link) -> None:
        loop = asyncio.get_running_loop()
        for port in self._in_turn(loop.time()):
            try:
                async with asyncio.timeout(CONNECT_S):
                    _, far = await loop.create_connection(lambda: Far(link), "127.0.0.1", port)
            except (OSError, TimeoutError):
                self._resting[port] = loop.time() + REST_S
            else:
                return link.join(far)
        self.refused += 1
        return link.reset()

    def _in_turn(self, now: float) -> list[int]:
        """All edges, the one whose turn it is first, those that have just refused last."""
        self._next = (self._next + 1) % len(self._edges)
        turned = self._edges[self._next :] + self._edges[: self._next]
        return sorted(turned, key=lambda port: self._resting.get(port, 0.0) > now)


class Link(asyncio.Protocol):
    """The client's end of one connection."""

    def __init__(self, accepted: Callable[[Link], None], ended: Callable[[Link], None]) -> None:
        self.transport: asyncio.Transport | None = None
        self.far: Far | None = None
        """The edge's end, when an edge has taken the connection."""
        self._accepted = accepted
        self._ended = ended
        self._frozen = False
        self._early = b""  # what the client has sent before there was an edge

    def freeze(self) -> None:
        """Read neither end any more: what they send stays in the kernel."""
        self._frozen = True
        for each in self._ends():
            each.pause_reading()

    def reset(self) -> None:
        """End both ends at once, with an RST."""
        for each in self._ends():
            sock = cast("socket.socket", each.get_extra_info("socket"))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            each.abort()
        self._ended(self)

    def join(self, far: Far) -> None:
        """An edge has taken the connection."""
        self.far = far
        if self.transport is None or self.transport.is_closing():
            far.transport.abort()
        elif self._frozen:
            far.transport.pause_reading()
        else:
            far.transport.write(self._early)

    def hold(self, *, on: bool) -> None:
        """The edge's end is full, or takes bytes again."""
        if self.transport is not None:
            self.flow(self.transport, on=on)

    def flow(self, transport: asyncio.Transport, *, on: bool) -> None:
        """Stop reading from one end, or go on unless frozen."""
        if on:
            transport.pause_reading()
        elif not self._frozen:
            transport.resume_reading()

    def _ends(self) -> list[asyncio.Transport]:
        both = (self.transport, self.far.transport if self.far else None)
        return [each for each in both if each is not None and not each.is_closing()]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._accepted(self)

    def data_received(self, data: bytes) -> None:
        if self.far is None:
            self._early += data
        elif not self.far.transport.is_closing():
            self.far.transport.write(data)

    def pause_writing(self) -> None:
        if self.far is not None:
            self.flow(self.far.transport, on=True)

    def resume_writing(self) -> None:
        if self.far is not None:
            self.flow(self.far.transport, on=False)

    def connection_lost(self, error: Exception | None) -> None:
        if self.far is not None:
            self.far.transport.close()
        self._ended(self)


class Far(asyncio.Protocol):
    """The edge's end."""

    transport: asyncio.Transport

    def __init__(self, link: Link) -> None:
        self._link = link

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._link.transport is not None and not self._link.transport.is_closing():
            self._link.transport.write(data)

    def pause_writing(self) -> None:
        self._link.hold(on=True)

    def resume_writing(self) -> None:
        self._link.hold(on=False)

    def connection_lost(self, error: Exception | None) -> None:
        if self._link.far is self and self._link.transport is not None:
            self._link.transport.close()
