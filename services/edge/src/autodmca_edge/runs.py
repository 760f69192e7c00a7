"""Everybody's events, joined into the bytes that many members are sent at once.

Owns the size of what is sent in one call: a member that stops reading in the middle costs no more than
that. Synchronous, no I/O.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from autodmca_edge.log import Record

__all__ = ["Framed", "Run", "runs_of"]

RUN_BYTES: Final = 65_536

Framed = tuple[int, bytes, Record]
"""The bit of an event's type, its frame, its record."""


class Run(NamedTuple):
    """Consecutive events for everybody that the same members want; `start`: the first one's offset."""

    data: bytes
    events: int
    start: int


def runs_of(frames: Iterable[Framed], wants: Callable[[int, Record], object]) -> Iterator[Run]:
    """The frames that are wanted, in runs of about RUN_BYTES."""
    chosen: list[bytes] = []
    size = start = 0
    for bit, frame, record in frames:
        if wants(bit, record):
            if not chosen:
                start = record.offset
            chosen.append(frame)
            size += len(frame)
            if size >= RUN_BYTES:
                yield Run(b"".join(chosen), len(chosen), start)
                chosen, size = [], 0
    if chosen:
        yield Run(b"".join(chosen), len(chosen), start)
