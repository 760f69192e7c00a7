"""Who gets what of a run of records.

Owns the handing out of records to the connections whose gates wait for them: what has come together is
written together, and a socket that takes no more keeps its place. A record that is no event is reported and
passed over, by the same verdict as when it was new. Synchronous, no I/O.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from autodmca_edge.fanout.member import deliver
from autodmca_edge.fanout.projection import Decode, Path, Projection
from autodmca_edge.fanout.records import (
    ENTITIES,
    Malformed,
    Report,
    entity_of,
    event_frame,
    event_type,
    judge,
)
from autodmca_edge.fanout.subscriptions import EVERYONE, Subscription
from autodmca_edge.log.partition import Partition, Record
from autodmca_edge.replay.client import Client
from autodmca_edge.replay.gate import Gate
from autodmca_edge.wire.outbox import WRITE_BYTES

__all__ = ["hand_out", "keys_of"]


class _Share:
    """What one gate's member gets of a run of records."""

    __slots__ = ("_client", "_frames", "_newest", "_size", "_told", "bytes", "conflated", "events", "full")

    def __init__(self, client: Client) -> None:
        self._client = client
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
        if self._frames and not deliver(self._client, b"".join(self._frames), self.events - self._told):
            self._client.too_slow(self.events)
        self._frames, self._newest, self._size, self._told = [], {}, 0, self.events
        self.full = self._client.outbox.blocked


class HandedOut(NamedTuple):
    """What became of a run of records: events delivered, older states that newer ones made needless."""

    events: int
    bytes: int
    conflated: int


def hand_out(
    partition: Partition, gates: Sequence[Gate], records: Iterable[Record], reached: int, malformed: Report
) -> HandedOut:
    """Give the member of each gate what it is owed of `records`, which go up to offset `reached`.

    One whose socket takes no more stops at the event that it did not get. `malformed` is told of
    records that are no events.
    """
    by_key = _by_key(gates)
    watching = by_key.get(EVERYONE, [])
    shares = {gate: _Share(gate.replay.client) for gate in gates}
    served = len(shares)
    fields = _fields_of(gates)
    for record in records:
        chosen: Iterable[Gate] = gates if partition.everybody else by_key.get(record.key, ())
        if watching and not partition.everybody:
            chosen = dict.fromkeys((*chosen, *watching))
        if not chosen:
            continue
        try:
            frame: bytes | None = None
            bit = event_type(partition, record)
            payload = _Once(partition, record, bit, fields.decoder(bit))
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
                if frame is None:
                    payload()  # the verdict, which no filter may have asked for
                    frame = event_frame(partition, record)
                share.add(frame, entity_of(bit, record.key, payload) if gate.slow else None)
                gate.replay.count += record.offset < gate.joined
        except Malformed as fault:  # before anybody was given it
            malformed(partition, record.offset, fault)
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
        for key in keys_of(gate.replay.client.standing):
            by_key.setdefault(key, []).append(gate)
    return by_key


class _Entity(NamedTuple):
    """What conflation looks at in one type of states."""

    mask: int
    paths: frozenset[Path]


_CONFLATED: Final = tuple(
    _Entity(bit, frozenset({(field,)})) for bit, field in ENTITIES.items() if field is not None
)


def _fields_of(gates: Iterable[Gate]) -> Projection:
    """What is looked at in payloads: by the filters of all who take part, and by conflation."""
    fields = Projection()
    for gate in gates:
        fields.join(gate, [each for each in gate.replay.client.standing if each.filter is not None])
    if any(gate.slow for gate in gates):
        fields.join(_CONFLATED, _CONFLATED)
    return fields


class _Once:
    """A record's payload, and the verdict on it, when first asked for. Raises Malformed."""

    __slots__ = ("_bit", "_decode", "_partition", "_payload", "_record")

    def __init__(self, partition: Partition, record: Record, bit: int, decode: Decode) -> None:
        self._partition = partition
        self._record = record
        self._bit = bit
        self._decode = decode
        self._payload: Mapping[str, Any] | None = None

    def __call__(self) -> Mapping[str, Any]:
        if self._payload is None:
            self._payload = judge(self._partition, self._record, self._bit, self._decode)
        return self._payload
