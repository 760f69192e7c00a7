"""Members with a treatment, whom the hub serves apart from all others.

Owns who they are, and the way of a poll's events to them: what is compressed is compressed once for all who
want the same in the same window, and whose events are held back have an outbox's stead to write to. Costs
nothing where there are none. Synchronous; knows neither sockets nor Kafka.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from autodmca_edge.log import Partition, Record
from autodmca_edge.member import Member
from autodmca_edge.poll import Poll
from autodmca_edge.runs import Framed, runs_of
from autodmca_edge.subscriptions import Interest
from autodmca_edge.wishes import Wishes

__all__ = ["Apart"]

Wants = Callable[[Interest, int, Record], object]


class Apart:
    """The members of one hub that have a treatment. `gates`: the hub's."""

    def __init__(self, gates: Mapping[Member, Mapping[Partition, object]]) -> None:
        self._gates = gates
        self._members: set[Member] = set()
        self._wishes = Wishes()

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._members)

    def join(self, member: Member, overall: Interest) -> None:
        """Register a member; `overall` is what it wants of everybody's events."""
        self._members.add(member)
        self._wishes.join(member, overall)

    def leave(self, member: Member) -> None:
        """Forget a member. Does nothing for who is not here."""
        self._members.discard(member)
        self._wishes.leave(member)

    def to_users(self, poll: Poll) -> None:
        """Write what waits for those of them who wait."""
        for member in poll.waiting:
            pieces = member.pending
            if pieces is not None and member.treatment is not None:
                member.pending = None
                poll.write_parts(member, pieces)

    def to_everybody(self, partition: Partition, frames: Sequence[Framed], wants: Wants, poll: Poll) -> None:
        """Write everybody's events to those of them who want some."""
        for mask, members in self._wishes.plain.items():
            for run in runs_of(frames, partial(_is_of, mask)):
                for member in members:
                    if partition not in self._gates.get(member, ()):
                        poll.treat(member, run.data, run.events, {partition: run.start})
        for member, interest in self._wishes.filtering.items():
            for run in runs_of(frames, partial(wants, interest)):
                if partition not in self._gates.get(member, ()):
                    poll.treat(member, run.data, run.events, {partition: run.start})


def _is_of(mask: int, bit: int, _record: Any) -> int:
    return bit & mask
