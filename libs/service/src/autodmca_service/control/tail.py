"""The `edge-control` topic into this process.

Owns the reading of its one partition, with a reader of its own, so that neither waits for the other: from the
beginning at start, since what was revoked earlier still holds, then as it grows. `started` is set when what
was there at the start has been read. Goes on after the broker was away, and from the new beginning when the
topic was made again; what cannot be read is counted, logged and passed over.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

import structlog
from autodmca_events.topics import EDGE_CONTROL
from autodmca_kafka import (
    Batch,
    PartitionReset,
    ReaderEvent,
    Record,
    TailReader,
    TopicChanged,
    TopicGone,
    TopicPartition,
    Unreadable,
    say,
)
from autodmca_kafka.errors import RecoverableError, TopicDeleted

RETRY_S: Final = 1.0
TAKEN_A_TURN: Final = 100
UNREAD_S: Final = 10.0
_TP: Final = TopicPartition(EDGE_CONTROL, 0)

log = structlog.get_logger()


class Taker(Protocol):
    """Who is given the records."""

    def take(self, record: Record, *, early: bool = False) -> None: ...
    def missed(self, reason: str, records: int) -> None: ...
    def forgotten(self) -> None: ...


class ControlTail:
    """The follower. `gone` is called when the topic is missing, for who can make it again."""

    def __init__(self, reader: TailReader, taker: Taker, gone: Callable[[], object]) -> None:
        self._reader = reader
        self._taker = taker
        self._gone = gone
        self._end = 0
        self.started = False

    def trouble(self) -> str | None:
        """Why this process is not ready, for the health check."""
        if denied := self._reader.denied():
            return str(denied[0])
        if not self.started:
            return "what other nodes have said is not known yet"
        unread_s = self._reader.unread().get(_TP, 0.0)
        return f"{EDGE_CONTROL}[0] has not been read for {unread_s:.0f} s" if unread_s > UNREAD_S else None

    async def run(self) -> None:
        """Follow the topic until cancelled."""
        self._reached(await self._open())
        while True:
            for each in await self._reader.poll():
                if isinstance(each, Batch):
                    for number, record in enumerate(each.records, 1):
                        self._taker.take(record, early=record.offset < self._end)
                        if number % TAKEN_A_TURN == 0:
                            await asyncio.sleep(0)  # a batch may hold thousands
                    self._reached(each.next_offset)
                else:
                    self._handle(each)

    async def _open(self) -> int:
        """Begin at the beginning, as soon as there is one."""
        while True:
            try:
                earliest, self._end = (await self._reader.bounds([_TP]))[_TP]
                await self._reader.add({_TP: earliest})
                return earliest
            except (RecoverableError, TopicDeleted) as fault:
                say("topic cannot be read yet", topic=EDGE_CONTROL, reason=str(fault))
                self._gone()
                await asyncio.sleep(RETRY_S)

    def _reached(self, position: int) -> None:
        if not self.started and position >= self._end:
            self.started = True
            log.info("following what nodes say to each other", topic=EDGE_CONTROL, offset=position)

    def _handle(self, event: ReaderEvent) -> None:
        match event:
            case PartitionReset(requested=requested, earliest=earliest, end=end):
                position = earliest if requested < earliest else end
                self._taker.missed("retention", max(position - requested, 0))
                log.error("the log does not hold what comes next", topic=EDGE_CONTROL, offset=requested)
                self._reached(position)
            case TopicGone(topic=topic):
                log.error("topic is gone", topic=topic)
                self._gone()
            case TopicChanged(topic=topic):
                log.warning("topic was made again", topic=topic)
                self._end = 0
                self._reached(0)
                self._taker.forgotten()
            case Unreadable(offset=offset, next_offset=next_offset, reason=reason):
                self._taker.missed("unreadable", next_offset - offset)
                log.error("records cannot be decoded", topic=EDGE_CONTROL, offset=offset, reason=reason)
