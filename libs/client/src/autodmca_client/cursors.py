"""Positions in the event log, and the ids already seen: what makes a resume lose and repeat nothing.

Of a cursor the wire protocol says two things: all before its last `:` names the stretch of log it is a
position in, of which only the newest counts; after it stands a number that grows. `Cursors` keeps those, in
the order they arrived; `SeenIds` keeps the newest ids, bounded: the oldest is forgotten first. Neither does
I/O or fails.
"""

from collections import OrderedDict
from collections.abc import Iterable


def position_of(cursor: str) -> tuple[str, int] | None:
    """The place of `cursor` and its number there; None where the number is none: its order is not known."""
    place, _, number = cursor.rpartition(":")
    return (place, int(number)) if number.isdecimal() else None


class Cursors:
    """The newest cursor of each prefix."""

    __slots__ = ("_newest",)

    def __init__(self, cursors: Iterable[str] = ()) -> None:
        self._newest: dict[str, str] = {}
        self.update(cursors)

    def add(self, cursor: str) -> None:
        """Take `cursor` as the newest of its prefix."""
        self._newest[cursor.rpartition(":")[0]] = cursor

    def update(self, cursors: Iterable[str]) -> None:
        """Take each of `cursors` as the newest of its prefix."""
        for cursor in cursors:
            self.add(cursor)

    def refresh(self, cursors: Iterable[str]) -> None:
        """Take those of `cursors` whose prefix is known already; the others are another subscription's."""
        for cursor in cursors:
            prefix = cursor.rpartition(":")[0]
            if prefix in self._newest:
                self._newest[prefix] = cursor

    def replace(self, cursors: Iterable[str]) -> None:
        """Forget what was known: the log was not the one these positions belong to, or had moved on."""
        self._newest.clear()
        self.update(cursors)

    def is_behind(self, cursor: str) -> bool:
        """Whether `cursor` is at or before the position kept for its prefix.

        Only where both end in a decimal number; otherwise the order is not known and the answer is False.
        """
        known = self._newest.get(cursor.rpartition(":")[0])
        if known is None:
            return False
        asked, newest = position_of(cursor), position_of(known)
        return asked is not None and newest is not None and asked <= newest

    def as_list(self) -> list[str]:
        """All of them, as `config.resume` takes them."""
        return list(self._newest.values())

    def __len__(self) -> int:
        return len(self._newest)


class SeenIds:
    """The newest `capacity` event ids; those seen longest ago are forgotten first."""

    __slots__ = ("_capacity", "_ids")

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"capacity must be at least 1, not {capacity}")
        self._capacity = capacity
        self._ids: OrderedDict[str, None] = OrderedDict()

    def is_new(self, event_id: str) -> bool:
        """Whether `event_id` was not seen; it is from now on."""
        ids = self._ids
        if event_id in ids:
            ids.move_to_end(event_id)
            return False
        ids[event_id] = None
        if len(ids) > self._capacity:
            ids.popitem(last=False)
        return True

    def __contains__(self, event_id: str) -> bool:
        return event_id in self._ids

    def __len__(self) -> int:
        return len(self._ids)
