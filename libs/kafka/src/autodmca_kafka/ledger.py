"""One partition of a state topic, as its records tell it.

Owns the newest state of each entity, the input position each was made from, and `applied`: the newest
input position seen. As an owner writes the states of its inputs in order, and only after everything
else that follows from them, `applied` says which inputs are done with. A record made from an older
input than the known one is ignored, but remembered as stale: compaction would keep it, because it stands
later in the log, so the owner of the partition has to write the newer one again. Markers of sources
(sources.py) are kept apart: they are no entities. Pure; never reads a topic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, Generic, NamedTuple

from autodmca_kafka.decision import Held, S
from autodmca_kafka.sources import Place, is_marker, place_of

TOMBSTONES_KEPT: Final = 100_000
"""How many deleted entities a ledger remembers; older ones could be revived by a late record."""
TRACES_KEPT: Final = 2_000
"""Of how many entities a ledger remembers the trace of their newest input; older ones are forgotten."""
_SIZE_BITS: Final = 30
_SIZE: Final = (1 << _SIZE_BITS) - 1
"""A record has fewer bytes than that: Kafka counts them in 32 bits."""


class Change(NamedTuple, Generic[S]):
    """An entity's new `state` (None: deleted), made from the input at `position`."""

    user_id: int
    entity_id: str
    state: S | None
    position: int


class Trace(NamedTuple):
    """The `traceparent` of the input that an entity's state was made from, and the input's timestamp."""

    parent: bytes
    at_ms: int


class Ledger(Generic[S]):
    """Starts empty: `applied` is -1 until a record is observed."""

    def __init__(self, decode: Callable[[bytes], S], tombstones_kept: int = TOMBSTONES_KEPT) -> None:
        self.applied = -1
        self.applied_ms = 0
        """The timestamp of the input at `applied`, or of one before it."""
        self.stale: set[bytes] = set()
        self.decode: Final = decode
        self._tombstones_kept = tombstones_kept
        self._users: dict[int, dict[str, S]] = {}
        self._held: dict[int, Held] = {}
        # The position and the record's bytes in one number: a million pairs would take 60 MB more.
        self._known: dict[bytes, int] = {}
        self._tombstones: dict[bytes, None] = {}
        self._places: dict[bytes, Place] = {}
        self._traces: dict[bytes, Trace] = {}

    def of_user(self, user_id: int) -> Mapping[str, S]:
        """The user's entities by id, read-only by agreement; changes as records are observed."""
        return self._users.get(user_id, {})

    def held(self, user_id: int) -> Held:
        """How much the user has."""
        return self._held.get(user_id, Held())

    def size_of(self, key: bytes) -> int:
        """The bytes of an entity's record; 0 where there is none, and for a marker."""
        return self._known.get(key, 0) & _SIZE

    def entities(self) -> Iterator[tuple[int, str, S]]:
        """Every user id, entity id and state; do not observe while iterating."""
        for user_id, entities in self._users.items():
            for entity_id, state in entities.items():
                yield user_id, entity_id, state

    def users(self) -> list[int]:
        """The ids of the users that have any entity now."""
        return list(self._users)

    def place(self, key: bytes) -> Place | None:
        """What the marker of this key holds; None while there is none."""
        return self._places.get(key)

    def trace(self, key: bytes) -> Trace | None:
        """The trace of the newest input that changed this entity; None: it had none, or is forgotten."""
        return self._traces.get(key)

    def newest(self, key: bytes) -> tuple[int, S | Place | None]:
        """The input position and the state (None: deleted) of an entity or a marker that was observed."""
        if key in self._places:
            return self._known[key] >> _SIZE_BITS, self._places[key]
        user_id, entity_id = split_key(key)
        return self._known[key] >> _SIZE_BITS, self._users.get(user_id, {}).get(entity_id)

    def observe(
        self,
        key: bytes,
        position: int,
        value: bytes | None,
        at_ms: int | None = None,
        trace: bytes | None = None,
    ) -> Change[S] | None:
        """Take in the next record of the partition; `value` None deletes, `at_ms` is the time of the input
        that it was made from, `trace` its traceparent. Returns the change of an entity, None where the record
        changed none.

        Raises ValueError (msgspec's errors are) for a key or a value that it cannot read.
        """
        known = self._known.get(key, -1) >> _SIZE_BITS
        if position < known:
            self.stale.add(key)
            return None
        self.stale.discard(key)
        if position == known:
            return None
        user_id, entity_id = split_key(key)
        change: Change[S] | None = None
        size = 0
        if is_marker(entity_id):
            self._places[key] = place_of(value or b"")
        elif value is None:
            self._forget(user_id, entity_id)
            self._grow(user_id, self.size_of(key), 0)
            self._tombstones[key] = None
            change = Change(user_id, entity_id, None, position)
        else:
            state = self.decode(value)
            size = len(value)
            self._users.setdefault(user_id, {})[entity_id] = state
            self._grow(user_id, self.size_of(key), size)
            self._tombstones.pop(key, None)
            change = Change(user_id, entity_id, state, position)
        self._known[key] = position << _SIZE_BITS | size
        self._follow(key, Trace(trace, at_ms) if trace and at_ms is not None and size else None)
        if position > self.applied:
            self.applied = position
            self.applied_ms = self.applied_ms if at_ms is None else at_ms
        if len(self._tombstones) > self._tombstones_kept:
            oldest = next(iter(self._tombstones))
            del self._tombstones[oldest], self._known[oldest]
        return change

    def _grow(self, user_id: int, before: int, after: int) -> None:
        held = grown(self.held(user_id), before, after)
        if held.entities:
            self._held[user_id] = held
        else:
            self._held.pop(user_id, None)

    def _follow(self, key: bytes, trace: Trace | None) -> None:
        self._traces.pop(key, None)  # the newest one goes last
        if trace is not None:
            self._traces[key] = trace
            if len(self._traces) > TRACES_KEPT:
                del self._traces[next(iter(self._traces))]

    def _forget(self, user_id: int, entity_id: str) -> None:
        entities = self._users.get(user_id, {})
        entities.pop(entity_id, None)
        if not entities:
            self._users.pop(user_id, None)


def grown(held: Held, before: int, after: int) -> Held:
    """What a user has after a record of `before` bytes became one of `after`; 0: there is none."""
    return Held(held.entities + (after > 0) - (before > 0), held.bytes + after - before)


def split_key(key: bytes) -> tuple[int, str]:
    """The inverse of `autodmca_events.partitions.entity_key`; an entity's id may hold a `/`.

    Raises ValueError.
    """
    user, slash, entity = key.partition(b"/")
    if not slash or not user.isdigit():
        raise ValueError(f"{key!r} is no key of a state record: userId/entityId")
    return int(user), entity.decode()
