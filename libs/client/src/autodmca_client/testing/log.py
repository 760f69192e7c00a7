"""The fake edge's event log: positions, cursors and replay, in memory.

Stands for Kafka: one stretch of log per topic, an epoch, a beginning that retention moves. Pure state.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec
from autodmca_events import CATALOGUE, ms_of, rfc3339


class Stored(msgspec.Struct, frozen=True):
    """One event of the log; `envelope` is the message without its cursor."""

    prefix: str
    offset: int
    envelope: dict[str, Any]

    @property
    def id(self) -> str:
        """The event's id."""
        return str(self.envelope["id"])

    @property
    def cursor(self) -> str:
        """Its position."""
        return f"{self.prefix}:{self.offset}"

    @property
    def data(self) -> bytes:
        """The message as a client reads it."""
        return msgspec.json.encode({**self.envelope, "cursor": self.cursor})


class EventLog:
    """All events, by stretch (a topic and its epoch)."""

    def __init__(self) -> None:
        self._epoch = 0
        self.recreate()

    def recreate(self) -> None:
        """The topics are made anew: other prefixes, nothing in them."""
        self._epoch += 1
        self._events: list[Stored] = []
        self._ends = {self._prefix(name): 0 for name in CATALOGUE}
        self._begins = dict(self._ends)

    def append(self, envelope: dict[str, Any]) -> Stored:
        """Add an event; its type's topic decides the stretch."""
        prefix = self._prefix(envelope["type"])
        stored = Stored(prefix, self._ends[prefix], envelope)
        self._ends[prefix] += 1
        self._events.append(stored)
        return stored

    def newest(self, count: int) -> Sequence[Stored]:
        """The newest `count` events, oldest first."""
        return self._events[-count:]

    def cursors(self, types: Iterable[str]) -> list[str]:
        """The positions of the newest events of the stretches that these types are on."""
        prefixes = dict.fromkeys(self._prefix(name) for name in types)
        return [f"{prefix}:{self._ends[prefix] - 1}" for prefix in prefixes]

    def forget(self) -> None:
        """Retention takes all there is."""
        self._events.clear()
        self._begins = dict(self._ends)

    def after(
        self, resume: Sequence[str], since: str | None, wanted: Callable[[Stored], bool]
    ) -> tuple[str | None, list[Stored]]:
        """Why the replay is not whole (None: it is), and the events it consists of."""
        if not resume:
            moment = rfc3339(ms_of(since)) if since else "never"
            return None, [
                each for each in self._events if each.envelope["timestamp"] >= moment and wanted(each)
            ]
        positions: dict[str, int] = {}
        for cursor in resume:
            prefix, _, offset = cursor.rpartition(":")
            if not offset.removeprefix("-").isdecimal():
                return "cursor", []
            if prefix not in self._ends:
                return "epoch", []
            if int(offset) + 1 < self._begins[prefix]:
                return "retention", []
            positions[prefix] = int(offset)
        return None, list(self._later_than(positions, wanted))

    def _later_than(self, positions: dict[str, int], wanted: Callable[[Stored], bool]) -> Iterator[Stored]:
        for each in self._events:
            if each.offset > positions.get(each.prefix, -1) and wanted(each):
                yield each

    def _prefix(self, event_type: str) -> str:
        return f"{CATALOGUE[event_type].topic}.e{self._epoch}"
