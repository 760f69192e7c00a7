"""What one poll comes to for the hub's members, and the writing of it.

Owns every write of a poll: all that a member is to have leaves in one write, or in parts where that is much,
so that a socket which stops reading in between is left with one part and what its outbox holds, however much
the poll brought. A member that takes no more is told from where on the log has the rest. Never decides who
gets an event (hub.py). Synchronous; knows no Kafka.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from autodmca_edge.fanout.member import GateState, Member, deliver
from autodmca_edge.fanout.records import PIECES, cursor_of
from autodmca_edge.fanout.treatment import Treatment
from autodmca_edge.log.partition import Partition, Record
from autodmca_edge.wire.outbox import WRITE_BYTES, Wire

__all__ = ["TRACEPARENT", "Framed", "Poll", "Run", "runs_of"]

TRACEPARENT: Final = "traceparent"
"""The last header of an event that belongs to a trace; our producers put it there."""
_SAMPLED: Final = re.compile(rb"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f][13579bdf]")
"""W3C Trace Context, section 3.2.2: the last bit says that the caller records the trace."""

Framed = tuple[int, bytes, Record]
"""The bit of an event's type, its frame, its record."""


class Run(NamedTuple):
    """Consecutive events for everybody that the same members want; `start`: the first one's offset."""

    data: bytes
    events: int
    start: int


def runs_of(frames: Iterable[Framed], wants: Callable[[int, Record], object]) -> Iterator[Run]:
    """The frames that are wanted, in runs of about WRITE_BYTES."""
    chosen: list[bytes] = []
    size = start = 0
    for bit, frame, record in frames:
        if wants(bit, record):
            if not chosen:
                start = record.offset
            chosen.append(frame)
            size += len(frame)
            if size >= WRITE_BYTES:
                yield Run(b"".join(chosen), len(chosen), start)
                chosen, size = [], 0
    if chosen:
        yield Run(b"".join(chosen), len(chosen), start)


class Poll:
    """One poll under way. `gates` are the hub's; `begun`: where the poll began on the users' partitions."""

    __slots__ = ("_gates", "_wire", "begun", "deliveries", "size", "stamps", "traced", "waiting")

    def __init__(
        self,
        gates: Mapping[Member, Mapping[Partition, GateState]],
        wire: Wire,
        begun: Mapping[Partition, int],
    ) -> None:
        self._gates = gates
        self._wire = wire
        self.begun = begun
        self.waiting: list[Member] = []
        """The members with frames of their own; `Member.pending` has them."""
        self.stamps: Counter[int] = Counter()
        """When delivered events were produced (ms), how many each."""
        self.traced: list[tuple[int, str]] = []
        """When delivered events of sampled traces were produced (ms), and of which trace each is."""
        self.deliveries = 0
        self.size = 0

    def trace(self, record: Record) -> None:
        """Take note of a record that is delivered and belongs to a trace, if that is sampled."""
        header = record.headers[-1][1]
        if header is not None and (sampled := _SAMPLED.fullmatch(header)):
            self.traced.append((record.timestamp, sampled[1].decode()))

    def write_group(
        self, partition: Partition, treatment: Treatment | None, members: Mapping[Member, int], run: Run
    ) -> None:
        """Write the same events to every member: the innermost loop of a broadcast, one call a member.

        `members`: with the handle of each; they all have this treatment.
        """
        if treatment is not None or self._gates or self.waiting or self._wire.congested:
            members = self._free(partition, treatment, members, run)
        send, data, size = self._wire.send, run.data, len(run.data)
        for member, handle in members.items():
            try:
                sent = send(handle, data)
            except OSError:  # it takes nothing now, or is broken, which its outbox finds out
                sent = 0
            if sent != size:
                member.outbox.rest(data, sent)
        self.deliveries += run.events * len(members)
        self.size += size * len(members)

    def _free(
        self, partition: Partition, treatment: Treatment | None, members: Mapping[Member, int], run: Run
    ) -> Mapping[Member, int]:
        """The members that can be sent to directly; the others get what they may have here."""
        free, where, gates = {}, {partition: run.start}, self._gates
        for member, handle in members.items():
            if gates and partition in gates.get(member, ()):
                continue
            pieces, member.pending = member.pending, None
            if treatment is not None:
                if pieces is not None:
                    self._write_parts(member, pieces)
                self._write(member, run.data, run.events, where)
            elif pieces is not None:  # both leave in one write
                data, events = b"".join((*pieces, run.data)), len(pieces) // PIECES + run.events
                if len(data) <= WRITE_BYTES:
                    self._write(member, data, events, {**self.begun, **where})
                else:
                    self._write_parts(member, pieces)
                    self._write(member, run.data, run.events, where)
            elif member.outbox in self._wire.congested:
                self._write(member, run.data, run.events, where)
            else:
                free[member] = handle
        return free

    def write_waiting(self) -> None:
        """Write the frames of their own to the members that still wait for them."""
        for member in self.waiting:
            pieces = member.pending
            if pieces:  # None: they went out together with what is for everybody
                member.pending = None
                data = b"".join(pieces)
                if len(data) <= WRITE_BYTES and member.treatment is None:
                    self._write(member, data, len(pieces) // PIECES, self.begun)
                else:
                    self._write_parts(member, pieces)

    def _write(self, member: Member, data: bytes, events: int, where: Mapping[Partition, int]) -> None:
        """Write to a member, or tell it from where on it has to catch up."""
        if member.outbox.write(data) if member.treatment is None else deliver(member, data, events):
            self.deliveries += events
            self.size += len(data)
        else:
            member.fell_behind(where, events)

    def _write_parts(self, member: Member, pieces: Sequence[bytes]) -> None:
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
    """Whole frames joined up to about WRITE_BYTES, and up to which piece."""
    begin = size = 0
    for end in range(PIECES, len(pieces) + 1, PIECES):
        size += sum(map(len, pieces[end - PIECES : end]))
        if size >= WRITE_BYTES or end == len(pieces):
            yield end, b"".join(pieces[begin:end])
            begin, size = end, 0
