"""Kafka into the node.

Owns this node's reading: each poll handed to `dispatch` and remembered in the log's window in one step, and
single reads for replays; which partitions are read is log/assignment.py's. Begins with what is for everybody,
not waiting for what nobody leads; goes on where it was after the broker was away; begins anew when a topic
was made again. Never skips a record silently: what retention took is counted and logged with its offsets.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import structlog
from autodmca_kafka import (
    Batch,
    BrokerBack,
    BrokerLost,
    EpochEnd,
    Fault,
    PartitionReset,
    ReaderEvent,
    TailReader,
    TopicChanged,
    TopicGone,
    TopicPartition,
    Unreadable,
    say,
)
from autodmca_kafka.errors import CorruptBatch, OffsetOutOfRange, RecoverableError, TopicDeleted

from autodmca_edge.log.assignment import Assignment
from autodmca_edge.log.errors import PastEnd, Unreachable
from autodmca_edge.log.event_log import TOPICS, EventLog, Partition, Record
from autodmca_edge.timers import TimerWheel

__all__ = ["Tail"]

RETRY_S = 1.0
LOST_S = 1.0
LEADER_S = 10.0
"""A broker that was killed leads on paper for 9 s by default; others lead then."""

log = structlog.get_logger()


class Tail:
    """The one reader of this node. `dispatch` hands a poll's records to the connections, before the window
    has them; `lost` and `counted` count."""

    def __init__(
        self,
        reader: TailReader,
        event_log: EventLog,
        dispatch: Callable[[Sequence[tuple[Partition, Iterable[Sequence[Record]]]]], None],
        wheel: TimerWheel,
        clock: Callable[[], float],
        lost: Callable[[str, int], None],
        spawn: Callable[[Any], object],
        *,
        grace_s: float,
        read_all: bool,
        counted: Callable[[str, int], None],
    ) -> None:
        self._reader = reader
        self._log = event_log
        self._dispatch = dispatch
        self._wheel = wheel
        self._clock = clock
        self._lost = lost
        self._spawn = spawn
        self.started = False
        self.gone = asyncio.Event()
        """Set when a topic is missing, for who can make it again: a broker may come back with nothing."""
        self.assignment = Assignment(reader, event_log, spawn, self.gone, grace_s=grace_s, counted=counted)
        self._read_all = read_all

    def trouble(self) -> str | None:
        """Why this node is not ready, for the health check."""
        if not self.started:
            return "no connection to the event log yet"
        if denied := self._reader.denied():
            return str(denied[0])
        if unknown := [topic for topic in TOPICS if not self._log.count(topic)]:
            return f"{unknown[0]} is not known yet"
        if missing := self._unfollowed():
            return f"{missing[0].topic}[{missing[0].number}] is not read yet"
        unread = self._reader.unread()
        if unread and len(unread) == len(self._reader.positions()) and min(unread.values()) > LOST_S:
            return "the connection to the event log is lost"
        late = sorted(f"{tp.topic}[{tp.partition}]" for tp, for_s in unread.items() if for_s > LEADER_S)
        return f"nobody leads {', '.join(late[:5])}; {len(late)} of such partitions" if late else None

    async def run(self) -> None:
        """Follow the log until cancelled."""
        known = asyncio.Event()
        for topic in TOPICS:
            self._spawn(self._know(topic, known))
        await known.wait()
        self.started = True
        while True:
            await self._take(await self._reader.poll(decoded=False))

    async def _know(self, topic: str, known: asyncio.Event) -> None:
        """One that the cluster says nothing about keeps no other topic waiting."""
        await self._patiently(partial(self._open, topic))
        for partition in self._unfollowed():
            if partition.topic == topic:
                partition.demand.need()
        known.set()
        await self._patiently(self._follow_always)

    def _unfollowed(self) -> list[Partition]:
        """What this node is to read whoever is connected, and does not yet."""
        return [each for each in self._log if (each.everybody or self._read_all) and not each.followed]

    async def _follow_always(self) -> None:
        while missing := self._unfollowed():
            await self.assignment.follow(missing)

    async def _take(self, polled: Iterable[Batch | ReaderEvent]) -> None:
        unreadable = self._hand_out([each for each in polled if isinstance(each, Batch)])
        for each in (*unreadable, *polled):
            if not isinstance(each, Batch):
                await self._handle(each)

    def _hand_out(self, batches: Iterable[Batch]) -> list[Unreadable]:
        """One poll, to the hub and the window: no await may come between."""
        now = self._clock()
        if now >= self._wheel.next_due:
            self._wheel.advance(now)  # nothing is delivered on a token that has expired
        work: list[tuple[Partition, Batch, list[Fault]]] = []
        for batch in batches:
            partition = self._log.get(batch.topic, batch.partition)
            if partition is not None and partition.followed and batch.next_offset > partition.position:
                partition.led(batch.led)
                work.append((partition, batch, []))
        self._dispatch([(partition, batch.packed.chunks(faults)) for partition, batch, faults in work])
        for partition, batch, _ in work:
            self._log.append(partition, batch.packed, batch.next_offset)
        return [Unreadable(_tp(partition), *fault) for partition, _, faults in work for fault in faults]

    async def _open(self, topic: str) -> None:
        count = await self._reader.partitions(topic)
        self._log.open(topic, await self._reader.epoch(topic), dict.fromkeys(range(count)))

    async def _patiently(self, attempt: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                return await attempt()
            except (RecoverableError, Unreachable) as fault:
                if isinstance(fault, TopicDeleted):
                    self.gone.set()
                say("the event log cannot be read yet", reason=str(fault))
                await asyncio.sleep(RETRY_S)

    async def _open_again(self, topic: str, epoch: str) -> None:
        """A topic was made again: what was read of it is read from the beginning.

        With another number of partitions users are on others, so that from then on all of it is read.
        """
        count = await self._reader.partitions(topic)
        if count != self._log.count(topic):
            log.error("a topic has another number of partitions", topic=topic, partitions=count)
            here = {TopicPartition(topic, number) for number in range(count)}
            known = {tp for tp in self._reader.positions() if tp.topic == topic}
            self._reader.remove(known - here)
            await self._reader.add(dict.fromkeys(here - known, 0))
        read = {tp.partition for tp in self._reader.positions() if tp.topic == topic}
        resized = count != self._log.count(topic)
        self._log.open(topic, epoch, {number: 0 if number in read else None for number in range(count)})
        for partition in self._log:
            if resized and partition.topic == topic:
                partition.demand.need()

    async def _handle(self, event: object) -> None:
        match event:
            case PartitionReset(tp=tp, requested=requested, earliest=earliest, end=end):
                partition = self._log.get(tp.topic, tp.partition)
                position = earliest if requested < earliest else end
                if partition is not None and partition.followed:
                    if position < partition.position:
                        self._log.lose_end(partition, position)
                    else:
                        self._lost("retention", position - partition.position)
                        self._log.skip(partition, position)
                log.error(
                    "the log has lost its end"
                    if position < requested
                    else "the log does not hold what comes next",
                    topic=tp.topic,
                    partition=tp.partition,
                    offset=requested,
                    position=position,
                )
            case TopicGone(topic=topic):
                log.error("topic is gone", topic=topic)
                self.gone.set()
            case TopicChanged(topic=topic, epoch=epoch):
                log.warning("topic was made again", topic=topic)
                await self._patiently(partial(self._open_again, topic, epoch))
            case Unreadable(tp=tp, offset=offset, next_offset=next_offset, reason=reason):
                self._lost("unreadable", next_offset - offset)
                log.error(
                    "records cannot be decoded",
                    topic=tp.topic,
                    partition=tp.partition,
                    offset=offset,
                    next_offset=next_offset,
                    reason=reason,
                )
            case BrokerLost(node=node, reason=reason):
                log.warning("a broker does not answer", broker=node, reason=reason)
            case BrokerBack(node=node):
                log.info("a broker answers again", broker=node)

    def lags(self) -> Iterable[tuple[Partition, int]]:
        """How far each partition that is read is behind the log's end, as last heard."""
        for partition in self._log:
            behind = self._reader.lag(_tp(partition)) if partition.followed else None
            if behind is not None:
                yield partition, behind

    # -- for replays ------------------------------------------------------------------------------

    async def follow(self, partitions: Collection[Partition]) -> None:
        """Read these too, from their end of now. Raises Unreachable."""
        await self.assignment.follow(partitions)

    async def read(self, partition: Partition, offset: int, max_bytes: int) -> tuple[list[Record], int]:
        """One read at `offset`, past what cannot be decoded. Raises PastEnd, Unreachable."""
        try:
            batch = await self._asked(self._reader.fetch(_tp(partition), offset, max_bytes))
        except CorruptBatch as fault:  # reported when it was new
            return [], fault.next_offset
        return batch.records, batch.next_offset

    async def bounds(self, partition: Partition) -> tuple[int, int]:
        """First and next offset of the log. Raises Unreachable."""
        tp = _tp(partition)
        earliest, end = (await self._asked(self._reader.bounds([tp])))[tp]
        return earliest, end

    async def epoch_ends(self, wanted: Mapping[Partition, int]) -> Mapping[Partition, EpochEnd]:
        """Leader epochs, and where they end. Raises PastEnd, Unreachable."""
        answers = await self._asked(self._reader.epoch_ends({_tp(each): wanted[each] for each in wanted}))
        return {each: answers[_tp(each)] for each in wanted if _tp(each) in answers}

    async def offset_at(self, partition: Partition, timestamp_ms: int) -> int:
        """The first offset at or after a moment. Raises Unreachable."""
        return int(await self._asked(self._reader.offset_at(_tp(partition), timestamp_ms)))

    async def _asked(self, question: Any) -> Any:
        try:
            return await question
        except (OffsetOutOfRange, TopicDeleted) as fault:
            raise PastEnd(str(fault)) from fault
        except RecoverableError as fault:
            raise Unreachable(str(fault)) from fault


def _tp(partition: Partition) -> TopicPartition:
    return TopicPartition(partition.topic, partition.number)
