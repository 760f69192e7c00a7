"""Long work over many connections, done piece by piece.

Owns the turns: each turn of the event loop does one piece of one work, and the works alternate, so that
clients' events wait for a piece and never for the whole. A work is a generator that yields wherever it may be
interrupted; one that fails is logged and ended, and harms no other. The callers bound how many there are.
"""

from collections import deque
from collections.abc import Callable, Generator

import structlog

__all__ = ["Walks", "Work"]

Work = Generator[None, None, None]

log = structlog.get_logger()


class Walks:
    """Work under way. `soon` calls back in the next turn of the loop."""

    def __init__(self, soon: Callable[[Callable[[], None]], object]) -> None:
        self._soon = soon
        self._works: deque[Work] = deque()

    def __len__(self) -> int:
        return len(self._works)

    def begin(self, work: Work) -> None:
        """Do this from the next turn on."""
        self._works.append(work)
        if len(self._works) == 1:
            self._soon(self._turn)

    def _turn(self) -> None:
        work = self._works[0]
        try:
            next(work)
        except StopIteration:
            self._works.remove(work)
        except Exception:  # the top of a work
            log.exception("work over connections failed")
            self._works.remove(work)
        else:
            self._works.rotate(-1)
        if self._works:
            self._soon(self._turn)
