"""The event log as an edge node sees it: partitions, positions, cursors, recent records.

Owns which partitions are followed and how many need each, how far each has been handed to the hub
(`position`, the next offset), the cursor strings, and a window of the newest records, bounded in bytes over
all partitions, from which most replays are served without asking Kafka. Never does I/O. A cursor that
cannot be used raises `BadCursor` with the reason that the client is told.
"""

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from autodmca_events import partition_for
from autodmca_events.topics import BROADCAST, USER_EVENT_TOPICS

__all__ = ["BadCursor", "Demand", "EventLog", "Packed", "Partition", "Record"]

TOPICS: Final = (*USER_EVENT_TOPICS, BROADCAST)
_EPOCH_LENGTH: Final = 6  # characters: enough to tell one incarnation of a topic from the next
_CHUNK_OVERHEAD: Final = 300  # bytes of Python objects beside those of a poll's records
Splice = tuple[int, bytes, Sequence[bytes]]
_PLAIN: Final = tuple(b'%d"}' % each for each in range(1000))
_PADDED: Final = tuple(b'%03d"}' % each for each in range(1000))


class Record(Protocol):
    """A record of the log, as the tail reader gives it."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


class Packed(Protocol):
    """What one poll brought of a partition, in few bytes; see autodmca_kafka.Packed."""

    def __len__(self) -> int:
        """In bytes."""
        ...

    def records(self, offset: int) -> Sequence[Record]:
        """Those from `offset` on, in order."""
        ...


class BadCursor(Exception):
    """A cursor that cannot be resumed from: `reason` is `cursor` or `epoch`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Chunk(NamedTuple):
    start: int
    packed: Packed
    size: int


class Demand:
    """How many need a partition now. It outlives the partition when its topic is made again."""

    __slots__ = ("count", "idle_since")

    def __init__(self) -> None:
        self.count = 0
        self.idle_since: float | None = None
        """Since when nobody was seen to."""

    def need(self) -> None:
        """One more, until `release`."""
        self.count += 1
        self.idle_since = None

    def release(self) -> None:
        """One less."""
        self.count -= 1


class Partition:
    """One partition of one topic; `position` is the next offset that the hub will be given.

    While it is not `followed` the hub is given nothing of it, and `position` means nothing.
    """

    __slots__ = (
        "_chunks",
        "demand",
        "everybody",
        "followed",
        "number",
        "position",
        "prefix",
        "spliced",
        "topic",
    )

    def __init__(self, topic: str, number: int, epoch: str, position: int | None, demand: Demand) -> None:
        self.topic = topic
        self.number = number
        self.demand = demand
        self.followed = position is not None
        self.everybody = topic == BROADCAST
        self.prefix = f"{TOPICS.index(topic)}.{number}.{epoch[-_EPOCH_LENGTH:]}"
        """Of its cursors: topic, partition and incarnation of the topic."""
        self.spliced: Splice = (-1000, b"", _PLAIN)
        """What `splice` gave last."""
        self.position = position or 0
        self._chunks: deque[_Chunk] = deque()

    def splice(self, offset: int) -> Splice:
        """What ends an envelope with a cursor: the first of the 1000 offsets about `offset`, what all of
        them have in common, and how each goes on from there."""
        thousands = offset // 1000
        stem = f',"cursor":"{self.prefix}:{thousands or ""}'.encode()
        self.spliced = thousands * 1000, stem, _PADDED if thousands else _PLAIN
        return self.spliced

    def is_of(self, epoch: str) -> bool:
        """Whether it is of this incarnation of its topic."""
        return self.prefix.rpartition(".")[2] == epoch[-_EPOCH_LENGTH:]

    def cursor(self) -> str:
        """The cursor of the newest record handed to the hub."""
        return f"{self.prefix}:{self.position - 1}"

    @property
    def oldest(self) -> int:
        """The first offset that the window still covers (`position` when it is empty)."""
        return self._chunks[0].start if self._chunks else self.position

    def recent(self, offset: int) -> Iterator[Record]:
        """The window's records from `offset`, which must not be before `oldest`."""
        chunks: list[_Chunk] = []
        for chunk in reversed(self._chunks):  # most of who comes back was away for a moment only
            chunks.append(chunk)
            if chunk.start <= offset:
                break
        for chunk in reversed(chunks):
            yield from chunk.packed.records(offset)


class EventLog:
    """All partitions of the topics that this node knows, by topic and number."""

    def __init__(self, window_bytes: int) -> None:
        self._partitions: dict[tuple[str, int], Partition] = {}
        self._by_prefix: dict[str, Partition] = {}
        self._counts: dict[str, int] = {}
        self._alike = 0  # partitions that each topic keyed by user has; 0: they differ
        self._of: dict[tuple[tuple[str, ...], int], list[Partition]] = {}  # by topics and number
        self._order: deque[Partition] = deque()  # whose chunk is the oldest, over all partitions
        self._window_bytes = window_bytes
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
        for number, position in positions.items():
            demand = former[number].demand if number in former else Demand()
            partition = self._partitions[topic, number] = Partition(topic, number, epoch, position, demand)
            self._by_prefix[partition.prefix] = partition

    def count(self, topic: str) -> int:
        """How many partitions a topic has; 0 while that is not known."""
        return self._counts.get(topic, 0)

    def follow(self, partition: Partition, position: int) -> None:
        """The hub is given what is in it from `position` on."""
        partition.followed, partition.position = True, position

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
        partition._chunks.append(_Chunk(partition.position, packed, size))  # noqa: SLF001 - one module
        partition.position = next_offset
        self._order.append(partition)
        self.window_size += size
        while self.window_size > self._window_bytes:
            self._drop_oldest(self._order.popleft())

    def _drop_oldest(self, partition: Partition) -> None:
        if partition._chunks:  # noqa: SLF001
            self.window_size -= partition._chunks.popleft().size  # noqa: SLF001

    def _forget(self, partition: Partition) -> None:
        while partition._chunks:  # noqa: SLF001
            self._drop_oldest(partition)

    def skip(self, partition: Partition, position: int) -> None:
        """Go on at `position` without the records between: retention took them."""
        self._forget(partition)
        partition.position = position

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

    def locate(self, cursor: str) -> tuple[Partition, int]:
        """The partition and the first offset after a cursor. Raises BadCursor."""
        prefix, _, offset = cursor.rpartition(":")
        partition = self._by_prefix.get(prefix)
        if not _is_number(offset.removeprefix("-")):
            raise BadCursor("cursor")
        if partition is None:
            raise BadCursor(self._fault(prefix))
        return partition, max(int(offset) + 1, 0)

    def _fault(self, prefix: str) -> str:
        """Why there is no partition of this prefix."""
        code, _, rest = prefix.partition(".")
        number, _, epoch = rest.partition(".")
        if not (_is_number(code) and _is_number(number) and epoch) or int(code) >= len(TOPICS):
            return "cursor"
        return "cursor" if self.get(TOPICS[int(code)], int(number)) is None else "epoch"


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20
