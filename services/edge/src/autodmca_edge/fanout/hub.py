"""Who gets an event.

Owns the registry of members and the fan-out of what a poll yielded: one look-up per event nobody
here wants, one frame per event somebody wants, one write per member and poll. Synchronous: between
two awaits of the tail a poll is handed out whole. Knows neither sockets nor Kafka; a record that is
no event is skipped, counted and reported by position, and never stops the rest.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any, Protocol

from autodmca_edge.fanout.groups import Groups
from autodmca_edge.fanout.member import GateState, Member
from autodmca_edge.fanout.poll import TRACEPARENT, Framed, Poll, runs_of
from autodmca_edge.fanout.projection import Projection
from autodmca_edge.fanout.records import (
    USERS_TYPES,
    Malformed,
    Pieces,
    Report,
    event_frame,
    event_pieces,
    event_type,
    judge,
)
from autodmca_edge.fanout.subscriptions import EVERYONE, Interest
from autodmca_edge.log.partition import Partition, Record
from autodmca_edge.wire.outbox import Wire

__all__ = ["Feed", "Hub"]


class Feed(Protocol):
    """What the hub reports; see counts.py."""

    def polled(self) -> None: ...
    def writing(self) -> None: ...
    def routed(
        self,
        events: int,
        deliveries: int,
        size: int,
        stamps: Counter[int],
        traced: Sequence[tuple[int, str]],
    ) -> None: ...


class Hub:
    """The members of this node and the way from a record to them.

    `malformed` is told of records that are no events.
    """

    def __init__(self, feed: Feed, wire: Wire, malformed: Report) -> None:
        self._feed = feed
        self._malformed = malformed
        self._wire = wire
        self._users: dict[bytes | None, tuple[Interest, ...]] = {}
        self._groups = Groups()
        self._fields = Projection()
        self.gates: dict[Member, Mapping[Partition, GateState]] = {}
        """Partitions whose live events a member does not take now: they are being replayed to it."""
        self.subscriptions = 0
        """Those of all members; each counts its own (fanout/registry.py)."""

    @property
    def users(self) -> int:
        """Distinct users with a subscription here."""
        return len(self._users)

    def join(self, member: Member, interests: Mapping[bytes, Interest], overall: Interest) -> None:
        """Register a member by user key; `overall` is what it wants of everybody's events."""
        for key, interest in interests.items():
            self._users[key] = (*self._users.get(key, ()), interest)
        self._fields.join(member, overall.subscriptions)
        self._groups.join(member, overall)

    def leave(self, member: Member, keys: Iterable[bytes]) -> None:
        """Forget what `join` was given. Does nothing for who is not here."""
        for key in keys:
            rest = tuple(each for each in self._users.get(key, ()) if each.member is not member)
            if rest:
                self._users[key] = rest
            else:
                self._users.pop(key, None)
        self._fields.leave(member)
        self._groups.leave(member)

    def dispatch(self, batches: Sequence[tuple[Partition, Iterable[Sequence[Record]]]]) -> None:
        """Hand a poll's records, which may be decoded as they are asked for, to whoever wants them; every
        member is written to once.

        Records of one partition reach a member in their order.
        """
        self._feed.polled()
        events = 0
        begun = {partition: partition.position for partition, _ in batches if not partition.everybody}
        poll = Poll(self.gates, self._wire, begun)
        for partition, chunks in batches:
            if not partition.everybody:
                for records in chunks:
                    events += len(records)
                    self._to_users(partition, records, poll)
        self._feed.writing()
        for partition, chunks in batches:
            if partition.everybody:
                everybodys = [*chain.from_iterable(chunks)]
                events += len(everybodys)
                self._to_everybody(partition, everybodys, poll)
        poll.write_waiting()
        self._feed.routed(events, poll.deliveries, poll.size, poll.stamps, poll.traced)

    def _to_users(self, partition: Partition, records: Sequence[Record], poll: Poll) -> None:
        users, watchers, waiting, gates = self._users, self._users.get(EVERYONE), poll.waiting, self.gates
        wanted: Iterable[tuple[Record, tuple[Interest, ...]]]
        if watchers is None:  # the usual case: look at nothing that nobody here wants
            wanted = [(record, found) for record in records if (found := users.get(record.key))]
        else:
            wanted = ((record, _merge(users.get(record.key, ()), watchers)) for record in records)
        delivered_at: list[int] = []
        for record, interests in wanted:
            headers = record.headers
            # Our producers put the type first.
            bit = USERS_TYPES.get(headers[0][1]) if headers and headers[0][0] == "type" else None
            if bit is None:
                bit = self._type_of(partition, record)
                if not bit:
                    continue
            pieces: Pieces | None = None
            payload: Mapping[str, Any] | None = None
            try:
                for interest in interests:
                    if not interest.plain & bit:
                        if not interest.filtered & bit:
                            continue
                        if payload is None:
                            payload = judge(partition, record, bit, self._fields.decoder(bit))
                        if not interest.matches(bit, payload):
                            continue
                    member: Member = interest.member
                    if gates and partition in gates.get(member, ()):
                        continue
                    if pieces is None:
                        if payload is None:
                            judge(partition, record, bit)
                        pieces = event_pieces(partition, record)
                        delivered_at.append(record.timestamp)
                        if headers and headers[-1][0] == TRACEPARENT:
                            poll.trace(record)
                    if member.pending is None:
                        member.pending = [*pieces]
                        waiting.append(member)
                    else:
                        member.pending += pieces
            except Malformed as fault:  # before anybody was given it
                self._malformed(partition, record.offset, fault)
        poll.stamps.update(delivered_at)

    def _to_everybody(self, partition: Partition, records: Sequence[Record], poll: Poll) -> None:
        """One write per member: members that are sent the same bytes share a run."""
        frames: list[Framed] = []
        for record in records:
            try:
                bit = event_type(partition, record)
                judge(partition, record, bit)
            except Malformed as fault:
                self._malformed(partition, record.offset, fault)
                continue
            frames.append((bit, event_frame(partition, record), record))
            poll.stamps[record.timestamp] += 1
            if record.headers and record.headers[-1][0] == TRACEPARENT:
                poll.trace(record)
        for (treatment, mask), members in self._groups.plain.items():
            for run in runs_of(frames, partial(_is_of, mask)):
                poll.write_group(partition, treatment, members, run)
        payloads: dict[int, Mapping[str, Any]] = {}
        for member, interest in self._groups.filtering.items():
            for run in runs_of(frames, partial(self._wants, partition, payloads, interest)):
                poll.write_group(partition, member.treatment, {member: member.outbox.handle}, run)

    def _wants(
        self,
        partition: Partition,
        payloads: dict[int, Mapping[str, Any]],
        interest: Interest,
        bit: int,
        record: Record,
    ) -> bool:
        if interest.plain & bit or not interest.filtered & bit:
            return bool(interest.plain & bit)
        if record.offset not in payloads:
            payloads[record.offset] = judge(partition, record, bit, self._fields.decoder(bit))
        return interest.matches(bit, payloads[record.offset])

    def _type_of(self, partition: Partition, record: Record) -> int:
        """The bit of the type that a record claims; 0: it is no event, which has been reported."""
        try:
            return event_type(partition, record)
        except Malformed as fault:
            self._malformed(partition, record.offset, fault)
            return 0


def _is_of(mask: int, bit: int, _record: Record) -> int:
    return bit & mask


def _merge(interests: tuple[Interest, ...], watchers: tuple[Interest, ...]) -> tuple[Interest, ...]:
    """Those of a user and those who watch everyone, each member once.

    A member that does both wants an event if either interest does, so they are joined in one.
    """
    if not interests:
        return watchers
    watching = {each.member: each for each in watchers}
    merged = []
    for each in interests:
        also = watching.pop(each.member, None)
        merged.append(each if also is None else each.joined(also))
    return (*merged, *watching.values())
