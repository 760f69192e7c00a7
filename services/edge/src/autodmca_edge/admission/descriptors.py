"""How many files, sockets among them, this process may have open, and how many it has.

Owns the reserve: the last of them are not for clients, but for Kafka, for operators and for telling newcomers
that there is no room. Counting is one look: the system gives out the lowest number that is free, so that
number is how many are open, near enough. Never fails; closes nothing.
"""

import os
import resource
from typing import Final

__all__ = ["Descriptors", "file_limit"]

RESERVE: Final = 100
"""Of a limit under 800 an eighth."""


def file_limit() -> int:
    """The limit that holds for this process; a very large number where there is none."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return soft if soft != resource.RLIM_INFINITY else 1 << 30


class Descriptors:
    """What a limit of open files leaves for clients; this process's own, unless it is given."""

    def __init__(self, limit: int | None = None) -> None:
        limit = limit or file_limit()
        reserve = min(RESERVE, limit // 8)
        self.limit = limit
        self.enough = limit - 2 * reserve
        """Over so many newcomers are told to go elsewhere."""
        self.most = limit - reserve
        """A connection whose number is this or more is answered and closed before it says anything."""

    def open(self) -> int:
        """How many are open now."""
        try:
            number = os.dup(0)
        except OSError:
            return self.limit
        os.close(number)
        return number
