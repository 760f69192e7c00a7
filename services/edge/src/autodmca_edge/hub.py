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

from autodmca_edge.apart import Apart
from autodmca_edge.log import Partition, Record
from autodmca_edge.member import Member
from autodmca_edge.named_fields import NamedFields
from autodmca_edge.outbox import Wire
from autodmca_edge.poll import PART_BYTES, Poll
from autodmca_edge.records import (
    PIECES,
    USERS_TYPES,
    Malformed,
    Pieces,
    event_payload,
    event_pieces,
    event_type,
)
from autodmca_edge.runs import Framed, Run, runs_of
from autodmca_edge.subscriptions import EVERYONE, Interest
from autodmca_edge.wishes import Wishes

__all__ = ["Feed", "Hub"]


class Feed(Protocol):
    """What the hub reports; see metrics.py."""

    def malformed(self, partition: Partition, offset: int, reason: str) -> None: ...
    def polled(self) -> None: ...
    def writing(self) -> None: ...
    def routed(self, events: int, deliveries: int, size: int, stamps: Counter[int]) -> None: ...


class Hub:
    """The members of this node and the way from a record to them."""

    def __init__(self, feed: Feed, wire: Wire) -> None:
        self._feed = feed
        self._wire = wire
        self._users: dict[bytes | None, tuple[Interest, ...]] = {}
        self._wishes = Wishes()
        self._fields = NamedFields()
        self.gates: dict[Member, Mapping[Partition, object]] = {}
        """Partitions whose live events a member does not take now: they are being replayed to it."""
        self._apart = Apart(self.gates)

    @property
    def users(self) -> int:
        """Distinct users with a subscription here."""
        return len(self._users)

    def join(self, member: Member, interests: Mapping[bytes, Interest], overall: Interest) -> None:
        """Register a member by user key; `overall` is what it wants of everybody's events."""
        for key, interest in interests.items():
            self._users[key] = (*self._users.get(key, ()), interest)
        self._fields.join(member, overall.subscriptions)
        if member.treatment is not None:
            self._apart.join(member, overall)
        else:
            self._wishes.join(member, overall)

    def leave(self, member: Member, keys: Iterable[bytes]) -> None:
        """Forget what `join` was given. Does nothing for who is not here."""
        for key in keys:
            rest = tuple(each for each in self._users.get(key, ()) if each.member is not member)
            if rest:
                self._users[key] = rest
            else:
                self._users.pop(key, None)
        self._fields.leave(member)
        self._apart.leave(member)
        self._wishes.leave(member)

    def dispatch(self, batches: Sequence[tuple[Partition, Iterable[Sequence[Record]]]]) -> None:
        """Hand a poll's records, which may be decoded as they are asked for, to whoever wants them; every
        member is written to once.

        Records of one partition reach a member in their order.
        """
        self._feed.polled()
        events = 0
        poll = Poll({partition: partition.position for partition, _ in batches if not partition.everybody})
        for partition, chunks in batches:
            if not partition.everybody:
                for records in chunks:
                    events += len(records)
                    self._to_users(partition, records, poll)
        self._feed.writing()
        if self._apart:
            self._apart.to_users(poll)
        for partition, chunks in batches:
            if partition.everybody:
                everybodys = [*chain.from_iterable(chunks)]
                events += len(everybodys)
                self._to_everybody(partition, everybodys, poll)
        for member in poll.waiting:
            pieces = member.pending
            if pieces:  # None: it went out together with what is for everybody
                member.pending = None
                data = b"".join(pieces)
                if len(data) <= PART_BYTES:
                    poll.write(member, data, len(pieces) // PIECES, poll.begun)
                else:
                    poll.write_parts(member, pieces)
        self._feed.routed(events, poll.deliveries, poll.size, poll.stamps)

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
            for interest in interests:
                if not interest.plain & bit:
                    if not interest.filtered & bit:
                        continue
                    if payload is None:
                        payload = self._payload(partition, bit, record)
                        if payload is None:
                            break  # reported: it is no event
                    if not interest.matches(bit, payload):
                        continue
                member: Member = interest.member
                if gates and partition in gates.get(member, ()):
                    continue
                if pieces is None:
                    try:
                        pieces = event_pieces(partition, record)
                    except Malformed as fault:
                        self._feed.malformed(partition, record.offset, str(fault))
                        break
                    delivered_at.append(record.timestamp)
                if member.pending is None:
                    member.pending = [*pieces]
                    waiting.append(member)
                else:
                    member.pending += pieces
        poll.stamps.update(delivered_at)

    def _to_everybody(self, partition: Partition, records: Sequence[Record], poll: Poll) -> None:
        """One write per member: members that want the same types share one run of bytes."""
        frames: list[Framed] = []
        for record in records:
            bit = self._type_of(partition, record)
            pieces = self._pieces(partition, record) if bit else None
            if pieces is not None:
                frames.append((bit, b"".join(pieces), record))
                poll.stamps[record.timestamp] += 1
        for mask, members in self._wishes.plain.items():
            for run in runs_of(frames, partial(_is_of, mask)):
                self._to_group(partition, members, run, poll)
        payloads: dict[int, Mapping[str, Any] | None] = {}
        for member, interest in self._wishes.filtering.items():
            for run in runs_of(frames, partial(self._wants, partition, payloads, interest)):
                self._to_group(partition, {member: member.outbox.handle}, run, poll)
        if self._apart:
            self._apart.to_everybody(partition, frames, partial(self._wants, partition, payloads), poll)

    def _to_group(self, partition: Partition, members: Mapping[Member, int], run: "Run", poll: Poll) -> None:
        """The same bytes to every member: the innermost loop of a broadcast, one call a member."""
        if self.gates or poll.waiting or self._wire.congested:
            members = self._free(partition, members, run, poll)
        send, data, size = self._wire.send, run.data, len(run.data)
        for member, handle in members.items():
            try:
                sent = send(handle, data)
            except OSError:  # it takes nothing now, or is broken, which its outbox finds out
                sent = 0
            if sent != size:
                member.outbox.rest(data, sent)
        poll.deliveries += run.events * len(members)
        poll.size += size * len(members)

    def _free(
        self, partition: Partition, members: Mapping[Member, int], run: "Run", poll: Poll
    ) -> Mapping[Member, int]:
        """Those who can be sent to directly; the others get what they may have here."""
        free, where = {}, {partition: run.start}
        for member, handle in members.items():
            if partition in self.gates.get(member, ()):
                continue
            if member.pending is not None:  # frames of its own: both leave in one write
                pieces, member.pending = member.pending, None
                data, events = b"".join((*pieces, run.data)), len(pieces) // PIECES + run.events
                if len(data) <= PART_BYTES:
                    poll.write(member, data, events, {**poll.begun, **where})
                else:
                    poll.write_parts(member, pieces)
                    poll.write(member, run.data, run.events, where)
            elif member.outbox in self._wire.congested:
                poll.write(member, run.data, run.events, where)
            else:
                free[member] = handle
        return free

    def _wants(
        self,
        partition: Partition,
        payloads: dict[int, Mapping[str, Any] | None],
        interest: Interest,
        bit: int,
        record: Record,
    ) -> bool:
        if interest.plain & bit or not interest.filtered & bit:
            return bool(interest.plain & bit)
        if record.offset not in payloads:
            payloads[record.offset] = self._payload(partition, bit, record)
        payload = payloads[record.offset]
        return payload is not None and interest.matches(bit, payload)

    def _type_of(self, partition: Partition, record: Record) -> int:
        """The bit of a record's type; 0: it is no event, which has been reported."""
        try:
            return event_type(partition, record)
        except Malformed as fault:
            self._feed.malformed(partition, record.offset, str(fault))
            return 0

    def _pieces(self, partition: Partition, record: Record) -> Pieces | None:
        try:
            return event_pieces(partition, record)
        except Malformed as fault:
            self._feed.malformed(partition, record.offset, str(fault))
            return None

    def _payload(self, partition: Partition, bit: int, record: Record) -> Mapping[str, Any] | None:
        try:
            return event_payload(record, self._fields.decoder(bit))
        except Malformed as fault:
            self._feed.malformed(partition, record.offset, str(fault))
            return None


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
