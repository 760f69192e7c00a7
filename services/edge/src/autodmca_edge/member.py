"""A connection as the hub sees it.

Owns no behaviour: session.py has the real one. Knows neither sockets nor Kafka.
"""

from collections.abc import Mapping
from typing import Protocol

from autodmca_edge.log import Partition
from autodmca_edge.outbox import Outbox
from autodmca_edge.pacing import Pacer
from autodmca_edge.treatment import Treatment

__all__ = ["Member"]


class Member(Protocol):
    """A connection, as the hub sees it."""

    pending: list[bytes] | None
    """Its frames of the poll under way, in pieces; the hub's to use."""
    treatment: Treatment | None
    """What is special about it; fixed while it is a member."""
    pacer: Pacer | None

    @property
    def outbox(self) -> Outbox:
        """Where its frames go."""

    def fell_behind(self, where: Mapping[Partition, int], events: int) -> None:
        """Its outbox is full: these events were not taken, and are in the log from these offsets on.

        Must not call back into the hub, except to close a gate there.
        """
