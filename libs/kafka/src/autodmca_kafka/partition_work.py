"""The inputs of one partition, applied in memory.

Owns which input comes next and the changes that the ledger does not show yet (written, but not read
back). Decides everything that follows from a block of inputs and writes none of it: same ledger and
inputs in, same bytes out. An input that cannot be decoded, on which the model raises, or whose
consequences are too large becomes a dead letter; only a log that went backwards is an error here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Generic

import msgspec
from autodmca_events import decode as decode_event
from autodmca_events import encode, envelope, event_type_of
from autodmca_events.ids import derived_id
from autodmca_events.partitions import entity_key, partition_for, user_key

from autodmca_kafka.batches import Header, Outgoing, size_of
from autodmca_kafka.decision import Context, Decision, I, Model, O, S
from autodmca_kafka.delivery import RecordPosition
from autodmca_kafka.errors import InputsRewound
from autodmca_kafka.ledger import Ledger
from autodmca_kafka.records import Record

POSITION: Final = "position"
REQUEST: Final = "request"
TRACEPARENT: Final = "traceparent"
CHANGED: Final = "changed"
FAILED: Final = "failed"
INTERNAL: Final = "internal"
ERROR_CHARACTERS: Final = 1_000

_ENCODER: Final = msgspec.json.Encoder()
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(slots=True)
class Block:
    """What follows from some inputs of one partition, in their order. `states` has one group an input."""

    next_offset: int
    events: list[Outgoing] = field(default_factory=list)
    broadcasts: list[Outgoing] = field(default_factory=list)
    outcomes: list[Outgoing] = field(default_factory=list)
    dead_letters: list[Outgoing] = field(default_factory=list)
    states: list[list[Outgoing]] = field(default_factory=list)
    applied: int = 0
    refused: int = 0
    skipped: int = 0


@dataclass(slots=True)
class _Consequences(Generic[S]):
    """What follows from one input, checked and encoded, before any of it counts."""

    decision: Decision[S, Any]
    user_id: int
    events: list[Outgoing]
    broadcasts: list[Outgoing]
    outcome: Outgoing | None
    states: list[Outgoing]


class PartitionWork(Generic[S, I, O]):
    """`next_offset`: the first input to apply. Inputs up to the ledger's `applied` are passed over: their
    events were acknowledged before their state was written, whoever wrote it."""

    def __init__(
        self,
        topic: str,
        partition: int,
        *,
        partitions: int,
        model: Model[S, I, O],
        decode: Callable[[bytes], I],
        ledger: Ledger[S],
        next_offset: int,
        max_bytes: int,
    ) -> None:
        self.ledger = ledger
        self.next_offset = next_offset
        self._topic = topic
        self._partition = partition
        self._partitions = partitions
        self._model = model
        self._decode = decode
        self._max_bytes = max_bytes
        # User id -> (position of the newest change, all entities), oldest change first.
        self._unseen: dict[int, tuple[int, dict[str, S]]] = {}
        self._repairing: dict[bytes, int] = {}

    @property
    def unseen_users(self) -> int:
        """How many users have changes that the ledger has not shown yet."""
        self._forget_seen()
        return len(self._unseen)

    def apply(self, records: Sequence[Record]) -> Block:
        """Apply the next records of the partition, in order.

        Raises InputsRewound for an offset that was passed already: the topic was created anew.
        """
        self._forget_seen()
        block = Block(self.next_offset)
        for record in records:
            if record.offset < self.next_offset:
                raise InputsRewound(self._topic, self._partition, self.next_offset, record.offset)
            self.next_offset = record.offset + 1
            if record.offset <= self.ledger.applied:
                block.skipped += 1
            else:
                self._apply(record, block)
        block.next_offset = self.next_offset
        return block

    def repairs(self) -> list[Outgoing]:
        """The newest state of the entities after which an older one was written, once for each finding."""
        stale = self.ledger.stale
        self._repairing = {key: at for key, at in self._repairing.items() if key in stale}
        found = []
        for key in stale:
            position, state = self.ledger.newest(key)
            # A newer one of ours is on its way, or this one is.
            if self._repairing.get(key) == position or int(key.partition(b"/")[0]) in self._unseen:
                continue
            self._repairing[key] = position
            found.append(_state_record(key, state, position))
        return found

    def _apply(self, record: Record, block: Block) -> None:
        headers = dict(record.headers)
        try:
            result = self._decide(record, headers)
        except Exception as error:  # noqa: BLE001 - the model may raise anything; its input must not be lost
            block.dead_letters.append(self._dead_letter(record, error))
            if request := headers.get(REQUEST):
                failed = [(REQUEST, request), (FAILED, INTERNAL.encode()), _position(record.offset)]
                block.outcomes.append((record.key, None, failed))
            return
        block.applied += 1
        block.refused += result.decision.refused
        block.events += result.events
        block.broadcasts += result.broadcasts
        if result.outcome:
            block.outcomes.append(result.outcome)
        if result.states:
            block.states.append(result.states)
            self._change(result.user_id, result.decision.changes, record.offset)

    def _decide(self, record: Record, headers: Mapping[str, bytes | None]) -> _Consequences[S]:
        """Whatever is wrong is raised here, before anything counts. What it encodes, it decodes again: a
        value that breaks its type's limits would stop every reader, of the state above all."""
        user_id = self._user_of(record.key)
        if record.value is None:
            raise ValueError("the input has no value")
        context = Context(
            user_id, record.timestamp, RecordPosition(self._topic, self._partition, record.offset)
        )
        decision = self._model(MappingProxyType(self._entities(user_id)), self._decode(record.value), context)
        key = user_key(user_id)
        result = _Consequences(decision, user_id, [], [], None, [])
        for index, emission in enumerate(decision.events):
            everybody = event_type_of(emission.payload).everybody
            event = envelope(
                emission.payload,
                user_id=None if everybody else user_id,
                timestamp_ms=record.timestamp,
                id=derived_id(self._topic, self._partition, record.offset, record.timestamp, index),
                metadata=emission.metadata,
            )
            traceparent = headers.get(TRACEPARENT)
            about: list[Header] = [("type", event.type.encode()), ("id", event.id.encode())]
            if traceparent:
                about.append((TRACEPARENT, traceparent))
            value = encode(event)
            decode_event(value)
            if everybody:
                result.broadcasts.append((None, value, about))
            else:
                result.events.append((key, value, about))
        for entity_id, state in decision.changes.items():
            written = _state_record(entity_key(user_id, entity_id), state, record.offset)
            if written[1] is not None:
                self.ledger.decode(written[1])
            result.states.append(written)
        if request := headers.get(REQUEST):
            about = [(REQUEST, request), _position(record.offset)]
            if result.states:
                about.append((CHANGED, b"1"))
            result.outcome = (key, _ENCODER.encode(decision.outcome), about)
        outcome = [result.outcome] if result.outcome else []
        size = size_of([*result.events, *result.broadcasts, *outcome, *result.states])
        if size > self._max_bytes:
            raise ValueError(f"what follows from it takes {size} bytes, more than {self._max_bytes}")
        return result

    def _user_of(self, key: bytes | None) -> int:
        if key is None or not key.isdigit() or user_key(int(key)) != key:
            raise ValueError(f"the key {key!r} is no user id")
        home = partition_for(key, self._partitions)
        if home != self._partition:
            raise ValueError(f"user {int(key)} belongs to partition {home}: another partitioner wrote it")
        return int(key)

    def _entities(self, user_id: int) -> Mapping[str, S]:
        unseen = self._unseen.get(user_id)
        return unseen[1] if unseen else self.ledger.of_user(user_id) or _NOTHING

    def _change(self, user_id: int, changes: Mapping[str, S | None], position: int) -> None:
        _, entities = self._unseen.pop(user_id, (0, None))
        if entities is None:
            entities = dict(self.ledger.of_user(user_id))
        for entity_id, state in changes.items():
            if state is None:
                entities.pop(entity_id, None)
            else:
                entities[entity_id] = state
        self._unseen[user_id] = (position, entities)

    def _forget_seen(self) -> None:
        """Leave to the ledger what it shows: the states of every input up to `applied`, ours or another's."""
        while self._unseen:
            user_id, (position, _) = next(iter(self._unseen.items()))
            if position > self.ledger.applied:
                return
            del self._unseen[user_id]

    def _dead_letter(self, record: Record, error: Exception) -> Outgoing:
        reason = f"{type(error).__name__}: {error}"[:ERROR_CHARACTERS]
        about = [
            *record.headers,
            ("error", reason.encode(errors="replace")),
            ("topic", self._topic.encode()),
            ("partition", b"%d" % self._partition),
            ("offset", b"%d" % record.offset),
            ("timestamp", b"%d" % record.timestamp),
        ]
        return record.key, record.value, about


def _position(offset: int) -> tuple[str, bytes]:
    return POSITION, b"%d" % offset


def position_of(headers: Sequence[tuple[str, bytes | None]]) -> int:
    """The position of the input that a state record or an outcome was made from. Raises ValueError."""
    for name, content in headers:
        if name == POSITION:
            return int(content or b"")
    raise ValueError("it has no header that says from which input it was made")


def _state_record(key: bytes, state: object | None, position: int) -> Outgoing:
    return key, None if state is None else _ENCODER.encode(state), [_position(position)]
