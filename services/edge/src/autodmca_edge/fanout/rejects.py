"""Records that are no events, counted and logged.

Owns one count per reason and one line of the log per record, ten a second at most, with the record's topic,
partition and offset. Who meets a record first reports it, live or in a replay; one that was reported is not
counted again as long as it is among the newest that were. Never holds a value.
"""

from collections import Counter
from collections.abc import Callable
from time import monotonic
from typing import Final

import structlog

from autodmca_edge.fanout.records import REASONS, Malformed
from autodmca_edge.log.event_log import Partition

__all__ = ["Rejects"]

LOGGED_A_SECOND: Final = 10
MOST_KNOWN: Final = 10_000

log = structlog.get_logger()


class Rejects:
    """The records that one node has passed over."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self.counts: Counter[str] = Counter(dict.fromkeys(REASONS, 0))
        self._known: dict[tuple[str, int], None] = {}
        self._second = 0
        self._logged = 0

    def report(self, partition: Partition, offset: int, fault: Malformed) -> None:
        """A record was passed over."""
        where = partition.prefix, offset
        if where in self._known:
            return
        if len(self._known) >= MOST_KNOWN:
            del self._known[next(iter(self._known))]
        self._known[where] = None
        self.counts[fault.reason] += 1
        second = int(self._clock())
        if second != self._second:
            self._second, self._logged = second, 0
        self._logged += 1
        if self._logged <= LOGGED_A_SECOND:
            log.warning(
                "record skipped",
                topic=partition.topic,
                partition=partition.number,
                offset=offset,
                reason=fault.reason,
                detail=str(fault),
            )
