"""What one poll comes to for the hub's members.

Owns the writing of a poll's frames: all that a member is to have leaves in one write, or in parts where that
is much, so that a socket which stops reading in between is left with one part and what its outbox holds,
however much the poll brought. A member that takes no more is told from where on the log has the rest.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from autodmca_edge.log import Partition
from autodmca_edge.member import Member
from autodmca_edge.pacing import deliver
from autodmca_edge.records import PIECES, cursor_of

__all__ = ["PART_BYTES", "Poll"]

PART_BYTES: Final = 65_536


class Poll:
    """One poll under way. `begun`: where it began on the users' partitions."""

    __slots__ = ("begun", "deliveries", "size", "stamps", "waiting")

    def __init__(self, begun: Mapping[Partition, int]) -> None:
        self.begun = begun
        self.waiting: list[Member] = []
        self.stamps: Counter[int] = Counter()
        self.deliveries = 0
        self.size = 0

    def write(self, member: Member, data: bytes, events: int, where: Mapping[Partition, int]) -> None:
        """Write to a member, or tell it from where on it has to catch up."""
        if member.outbox.write(data):
            self.deliveries += events
            self.size += len(data)
        else:
            member.fell_behind(where, events)

    def treat(self, member: Member, frames: bytes, events: int, where: Mapping[Partition, int]) -> None:
        """The same for one with a treatment."""
        if deliver(member, frames, events):
            self.deliveries += events
            self.size += len(frames)
        else:
            member.fell_behind(where, events)

    def write_parts(self, member: Member, pieces: Sequence[bytes]) -> None:
        """Write a member's own frames, in order, as far as it takes them."""
        begin = 0
        for end, data in _parts(pieces):
            events = (end - begin) // PIECES
            if not deliver(member, data, events):
                member.fell_behind(self._first_of(pieces[begin:]), (len(pieces) - begin) // PIECES)
                return
            self.deliveries += events
            self.size += len(data)
            begin = end

    def _first_of(self, pieces: Sequence[bytes]) -> dict[Partition, int]:
        """Where these frames begin, on each partition that they are of."""
        by_prefix = {each.prefix: each for each in self.begun}
        first: dict[Partition, int] = {}
        for at in range(0, len(pieces), PIECES):
            prefix, offset = cursor_of(pieces[at : at + PIECES])
            first.setdefault(by_prefix[prefix], offset)
        return first


def _parts(pieces: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
    """Whole frames joined up to about PART_BYTES, and up to which piece."""
    begin = size = 0
    for end in range(PIECES, len(pieces) + 1, PIECES):
        size += sum(map(len, pieces[end - PIECES : end]))
        if size >= PART_BYTES or end == len(pieces):
            yield end, b"".join(pieces[begin:end])
            begin, size = end, 0
