"""The inputs of one partition, applied in memory.

Owns which input comes next and the changes that the ledger does not show yet (written, but not read
back). Decides everything that follows from a block of inputs and writes none of it: same ledger and
inputs in, same bytes out. An input that cannot be decoded, on which the model raises, or whose
consequences are too large becomes a dead letter; only a log that went backwards is an error here. An input
that was written again (see sources.py) is passed over; one of a newer version (versions.py) ends the block.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Generic

from autodmca_events.partitions import entity_key, partition_for, user_key

from autodmca_kafka.batches import Outgoing
from autodmca_kafka.consequences import (
    REQUEST,
    Consequences,
    asked_of,
    dead_letter,
    follow,
    outcome_headers,
    state_record,
)
from autodmca_kafka.decision import Context, Held, I, Model, O, S
from autodmca_kafka.delivery import RecordPosition
from autodmca_kafka.errors import InputsRewound, UnknownInput
from autodmca_kafka.ledger import Ledger, grown
from autodmca_kafka.overlay import Overlay
from autodmca_kafka.records import Record
from autodmca_kafka.sources import SOURCE, Place, Source
from autodmca_kafka.versions import UnknownTag

KEY: Final = "idempotency-key"
RUN: Final = "run"
"""The header of a checkpoint: see `Context.run`."""
FAILED: Final = "failed"
INTERNAL: Final = "internal"

FAILURES_KEPT: Final = 10_000
LONGEST_OFFSET: Final = 19
"""Digits of 2**63 - 1."""


@dataclass(slots=True)
class Block:
    """What follows from some inputs of one partition, in their order. `states` has one group an input.

    `unknown`: why the next input waits for a newer version of the program.
    """

    next_offset: int
    events: list[Outgoing] = field(default_factory=list)
    broadcasts: list[Outgoing] = field(default_factory=list)
    outcomes: list[Outgoing] = field(default_factory=list)
    sends: dict[str, list[Outgoing]] = field(default_factory=dict)
    """By the topic of the other service's inputs."""
    dead_letters: list[Outgoing] = field(default_factory=list)
    states: list[list[Outgoing]] = field(default_factory=list)
    applied: int = 0
    failed_again: int = 0
    refused: int = 0
    skipped: int = 0
    repeated: int = 0
    unknown: UnknownInput | None = None


@dataclass(slots=True)
class _Unseen(Generic[S]):
    """A user's changes that the ledger does not show yet. `position`: of the newest; `sizes`: the bytes of
    their records, by key; `held`: what the user has with them."""

    held: Held
    position: int = -1
    changes: dict[str, S | None] = field(default_factory=dict)
    sizes: dict[bytes, int] = field(default_factory=dict)


class Failures:
    """The requests, by their user and idempotency key, that became dead letters, and the input of each: of a
    request that is repeated and fails again one dead letter is enough.

    Forgets the oldest, and everything when the process ends: another program may do better.
    """

    def __init__(self, kept: int = FAILURES_KEPT) -> None:
        self._kept = kept
        self._offsets: dict[tuple[bytes | None, bytes], int] = {}

    def is_new(self, user: bytes | None, key: bytes | None, offset: int) -> bool:
        """Take note that the input at `offset` failed; whether it is the first of its request that did."""
        if not key:
            return True
        first = self._offsets.setdefault((user, key), offset)
        if len(self._offsets) > self._kept:
            del self._offsets[next(iter(self._offsets))]
        return offset <= first  # the same input again: what followed from it may not have been written


class PartitionWork(Generic[S, I, O]):
    """`next_offset`: the first input to apply. Inputs up to the ledger's `applied` are passed over: their
    events were acknowledged before their state was written, whoever wrote it. `changed`: the newest input
    that was applied here and changed state; -1: none did."""

    def __init__(
        self,
        topic: str,
        partition: int,
        *,
        incarnation: str = "",
        partitions: int,
        model: Model[S, I, O],
        decode: Callable[[bytes], I],
        ledger: Ledger[S],
        next_offset: int,
        max_bytes: int,
        failures: Failures | None = None,
    ) -> None:
        self.ledger = ledger
        self.next_offset = next_offset
        self.changed = -1
        self._topic = topic
        self._incarnation = incarnation
        self._partition = partition
        self._partitions = partitions
        self._model = model
        self._decode = decode
        self._max_bytes = max_bytes
        self._failures = failures or Failures()
        # By user id, oldest change first.
        self._unseen: dict[int, _Unseen[S]] = {}
        # Markers that the ledger has not shown yet: key -> (position, place), oldest first.
        self._unseen_places: dict[bytes, tuple[int, Place]] = {}
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
                continue
            try:
                self._apply(record, block)
            except UnknownInput as unknown:
                self.next_offset, block.unknown = record.offset, unknown
                break
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
            unseen = key in self._unseen_places or int(key.partition(b"/")[0]) in self._unseen
            if self._repairing.get(key) == position or unseen:
                continue
            self._repairing[key] = position
            found.append(state_record(key, state, position))
        return found

    def _apply(self, record: Record, block: Block) -> None:
        headers = dict(record.headers)
        marker: tuple[bytes, Place] | None = None
        try:
            source = _source_of(headers)
            if source is not None:
                marker = entity_key(self._user_of(record.key), source.marker), source.place
                if self._was_applied(*marker):
                    block.repeated += 1
                    return
            result = self._decide(record, headers, source)
        except UnknownInput:
            raise
        except Exception as error:  # noqa: BLE001 - the model may raise anything; its input must not be lost
            if self._failures.is_new(record.key, headers.get(KEY), record.offset):
                block.dead_letters.append(dead_letter(record, self._topic, self._partition, error))
            else:
                block.failed_again += 1
            if marker is not None:
                block.states.append([self._mark(marker, record)])
                self.changed = record.offset
            if request := headers.get(REQUEST):
                about = outcome_headers(record.offset, self._incarnation, headers.get(SOURCE))
                failed = [(REQUEST, request), (FAILED, INTERNAL.encode()), *about]
                block.outcomes.append((record.key, None, failed))
            return
        block.applied += 1
        block.refused += result.decision.refused
        block.events += result.events
        block.broadcasts += result.broadcasts
        for topic, sent in result.sends:
            block.sends.setdefault(topic, []).append(sent)
        block.outcomes += result.outcomes
        if result.states:
            self._change(result, record.offset)
        if marker is not None:
            result.states.append(self._mark(marker, record))
        if result.states:
            block.states.append(result.states)
            self.changed = record.offset

    def _was_applied(self, key: bytes, place: Place) -> bool:
        """Whether this source, or a later one of its partition, was applied for its user before."""
        _, newest = self._unseen_places.get(key, (0, None))
        newest = newest or self.ledger.place(key)
        return newest is not None and place <= newest

    def _mark(self, marker: tuple[bytes, Place], record: Record) -> Outgoing:
        key, place = marker
        self._unseen_places.pop(key, None)  # the newest one goes last
        self._unseen_places[key] = record.offset, place
        return state_record(key, place, record.offset, record.timestamp)

    def _decide(
        self, record: Record, headers: Mapping[str, bytes | None], source: Source | None
    ) -> Consequences[S]:
        """Whatever is wrong is raised here, before anything counts."""
        user_id = self._user_of(record.key)
        if record.value is None:
            raise ValueError("the input has no value")
        position = RecordPosition(self._topic, self._partition, record.offset)
        context = Context(
            user_id,
            record.timestamp,
            position,
            source,
            _run_of(headers),
            asked_of(headers),
            self._held(user_id),
        )
        try:
            command = self._decode(record.value)
        except UnknownTag as unknown:
            raise UnknownInput(*position, str(unknown)) from None
        decision = self._model(self.entities(user_id), command, context)
        result = follow(decision, context, self._incarnation, headers, self.ledger.decode)
        if result.size > self._max_bytes:
            raise ValueError(f"what follows from it takes {result.size} bytes, more than {self._max_bytes}")
        return result

    def _user_of(self, key: bytes | None) -> int:
        if key is None or not key.isdigit() or user_key(int(key)) != key:
            raise ValueError(f"the key {key!r} is no user id")
        home = partition_for(key, self._partitions)
        if home != self._partition:
            raise ValueError(f"user {int(key)} belongs to partition {home}: another partitioner wrote it")
        return int(key)

    def entities(self, user_id: int) -> Mapping[str, S]:
        """The user's entities by id after the newest input that was applied: a live view, no copy."""
        shown = self.ledger.of_user(user_id)
        unseen = self._unseen.get(user_id)
        return Overlay(shown, unseen.changes) if unseen else MappingProxyType(shown)

    def _held(self, user_id: int) -> Held:
        unseen = self._unseen.get(user_id)
        return unseen.held if unseen else self.ledger.held(user_id)

    def _change(self, result: Consequences[S], position: int) -> None:
        user_id = result.user_id
        unseen = self._unseen.pop(user_id, None) or _Unseen(self.ledger.held(user_id))
        unseen.position = position
        unseen.changes.update(result.decision.changes)
        for key, value, _ in result.states:
            assert key is not None
            before = unseen.sizes[key] if key in unseen.sizes else self.ledger.size_of(key)
            unseen.sizes[key] = len(value or b"")
            unseen.held = grown(unseen.held, before, unseen.sizes[key])
        self._unseen[user_id] = unseen  # the newest one goes last

    def _forget_seen(self) -> None:
        """Leave to the ledger what it shows: the states of every input up to `applied`, ours or another's."""
        while self._unseen:
            user_id, unseen = next(iter(self._unseen.items()))
            if unseen.position > self.ledger.applied:
                break
            del self._unseen[user_id]
        while self._unseen_places:
            key, (position, _) = next(iter(self._unseen_places.items()))
            if position > self.ledger.applied:
                break
            del self._unseen_places[key]


def _source_of(headers: Mapping[str, bytes | None]) -> Source | None:
    header = headers.get(SOURCE)
    return None if header is None else Source.parse(header)


def _run_of(headers: Mapping[str, bytes | None]) -> int | None:
    header = headers.get(RUN)
    if header is None:
        return None
    if not header.isdigit() or len(header) > LONGEST_OFFSET:
        raise ValueError(f"{header[:300]!r} is no run, which is an offset")
    return int(header)
