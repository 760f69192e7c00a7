"""Where a replay begins.

Owns what `resume` and `since` mean on each partition, and what is asked of the log for it, first of all that
this node follows the partition; a broker that is away is asked again until it answers or nobody waits any
more, and a subscription that waits for it is told so. Never hands out an event. A replay that cannot be
complete raises `BadCursor` with the reason, one that nothing could be followed for in time `TooLong`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from functools import partial
from typing import Final, Protocol, TypeVar

from autodmca_events import ms_of

from autodmca_edge import subscribing
from autodmca_edge.gates import Replay
from autodmca_edge.log import BadCursor, EventLog, Partition, Record
from autodmca_edge.standing import partitions_of

__all__ = ["RETRY_S", "Abandoned", "LogReader", "PastEnd", "Starts", "TooLong", "Unreachable"]

RETRY_S: Final = 0.5

_T = TypeVar("_T")


class PastEnd(Exception):
    """The log no longer (or not yet) has the offset that was asked for."""


class Unreachable(Exception):
    """The log cannot be read just now."""


class Abandoned(Exception):
    """Nobody waits for this replay any more."""


class TooLong(Exception):
    """What a subscription needs could not be followed in time."""


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

    async def offset_at(self, partition: Partition, timestamp_ms: int) -> int:
        """The first offset at or after a moment, the end if there is none. Raises PastEnd, Unreachable."""
        ...


class Starts:
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

    async def of(self, replay: Replay) -> dict[Partition, int]:
        """The first offset to be replayed on each partition of the subscription.

        Raises BadCursor, PastEnd (the topic is gone), Abandoned, TooLong.
        """
        config = replay.command.config if replay.command else None
        assert config is not None
        await self._follow(replay)
        if not config.looks_back:
            return {}
        if not config.resume:
            moment = ms_of(config.since or "")
            return {each: await self._at(replay, each, moment) for each in replay.asked}
        known = self._located(replay, config.resume)
        for each, start in known.items():
            if not each.oldest <= start <= each.position:
                earliest, end = await self._patiently(replay, partial(self._reader.bounds, each))
                if start < earliest:
                    raise BadCursor("retention")
                if start > end:
                    raise BadCursor("cursor")
        return {**replay.asked, **known}

    def at_once(self, replay: Replay) -> dict[Partition, int] | None:
        """The same, of partitions that are followed, where the log need not be asked; else None.

        Raises BadCursor.
        """
        assert replay.command is not None
        resume = replay.command.config.resume
        if not resume:
            return None
        known = self._located(replay, resume)
        if any(not each.oldest <= start <= each.position for each, start in known.items()):
            return None
        return {**replay.asked, **known}

    def _located(self, replay: Replay, cursors: Iterable[str]) -> dict[Partition, int]:
        known: dict[Partition, int] = {}
        for cursor in cursors:
            partition, start = self._log.locate(cursor)
            if partition in replay.asked:
                known[partition] = max(start, known.get(partition, 0))
        return known

    async def _follow(self, replay: Replay) -> None:
        """Wait until this node reads all that the subscription needs."""
        assert replay.wanted is not None and replay.command is not None  # noqa: PT018 - it was asked for
        clock = asyncio.get_running_loop().time
        told, ends = False, clock() + self._patience_s
        while not replay.dropped:
            where = partitions_of(self._log, replay.wanted)
            replay.hold(where)
            missing = [each for each in where if not each.followed]
            if not missing:
                replay.asked = {each: replay.asked.get(each, each.position) for each in where}
                return
            try:
                await self._reader.follow(missing)
            except Unreachable as fault:
                if clock() >= ends:
                    raise TooLong(str(fault)) from fault
                if not told and not replay.dropped:
                    subscribing.unreadable(replay.session, replay.command)
                    told = True
                await self._pause(RETRY_S)
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
            except Unreachable:
                await self._pause(RETRY_S)
        raise Abandoned
