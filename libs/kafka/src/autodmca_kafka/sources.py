"""Where an input comes from that follows from another record: another service's input, or an event.

Owns the header that says so and the marker, kept beside the user's state, of the newest source that was
applied; and the header by which a processor's events and outcomes say what they follow from, for they may be
written again at another offset. What follows from one partition of the log is written in its order; so a
source that is not newer than the marker was applied before, and is passed over: writing an input again, after
a crash or by two owners at once, does it once. A topic that was made anew counts from its beginning: its
incarnation is part of the marker's name. Fails with ValueError for a header that is none.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple, Self

import msgspec

SOURCE: Final = "source"
"""The header of an input that follows from another record."""
RESERVED: Final = "~"
"""Begins the ids of entities that are not the model's."""
ORIGIN: Final = "origin"
"""The header of an event or an outcome that a processor wrote."""
_MARKER: Final = "~source/"
_INCARNATION: Final = 6
"""So many characters of an incarnation tell it from the few others that there may be."""
_FORM: Final = re.compile(rb"([\w.-]{1,249})#([\w-]{0,22})/(\d{1,10})/(\d{1,19})/(\d{1,10})", re.ASCII)

_ORIGIN: Final = re.compile(rb"([\w-]{0,%d})/(\d{1,19})/(\d{1,6})" % _INCARNATION, re.ASCII)

Place = tuple[int, int]
"""The offset of a record, and which of the inputs that follow from it: ordered as they were written."""


class Source(NamedTuple):
    """The `nth` input (from 0) that follows from the record at `offset`."""

    topic: str
    incarnation: str
    partition: int
    offset: int
    nth: int = 0

    @property
    def header(self) -> bytes:
        """The value of the header `source`."""
        topic, incarnation, partition, offset, nth = self
        return f"{topic}#{incarnation}/{partition}/{offset}/{nth}".encode()

    @property
    def marker(self) -> str:
        """The id of the entity that remembers the newest source from the same partition."""
        return f"{_MARKER}{self.topic}#{self.incarnation}/{self.partition}"

    @property
    def place(self) -> Place:
        """What the marker holds."""
        return self.offset, self.nth

    @classmethod
    def parse(cls, header: bytes) -> Self:
        """The inverse of `header`. Raises ValueError."""
        match = _FORM.fullmatch(header)
        if match is None:
            raise ValueError(f"{header[:300]!r} is no source: topic#incarnation/partition/offset/nth")
        topic, incarnation, *numbers = (part.decode() for part in match.groups())
        partition, offset, nth = map(int, numbers)
        return cls(topic, incarnation, partition, offset, nth)


class Origin(NamedTuple):
    """The `nth` thing (from 0) that follows from its service's input at `offset` of the same partition.

    A header of its own, and not a part of the event's id: ids stay what they are while versions of a program
    run side by side, nothing bounds `nth`, and an edge pays 20 bytes and 0.05 microseconds a record.
    """

    incarnation: str
    offset: int
    nth: int

    @classmethod
    def of(cls, incarnation: str, offset: int, nth: int) -> Self:
        """`incarnation`: of the inputs topic, whole or as far as it stands in a header."""
        return cls(incarnation[:_INCARNATION], offset, nth)

    @property
    def header(self) -> bytes:
        """The value of the header `origin`."""
        return f"{self.incarnation}/{self.offset}/{self.nth}".encode()

    @classmethod
    def parse(cls, header: bytes) -> Self:
        """The inverse of `header`. Raises ValueError."""
        match = _ORIGIN.fullmatch(header)
        if match is None:
            raise ValueError(f"{header[:300]!r} is no origin: incarnation/offset/nth")
        return cls(match[1].decode(), int(match[2]), int(match[3]))


def is_marker(entity_id: str) -> bool:
    """Whether an entity is a marker."""
    return entity_id.startswith(_MARKER)


def place_of(value: bytes) -> Place:
    """What a marker's record holds. Raises msgspec.ValidationError, which is a ValueError."""
    return msgspec.json.decode(value, type=tuple[int, int])
