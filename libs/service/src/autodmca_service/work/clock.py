"""The wall clock of whoever waits for a time, one that is stepped among the rest.

Owns the difference between the wall clock and the steady one. A step of the wall clock is believed once it
has stood for some seconds: set forward and back again it makes nothing due, and set right for good it is
followed. Has to be read at least every few seconds, for a step is seen when it is read.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import structlog

log = structlog.get_logger(__name__)

TOLERATED_S: Final = 1.0
"""A smaller step is followed at once."""
BELIEVED_S: Final = 10.0


class Clock:
    """`wall`: seconds since the Unix epoch. `steady`: seconds, never set. `steps`: how many were believed."""

    def __init__(
        self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self.steps = 0
        self._wall = wall
        self.steady: Final = steady
        self._gap = wall() - steady()
        self._suspect: tuple[float, float] | None = None

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch, as far as the wall clock is believed."""
        steady = self.steady()
        gap = self._wall() - steady
        if abs(gap - self._gap) <= TOLERATED_S:
            self._gap, self._suspect = gap, None
        elif self._suspect is None or abs(gap - self._suspect[0]) > TOLERATED_S:
            self._suspect = gap, steady
        elif steady - self._suspect[1] >= BELIEVED_S:
            log.warning("the clock was set", seconds=round(gap - self._gap, 3))
            self._gap, self._suspect = gap, None
            self.steps += 1
        return int((steady + self._gap) * 1000)
