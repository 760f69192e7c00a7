"""One partition of a state topic, as its records tell it.

Owns the newest state of each entity, the input position each was made from, and `applied`: the newest
input position seen. As an owner writes the states of its inputs in order, and only after everything
else that follows from them, `applied` says which inputs are done with. A record made from an older
input than the known one is ignored, but remembered as stale: compaction would keep it, because it stands
later in the log, so the owner of the partition has to write the newer one again. Pure; never reads a topic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, Generic

from autodmca_kafka.decision import S

TOMBSTONES_KEPT: Final = 100_000
"""How many deleted entities a ledger remembers; older ones could be revived by a late record."""


class Ledger(Generic[S]):
    """Starts empty: `applied` is -1 until a record is observed."""

    def __init__(self, decode: Callable[[bytes], S], tombstones_kept: int = TOMBSTONES_KEPT) -> None:
        self.applied = -1
        self.stale: set[bytes] = set()
        self.decode: Final = decode
        self._tombstones_kept = tombstones_kept
        self._users: dict[int, dict[str, S]] = {}
        self._positions: dict[bytes, int] = {}
        self._tombstones: dict[bytes, None] = {}

    def of_user(self, user_id: int) -> Mapping[str, S]:
        """The user's entities by id, read-only by agreement; changes as records are observed."""
        return self._users.get(user_id, {})

    def entities(self) -> Iterator[tuple[int, str, S]]:
        """Every user id, entity id and state; do not observe while iterating."""
        for user_id, entities in self._users.items():
            for entity_id, state in entities.items():
                yield user_id, entity_id, state

    def newest(self, key: bytes) -> tuple[int, S | None]:
        """The input position and the state (None: deleted) of an entity that was observed."""
        user_id, entity_id = split_key(key)
        return self._positions[key], self._users.get(user_id, {}).get(entity_id)

    def observe(self, key: bytes, position: int, value: bytes | None) -> None:
        """Take in the next record of the partition; `value` None deletes.

        Raises ValueError (msgspec's errors are) for a key or a value that it cannot read.
        """
        known = self._positions.get(key, -1)
        if position < known:
            self.stale.add(key)
            return
        self.stale.discard(key)
        if position == known:
            return
        user_id, entity_id = split_key(key)
        if value is None:
            self._forget(user_id, entity_id)
            self._tombstones[key] = None
        else:
            self._users.setdefault(user_id, {})[entity_id] = self.decode(value)
            self._tombstones.pop(key, None)
        self._positions[key] = position
        self.applied = max(self.applied, position)
        if len(self._tombstones) > self._tombstones_kept:
            oldest = next(iter(self._tombstones))
            del self._tombstones[oldest], self._positions[oldest]

    def _forget(self, user_id: int, entity_id: str) -> None:
        entities = self._users.get(user_id, {})
        entities.pop(entity_id, None)
        if not entities:
            self._users.pop(user_id, None)


def split_key(key: bytes) -> tuple[int, str]:
    """The inverse of `autodmca_events.partitions.entity_key`; an entity's id may hold a `/`.

    Raises ValueError.
    """
    user, slash, entity = key.partition(b"/")
    if not slash or not user.isdigit():
        raise ValueError(f"{key!r} is no key of a state record: userId/entityId")
    return int(user), entity.decode()
