"""What a replay still owes, and who gets what of a run of records.

Owns a replay's choice of events: each that its subscription wants and that no other subscription of the
same connection has brought already, in order, each once; and what the connection's other subscriptions
want of the live events that the gate holds back meanwhile. Synchronous, no I/O; a record that is no
event is passed over, as the tail has reported it when it was new.
"""

import contextlib
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Final, NamedTuple

from autodmca_edge.log import Partition, Record
from autodmca_edge.named_fields import Decode, NamedFields, Path
from autodmca_edge.pacing import deliver
from autodmca_edge.protocol import Subscribe
from autodmca_edge.records import ENTITIES, Malformed, entity_of, event_frame, event_payload, event_type
from autodmca_edge.session import Session
from autodmca_edge.subscriptions import EVERYONE, Subscription

__all__ = ["Gate", "Replay", "hand_out", "keys_of"]

WRITE_BYTES: Final = 64 * 1024  # to one client, before others have their turn


class Replay:
    """One subscription's way back to the present.

    Without one (`wanted` is None) it is the way of a connection that was too slow for live events.
    """

    __slots__ = (
        "asked",
        "begun",
        "command",
        "count",
        "dropped",
        "gates",
        "had",
        "held",
        "reason",
        "session",
        "wanted",
    )

    def __init__(self, session: Session, wanted: Subscription | None, command: Subscribe | None) -> None:
        self.session = session
        self.asked: dict[Partition, int] = {}
        """Where each partition stood when the client asked: there it begins where no cursor says more."""
        self.held: dict[Partition, None] = {}
        """What this node reads for it."""
        self.begun = wanted is None
        """Whether it is known what is to be replayed."""
        self.wanted = wanted
        self.command = command
        self.count = 0
        """Events from before live ones began."""
        self.gates: dict[Partition, Gate] = {}
        self.had: tuple[Subscription, ...] = ()
        """What stood when live events began: what those have brought is not sent again."""
        self.reason: str | None = None
        self.dropped = False
        """The subscription has been replaced or has ended before the replay did."""

    @property
    def name(self) -> str | None:
        """Of the subscription."""
        return None if self.wanted is None else self.wanted.name

    @property
    def looks_back(self) -> bool:
        """Whether its subscription asks for what came before it."""
        return self.command is not None and self.command.config.looks_back

    def hold(self, partitions: Iterable[Partition]) -> None:
        """Have these read until `release`."""
        for each in partitions:
            if each not in self.held:
                self.held[each] = None
                each.demand.need()

    def release(self) -> None:
        """It has ended."""
        for each in self.held:
            each.demand.release()
        self.held = {}

    def drop(self) -> None:
        """Give it up: only the live events that its gates hold back are still to come."""
        self.dropped = True
        for gate in self.gates.values():
            gate.abandon()


class Gate:
    """A replay on one partition: from `next` on it has not looked yet, at `joined` live events began.

    `start`, where the subscription begins, is after `joined` when the client was on a node further on.
    `slow`: the connection could not take live events, so of its states the newest do.
    """

    __slots__ = ("joined", "next", "partition", "replay", "slow", "start")

    def __init__(
        self, replay: Replay, partition: Partition, start: int, joined: int, *, slow: bool = False
    ) -> None:
        self.replay = replay
        self.partition = partition
        self.start = start
        self.joined = joined
        self.next = min(start, joined)
        self.slow = slow

    def abandon(self) -> None:
        """Go on with the live events, without what came before and has not been handed out yet."""
        if self.next < self.joined:
            wanted = self.replay.session.standing.get(self.replay.name)
            if wanted is not None:
                wanted.gaps = {**wanted.gaps, self.partition: range(self.next, self.joined)}
            self.next = self.joined

    def chooses(self, key: bytes | None, bit: int, offset: int, payload: Callable[[], Any]) -> bool:
        """Whether the member is to get this event now: it has not had it by another subscription."""
        partition, standing = self.partition, self.replay.session.standing
        if offset >= self.joined:
            return any(
                each.since.get(partition, 0) <= offset and self._wants(each, key, bit, payload)
                for each in standing
            )
        wanted = standing.get(self.replay.name)
        if wanted is None or not self._wants(wanted, key, bit, payload):
            return False
        return not any(
            each.had(partition, offset) and self._wants(each, key, bit, payload) for each in self.replay.had
        )

    def _wants(self, wanted: Subscription, key: bytes | None, bit: int, payload: Callable[[], Any]) -> bool:
        if not wanted.mask & bit or not (self.partition.everybody or wanted.concerns(key)):
            return False
        return wanted.filter is None or wanted.wants(bit, payload())


class _Share:
    """What one gate's member gets of a run of records."""

    __slots__ = ("_frames", "_newest", "_session", "_size", "_told", "bytes", "conflated", "events", "full")

    def __init__(self, session: Session) -> None:
        self._session = session
        self._frames: list[bytes] = []
        self._newest: dict[object, int] = {}  # where the newest state of an entity is among the frames
        self._size = 0
        self._told = 0
        self.events = 0
        self.bytes = 0
        self.conflated = 0
        self.full = False
        """The socket takes no more now."""

    def ready(self) -> bool:
        """Whether there is room for one more event; what has come together is written first."""
        if self._size >= WRITE_BYTES:
            self.write()
        return not self.full

    def add(self, frame: bytes, entity: object) -> None:
        """Add an event's frame, in place of an older state of its entity."""
        older = None if entity is None else self._newest.get(entity)
        if older is not None:
            self._size -= len(self._frames[older])
            self._frames[older] = b""
            self.conflated += 1
        if entity is not None:
            self._newest[entity] = len(self._frames)
        self._frames.append(frame)
        self._size += len(frame)
        self.events += older is None

    def write(self) -> None:
        """Write what there is."""
        self.bytes += self._size
        if self._frames and not deliver(self._session, b"".join(self._frames), self.events - self._told):
            self._session.too_slow(self.events)
        self._frames, self._newest, self._size, self._told = [], {}, 0, self.events
        self.full = self._session.outbox.blocked


class HandedOut(NamedTuple):
    """What became of a run of records: events delivered, older states that newer ones made needless."""

    events: int
    bytes: int
    conflated: int


def hand_out(
    partition: Partition, gates: Sequence[Gate], records: Iterable[Record], reached: int
) -> HandedOut:
    """Give the member of each gate what it is owed of `records`, which go up to offset `reached`.

    One whose socket takes no more stops at the event that it did not get.
    """
    by_key = _by_key(gates)
    watching = by_key.get(EVERYONE, [])
    shares = {gate: _Share(gate.replay.session) for gate in gates}
    served = len(shares)
    fields = _fields_of(gates)
    for record in records:
        chosen: Iterable[Gate] = gates if partition.everybody else by_key.get(record.key, ())
        if watching and not partition.everybody:
            chosen = dict.fromkeys((*chosen, *watching))
        if not chosen:
            continue
        with contextlib.suppress(Malformed):  # counted when it was new
            frame: bytes | None = None
            bit = event_type(partition, record)
            payload = _Once(record, fields.decoder(bit))
            for gate in chosen:
                share = shares[gate]
                if share.full or record.offset < gate.next:
                    continue
                if not gate.chooses(record.key, bit, record.offset, payload):
                    continue
                if not share.ready():
                    gate.next = record.offset
                    served -= 1
                    continue
                frame = frame or event_frame(partition, record)
                share.add(frame, entity_of(bit, record, payload) if gate.slow else None)
                gate.replay.count += record.offset < gate.joined
        if not served:
            break
    for gate, share in shares.items():
        if not share.full:
            gate.next = max(gate.next, reached)
            share.write()
    every = shares.values()
    return HandedOut(
        sum(each.events for each in every),
        sum(each.bytes for each in every),
        sum(each.conflated for each in every),
    )


def keys_of(standing: Iterable[Subscription]) -> Collection[bytes]:
    """The users whose events a connection wants, by whichever subscription."""
    return dict.fromkeys([key for each in standing for key in each.keys])


def _by_key(gates: Iterable[Gate]) -> dict[bytes | None, list[Gate]]:
    """The gates by the users whose events their members want, by whichever subscription."""
    by_key: dict[bytes | None, list[Gate]] = {}
    for gate in gates:
        for key in keys_of(gate.replay.session.standing):
            by_key.setdefault(key, []).append(gate)
    return by_key


class _Entity(NamedTuple):
    """What conflation looks at in one type of states."""

    mask: int
    paths: frozenset[Path]


_CONFLATED: Final = tuple(
    _Entity(bit, frozenset({(field,)})) for bit, field in ENTITIES.items() if field is not None
)


def _fields_of(gates: Iterable[Gate]) -> NamedFields:
    """What is looked at in payloads: by the filters of all who take part now or did, and by conflation."""
    fields = NamedFields()
    for gate in gates:
        everything = (*gate.replay.session.standing, *gate.replay.had)
        fields.join(gate, [each for each in everything if each.filter is not None])
    if any(gate.slow for gate in gates):
        fields.join(_CONFLATED, _CONFLATED)
    return fields


class _Once:
    """A record's payload, decoded when first asked for."""

    __slots__ = ("_decode", "_payload", "_record")

    def __init__(self, record: Record, decode: Decode) -> None:
        self._record: Record | None = record
        self._decode = decode
        self._payload: Any = None

    def __call__(self) -> Any:
        if self._record is not None:
            record, self._record = self._record, None
            with contextlib.suppress(Malformed):
                self._payload = event_payload(record, self._decode)
        return self._payload
