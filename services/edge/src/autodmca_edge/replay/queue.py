"""The queue of replays that wait for a slot, and the places that are kept in it.

Owns the order: first come, first served. A waiter that goes away, as a long poll must that is to be answered
in time, has its place kept for its user's next visit to this node, for half a minute; so a client that comes
in short visits gets on as a client that stays. A kept place holds up nobody. At most 10,000 places are kept;
beyond that the one that has been kept longest is forgotten. Synchronous, no I/O; what becomes of places is
counted.
"""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable
from typing import Final, Generic, NamedTuple, TypeVar

__all__ = ["KEPT_S", "MOST_KEPT", "Queue"]

KEPT_S: Final = 30.0
MOST_KEPT: Final = 10_000

T = TypeVar("T")


class _Kept(NamedTuple):
    user: bytes
    until: float


class Queue(Generic[T]):
    """Whoever waits, in the order of their numbers. `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float], counts: Counter[str]) -> None:
        self._clock = clock
        self._counts = counts
        self._issued = 0
        self._order: list[int] = []
        self._waiting: dict[int, T] = {}
        self._numbers: dict[T, int] = {}
        self._kept: dict[int, _Kept] = {}  # the one that was left first comes first
        self._of_user: dict[bytes, list[int]] = {}

    def __len__(self) -> int:
        return len(self._order)

    def number(self, user: bytes) -> int:
        """The place kept for the user, which is so no longer, or a new one at the end."""
        self._expire()
        if user in self._of_user:
            number = min(self._of_user[user])
            self._forget(number, "taken")
            return number
        self._issued += 1
        return self._issued

    def join(self, waiter: T, number: int) -> int:
        """Wait at this place; how many are before it."""
        insort(self._order, number)
        self._waiting[number], self._numbers[waiter] = waiter, number
        return bisect_left(self._order, number)

    def leave(self, waiter: T) -> int | None:
        """Wait no more; the place that it had, if it was here."""
        number = self._numbers.pop(waiter, None)
        if number is not None:
            del self._waiting[number]
            del self._order[bisect_left(self._order, number)]
        return number

    def pop(self) -> T | None:
        """Whose turn it is; it waits no more."""
        if not self._order:
            return None
        waiter = self._waiting[self._order[0]]
        self.leave(waiter)
        return waiter

    def keep(self, number: int, user: bytes) -> None:
        """Have this place ready for the user's next visit."""
        self._expire()
        if len(self._kept) >= MOST_KEPT:
            self._forget(next(iter(self._kept)), "forgotten")
        self._kept[number] = _Kept(user, self._clock() + KEPT_S)
        self._of_user.setdefault(user, []).append(number)
        self._counts["kept"] += 1

    def _expire(self) -> None:
        now = self._clock()
        while self._kept and self._kept[first := next(iter(self._kept))].until <= now:
            self._forget(first, "lapsed")

    def _forget(self, number: int, outcome: str) -> None:
        user = self._kept.pop(number).user
        self._of_user[user].remove(number)
        if not self._of_user[user]:
            del self._of_user[user]
        self._counts[outcome] += 1
