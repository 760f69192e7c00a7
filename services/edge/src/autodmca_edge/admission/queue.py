"""When a handshake is answered: at once, after a short wait, or not now.

Owns the rate at which newcomers are let in, and the queue of those who wait for their turn, so that a storm
of them takes its share of the event loop and no more. Whoever finds the queue full is told when to come
back, each at another moment. Never looks at what a newcomer wants; knows neither sockets nor sessions.
"""

import random
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Final, Protocol

__all__ = ["Admission", "Newcomer", "retry_hint"]

STEP_S: Final = 0.002
"""Between two batches."""
BURST: Final = 16
"""Let in at once on an idle node, and in one batch at most; more of them where the rate asks for it."""
PRESSED: Final = 0.1
"""The share of the rate at which an overloaded node deals with newcomers, if only to refuse them."""
LONGEST_HINT_S: Final = 30.0


class Newcomer(Protocol):
    """A connection whose handshake has come."""

    def admit(self) -> None:
        """Open it."""

    def turn_away(self, reason: str) -> None:
        """Send it away."""


def retry_hint(seconds: float) -> str:
    """The words in a close reason that say when to come back; the SDKs read them."""
    return f"retry after {seconds * 1000:.0f} ms"


class Admission:
    """A token bucket of `a_second` handshakes and a queue of at most `waiting_limit`, first come, first in.

    `later` calls back after some seconds, as an event loop's `call_later` does. While `pressed` says so all
    goes ten times slower: to turn away who comes back at once is work too, and the node shall recover.
    """

    __slots__ = (
        "_a_second",
        "_burst",
        "_clock",
        "_filled",
        "_later",
        "_limit",
        "_pressed",
        "_promised",
        "_queue",
        "_random",
        "_stepping",
        "_tokens",
        "outcomes",
    )

    def __init__(
        self,
        a_second: float,
        waiting_limit: int,
        clock: Callable[[], float],
        later: Callable[[float, Callable[[], None]], object],
        pressed: Callable[[], bool] = lambda: False,
    ) -> None:
        self._a_second, self._limit = a_second, waiting_limit
        self._clock, self._later, self._pressed = clock, later, pressed
        self._burst = max(BURST, 2 * STEP_S * a_second)
        self._tokens, self._filled = self._burst, clock()
        self._queue: OrderedDict[Newcomer, None] = OrderedDict()
        self._stepping = False
        self._promised = 0.0
        self._random = random.Random()  # noqa: S311 - spreads load, guards nothing
        self.outcomes: Counter[str] = Counter()
        """How many were let in `at_once` or had `waited`, had `left` before, or found the queue `full`."""

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._queue)

    def arrive(self, newcomer: Newcomer) -> None:
        """Admit `newcomer` now or when its turn comes, or turn it away, which is done before this returns."""
        queue = self._queue
        if not queue and self._refill() >= 1:
            self._tokens -= 1
            self.outcomes["at_once"] += 1
            newcomer.admit()
        elif len(queue) < self._limit:
            queue[newcomer] = None
            self._go_on()
        else:
            self.outcomes["full"] += 1
            newcomer.turn_away(f"too many at once; {retry_hint(self._come_back())}")

    def leave(self, newcomer: Newcomer) -> None:
        """`newcomer` hung up; nothing happens if it does not wait."""
        if newcomer in self._queue:
            del self._queue[newcomer]
            self.outcomes["left"] += 1

    def _go_on(self) -> None:
        if self._queue and not self._stepping:
            self._stepping = True
            self._later(STEP_S, self._step)

    def _step(self) -> None:
        """Admit a batch; the time until the next one is others'."""
        queue = self._queue
        batch = min(int(self._refill()), len(queue))
        self._tokens -= batch
        self._stepping = False
        try:
            for _ in range(batch):
                newcomer, _ = queue.popitem(last=False)
                self.outcomes["waited"] += 1
                newcomer.admit()
        finally:
            self._go_on()

    @property
    def _rate(self) -> float:
        return self._a_second * PRESSED if self._pressed() else self._a_second

    def _refill(self) -> float:
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
        return self._tokens

    def _come_back(self) -> float:
        """In how many seconds there is a place beyond the queue, and beyond those promised before."""
        now, rate = self._clock(), self._rate
        promised = max(self._promised + 1 / rate, now + len(self._queue) / rate)
        if promised - now > LONGEST_HINT_S:
            return self._random.uniform(LONGEST_HINT_S / 2, LONGEST_HINT_S)
        self._promised = promised
        return promised - now
