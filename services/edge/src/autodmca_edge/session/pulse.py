"""A node's regular beat: whose time is up, and whether the wall clock was set.

Owns what follows from a wall clock that jumps: it is logged, and until every connection's deadlines have been
reckoned anew, each is asked whether its token has expired. Knows no socket. An item that fails is its timer's
trouble (timers.py).
"""

from collections.abc import Callable, Mapping
from typing import Final

import structlog

from autodmca_edge.session.deadlines import HEARTBEAT_TIMEOUT_S
from autodmca_edge.session.ports import Client
from autodmca_edge.timers import JumpDetector, TimerWheel

__all__ = ["TICK_S", "Pulse"]

TICK_S: Final = 0.25

log = structlog.get_logger()


class Pulse:
    """Call `beat` every TICK_S seconds. `clock` is steady; `wall` reads seconds since the epoch."""

    def __init__(
        self,
        clock: Callable[[], float],
        wall: Callable[[], float],
        wheel: TimerWheel,
        sessions: Mapping[str, Client],
    ) -> None:
        self._jumps = JumpDetector(clock, wall)
        self._wheel = wheel
        self._sessions = sessions
        self._wary_until = 0.0

    def beat(self, now: float) -> None:
        """What is due at `now`, by the steady clock."""
        if (by := self._jumps.look()) is not None:
            log.warning("the wall clock was set", seconds=round(by, 3))
            self._wary_until = now + HEARTBEAT_TIMEOUT_S  # no deadline is reckoned for longer than that
        if now < self._wary_until:
            for session in list(self._sessions.values()):
                session.current()
        self._wheel.advance(now)
