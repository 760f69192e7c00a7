"""One timer for all connections.

Owns deadlines (heartbeats, authentication, token expiry, closing handshakes) in buckets of one
second on a clock that reads like the wall clock but never jumps, so that a token's expiry falls
on a bucket's edge. An item is asked when its bucket comes up and says itself when to be asked
again; nothing is cancelled, as an item that has moved on simply answers with a later time.
"""

import math
import time
from collections.abc import Callable
from typing import Protocol

__all__ = ["Timed", "TimerWheel", "monotonic_wall_clock"]


class Timed(Protocol):
    """Something with deadlines."""

    def due(self, now: float) -> float | None:
        """Do what is due at `now` (seconds since the epoch); the next time to be asked, or None."""


def monotonic_wall_clock() -> Callable[[], float]:
    """A clock in seconds since the epoch, set once from the wall clock and steady from then on.

    On Linux it also counts the time for which the machine was suspended: tokens expire meanwhile, too.
    """
    steady = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    clock_gettime = time.clock_gettime
    offset = time.time() - clock_gettime(steady)

    def now() -> float:
        return clock_gettime(steady) + offset

    return now


class TimerWheel:
    """Buckets of items by the second in which they want to be asked."""

    __slots__ = ("_buckets", "next_due")

    def __init__(self) -> None:
        self._buckets: dict[int, list[Timed]] = {}
        self.next_due: float = math.inf
        """The start of the earliest bucket: before it `advance` has nothing to do."""

    def add(self, item: Timed, when: float) -> None:
        """Ask `item` in the second that begins at or after `when`."""
        second = math.ceil(when)
        bucket = self._buckets.get(second)
        if bucket is None:
            self._buckets[second] = [item]
            self.next_due = min(self.next_due, second)
        else:
            bucket.append(item)

    def advance(self, now: float) -> None:
        """Ask every item whose second has begun. Synchronous; an item must not block."""
        while self.next_due <= now:
            bucket = self._buckets[int(self.next_due)]
            while bucket:  # one by one: an item that fails does not take the others along
                item = bucket.pop()
                again = item.due(now)
                if again is not None:
                    self.add(item, max(again, now + 0.001))
            del self._buckets[int(self.next_due)]
            self.next_due = min(self._buckets, default=math.inf)
