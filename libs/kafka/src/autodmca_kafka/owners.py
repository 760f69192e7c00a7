"""Who owns which partition of a group, and where that replica answers.

Owns the group's assignor: Kafka's sticky one, with each member's address in its metadata and the whole map in
every assignment (as Kafka Streams does for interactive queries, KIP-67). So after a rebalance each replica
knows all owners without a question. Never says whether an owner still is one: see `Lease`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec
import structlog
from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata

log = structlog.get_logger(__name__)

Owners = Mapping[int, str]
"""Partition of the inputs topic -> address of the replica that owns it; "" for one that gave none."""

NOBODY: Final[Owners] = MappingProxyType({})


class _Member(msgspec.Struct, frozen=True):
    """What a member says of itself: its address, and what the sticky assignor wants remembered."""

    address: str = ""
    sticky: bytes = b""


class AddressedAssignor:
    """The assignor of one member; aiokafka calls what it calls of an assignor class.

    `address`: where this replica answers, `host:port`. `on_owners` is told the map of each assignment, before
    the partitions are handed over. A member or a leader of another version may say less.
    """

    name: Final = "autodmca-addressed"

    def __init__(self, address: str, on_owners: Callable[[Owners], None]) -> None:
        self._address = address
        self._on_owners = on_owners
        # The sticky assignor keeps its memory in its class: each member has a class of its own.
        self._sticky: Any = type("Sticky", (StickyPartitionAssignor,), {})

    def metadata(self, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
        """What goes with this member's request to join."""
        plain = self._sticky.metadata(topics)
        about = msgspec.json.encode(_Member(self._address, plain.user_data))
        return ConsumerProtocolMemberMetadata(plain.version, plain.subscription, about)

    def assign(
        self, cluster: ClusterMetadata, members: Mapping[str, ConsumerProtocolMemberMetadata]
    ) -> dict[str, ConsumerProtocolMemberAssignment]:
        """Hand out the partitions, as the group's leader."""
        about = {
            member: _read(metadata.user_data, _Member) or _Member() for member, metadata in members.items()
        }
        plain = {
            member: ConsumerProtocolMemberMetadata(each.version, each.subscription, about[member].sticky)
            for member, each in members.items()
        }
        assigned = self._sticky.assign(cluster, plain)
        owners = {
            str(tp.partition): about[member].address
            for member, assignment in assigned.items()
            for tp in assignment.partitions()
        }
        told = msgspec.json.encode(owners)
        return {
            member: ConsumerProtocolMemberAssignment(each.version, each.assignment, told)
            for member, each in assigned.items()
        }

    def on_assignment(self, assignment: ConsumerProtocolMemberAssignment) -> None:
        """Take this member's part."""
        self._sticky.on_assignment(assignment)
        owners = _read(assignment.user_data, dict[int, str])
        self._on_owners(NOBODY if owners is None else MappingProxyType(owners))


class Lease:
    """How long a member may count on its partitions: `session_s` from when the last heartbeat that the
    coordinator took was sent. Before that time it has given them to nobody else.

    By a steady clock, which goes on while the process is frozen.
    """

    def __init__(self, session_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._session_s = session_s
        self._clock = clock
        self._renewed = -math.inf

    @property
    def left_s(self) -> float:
        """Seconds until it ends; 0 or less: it has ended."""
        return self._renewed + self._session_s - self._clock()

    @property
    def holds(self) -> bool:
        """Whether it has not ended."""
        return self.left_s > 0

    def end(self) -> None:
        """The partitions were given up."""
        self._renewed = -math.inf

    def now(self) -> float:
        """The moment to be given to `renew` by whoever sends a heartbeat now."""
        return self._clock()

    def renew(self, sent: float) -> None:
        """The coordinator took the heartbeat that was sent at this moment."""
        self._renewed = max(self._renewed, sent)


def _read(data: bytes | None, kind: Any) -> Any:
    try:
        return msgspec.json.decode(data or b"", type=kind)
    except msgspec.MsgspecError:
        return None
