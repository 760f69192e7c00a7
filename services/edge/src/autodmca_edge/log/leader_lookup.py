"""Questions to the log about who led before this node began to read.

Owns that each is asked once, whoever wants to know: who asks meanwhile waits for that answer, and all
partitions that one caller needs are in one question. An answer is kept with the partition
(log/leader_epochs.py), so that however many clients come back, the log is asked at most once an epoch that it
has. Fails as what asks the log does.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from autodmca_edge.log.partition import Partition
from autodmca_edge.log.reader import EpochEnd

__all__ = ["LeaderLookup"]


class LeaderLookup:
    """All of a node."""

    def __init__(
        self, ask: Callable[[Mapping[Partition, int]], Awaitable[Mapping[Partition, EpochEnd]]]
    ) -> None:
        self._ask = ask
        self._asked: dict[Partition, asyncio.Event] = {}

    async def reach(self, wanted: Mapping[Partition, int]) -> list[Partition]:
        """Learn who led at these offsets; the partitions of which that cannot be had now."""
        while missing := _questions(wanted):
            mine = {each: question for each, question in missing.items() if each not in self._asked}
            if not mine:
                await self._asked[next(iter(missing))].wait()
                continue
            answered = asyncio.Event()
            self._asked.update(dict.fromkeys(mine, answered))
            try:
                answers = await self._ask(mine)
                for each, answer in answers.items():
                    each.learned(mine[each], *answer)
            finally:
                for each in mine:
                    del self._asked[each]
                answered.set()
            if silent := [each for each in mine if each not in answers]:
                return silent
        return []


def _questions(wanted: Mapping[Partition, int]) -> dict[Partition, int]:
    found = {each: each.leaders.question(offset) for each, offset in wanted.items()}
    return {each: question for each, question in found.items() if question is not None}
