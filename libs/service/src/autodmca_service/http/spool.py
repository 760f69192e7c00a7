"""Room for forms whose files are on disk or in memory: bounded for all requests of a replica together.

Owns a count of bytes and no file. A form takes the room that its head announces, before a byte of it is read,
and gives it back when its files are deleted. Where there is none left the request is refused (503), which the
metrics of problems count by its code.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from autodmca_service.http.operations import MIB
from autodmca_service.http.problems import ProblemError

ROOM_BYTES: Final = 1024 * MIB


class Spool:
    """`most_bytes`: of all forms at a time. `taken`: how many of them are taken now."""

    def __init__(self, most_bytes: int = ROOM_BYTES) -> None:
        self._most = most_bytes
        self.taken = 0

    @contextmanager
    def room(self, size: int) -> Iterator[None]:
        """Take room for so many bytes, for as long as the block lasts. Raises ProblemError."""
        if self.taken + size > self._most:
            raise ProblemError(
                503,
                "uploads-busy",
                "other uploads take all the room that there is; try again",
                headers={"retry-after": "5", "connection": "close"},
            )
        self.taken += size
        try:
            yield
        finally:
            self.taken -= size
