"""The event log as an edge node sees it: partitions, positions, cursors, recent records.

Owns how far each partition has been handed to the hub (`position`, the next offset), the cursor
strings, and a window of the newest records, bounded in bytes over all partitions, from which most
replays are served without asking Kafka. Never does I/O. A cursor that cannot be used raises
`BadCursor` with the reason that the client is told.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple, Protocol

from autodmca_events import partition_for
from autodmca_events.topics import BROADCAST, USER_EVENT_TOPICS

__all__ = ["BadCursor", "EventLog", "Packed", "Partition", "Record"]

TOPICS: Final = (*USER_EVENT_TOPICS, BROADCAST)
_EPOCH_LENGTH: Final = 6  # characters: enough to tell one incarnation of a topic from the next
_CHUNK_OVERHEAD: Final = 300  # bytes of Python objects beside those of a poll's records
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


class Partition:
    """One partition of one topic; `position` is the next offset that the hub will be given."""

    __slots__ = ("_chunks", "_spliced", "everybody", "number", "position", "prefix", "topic")

    def __init__(self, topic: str, number: int, epoch: str, position: int) -> None:
        self.topic = topic
        self.number = number
        self.everybody = topic == BROADCAST
        self.prefix = f"{TOPICS.index(topic)}.{number}.{epoch[-_EPOCH_LENGTH:]}"
        """Of its cursors: topic, partition and incarnation of the topic."""
        self._spliced = (-1, b"", _PLAIN)
        self.position = position
        self._chunks: deque[_Chunk] = deque()

    def splice(self, thousands: int) -> tuple[bytes, Sequence[bytes]]:
        """What ends an envelope with the cursor of offset 1000 * `thousands` + n: a stem, an ending by n."""
        known, stem, endings = self._spliced
        if known != thousands:
            stem = f',"cursor":"{self.prefix}:{thousands or ""}'.encode()
            endings = _PADDED if thousands else _PLAIN
            self._spliced = thousands, stem, endings
        return stem, endings

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
    """All partitions that this node reads, by topic and number."""

    def __init__(self, window_bytes: int) -> None:
        self._partitions: dict[tuple[str, int], Partition] = {}
        self._counts: dict[str, int] = {}
        self._order: deque[Partition] = deque()  # whose chunk is the oldest, over all partitions
        self._window_bytes = window_bytes
        self.window_size = 0
        """Bytes that the windows hold, about."""

    def open(self, topic: str, epoch: str, positions: dict[int, int]) -> None:
        """Begin (or begin anew, after the topic was made again) to follow a topic from `positions`."""
        for number in range(self._counts.get(topic, 0)):
            self._forget(self._partitions.pop((topic, number)))
        self._counts[topic] = len(positions)
        for number, position in positions.items():
            self._partitions[topic, number] = Partition(topic, number, epoch, position)

    def __iter__(self) -> Iterator[Partition]:
        return iter(self._partitions.values())

    def get(self, topic: str, number: int) -> Partition | None:
        """The partition, or None while the topic is not followed."""
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

    def of_user(self, key: bytes, topics: Iterable[str]) -> list[Partition]:
        """The partitions of `topics` on which a user's events, and everybody's, are."""
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
        code, _, rest = prefix.partition(".")
        number, _, epoch = rest.partition(".")
        if not (_is_number(code) and _is_number(number) and _is_number(offset.removeprefix("-")) and epoch):
            raise BadCursor("cursor")
        if int(code) >= len(TOPICS):
            raise BadCursor("cursor")
        partition = self.get(TOPICS[int(code)], int(number))
        if partition is None:
            raise BadCursor("cursor")
        if partition.prefix != prefix:
            raise BadCursor("epoch")
        return partition, max(int(offset) + 1, 0)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20
