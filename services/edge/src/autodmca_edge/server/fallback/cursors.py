"""Where a client of the fallback stands, as a set of cursors.

Owns the newest cursor of each place in the log, from what the client came with, what was delivered and what
the session told. Synchronous. They are `complete` when the session has told them: from then on they alone
resume everything; before, a client that is cut off must come back with what it had.
"""

from collections.abc import Iterable

__all__ = ["KeptCursors", "cursor_in"]

_MARK = b'"cursor":"'


def cursor_in(event: bytes) -> str:
    """The cursor of an event, which the edge appends to its envelope (fanout/records.py)."""
    return event[event.rfind(_MARK) + len(_MARK) : -2].decode()


class KeptCursors:
    """The newest cursor of each prefix, those of `resume` to begin with."""

    __slots__ = ("_newest", "complete")

    def __init__(self, resume: Iterable[str] = ()) -> None:
        self._newest: dict[str, str] = {}
        self.complete = False
        self._add(resume)

    def passed(self, cursor: str) -> None:
        """An event was delivered."""
        self._add((cursor,))

    def told(self, cursors: Iterable[str]) -> None:
        """The session says that everything up to these was delivered."""
        self.complete = self.complete or bool(cursors)
        self._add(cursors)

    def subscribed(self, cursors: list[str], *, recovered: bool) -> None:
        """The subscription stands. Not recovered: what the client came with counts no more.

        Cursors of places where the subscription has nothing are dropped.
        """
        if recovered:
            places = {_prefix(each) for each in cursors}
            self._newest = {prefix: each for prefix, each in self._newest.items() if prefix in places}
        else:
            self._newest = {}
        self.told(cursors)

    def list(self) -> list[str]:
        """All of them."""
        return [*self._newest.values()]

    def __str__(self) -> str:
        return ",".join(self._newest.values())

    def _add(self, cursors: Iterable[str]) -> None:
        for cursor in cursors:
            prefix = _prefix(cursor)
            former = self._newest.get(prefix)
            # The client may be ahead of this node, and would get again what it has had.
            if former is None or _offset(cursor) >= _offset(former):
                self._newest[prefix] = cursor


def _prefix(cursor: str) -> str:
    return cursor.rpartition(":")[0]


def _offset(cursor: str) -> int:
    try:
        return int(cursor.rpartition(":")[2])
    except ValueError:  # a client's: the session will say what it thinks of it
        return -2
