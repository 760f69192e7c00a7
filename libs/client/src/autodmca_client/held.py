"""Events that the edge has sent with another subscription's replay.

When two subscriptions want an event and both resume, the edge sends it with the first one's replay, while
the second is still owed earlier events. The event then waits here, sorted by its position at its place in
the log, until the second one's replay has passed it. The number of events is bounded; over the bound the
lowest position of the place is given out of order. Pure state, no I/O.
"""

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count

from autodmca_client.cursors import position_of
from autodmca_client.wire import Event


class Held:
    """At most `capacity` events, each with a cursor whose order is known (`position_of`)."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._places: dict[str, list[tuple[int, int, Event]]] = {}
        self._arrivals = count()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def put(self, event: Event) -> Event | None:
        """Keep `event`; returns the one of its place that there is no room for any more."""
        place, number = _position(event)
        waiting = self._places.setdefault(place, [])
        heappush(waiting, (number, next(self._arrivals), event))
        self._size += 1
        return self._take(place) if self._size > self._capacity else None

    def up_to(self, event: Event) -> Iterator[Event]:
        """Take out those before `event` at its place, in order."""
        place, number = _position(event)
        while (waiting := self._places.get(place)) and waiting[0][0] < number:
            yield self._take(place)

    def all(self) -> Iterator[Event]:
        """Take out all, those of one place in order."""
        for place in list(self._places):
            while place in self._places:
                yield self._take(place)

    def clear(self) -> None:
        """Forget all: another connection's replays bring them again."""
        self._places.clear()
        self._size = 0

    def _take(self, place: str) -> Event:
        waiting = self._places[place]
        _, _, event = heappop(waiting)
        self._size -= 1
        if not waiting:
            del self._places[place]
        return event


def _position(event: Event) -> tuple[str, int]:
    position = position_of(event.cursor or "")
    assert position is not None, "only ordered events are held"
    return position
