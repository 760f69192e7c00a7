"""The newest records by user: what who was away for a moment has missed, without a scan.

Owns, for partitions that replays have asked about lately, an index of the newest records by key, made
when first asked for and brought up to date at each question, so that a storm of clients that come back
decodes each record once. Bounded in records over all partitions: what would be over it is left to scans,
for some seconds, and not made again and again. What nobody asks about is forgotten. Synchronous, no I/O;
whoever was away for longer is told None.
"""

from bisect import bisect_left
from collections.abc import Callable, Collection, Sequence
from heapq import merge
from operator import attrgetter
from typing import Final

from autodmca_edge.fanout.subscriptions import EVERYONE
from autodmca_edge.log.event_log import Partition, Record
from autodmca_edge.timers import TimerWheel

__all__ = ["Recent"]

MOST_RECORDS: Final = 65_536  # of all partitions
MOST_BEHIND: Final = 4096  # offsets that one question may reach back
MARGIN: Final = 64  # offsets before the first question's
KEPT_S: Final = 30.0
REFUSED_S: Final = 5.0

_offset: Final = attrgetter("offset")


class _Index:
    """The records of one partition from `start` up to, not including, `end`."""

    __slots__ = ("by_key", "end", "records", "start")

    def __init__(self, start: int) -> None:
        self.start = self.end = start
        self.records: list[Record] = []
        self.by_key: dict[bytes | None, list[Record]] = {}

    def extend(self, partition: Partition) -> None:
        """Take in what the window has more."""
        self._add(list(partition.recent(self.end)))
        self.end = partition.position

    def since(self, offset: int) -> "_Index":
        """The same from `offset` on."""
        rest = _Index(offset)
        rest._add(_since(self.records, offset))
        rest.end = self.end
        return rest

    def _add(self, records: Sequence[Record]) -> None:
        for record in records:
            self.by_key.setdefault(record.key, []).append(record)
        self.records += records


class Recent:
    """The indexes of a node. `clock` is that of `wheel`, in seconds."""

    def __init__(self, wheel: TimerWheel, clock: Callable[[], float]) -> None:
        self._wheel = wheel
        self._clock = clock
        self._indexes: dict[Partition, _Index] = {}
        self._refused: dict[Partition, float] = {}  # until when
        self._timed = False
        self._asked = False
        self.size = 0
        """Records that the indexes hold."""

    def of(self, partition: Partition, keys: Collection[bytes], offset: int) -> Sequence[Record] | None:
        """The records of these users from `offset` up to the partition's position, in order.

        Of everybody's partition, and with EVERYONE among the keys, all of them. None: too far back.
        """
        if offset < partition.oldest or partition.position - offset > MOST_BEHIND:
            return None
        index = self._indexes.get(partition)
        if index is None or index.end != partition.position or offset < index.start:
            index = self._index(partition, offset)
            if index is None:
                return None
        self._asked = True
        if partition.everybody or EVERYONE in keys:
            return _since(index.records, offset)
        found = [_since(index.by_key[key], offset) for key in keys if key in index.by_key]
        if len(found) < 2:
            return found[0] if found else ()
        return list(merge(*found, key=_offset))

    def _index(self, partition: Partition, offset: int) -> _Index | None:
        now = self._clock()
        if not self._timed:
            self._timed = True
            self._wheel.add(self, now + KEPT_S)
        if now < self._refused.get(partition, 0.0):
            return None
        index = self._indexes.pop(partition, None)
        if index is not None:
            self.size -= len(index.records)
            if offset < index.start or index.end < partition.oldest:
                index = None
        if index is None:  # others were away for a little longer: lest each of them has it made anew
            index = _Index(max(partition.oldest, offset - MARGIN))
        if index.end < partition.position:
            index.extend(partition)
        if len(index.records) > 2 * MOST_BEHIND:
            index = index.since(offset - MARGIN)
        if self.size + len(index.records) > MOST_RECORDS:
            self._refused[partition] = now + REFUSED_S
            return None
        self.size += len(index.records)
        self._indexes[partition] = index
        return index

    def due(self, now: float) -> float | None:
        """Forget what nobody asks about any more."""
        if self._asked:
            self._asked = False
            return now + KEPT_S
        self._indexes, self._refused, self.size, self._timed = {}, {}, 0, False
        return None


def _since(records: Sequence[Record], offset: int) -> Sequence[Record]:
    return records[bisect_left(records, offset, key=_offset) :]
