"""Readings of a partition, from the window or the log, for all replays that wait for one.

Owns which gates wait for a scan of which partition, and the scans: each serves all gates that waited when it
began, so a thousand clients that come back at once cost one reading. However many come one by one, scans rest
as long as they have worked, for others to join the next one, and for everybody else's events. A broker that
is away is asked again; a replay from which retention takes something meanwhile is told so. Never decides
which events a client may have (gate.py).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from itertools import islice
from typing import Any, Final, Protocol

import structlog

from autodmca_edge.counts import ReplayCounts
from autodmca_edge.fanout.records import Report
from autodmca_edge.log.errors import PastEnd, Unreachable
from autodmca_edge.log.partition import Partition, Record
from autodmca_edge.log.reader import LogReader
from autodmca_edge.replay.gate import Gate
from autodmca_edge.replay.handout import hand_out
from autodmca_edge.replay.resume import RETRY_S

__all__ = ["Host", "Scans"]

FETCH_BYTES: Final = 1024 * 1024
WINDOW_RECORDS: Final = 2000  # looked at in one go
AHEAD_S: Final = 0.02

log = structlog.get_logger()


class Host(Protocol):
    """Who knows what the gates are for; see replay/replays.py."""

    def takes(self, partition: Partition, gate: Gate) -> bool: ...
    def open(self, partition: Partition, gate: Gate) -> None: ...
    def read(self, gates: Iterable[Gate]) -> None: ...
    def unread(self, gates: Iterable[Gate]) -> None: ...


class Scans:
    """All scans of a node. `limit`: records that a slow connection may be behind."""

    def __init__(
        self,
        host: Host,
        reader: LogReader,
        spawn: Callable[[Any], object],
        *,
        limit: int,
        counts: ReplayCounts,
        malformed: Report,
        pause: Callable[[float], Awaitable[object]],
        clock: Callable[[], float],
        gather_s: float,
    ) -> None:
        self._host = host
        self._reader = reader
        self._spawn = spawn
        self._limit = limit
        self._counts = counts
        self._malformed = malformed
        self._pause = pause
        self._clock = clock
        self._gather_s = gather_s
        self._rested = 0.0
        """When all scans together have rested from what they did."""
        self._waiting: dict[Partition, dict[Gate, None]] = {}
        self._scanning: set[Partition] = set()

    def wait(self, partition: Partition, gates: Iterable[Gate]) -> None:
        """Have `gates` in the next scan of the partition."""
        self._waiting.setdefault(partition, {}).update(dict.fromkeys(gates))
        if partition not in self._scanning:
            self._scanning.add(partition)
            self._spawn(self._scan(partition))

    async def _scan(self, partition: Partition) -> None:
        """Scan a partition until nobody waits. Each pass serves all who waited when it began."""
        try:
            while partition in self._waiting:
                await self._rest(self._gather_s)  # a pass costs what the partition holds, for one or many
                gates = self._waiting.pop(partition)
                try:
                    await self._pass(partition, list(gates))
                except Exception as fault:  # a task's top: what is owed is owed still
                    # PastEnd: of a topic that is gone, until it is made again
                    if not isinstance(fault, Unreachable | PastEnd):
                        log.exception("scan failed", topic=partition.topic, partition=partition.number)
                    self._host.unread(gates)
                    self.wait(partition, gates)
                    await self._pause(RETRY_S)
                waiting = self._waiting.get(partition)
                if waiting and all(each.start > partition.position for each in waiting):
                    await self._pause(AHEAD_S)  # for this node's tail
        finally:
            self._scanning.discard(partition)

    async def _pass(self, partition: Partition, gates: list[Gate]) -> None:
        """One reading from the earliest of `gates` up to the hub's position.

        Who is too slow for it leaves, and comes back to a later pass by `unblocked`.
        """
        while gates := self._behind(partition, gates):
            position = min(each.next for each in gates)
            began = self._clock()
            if position >= partition.oldest:
                records: list[Record] = list(islice(partition.recent(position), WINDOW_RECORDS))
                full = len(records) == WINDOW_RECORDS
                reached, source = records[-1].offset + 1 if full else partition.position, "window"
            else:
                try:
                    found, end = await self._reader.read(partition, position, FETCH_BYTES)
                except PastEnd:
                    await self._skip(partition, gates)
                    continue
                began = self._clock()
                gates = [each for each in gates if self._host.takes(partition, each)]
                reached, source = min(end, partition.position), "log"
                records = [each for each in found if each.offset < reached]
            self._host.read(gates)
            self._counts.served(source, *hand_out(partition, gates, records, reached, self._malformed))
            now = self._clock()
            self._rested = max(self._rested, now) + now - began
            await self._rest(AHEAD_S if reached <= position else 0.0)

    async def _rest(self, least_s: float) -> None:
        """Wait until scans have rested, and at least for so long."""
        seconds = max(self._rested - self._clock(), least_s)
        await (self._pause(seconds) if seconds > 0 else asyncio.sleep(0))

    def _behind(self, partition: Partition, gates: Iterable[Gate]) -> list[Gate]:
        """Those of `gates` that there is something to read for. Who has caught up goes live."""
        behind = []
        for gate in gates:
            if not self._host.takes(partition, gate):
                continue
            if gate.slow and partition.position - gate.next > self._limit:
                gate.replay.client.too_slow(partition.position - gate.next)
            elif gate.next < partition.position:
                behind.append(gate)
            elif gate.start > partition.position:
                self.wait(partition, [gate])  # ahead of this node's tail
            else:
                self._host.open(partition, gate)
        return behind

    async def _skip(self, partition: Partition, gates: Iterable[Gate]) -> None:
        """Retention has taken what some of `gates` are owed. Raises PastEnd, Unreachable."""
        earliest, _ = await self._reader.bounds(partition)
        for gate in gates:
            if gate.next < earliest:
                gate.replay.reason = gate.replay.reason or "retention"
                gate.abandon()
                if gate.next < earliest:  # so are live events, which other subscriptions may have wanted
                    gate.replay.client.too_slow(earliest - gate.next)
