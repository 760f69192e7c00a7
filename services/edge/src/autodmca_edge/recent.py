"""The newest records by user: what who was away for a moment has missed, without a scan.

Owns, for partitions that replays have asked about lately, an index of the newest records by key, made
when first asked for and brought up to date at each question, so that a storm of clients that come back
decodes each record once. Bounded in records over all partitions: over the bound all of it is forgotten, as is
what nobody has asked about for half a minute. Synchronous, no I/O; whoever was away for longer is told None.
"""

from bisect import bisect_left
from collections.abc import Callable, Collection, Sequence
from heapq import merge
from operator import attrgetter
from typing import Final

from autodmca_edge.log import Partition, Record
from autodmca_edge.subscriptions import EVERYONE
from autodmca_edge.timers import TimerWheel

__all__ = ["Recent"]

MOST_RECORDS: Final = 32_768  # of all partitions
MOST_BEHIND: Final = 4096  # offsets that one question may reach back
KEPT_S: Final = 30.0

_offset: Final = attrgetter("offset")


class _Index:
    """The records of one partition from `start` up to, not including, `end`."""

    __slots__ = ("by_key", "end", "records", "start")

    def __init__(self, start: int) -> None:
        self.start = self.end = start
        self.records: list[Record] = []
        self.by_key: dict[bytes | None, list[Record]] = {}

    def extend(self, partition: Partition) -> int:
        """Take in what the window has more; how many records that is."""
        fresh = list(partition.recent(self.end))
        for record in fresh:
            self.by_key.setdefault(record.key, []).append(record)
        self.records += fresh
        self.end = partition.position
        return len(fresh)


class Recent:
    """The indexes of a node. `clock` is that of `wheel`, in seconds."""

    def __init__(self, wheel: TimerWheel, clock: Callable[[], float]) -> None:
        self._wheel = wheel
        self._clock = clock
        self._indexes: dict[Partition, _Index] = {}
        self._timed = False
        self._asked_at = 0.0
        self.size = 0
        """Records that the indexes hold."""

    def of(self, partition: Partition, keys: Collection[bytes], offset: int) -> Sequence[Record] | None:
        """The records of these users from `offset` up to the partition's position, in order.

        Of everybody's partition, and with EVERYONE among the keys, all of them. None: too far back.
        """
        if offset < partition.oldest or partition.position - offset > MOST_BEHIND:
            return None
        index = self._index(partition, offset)
        if partition.everybody or EVERYONE in keys:
            return _since(index.records, offset)
        found = [_since(index.by_key[key], offset) for key in keys if key in index.by_key]
        return found[0] if len(found) == 1 else list(merge(*found, key=_offset))

    def _index(self, partition: Partition, offset: int) -> _Index:
        self._asked_at = self._clock()
        if not self._timed:
            self._timed = True
            self._wheel.add(self, self._asked_at + KEPT_S)
        index = self._indexes.get(partition)
        if index is not None and (offset < index.start or index.end < partition.oldest):
            self.size -= len(index.records)
            index = None
        if index is None:
            # Others were away for longer: reach back twice as far, lest each of them has it made anew.
            index = _Index(max(partition.oldest, 2 * offset - partition.position))
        if index.end < partition.position:
            self.size += index.extend(partition)
        if self.size > MOST_RECORDS:
            self._indexes, self.size = {}, len(index.records)
        self._indexes[partition] = index
        return index

    def due(self, now: float) -> float | None:
        """Forget what nobody asks about any more."""
        if now < self._asked_at + KEPT_S:
            return self._asked_at + KEPT_S
        self._indexes, self.size, self._timed = {}, 0, False
        return None


def _since(records: Sequence[Record], offset: int) -> Sequence[Record]:
    return records[bisect_left(records, offset, key=_offset) :]
