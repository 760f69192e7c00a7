"""Sending all clients of a node away.

Owns the pace: one after the other, spread evenly, so that other nodes get them back one by one, and then a
wait until each has all that was queued for it and its socket is gone; that is bounded by the closing
handshake's time (server/websocket.py). Who may still come in meanwhile is not decided here
(session/welcome.py).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

__all__ = ["send_away"]

POLL_S: Final = 0.05
AT_ONCE: Final = 20  # closed in one turn of the event loop


class Leaving(Protocol):
    """A connection, as far as this is concerned."""

    @property
    def gone(self) -> bool: ...
    def drain(self) -> None: ...


async def send_away(
    leaving: Sequence[Leaving],
    seconds: float,
    clock: Callable[[], float],
    pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Close each of `leaving` in turn over `seconds`; returns when their sockets are gone."""
    begun = clock()
    at_once = 0
    for index, each in enumerate(leaving):
        wait = begun + seconds * index / len(leaving) - clock()
        at_once = 0 if wait > 0 else at_once + 1
        if wait > 0 or at_once % AT_ONCE == 0:
            await pause(max(wait, 0))
        each.drain()
    for each in leaving:
        while not each.gone:
            await pause(POLL_S)
