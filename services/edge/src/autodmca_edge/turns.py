"""How many replays may read the log at once; the others wait their turn.

Owns the turns of replays that the window cannot serve: a number of them at a time, first come, first served,
and how long each may take; whose time is up is closed as too slow, and can go on where it was. Synchronous
but for the waiting itself, which ends early when the replay is given up. Who is cut off while it waits has
its place in the line kept for a while (places.py).
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final, Protocol

from autodmca_edge.places import Line
from autodmca_edge.timers import TimerWheel

__all__ = ["Turns"]

LOOK_S: Final = 5.0


class Client(Protocol):
    """Whom it is for; see session.py."""

    key: bytes

    def too_slow(self, events: int) -> None: ...


class Waiting(Protocol):
    """A replay; see gates.py."""

    @property
    def session(self) -> Client: ...


class Turns:
    """At most `most` replays at once, each for at most `seconds`. `clock` is that of `wheel`.

    `places` counts what becomes of places that are kept.
    """

    def __init__(
        self,
        most: int,
        seconds: float,
        wheel: TimerWheel,
        clock: Callable[[], float],
        places: Counter[str],
    ) -> None:
        self._most = most
        self.seconds = seconds
        self._wheel = wheel
        self._clock = clock
        self._running: dict[Waiting, float] = {}  # until when, the oldest first
        self._line: Line[Waiting] = Line(clock, places)
        self._called: dict[Waiting, asyncio.Event] = {}
        self._timed = False

    @property
    def running(self) -> int:
        return len(self._running)

    @property
    def waiting(self) -> int:
        return len(self._line)

    def ask(self, replay: Waiting) -> int | None:
        """How many wait before it, in the line which it joins; None: it has its turn."""
        number = self._line.number(replay.session.key)
        if len(self._running) < self._most:
            self._run(replay)
            return None
        self._called[replay] = asyncio.Event()
        return self._line.join(replay, number)

    async def come(self, replay: Waiting) -> None:
        """Return when it is the replay's turn, or when it has left the line."""
        if replay in self._called:
            await self._called[replay].wait()

    def leave(self, replay: Waiting, *, cut_off: bool = False) -> None:
        """It has ended, or is given up. Does nothing for who is not here.

        `cut_off`: only its client has gone, who may come back and want its place in the line.
        """
        number = self._line.leave(replay)
        if number is not None:
            self._called.pop(replay).set()
            if cut_off:
                self._line.keep(number, replay.session.key)
        if self._running.pop(replay, None) is not None:
            following = self._line.pop()
            if following is not None:
                self._run(following)
                self._called.pop(following).set()

    def _run(self, replay: Waiting) -> None:
        now = self._clock()
        self._running[replay] = now + self.seconds
        if not self._timed:
            self._timed = True
            self._wheel.add(self, now + LOOK_S)

    def due(self, now: float) -> float | None:
        """End those whose time is up."""
        for replay in [each for each, until in self._running.items() if until <= now]:
            self.leave(replay)
            replay.session.too_slow(0)
        self._timed = bool(self._running)
        return now + LOOK_S if self._timed else None
