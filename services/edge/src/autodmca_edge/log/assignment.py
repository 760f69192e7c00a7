"""Which partitions this node reads.

Owns adding those that somebody needs, from their end of that moment, and dropping those that nobody has
needed for the grace period. Who asks within a few milliseconds shares one question to the log, and who asks
while one is under way shares the next. What has no leader that answers is left out and from then on asked
for apart from the rest: only who needs it gets `Unreachable`, and may ask again, as may all when no broker
answers. A topic that was made again while nothing of it was read is known anew.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Mapping
from typing import Any, Final, Protocol

import structlog
from autodmca_kafka import TailReader, TopicPartition
from autodmca_kafka.errors import NotAuthorized, RecoverableError, TopicDeleted

from autodmca_edge.log.errors import Unreachable
from autodmca_edge.log.event_log import EventLog, Partition

__all__ = ["Assignment", "Reader"]

GATHER_S: Final = 0.005
PATIENCE_S: Final = 1.0  # with leaders, while others have answered

log = structlog.get_logger()


class Reader(Protocol):
    """Of the tail reader, what chooses what it reads."""

    async def add(
        self, wanted: Mapping[TopicPartition, int], *, patience_s: float | None = None
    ) -> Mapping[TopicPartition, tuple[str, int, int]]: ...
    def remove(self, tps: Iterable[TopicPartition]) -> None: ...
    async def partitions(self, topic: str) -> int: ...
    async def epoch(self, topic: str) -> str: ...


class _Round:
    """Those who wait for one question to the log."""

    def __init__(self) -> None:
        self.wanted: dict[Partition, None] = {}
        self.answered = asyncio.Event()
        self.fault: str | None = None
        self.leaderless: set[Partition] = set()


class _Queue:
    """Questions one after the other: `late` about what had no leader, else about the rest.

    So no partition is in two questions at once, of which the second would move it on or drop it.
    """

    def __init__(self, *, late: bool) -> None:
        self.late = late
        self.gathering: _Round | None = None
        self.turn = asyncio.Lock()


class Assignment:
    """`spawn` runs a coroutine in the node's task group; `gone` is set when a topic is missing."""

    def __init__(
        self,
        reader: Reader,
        event_log: EventLog,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        gone: asyncio.Event,
        *,
        grace_s: float,
        counted: Callable[[str, int], None],
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
        gather_s: float = GATHER_S,
    ) -> None:
        self._reader = reader
        self._log = event_log
        self._spawn = spawn
        self._gone = gone
        self._grace_s = grace_s
        self._counted = counted
        self._pause = pause
        self._gather_s = gather_s
        self._prompt, self._late = _Queue(late=False), _Queue(late=True)
        self._leaderless: set[TopicPartition] = set()

    async def follow(self, partitions: Collection[Partition]) -> None:
        """Read these too; when it returns they are followed, or their topic is known anew.

        Raises Unreachable.
        """
        asked = [
            (queue, [each for each in partitions if (_tp(each) in self._leaderless) == queue.late])
            for queue in (self._prompt, self._late)
        ]
        rounds = [self._join(queue, mine) for queue, mine in asked if mine]
        for each in rounds:
            await each.answered.wait()
        for each in rounds:
            if each.fault is not None:
                raise Unreachable(each.fault)
            if missing := [partition.prefix for partition in partitions if partition in each.leaderless]:
                raise Unreachable(f"nobody leads {', '.join(missing)}")

    def _join(self, queue: _Queue, partitions: Iterable[Partition]) -> _Round:
        mine = queue.gathering
        if mine is None:
            mine = queue.gathering = _Round()
            self._spawn(self._ask(queue, mine))
        mine.wanted.update(dict.fromkeys(partitions))
        return mine

    def drop_idle(self, now: float) -> None:
        """Read no more what nobody has needed for the grace period."""
        idle = self._log.idle(now, self._grace_s)
        if idle:
            self._reader.remove([_tp(each) for each in idle])
            self._log.drop(idle)
            self._counted("dropped", len(idle))
            log.info("partitions are read no more", partitions=[each.prefix for each in idle])

    async def _ask(self, queue: _Queue, mine: _Round) -> None:
        try:
            if self._gather_s:
                await self._pause(self._gather_s)
            async with queue.turn:
                queue.gathering = None
                wanted = [each for each in mine.wanted if self._missing(each)]
                now = [each for each in wanted if (_tp(each) in self._leaderless) == queue.late]
                mine.leaderless = set(wanted).difference(now)
                await self._add(mine, now)
        except (RecoverableError, Unreachable) as fault:
            mine.fault = str(fault)
            log.warning("partitions cannot be read yet", reason=mine.fault)
        finally:
            mine.answered.set()

    def _missing(self, partition: Partition) -> bool:
        return not partition.followed and self._log.get(partition.topic, partition.number) is partition

    async def _add(self, mine: _Round, wanted: list[Partition]) -> None:
        if not wanted:
            return
        try:
            places = {_tp(each): TailReader.END for each in wanted}
            added = await self._reader.add(places, patience_s=PATIENCE_S)
        except (TopicDeleted, NotAuthorized):
            topics = {each.topic for each in wanted}
            for topic in topics:
                if len(topics) == 1:
                    await self._look_again(topic)
                    raise
                mine_of_it = [each for each in wanted if each.topic == topic]
                try:
                    await self._add(mine, mine_of_it)
                except (TopicDeleted, NotAuthorized):  # which keeps no other topic waiting
                    mine.leaderless |= set(mine_of_it)
            return
        leaderless = {tp for tp in places if tp not in added}
        if leaderless - self._leaderless:
            log.warning("partitions have no leader", partitions=sorted(leaderless))
        self._leaderless = self._leaderless.difference(places) | leaderless
        mine.leaderless |= {each for each in wanted if _tp(each) in leaderless}
        wanted = [each for each in wanted if _tp(each) in added]
        # No await until all have their position: from now on the tail may be handed records of theirs.
        strange = [each for each in wanted if not self._missing(each) or not each.is_of(added[_tp(each)][0])]
        self._reader.remove([_tp(each) for each in strange])
        for partition in wanted:
            if partition not in strange:
                _, position, leader_epoch = added[_tp(partition)]
                self._log.follow(partition, position, leader_epoch)
        self._counted("added", len(wanted) - len(strange))
        if wanted:
            log.info("partitions are read", partitions=len(wanted) - len(strange), not_yet=len(strange))
        for topic in {each.topic for each in strange}:
            if not await self._look_again(topic):
                raise Unreachable(f"{topic} was made again")

    async def _look_again(self, topic: str) -> bool:
        """Know a topic anew, if it was made again; False: some of it is read, and the tail will be told."""
        if any(each.followed for each in self._log if each.topic == topic):
            return False
        try:
            count, epoch = await self._reader.partitions(topic), await self._reader.epoch(topic)
        except TopicDeleted:
            self._gone.set()
            raise
        first = self._log.get(topic, 0)
        if first is None or not first.is_of(epoch) or count != self._log.count(topic):
            log.warning("topic was made again", topic=topic)
            self._log.open(topic, epoch, dict.fromkeys(range(count)))
        return True


def _tp(partition: Partition) -> TopicPartition:
    return TopicPartition(partition.topic, partition.number)
