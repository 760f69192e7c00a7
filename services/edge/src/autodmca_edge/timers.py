"""The node's clocks, and one timer for all connections.

Owns deadlines (heartbeats, authentication, token expiry, closing handshakes) in buckets of one second; those
that are less than a second away are kept apart and met exactly. Intervals go by a steady clock, which never
jumps; moments (a token's expiry, what is said to be the time) by the wall clock as it is now. An item is
asked when its time comes and says itself when to be asked again; nothing is cancelled, as an item that has
moved on simply answers with a later time.
"""

import math
import time
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Final, Protocol

__all__ = ["NEAR_S", "JumpDetector", "Timed", "TimerWheel", "steady_clock"]

NEAR_S: Final = 1.0
JUMP_S: Final = 1.0
"""Smaller corrections are what keeping the time by the network makes all day."""


class Timed(Protocol):
    """Something with deadlines."""

    def due(self, now: float) -> float | None:
        """Do what is due at `now`, by the steady clock; the next time to be asked, or None."""


class _Meeting:
    """Asks at `when`, once, for something that the wheel may know already, and will ask again by itself."""

    __slots__ = ("_ask", "_when")

    def __init__(self, ask: Callable[[float], object], when: float) -> None:
        self._ask, self._when = ask, when

    def due(self, now: float) -> float | None:
        if now < self._when:
            return self._when
        self._ask(now)
        return None


def steady_clock() -> Callable[[], float]:
    """Seconds from some moment on, for intervals.

    On Linux it also counts the time for which the machine was suspended: tokens expire meanwhile, too.
    """
    clock_gettime = time.clock_gettime
    steady = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

    def now() -> float:
        return clock_gettime(steady)

    return now


class JumpDetector:
    """Tells when the wall clock was set: it has moved by more than a second against the steady one."""

    __slots__ = ("_apart", "_steady", "_wall")

    def __init__(self, steady: Callable[[], float], wall: Callable[[], float]) -> None:
        self._steady, self._wall = steady, wall
        self._apart = wall() - steady()

    def look(self) -> float | None:
        """By how many seconds the wall clock was set since the last look; None: it was not."""
        apart = self._wall() - self._steady()
        by = apart - self._apart
        if abs(by) < JUMP_S:
            return None
        self._apart = apart
        return by


class TimerWheel:
    """Buckets of items by the second in which they want to be asked."""

    __slots__ = ("_added", "_buckets", "_now", "_soon", "next_due")

    def __init__(self) -> None:
        self._buckets: dict[int, list[Timed]] = {}
        self._soon: list[tuple[float, int, Timed]] = []
        self._added = 0
        self._now = -math.inf
        self.next_due: float = math.inf
        """Before it `advance` has nothing to do."""

    def add(self, item: Timed, when: float) -> None:
        """Ask `item` at `when`, or where that is past or a second away and more in the second that begins
        after it."""
        if self._now < when < self._now + NEAR_S:
            self._added += 1
            heappush(self._soon, (when, self._added, item))
            self.next_due = min(self.next_due, when)
            return
        second = math.ceil(max(when, self._now + 0.001))
        bucket = self._buckets.get(second)
        if bucket is None:
            self._buckets[second] = [item]
            self.next_due = min(self.next_due, second)
        else:
            bucket.append(item)

    def meet(self, ask: Callable[[float], object], when: float) -> None:
        """Call `ask` at `when`, exactly, or at the next advance where that is past."""
        near = when < self._now + NEAR_S
        self.add(_Meeting(ask, when), max(when, self._now + 0.001) if near else when - NEAR_S)

    def advance(self, now: float) -> None:
        """Ask every item whose time has come. Synchronous; an item must not block."""
        self._now = now
        while self.next_due <= now:
            while self._soon and self._soon[0][0] <= now:
                self._ask(heappop(self._soon)[2], now)
            if (second := min(self._buckets, default=math.inf)) <= now:
                bucket = self._buckets[int(second)]
                while bucket:  # one by one: an item that fails does not take the others along
                    self._ask(bucket.pop(), now)
                del self._buckets[int(second)]
            self.next_due = min(self._buckets, default=math.inf)
            if self._soon:
                self.next_due = min(self.next_due, self._soon[0][0])

    def _ask(self, item: Timed, now: float) -> None:
        again = item.due(now)
        if again is not None:
            self.add(item, again)
