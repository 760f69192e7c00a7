"""One partition of the event log as an edge node sees it.

Owns how far it has been handed to the hub (`position`, the next offset), who wrote which stretch of it
(log/leader_epochs.py), the cursors of its records and those of them that the window holds. Never does I/O;
log/event_log.py holds all partitions and bounds their windows together.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, Protocol

from autodmca_events.topics import BROADCAST

from autodmca_edge.log.cursors import is_of, number_of, prefix_of, stem_of
from autodmca_edge.log.homes import Homes
from autodmca_edge.log.leader_epochs import LeaderEpochs

__all__ = ["Chunk", "Demand", "Packed", "Partition", "Place", "Record"]

Splice = tuple[int, int, bytes, Sequence[bytes]]
_PLAIN: Final = tuple(b'%d"}' % each for each in range(1000))
_PADDED: Final = tuple(b'%03d"}' % each for each in range(1000))
_NOTHING: Final[Splice] = 0, 0, b"", ()


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


class Place(NamedTuple):
    """Where a cursor leads: the first offset after its record, and that one's leader epoch, if it says it."""

    partition: "Partition"
    start: int
    epoch: int | None


class Chunk(NamedTuple):
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
        "chunks",
        "demand",
        "everybody",
        "followed",
        "homes",
        "keys",
        "leaders",
        "lost",
        "number",
        "position",
        "prefix",
        "spliced",
        "topic",
    )

    def __init__(
        self, topic: str, number: int, epoch: str, position: int | None, demand: Demand, homes: Homes
    ) -> None:
        self.topic = topic
        self.number = number
        self.homes, self.keys = homes, homes.known(number)
        """Which users' events are on which partition of the topic, and keys that are known to be here."""
        self.demand = demand
        self.followed = position is not None
        self.everybody = topic == BROADCAST
        self.prefix = prefix_of(topic, number, epoch)
        """Of its cursors: topic, partition and incarnation of the topic."""
        self.spliced = _NOTHING
        """What `splice` gave last."""
        self.position = position or 0
        self.leaders = LeaderEpochs()
        """Under whom its records were written."""
        self.lost = range(0)
        """Offsets whose records the log has lost: others took, or will take, their place. It is for cursors
        that say no leader epoch."""
        self.chunks: deque[Chunk] = deque()

    def splice(self, offset: int) -> Splice:
        """What ends an envelope with a cursor: the first of up to 1000 offsets about `offset` that had one
        leader, the one after the last, what all of them have in common, and how each goes on from there."""
        epoch, start, end = self.leaders.stretch(offset)
        first = offset - offset % 1000
        stem = f',"cursor":"{self.prefix}:{stem_of(epoch, offset)}'.encode()
        endings = _PLAIN if epoch is None and not first else _PADDED
        after = min(first + 1000, end)
        self.spliced = max(first, start), after, stem, endings[max(start - first, 0) :]
        return self.spliced

    def begin(self, position: int, leader_epoch: int) -> None:
        """The hub is given what is in it from `position` on; what is before it was written under no newer
        leader."""
        self.followed, self.position = True, position
        self.leaders, self.spliced = LeaderEpochs(position, leader_epoch), _NOTHING

    def led(self, epochs: Sequence[tuple[int, int]]) -> None:
        """Take what a poll says of leaders: each one's epoch, with the first offset that it wrote."""
        for epoch, offset in epochs:
            if self.leaders.began(epoch, offset):
                self.spliced = _NOTHING

    def learned(self, question: int, epoch: int, end: int, first: int) -> None:
        """Take what the log has answered of earlier leaders; see `LeaderEpochs.answer`."""
        self.leaders.answer(question, epoch, end, first)
        self.spliced = _NOTHING

    def holds(self, place: Place) -> bool | None:
        """Whether the log has the record of a cursor; None: that is not known here."""
        if place.epoch is None:
            return True
        if place.start > self.position:
            return False if place.epoch < self.leaders.newest else None
        return self.leaders.holds(place.epoch, place.start - 1)

    def is_of(self, epoch: str) -> bool:
        """Whether it is of this incarnation of its topic."""
        return is_of(self.prefix, epoch)

    def cursor(self) -> str:
        """The cursor of the newest record handed to the hub."""
        return self.cursor_at(self.position - 1)

    def cursor_at(self, offset: int) -> str:
        """The cursor of the record at an offset."""
        return f"{self.prefix}:{number_of(self.leaders.at(offset), offset)}"

    @property
    def oldest(self) -> int:
        """The first offset that the window still covers (`position` when it is empty)."""
        return self.chunks[0].start if self.chunks else self.position

    def recent(self, offset: int) -> Iterator[Record]:
        """The window's records from `offset`, which must not be before `oldest`."""
        chunks: list[Chunk] = []
        for chunk in reversed(self.chunks):  # most of who comes back was away for a moment only
            chunks.append(chunk)
            if chunk.start <= offset:
                break
        for chunk in reversed(chunks):
            yield from chunk.packed.records(offset)
