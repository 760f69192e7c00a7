"""The long poll.

Owns when a poll is answered, and with what: at once where it has no position yet, else as soon as there is
an event, or when its time is over. Bounded in bytes; what does not fit is got by the next poll. Never
answers events without the positions after them: rather none, and the client asks again.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from autodmca_edge.fallback.listening import Listening
from autodmca_edge.fallback.outlet import KEPT_BYTES
from autodmca_edge.fallback.query import Query
from autodmca_edge.protocol import CloseCode

__all__ = ["Polled", "poll"]

GATHER_S: Final = 1.0  # an event waits so long for the rest of a replay


class Polled(msgspec.Struct, frozen=True):
    """The answer."""

    events: list[msgspec.Raw]
    cursors: list[str]
    recovered: bool
    reason: str | msgspec.UnsetType = msgspec.UNSET


async def poll(listening: Listening, query: Query, clock: Callable[[], float]) -> Polled | None:
    """Wait for events. None: there is no answer but an error, or nobody to be answered."""
    events: list[msgspec.Raw] = []
    size, ends, gathering = 0, clock() + query.timeout_s, False
    listening.wake_at(ends)
    while not listening.gone:
        closed = listening.closed is not None
        for each in listening.take():
            if isinstance(each, bytes):
                events.append(msgspec.Raw(each))
                size += len(each)
        over = clock() >= ends or size >= KEPT_BYTES
        if closed or listening.error is not None:
            break
        if over or (listening.subscribed is not None and (events or not query.positioned)):
            events += [msgspec.Raw(each) for each in listening.take_all() if isinstance(each, bytes)]
            break
        if events and not gathering:
            gathering, ends = True, min(ends, clock() + GATHER_S)
            listening.wake_at(ends)
        await listening.wait()
    return _answer(listening, events)


def _answer(listening: Listening, events: list[msgspec.Raw]) -> Polled | None:
    if listening.gone or not listening.authenticated:
        return None
    if listening.closed is not None:
        told = listening.subscribed is not None and listening.positions.complete
        if not told or not (events or listening.closed.code == CloseCode.DRAINING):
            return None
    elif listening.error is not None:
        return None
    positions = listening.positions
    if not (positions.complete if events else positions.list()):  # the log could not be asked in time
        return None
    reason = listening.lost
    return Polled(events, positions.list(), recovered=reason is None, reason=reason or msgspec.UNSET)
