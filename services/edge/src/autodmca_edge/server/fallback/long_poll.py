"""The long poll.

Owns when a poll is answered, and with what: at once where it has no position yet, else as soon as there is
an event, when its client has ended its half and may be gone, or when its time is over. Bounded in bytes; what
does not fit is got by the next poll. Never answers events without the positions after them: rather none, and
the client asks again.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from autodmca_edge.protocol import CloseCode
from autodmca_edge.server.fallback.listener import Listener
from autodmca_edge.server.fallback.outlet import KEPT_BYTES
from autodmca_edge.server.fallback.query import Query

__all__ = ["Polled", "poll"]

GATHER_S: Final = 1.0  # an event waits so long for the rest of a replay


class Polled(msgspec.Struct, frozen=True):
    """The answer."""

    events: list[msgspec.Raw]
    cursors: list[str]
    recovered: bool
    reason: str | msgspec.UnsetType = msgspec.UNSET


async def poll(listener: Listener, query: Query, clock: Callable[[], float]) -> Polled | None:
    """Wait for events. None: there is no answer but an error, or nobody to be answered."""
    events: list[msgspec.Raw] = []
    size, ends, gathering = 0, clock() + query.timeout_s, False
    listener.wake_at(ends)
    while not listener.gone:
        closed = listener.closed is not None
        for each in listener.take():
            if isinstance(each, bytes):
                events.append(msgspec.Raw(each))
                size += len(each)
        over = clock() >= ends or size >= KEPT_BYTES
        if closed or listener.error is not None:
            break
        at_once = events or not query.positioned or listener.half_closed
        if over or (listener.subscribed is not None and at_once):
            events += [msgspec.Raw(each) for each in listener.take_all() if isinstance(each, bytes)]
            break
        if events and not gathering:
            gathering, ends = True, min(ends, clock() + GATHER_S)
            listener.wake_at(ends)
        await listener.wait()
    return _answer(listener, events)


def _answer(listener: Listener, events: list[msgspec.Raw]) -> Polled | None:
    if listener.gone or not listener.authenticated:
        return None
    if listener.closed is not None:
        told = listener.subscribed is not None and listener.positions.complete
        if not told or not (events or listener.closed.code == CloseCode.DRAINING):
            return None
    elif listener.error is not None:
        return None
    positions = listener.positions
    if not (positions.complete if events else positions.list()):  # the log could not be asked in time
        return None
    reason = listener.lost
    return Polled(events, positions.list(), recovered=reason is None, reason=reason or msgspec.UNSET)
