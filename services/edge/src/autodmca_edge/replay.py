"""Resume: what a client missed, from the window or the log, joined to live without a seam.

Owns the replays under way. A subscription that resumes closes a gate on each partition that it is
behind on: the hub leaves that member out there, and a scan of the partition hands it what it may see,
up to the position of the hub, at which point the gate opens in the same step. All replays of one
partition that wait for a scan share it: a thousand clients that come back at once cost one reading. A
replay that cannot be complete is answered `recovered: false` with the reason, and live events flow.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final, Protocol, TypeVar

import structlog
from autodmca_events import InvalidTimestamp, ms_of

from autodmca_edge import protocol
from autodmca_edge.gates import Gate, Replay, hand_out
from autodmca_edge.log import BadCursor, EventLog, Partition, Record
from autodmca_edge.protocol import Refusal
from autodmca_edge.session import Session
from autodmca_edge.standing import partitions_of
from autodmca_edge.subscriptions import Subscription

__all__ = ["LogReader", "PastEnd", "Replays", "Unreachable"]

FETCH_BYTES: Final = 1024 * 1024
RETRY_S: Final = 0.5
AHEAD_S: Final = 0.02

_T = TypeVar("_T")

log = structlog.get_logger()


class PastEnd(Exception):
    """The log no longer (or not yet) has the offset that was asked for."""


class Unreachable(Exception):
    """The log cannot be read just now."""


class LogReader(Protocol):
    """Reads of the log beside the tail."""

    async def read(self, partition: Partition, offset: int, max_bytes: int) -> tuple[list[Record], int]:
        """Records from `offset` and the next offset. Raises PastEnd, Unreachable."""
        ...

    async def bounds(self, partition: Partition) -> tuple[int, int]:
        """The first offset that the log has, and the one after its last. Raises Unreachable."""
        ...

    async def offset_at(self, partition: Partition, timestamp_ms: int) -> int:
        """The first offset at or after a moment, the end if there is none. Raises Unreachable."""
        ...


class Replays:
    """All replays of this node. `spawn` runs a coroutine in the node's task group."""

    def __init__(
        self,
        event_log: EventLog,
        reader: LogReader,
        gates: dict[Any, Mapping[Partition, object]],
        spawn: Callable[[Any], object],
        *,
        limit: int,
        counted: Callable[[str, int], None],
    ) -> None:
        self._log = event_log
        self._reader = reader
        self._gates = gates  # the hub's: whom it leaves out, and where
        self._spawn = spawn
        self._limit = limit
        self._counted = counted
        self._queues: dict[Session, deque[Replay]] = {}  # the first of each is under way
        self._waiting: dict[Partition, list[Gate]] = {}  # for a scan
        self._scanning: set[Partition] = set()

    @property
    def running(self) -> int:
        """Replays begun and not ended."""
        return sum(len(queue) for queue in self._queues.values())

    def begin(self, session: Session, wanted: Subscription, command: protocol.Subscribe) -> None:
        """Replay what `command.config` asks for, then answer `subscribed`. One at a time per session."""
        config = command.config
        if config.since is not None and config.resume is None:
            try:
                ms_of(config.since)
            except InvalidTimestamp as fault:
                raise Refusal(
                    "bad_message",
                    str(fault),
                    field="payload.config.since",
                    subscription_id=wanted.name,
                    in_reply_to=command.in_reply_to,
                ) from None
        queue = self._queues.setdefault(session, deque())
        queue.append(Replay(session, wanted, command))
        if len(queue) == 1:
            self._spawn(self._start(queue[0]))

    def unblocked(self, session: Session) -> None:
        """The session's socket takes bytes again: go on with what was put aside."""
        queue = self._queues.get(session)
        if queue:
            for partition, gate in queue[0].gates.items():
                waiting = self._waiting.setdefault(partition, [])
                if gate not in waiting:
                    waiting.append(gate)
                self._scan(partition)

    def forget(self, session: Session) -> None:
        """The session has ended."""
        queue = self._queues.pop(session, None)
        if queue:
            queue[0].gates.clear()
        self._gates.pop(session, None)

    async def _start(self, replay: Replay) -> None:
        session = replay.session
        try:
            starts = await self._starts(replay)
        except BadCursor as fault:
            replay.reason, starts = fault.reason, {}
        if session not in self._queues:
            return
        positions = {partition: partition.position for partition in starts}
        if sum(max(positions[each] - start, 0) for each, start in starts.items()) > self._limit:
            replay.reason, starts = "limit", {}
        session.stand(replay.wanted, starts)
        behind = {each: start for each, start in starts.items() if start != each.position}
        replay.gates = {each: Gate(replay, start, each.position) for each, start in behind.items()}
        if replay.gates:
            self._gates[session] = replay.gates
        for partition, gate in replay.gates.items():
            self._waiting.setdefault(partition, []).append(gate)
            self._scan(partition)
        if not replay.gates:
            self._finish(replay)

    async def _starts(self, replay: Replay) -> dict[Partition, int]:
        """The first offset to be replayed on each partition that the client knows a position of."""
        covered = partitions_of(self._log, replay.wanted)
        config = replay.command.config
        if config.resume is None:
            moment = ms_of(config.since or "")
            return {each: await self._patiently(self._reader.offset_at, each, moment) for each in covered}
        starts: dict[Partition, int] = {}
        for cursor in config.resume:
            partition, start = self._log.locate(cursor)
            starts[partition] = max(start, starts.get(partition, 0))
        starts = {each: start for each, start in starts.items() if each in covered}
        for each, start in starts.items():
            if not each.oldest <= start <= each.position:
                earliest, end = await self._patiently(self._reader.bounds, each)
                if start < earliest:
                    raise BadCursor("retention")
                if start > end:
                    raise BadCursor("cursor")
        return starts

    async def _patiently(self, ask: Callable[..., Awaitable[_T]], *about: Any) -> _T:
        """Ask the log until it answers: the broker may be away for a while."""
        while True:
            try:
                return await ask(*about)
            except Unreachable:
                await asyncio.sleep(RETRY_S)

    def _scan(self, partition: Partition) -> None:
        if partition not in self._scanning:
            self._scanning.add(partition)
            self._spawn(self._scans(partition))

    async def _scans(self, partition: Partition) -> None:
        """Scan a partition until nobody waits. Each pass serves all who waited when it began."""
        try:
            while gates := [
                each for each in self._waiting.pop(partition, ()) if self._alive(partition, each)
            ]:
                try:
                    await self._pass(partition, gates)
                except PastEnd:
                    for gate in gates:
                        if self._alive(partition, gate):
                            gate.replay.reason = gate.replay.reason or "retention"
                            self._open(partition, gate)
                except Unreachable:
                    self._waiting.setdefault(partition, []).extend(gates)
                    await asyncio.sleep(RETRY_S)
        finally:
            self._scanning.discard(partition)

    def _alive(self, partition: Partition, gate: Gate) -> bool:
        if gate.replay.gates.get(partition) is not gate:
            return False
        if self._log.get(partition.topic, partition.number) is partition:
            return True
        gate.replay.reason = "epoch"
        self._open(partition, gate)
        return False

    async def _pass(self, partition: Partition, gates: list[Gate]) -> None:
        """One reading from the earliest of `gates` up to the hub's position.

        Who is too slow for it leaves, and comes back to a later pass by `unblocked`.
        """
        while True:
            gates = [each for each in gates if self._takes(partition, each)]
            # Who is ahead of this node's tail has only to wait for it.
            ahead = [each for each in gates if each.next > partition.position]
            if ahead:
                self._waiting.setdefault(partition, []).extend(ahead)
                gates = [each for each in gates if each.next <= partition.position]
            if not gates:
                await asyncio.sleep(AHEAD_S if ahead else 0)
                return
            position = min(each.next for each in gates)
            if position >= partition.oldest:
                records: Iterable[Record] = list(partition.recent(position))
                reached, source = partition.position, "window"
            else:
                found, reached = await self._reader.read(partition, position, FETCH_BYTES)
                reached = min(reached, partition.position)
                records, source = [each for each in found if each.offset < reached], "log"
                gates = [each for each in gates if self._takes(partition, each)]
            self._counted(source, hand_out(partition, gates, records, reached))
            for gate in gates:
                if self._alive(partition, gate) and gate.next == partition.position:
                    self._open(partition, gate)
            await asyncio.sleep(0)

    def _takes(self, partition: Partition, gate: Gate) -> bool:
        return self._alive(partition, gate) and not gate.replay.session.outbox.blocked

    def _open(self, partition: Partition, gate: Gate) -> None:
        """The replay has caught up with the hub here: live events flow from the next one."""
        replay = gate.replay
        del replay.gates[partition]
        if not replay.gates:
            del self._gates[replay.session]
            self._finish(replay)

    def _finish(self, replay: Replay) -> None:
        session = replay.session
        queue = self._queues[session]
        queue.popleft()
        if replay.reason is not None:
            self._counted(replay.reason, 1)
        if replay.wanted.name in session.standing:
            session.subscribed(
                replay.wanted, replay.command.in_reply_to, replayed=replay.count, reason=replay.reason
            )
        if queue:
            self._spawn(self._start(queue[0]))
        else:
            del self._queues[session]
