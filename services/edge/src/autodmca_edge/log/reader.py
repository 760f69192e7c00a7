"""What is asked of the event log beside the tail, as a protocol.

Owns no behaviour: tail.py asks Kafka, `testing` a log in memory. Every question raises `Unreachable` while
nobody answers it, and `PastEnd` where the log does not hold what was asked for.
"""

from collections.abc import Collection, Mapping
from typing import Protocol

from autodmca_edge.log.partition import Partition, Record

__all__ = ["EpochEnd", "LogReader"]

EpochEnd = tuple[int, int, int]
"""A leader epoch, where it ends, and where the log begins; see `LeaderEpochs.answer`."""


class LogReader(Protocol):
    """Reads of the log beside the tail."""

    async def follow(self, partitions: Collection[Partition]) -> None:
        """Have the tail read these, from their end of now. It may be that a topic is known anew instead.

        Raises Unreachable.
        """
        ...

    async def read(self, partition: Partition, offset: int, max_bytes: int) -> tuple[list[Record], int]:
        """Records from `offset` and the next offset. Raises PastEnd, Unreachable."""
        ...

    async def bounds(self, partition: Partition) -> tuple[int, int]:
        """The first offset that the log has, and the one after its last. Raises PastEnd, Unreachable."""
        ...

    async def epoch_ends(self, wanted: Mapping[Partition, int]) -> Mapping[Partition, EpochEnd]:
        """Of each log the newest leader epoch that is not newer than the one given, where it ends, and where
        the log begins; see `LeaderEpochs.answer`. A partition without a leader that answers is left out.

        Raises PastEnd, Unreachable.
        """
        ...

    async def offset_at(self, partition: Partition, timestamp_ms: int) -> int:
        """The first offset at or after a moment, the end if there is none. Raises PastEnd, Unreachable."""
        ...
