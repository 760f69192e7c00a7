"""Where a replay begins.

Owns what `resume` and `since` mean on each partition, and what is asked of the log for it, first of all that
this node reads the partition. A broker that is away is asked again until it answers, until nobody waits any
more, or until patience has run out; whoever subscribed is told of the wait. Never hands out an event. A
replay that cannot be complete raises `BadCursor` with the reason, one that the log did not answer in time
`TooLong`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Final, TypeVar

from autodmca_events import ms_of

from autodmca_edge.fanout.registry import partitions_of, unknown_topics
from autodmca_edge.log.errors import BadCursor, Unreachable
from autodmca_edge.log.event_log import EventLog
from autodmca_edge.log.leader_lookup import LeaderLookup
from autodmca_edge.log.partition import Partition, Place
from autodmca_edge.log.reader import EpochEnd, LogReader
from autodmca_edge.replay.gate import Replay

__all__ = ["RETRY_S", "Abandoned", "ResumePoints", "TooLong"]

RETRY_S: Final = 0.5

_T = TypeVar("_T")


class Abandoned(Exception):
    """Nobody waits for this replay any more."""


class TooLong(Exception):
    """What a subscription needs could not be read in time."""


class ResumePoints:
    """Looks up where replays begin."""

    def __init__(
        self,
        event_log: EventLog,
        reader: LogReader,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
        *,
        patience_s: float,
    ) -> None:
        self._log = event_log
        self._reader = reader
        self._pause = pause
        self._patience_s = patience_s
        self._leaders = LeaderLookup(reader.epoch_ends)

    async def of(self, replay: Replay) -> dict[Partition, int]:
        """The first offset to be replayed on each partition of the subscription.

        Raises BadCursor, PastEnd (the topic is gone), Abandoned, TooLong.
        """
        config = replay.config
        assert config is not None
        await self._follow(replay)
        await self._trace(replay, replay.asked)
        if not config.looks_back:
            return {}
        if not config.resume:
            self._require_sizes(replay)
            moment = max(ms_of(config.since or ""), 0)  # before the first of all records: from the first
            starts = {each: await self._at(replay, each, moment) for each in replay.asked}
            await self._trace(replay, starts)
            return starts
        places = self._located(replay, config.resume)
        for each, place in places.items():
            if not each.oldest <= place.start <= each.position:
                earliest, end = await self._patiently(replay, partial(self._reader.bounds, each))
                if place.start < earliest:
                    raise BadCursor("retention")
                if place.start > end:
                    raise BadCursor("cursor" if place.epoch is None else "epoch")
        known = _starts_of(places)
        await self._trace(replay, known)
        await self._require_records(replay, places)
        return {**replay.asked, **known}

    def at_once(self, replay: Replay) -> dict[Partition, int] | None:
        """The same, of partitions that are followed, where the log need not be asked; else None.

        Raises BadCursor.
        """
        assert replay.config is not None and replay.wanted is not None  # noqa: PT018 - it was asked for
        resume = replay.config.resume
        if not resume or unknown_topics(self._log, replay.wanted):
            return None
        places = self._located(replay, resume)
        known = {**replay.asked, **_starts_of(places)}
        if any(each.leaders.question(_before(start)) is not None for each, start in known.items()):
            return None
        if any(not each.oldest <= start <= each.position for each, start in known.items()):
            return None
        if not all(each.holds(place) for each, place in places.items()):
            raise BadCursor("epoch")
        return known

    def _located(self, replay: Replay, cursors: Iterable[str]) -> dict[Partition, Place]:
        """Of the cursors of one partition the newest counts."""
        self._require_sizes(replay)
        found: dict[Partition, Place] = {}
        for cursor in cursors:
            place = self._log.locate(cursor)
            if place.partition in replay.asked:
                found[place.partition] = max(place, found.get(place.partition, place), key=_age)
        return found

    async def _require_records(self, replay: Replay, places: Mapping[Partition, Place]) -> None:
        """The log has what the cursors name, also where this node has not read as far. Raises BadCursor."""
        held = {each: each.holds(place) for each, place in places.items()}
        if False in held.values():
            raise BadCursor("epoch")
        for each, place in places.items():
            if held[each] is None:
                epoch, end, _ = await self._patiently(replay, partial(self._end_of, place))
                if epoch != place.epoch or end < place.start:
                    raise BadCursor("epoch")

    async def _end_of(self, place: Place) -> EpochEnd:
        assert place.epoch is not None
        ends = await self._reader.epoch_ends({place.partition: place.epoch})
        if place.partition not in ends:
            raise Unreachable(f"nobody leads {place.partition.prefix}")
        return ends[place.partition]

    async def _trace(self, replay: Replay, starts: Mapping[Partition, int]) -> None:
        """Know who led just before these offsets, for the cursors of what comes from there on."""

        async def attempt() -> None:
            silent = await self._leaders.reach({each: _before(start) for each, start in starts.items()})
            if silent:
                raise Unreachable(f"nobody leads {', '.join(each.prefix for each in silent)}")

        await self._patiently(replay, attempt)

    def _require_sizes(self, replay: Replay) -> None:
        """Of a topic that has gained partitions, nobody can say that all was replayed. Raises BadCursor."""
        if self._log.resized and any(each.topic in self._log.resized for each in replay.asked):
            raise BadCursor("epoch")

    async def _follow(self, replay: Replay) -> None:
        """Wait until this node reads all that the subscription needs."""
        assert replay.wanted is not None
        while not replay.dropped:
            where = partitions_of(self._log, replay.wanted)
            replay.hold(where)
            missing = [each for each in where if not each.followed]
            unknown = unknown_topics(self._log, replay.wanted)
            if not missing and not unknown:
                replay.asked = {each: replay.asked.get(each, each.position) for each in where}
                return
            try:
                if missing:
                    await self._reader.follow(missing)
                if unknown:
                    raise Unreachable(f"{unknown[0]} is not known yet")  # noqa: TRY301
            except Unreachable as fault:
                await self._wait(replay, fault)
        raise Abandoned

    async def _at(self, replay: Replay, partition: Partition, moment: int) -> int:
        start = await self._patiently(replay, partial(self._reader.offset_at, partition, moment))
        earliest, end = await self._patiently(replay, partial(self._reader.bounds, partition))
        if 0 < earliest == start < end:  # what retention took may have been later than that moment
            raise BadCursor("retention")
        return start

    async def _patiently(self, replay: Replay, ask: Callable[[], Awaitable[_T]]) -> _T:
        while not replay.dropped:
            try:
                return await ask()
            except Unreachable as fault:
                await self._wait(replay, fault)
        raise Abandoned

    async def _wait(self, replay: Replay, fault: Unreachable) -> None:
        """Before the log is asked again: the client is told once, and not kept for ever. Raises TooLong."""
        now = asyncio.get_running_loop().time()
        if replay.unread_since is None:
            replay.unread_since = now
        if now - replay.unread_since >= self._patience_s:
            raise TooLong(str(fault)) from fault
        replay.tell_unreadable()
        await self._pause(RETRY_S)


def _age(place: Place) -> tuple[int, int]:
    return -1 if place.epoch is None else place.epoch, place.start


def _before(start: int) -> int:
    """The record that a cursor names from which a replay begins there; of the first of all, that one."""
    return max(start - 1, 0)


def _starts_of(places: Mapping[Partition, Place]) -> dict[Partition, int]:
    return {each: place.start for each, place in places.items()}
