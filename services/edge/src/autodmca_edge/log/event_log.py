"""The event log as an edge node sees it: partitions, positions, cursors, recent records.

Owns which partitions are followed and how many need each, how far each has been handed to the hub
(`position`, the next offset), and a window of the newest records, bounded in bytes over all partitions, from
which most replays are served without asking Kafka. Never does I/O. A cursor that leads nowhere here raises
`BadCursor` (log/cursors.py).
"""

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from autodmca_events import partition_for
from autodmca_events.topics import BROADCAST, USER_EVENT_TOPICS

from autodmca_edge.log.cursors import place_of, record_of
from autodmca_edge.log.errors import BadCursor
from autodmca_edge.log.homes import Homes
from autodmca_edge.log.partition import Chunk, Demand, Packed, Partition, Place, Record

__all__ = ["TOPICS", "Demand", "EventLog", "Packed", "Partition", "Place", "Record"]

TOPICS: Final = (*USER_EVENT_TOPICS, BROADCAST)
_CHUNK_OVERHEAD: Final = 300  # bytes of Python objects beside those of a poll's records


class EventLog:
    """All partitions of the topics that this node knows, by topic and number."""

    def __init__(self, window_bytes: int, resized: Collection[str] = ()) -> None:
        self._partitions: dict[tuple[str, int], Partition] = {}
        self._by_prefix: dict[str, Partition] = {}
        self._counts: dict[str, int] = {}
        self._alike = 0  # partitions that each topic keyed by user has; 0: they differ
        self._of: dict[tuple[tuple[str, ...], int], list[Partition]] = {}  # by topics and number
        self._homes: dict[int, Homes] = {}  # by number of partitions
        self._order: deque[Partition] = deque()  # whose chunk is the oldest, over all partitions
        self._window_bytes = window_bytes
        self.resized = resized
        """Topics that have gained partitions, so that their users' events may be where nobody looks."""
        self.window_size = 0
        """Bytes that the windows hold, about."""

    def open(self, topic: str, epoch: str, positions: Mapping[int, int | None]) -> None:
        """Know a topic, or know it anew after it was made again: its partitions, each followed from a
        position or, with None, not followed."""
        former = {number: self._partitions.pop((topic, number)) for number in range(self.count(topic))}
        for partition in former.values():
            self._forget(partition)
            del self._by_prefix[partition.prefix]
        self._counts[topic] = len(positions)
        counts = {count for each, count in self._counts.items() if each != BROADCAST}
        self._alike = counts.pop() if len(counts) == 1 else 0
        self._of.clear()
        homes = self._homes.setdefault(len(positions), Homes(len(positions)))
        for number, position in positions.items():
            demand = former[number].demand if number in former else Demand()
            partition = Partition(topic, number, epoch, position, demand, homes)
            self._partitions[topic, number] = partition
            self._by_prefix[partition.prefix] = partition

    def count(self, topic: str) -> int:
        """How many partitions a topic has; 0 while that is not known."""
        return self._counts.get(topic, 0)

    def follow(self, partition: Partition, position: int, leader_epoch: int = -1) -> None:
        """The hub is given what is in it from `position` on; what is before it was written under no newer
        leader."""
        partition.begin(position, leader_epoch)

    def drop(self, partitions: Collection[Partition]) -> None:
        """The hub is given nothing more of these; what the window has of them is freed."""
        for partition in partitions:
            partition.followed = False
            self._forget(partition)
        self._order = deque([each for each in self._order if each.followed])

    def idle(self, now: float, grace_s: float) -> list[Partition]:
        """What is followed though nobody has needed it for so long, as far as earlier calls have seen."""
        found = []
        for partition in self._partitions.values():
            demand = partition.demand
            if partition.followed and not demand.count:
                if demand.idle_since is None:
                    demand.idle_since = now
                if now - demand.idle_since >= grace_s:
                    found.append(partition)
        return found

    def __iter__(self) -> Iterator[Partition]:
        return iter(self._partitions.values())

    def get(self, topic: str, number: int) -> Partition | None:
        """The partition, or None where the topic, as far as is known, has none of that number."""
        return self._partitions.get((topic, number))

    def append(self, partition: Partition, packed: Packed, next_offset: int) -> None:
        """Remember what the hub is being given, and drop the oldest over the bound."""
        size = _CHUNK_OVERHEAD + len(packed)
        partition.chunks.append(Chunk(partition.position, packed, size))
        partition.position = next_offset
        self._order.append(partition)
        self.window_size += size
        while self.window_size > self._window_bytes:
            self._drop_oldest(self._order.popleft())

    def _drop_oldest(self, partition: Partition) -> None:
        if partition.chunks:
            self.window_size -= partition.chunks.popleft().size

    def _forget(self, partition: Partition) -> None:
        while partition.chunks:
            self._drop_oldest(partition)

    def skip(self, partition: Partition, position: int) -> None:
        """Go on at `position` without the records between: retention took them."""
        self._forget(partition)
        partition.position = position

    def lose_end(self, partition: Partition, position: int) -> None:
        """The log no longer holds what the hub was given from `position` on: go on there, anew.

        Who had some of that cannot say so by a cursor without an epoch, as others have it as well: it is no
        longer taken.
        """
        lost = range(position, partition.position)
        if before := partition.lost:
            lost = range(min(lost.start, before.start), max(lost.stop, before.stop))
        self._forget(partition)
        topic, number, epoch = partition.topic, partition.number, partition.prefix.rpartition(".")[2]
        renewed = Partition(topic, number, epoch, position, partition.demand, partition.homes)
        renewed.lost, renewed.leaders = lost, partition.leaders.cut(position)
        self._partitions[topic, number] = self._by_prefix[partition.prefix] = renewed
        self._of.clear()

    def of_user(self, key: bytes, topics: tuple[str, ...]) -> Sequence[Partition]:
        """The partitions of `topics` on which a user's events, and everybody's, are."""
        if not self._alike:
            return self._look_up(key, topics)
        where = topics, partition_for(key, self._alike)
        found = self._of.get(where)
        if found is None:
            found = self._of[where] = self._look_up(key, topics)
        return found

    def _look_up(self, key: bytes, topics: tuple[str, ...]) -> list[Partition]:
        found = []
        for topic in topics:
            count = self._counts.get(topic)
            if count:
                number = 0 if topic == BROADCAST else partition_for(key, count)
                found.append(self._partitions[topic, number])
        return found

    def locate(self, cursor: str) -> Place:
        """Where a cursor leads. Raises BadCursor."""
        prefix, _, number = cursor.rpartition(":")
        partition = self._by_prefix.get(prefix)
        epoch, had = record_of(number)
        if partition is None:
            raise BadCursor("epoch" if self.get(*place_of(prefix)) else "cursor")
        if epoch is None and had in partition.lost:
            raise BadCursor("epoch")
        return Place(partition, had + 1, epoch)
