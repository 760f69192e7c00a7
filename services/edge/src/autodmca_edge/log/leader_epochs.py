"""Which leader wrote which stretch of a partition's log, as far as this node knows (KIP-101, KIP-320).

Owns the first offset of each leader epoch, from what the tail reads onwards, and backwards as far as somebody
has asked. Two logs that hold a record of the same epoch at an offset agree up to it, so a cursor with the
epoch of its record tells whether the log still has that. Synchronous; `question` says what has to be asked of
the log, `answer` takes what it says. The oldest are forgotten over a bound, and asked for again.
"""

from bisect import bisect_right
from typing import Final, NamedTuple

__all__ = ["LeaderEpochs", "Stretch"]

MOST: Final = 1000
_END: Final = 1 << 63


class Stretch(NamedTuple):
    """The offsets from `start` up to, not including, `end`; `epoch` None: what leads there is not known."""

    epoch: int | None
    start: int
    end: int


class LeaderEpochs:
    """Of one partition.

    Known are the offsets from `floor` on. No record before it is of a newer epoch than `below`, which is that
    of a leader of the log; -1: none of them has an epoch.
    """

    __slots__ = ("_below", "_complete", "_epochs", "_floor", "_starts", "_wrote")

    def __init__(self, floor: int = 0, below: int = -1) -> None:
        self._epochs: list[int] = []
        self._starts: list[int] = []
        self._floor = floor
        self._below = below
        self._wrote = False  # whether `below` is known to have written
        self._complete = not floor or below < 0  # whether the log has nothing before `floor`
        if below == 0:
            self._open(0, 0)

    @property
    def newest(self) -> int:
        """-1 where no epoch is known yet."""
        return self._epochs[-1] if self._epochs else self._below

    def began(self, epoch: int, offset: int) -> bool:
        """Take what a batch says; whether it is news."""
        if self._epochs and epoch <= self._epochs[-1]:
            return False
        if not self._epochs:
            self._floor = offset = min(offset, self._floor)
            self._below = min(self._below, epoch)
        self._epochs.append(epoch)
        self._starts.append(offset)
        if self._below == 0:
            self._open(0, 0)
        if len(self._epochs) > MOST:
            half = MOST // 2
            self._below, self._wrote, self._complete = self._epochs[half - 1], True, False
            del self._epochs[:half], self._starts[:half]
            self._floor = self._starts[0]
        return True

    def cut(self, position: int) -> "LeaderEpochs":
        """What holds of a log that has lost all from `position` on."""
        below = self._epochs[0] if self._epochs and self._complete else self._below
        rest = LeaderEpochs(min(self._floor, position), below)
        for epoch, start in zip(self._epochs, self._starts, strict=True):
            if start < position:
                rest.began(epoch, start)
        rest._complete = rest._complete or (self._complete and self._floor <= position)
        return rest

    def stretch(self, offset: int) -> Stretch:
        """Under which leader the record at `offset` was written, and its neighbours."""
        at = bisect_right(self._starts, offset)
        end = self._starts[at] if at < len(self._starts) else _END
        return Stretch(self._epochs[at - 1], self._starts[at - 1], end) if at else Stretch(None, 0, end)

    def at(self, offset: int) -> int | None:
        """The epoch of the record at `offset`; None where that is not known, or there is none."""
        return self.stretch(offset).epoch

    def holds(self, epoch: int, offset: int) -> bool | None:
        """Whether the record at `offset`, which must have been read, is the one of this epoch; None: the log
        has to be asked. Where retention has taken the record, whether it can have been."""
        if offset >= self._floor:
            return self.at(offset) == epoch
        if self._complete:
            return epoch <= (self._epochs[0] if self._epochs else self._below)
        return None if epoch <= self._below else False

    def question(self, offset: int) -> int | None:
        """Of which epoch the log has to be asked where it ends, on the way to `offset`; None: it is known."""
        return None if self._complete or not 0 <= offset < self._floor else self._below - 1

    def answer(self, question: int, epoch: int, end: int, first: int) -> None:
        """What the log says: the newest of its epochs that is not newer than `question`, and where it ends;
        `question` itself, and where the log's epochs begin, when it has none as old. (-1, -1): it knows of
        none. `first` is the first offset that it holds."""
        if question != self._below - 1:
            return
        silent = epoch < 0 or (end >= self._floor and self._wrote)
        if end < self._floor and not silent:
            self._open(self._below, end)
        if silent or self._floor <= first:
            self._complete = True
        elif not self._complete:
            self._below, self._wrote = epoch, True
            if epoch == 0:
                self._open(0, 0)

    def _open(self, epoch: int, start: int) -> None:
        """Know a stretch before all others; that of the oldest may go further back than what was read."""
        if self._epochs and self._epochs[0] == epoch:
            self._starts[0] = start
        else:
            self._epochs.insert(0, epoch)
            self._starts.insert(0, start)
        self._floor = start
        self._complete = self._complete or epoch == 0
