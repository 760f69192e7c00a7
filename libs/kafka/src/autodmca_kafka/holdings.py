"""The partitions that a replica's processor holds, from taking them over to giving them up.

Owns where each of them stands, who is told what changes hands, and who waits until an input is applied and
its state shown. A follower is told that a partition is gained when everything is applied that stood in
the log as it was taken over, and the table shows it; so work that follows from the state does not begin
from one that is old. Giving up waits for the followers: the group goes on when their work has ended. What a
follower raises is logged and stops nothing. Never reads or writes the log.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final, Generic, Protocol

import structlog

from autodmca_kafka.decision import I, O, S
from autodmca_kafka.errors import PartitionLost
from autodmca_kafka.ledger import Change
from autodmca_kafka.partition_work import Block, PartitionWork
from autodmca_kafka.table import Table

log = structlog.get_logger(__name__)

Partitions = frozenset[int]


class Follower(Protocol):
    """Whoever has long work to do where its owner is."""

    def gained(self, partitions: Partitions) -> None:
        """This replica owns the partitions from now on, and the table shows their state. Must not block."""

    async def lost(self, partitions: Partitions) -> None:
        """End all work for the partitions. No other replica owns them before this returns, as long as this
        one still has its place in the group."""


@dataclass(slots=True)
class _Held(Generic[S, I, O]):
    """`position`: the next input to apply. `since`: the end of the inputs when it was taken over."""

    work: PartitionWork[S, I, O]
    position: int
    since: int
    applying: list[tuple[int, int, asyncio.Future[None]]] = field(default_factory=list)
    """A heap of who waits for an offset to be applied."""
    showing: list[tuple[int, int, asyncio.Future[None]]] = field(default_factory=list)
    """A heap of who waits for the state up to a position to be shown."""

    @property
    def current(self) -> bool:
        return self.position >= self.since and self.work.ledger.applied >= self.work.changed


class Holdings(Generic[S, I, O]):
    """`works`: the work of each partition held. `owned`: those of them that the followers know of."""

    def __init__(self, table: Table[S]) -> None:
        self.works: dict[int, PartitionWork[S, I, O]] = {}
        self.owned: Partitions = frozenset()
        self._held: dict[int, _Held[S, I, O]] = {}
        self._followers: list[Follower] = []
        self._releasing = asyncio.Lock()
        self._order: Final = count()
        table.on_change(self._read)

    def follow(self, follower: Follower) -> None:
        """Tell `follower` what changes hands from now on. Each rebalance takes all partitions away and hands
        them out anew, mostly as they were."""
        self._followers.append(follower)

    def positions(self) -> dict[int, int]:
        """The next input to apply, by partition."""
        return {partition: held.position for partition, held in self._held.items()}

    def begin(self, partition: int, work: PartitionWork[S, I, O], since: int) -> None:
        """Hold a partition whose inputs ended at offset `since` when it was taken over."""
        self.works[partition] = work
        self._held[partition] = _Held(work, work.next_offset, since)

    def passed(self, positions: Mapping[int, int]) -> None:
        """All that follows from the inputs before these positions is in the log."""
        for partition, position in positions.items():
            held = self._held[partition]
            held.position = position
            while held.applying and held.applying[0][0] < position:
                _, _, waiter = heapq.heappop(held.applying)
                heapq.heappush(held.showing, (held.work.changed, next(self._order), waiter))
            self._show(held)

    def settle(self) -> None:
        """Tell the followers of the partitions that are up to date by now."""
        current = frozenset(partition for partition, held in self._held.items() if held.current)
        if gained := current - self.owned:
            self.owned |= gained
            for follower in self._followers:
                try:
                    follower.gained(gained)
                except Exception:
                    log.exception("a follower could not take over", partitions=sorted(gained))

    async def release(self) -> None:
        """Give up all partitions; returns when the followers have ended their work for them."""
        async with self._releasing:
            held, self._held = self._held, {}
            lost, self.owned = self.owned, frozenset()
            self.works.clear()
            if lost:
                told = (follower.lost(lost) for follower in self._followers)
                for error in await asyncio.gather(*told, return_exceptions=True):
                    if isinstance(error, Exception):
                        log.error("a follower failed to let go", partitions=sorted(lost), exc_info=error)
            for partition, each in held.items():
                _fail([*each.applying, *each.showing], partition)

    async def shown(self, partition: int, offset: int) -> None:
        """Wait until the input at `offset` is applied, what follows from it is written, and the table shows
        what it changed. Raises PartitionLost when this replica does not hold the partition, or loses it."""
        held = self._held.get(partition)
        if held is None:
            raise PartitionLost(partition)
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if offset >= held.position:
            heapq.heappush(held.applying, (offset, next(self._order), waiter))
        else:
            heapq.heappush(held.showing, (held.work.changed, next(self._order), waiter))
            self._show(held)
        await waiter

    def _read(self, partition: int, _changes: Sequence[Change[Any]]) -> None:
        if held := self._held.get(partition):
            self._show(held)

    def _show(self, held: _Held[S, I, O]) -> None:
        while held.showing and held.showing[0][0] <= held.work.ledger.applied:
            _, _, waiter = heapq.heappop(held.showing)
            if not waiter.done():
                waiter.set_result(None)


def _fail(waiting: Iterable[tuple[int, int, asyncio.Future[None]]], partition: int) -> None:
    for _, _, waiter in waiting:
        if not waiter.done():
            waiter.set_exception(PartitionLost(partition))


def next_offsets(blocks: Mapping[int, Block]) -> dict[int, int]:
    """Where partitions stand after these blocks."""
    return {partition: block.next_offset for partition, block in blocks.items()}
