"""The book of every request that reached the world, and of what each one did: what tests count by.

Bounded: the oldest lines go first, which is counted; the counts of effects never go.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import Final, Literal

from msgspec import Struct

MAX_LINES: Final = 200_000
Effect = Literal["new", "repeat", "read", "refused", "fault"]


class Received(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One request. `effect` is what it did to its place (`new`: something was filed), whatever was
    answered."""

    at_ms: int
    place: str
    operation: str
    effect: Effect
    status: int
    reference: str | None = None
    key: str | None = None
    fault: str | None = None
    items: tuple[str, ...] = ()


class Book:
    """What came, newest last."""

    def __init__(self) -> None:
        self._lines: deque[Received] = deque(maxlen=MAX_LINES)
        self._total = 0
        self._filed: dict[str, Counter[str]] = {}

    def write(self, line: Received) -> None:
        """Take one request down; the items of a `new` one are counted as filed at its place."""
        self._total += 1
        self._lines.append(line)
        if line.effect == "new" and line.operation in ("submit", "file"):
            self._filed.setdefault(line.place, Counter()).update(line.items)

    def lines(self, place: str | None, operation: str | None) -> list[Received]:
        """Those of one place and operation, or of all."""
        return [
            line
            for line in self._lines
            if place in (None, line.place) and operation in (None, line.operation)
        ]

    @property
    def forgotten(self) -> int:
        """How many lines are gone."""
        return self._total - len(self._lines)

    def filed(self) -> dict[str, dict[str, int]]:
        """By place: how many times each item (a URL) was filed anew."""
        return {place: dict(counts) for place, counts in self._filed.items()}

    def clear(self) -> None:
        """Begin a new book."""
        self._lines.clear()
        self._filed.clear()
        self._total = 0
