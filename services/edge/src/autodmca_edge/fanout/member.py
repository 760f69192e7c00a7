"""A connection as the hub sees it, and how a run of events is delivered to it.

Owns no state: session/session.py has the real member, replay/gate.py the real gate. Knows neither sockets nor
Kafka.
"""

from collections.abc import Mapping
from typing import Protocol

from autodmca_edge.fanout.pacer import Pacer
from autodmca_edge.fanout.treatment import Treatment
from autodmca_edge.log.partition import Partition
from autodmca_edge.wire.outbox import Outbox

__all__ = ["GateState", "Member", "deliver"]


class GateState(Protocol):
    """How far a replay to a member has come on a partition whose live events the member does not take."""

    @property
    def next(self) -> int:
        """The first offset that the replay has not looked at."""

    @property
    def joined(self) -> int:
        """The offset at which live events began for the subscription."""


class Member(Protocol):
    """A connection, as the hub sees it."""

    pending: list[bytes] | None
    """Its frames of the poll under way, in pieces; the hub's to use."""
    treatment: Treatment | None
    """What is special about it; fixed while it is a member."""
    pacer: Pacer | None
    """What its events wait in, if its treatment has them wait."""

    @property
    def outbox(self) -> Outbox:
        """Where its frames go."""

    def fell_behind(self, where: Mapping[Partition, int], events: int) -> None:
        """Its outbox is full: these events were not taken, and are in the log from these offsets on.

        Must not call back into the hub, except to close a gate there.
        """


def deliver(member: Member, frames: bytes, events: int) -> bool:
    """Write a run of plain frames of so many events. False: over the outbox's bound, not taken."""
    treatment = member.treatment
    if treatment is None:
        return member.outbox.write(frames)
    if member.pacer is not None:
        return member.pacer.write(frames)
    data = treatment.prepared(frames)
    if not member.outbox.write(data):
        return False
    treatment.delivered(events, len(data))
    return True
