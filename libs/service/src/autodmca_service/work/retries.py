"""When work that failed is tried again: after a pause that doubles with each failure of the same run.

Owns the failures of this replica alone: the next owner begins with none. Counts by the steady clock.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from autodmca_service.work.agenda import Key

FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 300.0
KEPT: Final = 10_000
"""Beyond that the oldest are forgotten, and tried again at once."""


class _Failure(NamedTuple):
    run: int
    times: int
    not_before_s: float


class Retries:
    """`steady`: seconds of a clock that is never set."""

    def __init__(self, steady: Callable[[], float]) -> None:
        self._steady = steady
        self._failures: dict[Key, _Failure] = {}

    def __iter__(self) -> Iterator[Key]:
        return iter(list(self._failures))

    def failed(self, key: Key, run: int) -> None:
        """Another attempt at this run has failed now."""
        known = self._failures.pop(key, None)
        times = known.times + 1 if known is not None and known.run == run else 1
        pause_s = min(FIRST_PAUSE_S * 2 ** min(times - 1, 20), LONGEST_PAUSE_S)
        # Not all at once, where all failed at once.
        not_before_s = self._steady() + pause_s * random.uniform(0.5, 1)  # noqa: S311
        self._failures[key] = _Failure(run, times, not_before_s)
        if len(self._failures) > KEPT:
            del self._failures[next(iter(self._failures))]

    def pause_ms(self, key: Key, run: int | None) -> int | None:
        """How long this run has to wait yet, negative when it need not any more; None: it has not failed.

        Another run, or none, is a new beginning: the failures of the one before are forgotten.
        """
        known = self._failures.get(key)
        if known is None:
            return None
        if known.run != run:
            del self._failures[key]
            return None
        return int((known.not_before_s - self._steady()) * 1000)
