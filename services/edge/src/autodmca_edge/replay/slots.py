"""The slots of replays that read the log: a number of replays have one at once, the others wait in a queue.

Owns the slots of replays that the window cannot serve, first come, first served, and how long a replay may
keep its slot; a client whose replay takes longer is closed as too slow, and can go on where it was.
Synchronous but for the waiting itself, which ends early when the replay is given up. A replay whose client
goes away while it waits has its place in the queue kept for a while (queue.py).
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final

from autodmca_edge.replay.gate import Replay
from autodmca_edge.replay.queue import Queue
from autodmca_edge.timers import TimerWheel

__all__ = ["Slots"]

LOOK_S: Final = 5.0


class Slots:
    """At most `most` slots, each for at most `seconds`. `clock` is that of `wheel`.

    `places` counts what becomes of the places in the queue that are kept.
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
        self._running: dict[Replay, float] = {}  # until when
        self._queue: Queue[Replay] = Queue(clock, places)
        self._called: dict[Replay, asyncio.Event] = {}
        self._timed = False

    @property
    def running(self) -> int:
        return len(self._running)

    @property
    def waiting(self) -> int:
        return len(self._queue)

    def has(self, replay: Replay) -> bool:
        """Whether it has a slot."""
        return replay in self._running

    def ask(self, replay: Replay) -> int | None:
        """How many wait before it, in the queue which it joins; None: it has a slot."""
        number = self._queue.number(replay.client.key)
        if len(self._running) < self._most:
            self._run(replay)
            return None
        self._called[replay] = asyncio.Event()
        return self._queue.join(replay, number)

    async def come(self, replay: Replay) -> None:
        """Return when the replay has a slot, or has left the queue."""
        if replay in self._called:
            await self._called[replay].wait()

    def hand_over(self, replay: Replay, to: Replay) -> None:
        """Give the slot to `to`, of the same client, for the time that is left of it, if `replay` has one."""
        until = self._running.pop(replay, None)
        if until is not None:
            self._running[to] = until

    def leave(self, replay: Replay, *, cut_off: bool = False) -> None:
        """The replay has ended, or is given up. Does nothing for a replay that is not here.

        `cut_off`: only its client has gone, and may come back and want its place in the queue.
        """
        number = self._queue.leave(replay)
        if number is not None:
            self._called.pop(replay).set()
            if cut_off:
                self._queue.keep(number, replay.client.key)
        if self._running.pop(replay, None) is not None:
            upcoming = self._queue.pop()
            if upcoming is not None:
                self._run(upcoming)
                self._called.pop(upcoming).set()

    def _run(self, replay: Replay) -> None:
        now = self._clock()
        self._running[replay] = now + self.seconds
        if not self._timed:
            self._timed = True
            self._wheel.add(self, now + LOOK_S)

    def due(self, now: float) -> float | None:
        """End those whose time is up."""
        for replay in [each for each, until in self._running.items() if until <= now]:
            self.leave(replay)
            replay.client.too_slow(0)
        self._timed = bool(self._running)
        return now + LOOK_S if self._timed else None
