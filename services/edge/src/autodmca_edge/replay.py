"""Resume: what a client missed, from the window or the log, joined to live without a seam.

Owns the replays under way. A subscription that resumes closes a gate on each partition that it is
behind on: the hub leaves that member out there, and a scan of the partition hands it what it may see,
up to the position of the hub, at which point the gate opens in the same step. What a subscription needs and
this node does not follow yet it waits for here as well. All replays of one
partition that wait for a scan share it: a thousand clients that come back at once cost one reading. A
replay that cannot be complete is answered `recovered: false` with the reason, and live events flow. One
that is replaced or unsubscribed meanwhile is given up.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from itertools import islice
from typing import Any, Final

from autodmca_edge import subscribing
from autodmca_edge.gates import Gate, Replay, hand_out
from autodmca_edge.log import BadCursor, EventLog, Partition, Record
from autodmca_edge.protocol import Subscribe
from autodmca_edge.replay_counts import ReplayCounts
from autodmca_edge.session import Session
from autodmca_edge.standing import partitions_of
from autodmca_edge.starts import RETRY_S, Abandoned, LogReader, PastEnd, Starts, Unreachable
from autodmca_edge.subscriptions import Subscription

__all__ = ["LogReader", "PastEnd", "Replays", "Unreachable"]

FETCH_BYTES: Final = 1024 * 1024
WINDOW_RECORDS: Final = 2000  # looked at in one go
AHEAD_S: Final = 0.02


class Replays:
    """All replays of this node.

    `gates` is the hub's: whom it leaves out, and where. `spawn` runs a coroutine in the node's task group,
    `pause` waits for some seconds, `gather_s` of them before each pass, for others to join it.
    """

    def __init__(
        self,
        event_log: EventLog,
        reader: LogReader,
        gates: dict[Any, Mapping[Partition, object]],
        spawn: Callable[[Any], object],
        *,
        limit: int,
        counts: ReplayCounts,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
        gather_s: float = 0.02,
    ) -> None:
        self._log = event_log
        self._reader = reader
        self._gates = gates
        self._spawn = spawn
        self._limit = limit
        self._counts = counts
        self._pause = pause
        self._gather_s = gather_s
        self._starts = Starts(event_log, reader, pause)
        self._queues: dict[Session, deque[Replay]] = {}  # the first of each is under way
        self._waiting: dict[Partition, dict[Gate, None]] = {}  # for a scan
        self._scanning: set[Partition] = set()

    @property
    def running(self) -> int:
        """Replays begun and not ended: one a connection at a time."""
        return len(self._queues)

    @property
    def waiting(self) -> int:
        """Replays that wait for an earlier one of their connection."""
        return sum(len(queue) - 1 for queue in self._queues.values())

    def begin(self, session: Session, wanted: Subscription, command: Subscribe) -> None:
        """Replay what `command.config` asks for, then answer `subscribed`. One at a time per session."""
        self.drop(session, wanted.name)
        queue = self._queues.setdefault(session, deque())
        replay = Replay(session, wanted, command)
        where = partitions_of(self._log, wanted)
        replay.hold(where)
        replay.asked = {each: each.position for each in where if each.followed}
        queue.append(replay)
        if len(queue) == 1:
            self._spawn(self._start(queue[0]))

    def queued(self, session: Session) -> set[str]:
        """The subscriptions that wait for their replay to begin or to end."""
        return {each.name for each in self._queues.get(session, ()) if each.name and not each.dropped}

    def drop(self, session: Session, name: str) -> None:
        """Give up the replay of a subscription: it is being replaced, or has ended."""
        queue = self._queues.get(session, deque())
        for replay in [each for each in queue if each.name == name and not each.dropped]:
            replay.drop()
            if replay.command is not None:
                subscribing.superseded(session, replay.command)
            if replay is not queue[0]:
                queue.remove(replay)
                replay.release()

    def catch_up(self, session: Session, where: Mapping[Partition, int]) -> None:
        """Give a session the live events from these offsets on, when its socket takes them again."""
        queue = self._queues.setdefault(session, deque())
        if not queue:
            queue.append(Replay(session, None, None))
        replay = queue[0]
        replay.hold(where)
        for partition, offset in where.items():
            replay.gates.setdefault(partition, Gate(replay, partition, offset, offset, slow=True))
        self._gates[session] = replay.gates
        self._counts.caught_up_later()

    def unblocked(self, session: Session) -> None:
        """The session's socket takes bytes again: go on with what was put aside."""
        queue = self._queues.get(session)
        if queue:
            for partition, gate in queue[0].gates.items():
                self._wait(partition, [gate])

    def forget(self, session: Session) -> None:
        """The session has ended."""
        for replay in self._queues.pop(session, ()):
            replay.dropped = True
            replay.gates.clear()
            replay.release()
        self._gates.pop(session, None)

    async def _start(self, replay: Replay) -> None:
        starts: dict[Partition, int] = {}
        try:
            starts = await self._starts.of(replay)
        except BadCursor as fault:
            replay.reason = fault.reason
        except PastEnd:
            replay.reason = "epoch"  # the topic went away while we looked
        except Abandoned:
            pass
        replay.begun = True
        if not replay.dropped:
            self._stand(replay, starts)
        elif not replay.gates:
            self._next(replay)

    def _stand(self, replay: Replay, starts: dict[Partition, int]) -> None:
        """Let live events begin, and close the gates on what the replay is behind on."""
        session = replay.session
        assert replay.wanted is not None and replay.command is not None  # noqa: PT018 - it was asked for
        fresh = subscribing.allowed(session, replay.wanted, replay.command)
        if fresh is None:
            replay.dropped = True
            if not replay.gates:
                self._next(replay)
            return
        replay.wanted, replay.had = fresh, tuple(session.standing)
        if sum(max(each.position - start, 0) for each, start in starts.items()) > self._limit:
            replay.reason, starts = "limit", {}
        subscribing.stand(session.node, session, fresh, starts)
        for each, start in starts.items():
            if start != each.position or each in replay.gates:
                joined = replay.gates[each].next if each in replay.gates else each.position
                replay.gates[each] = Gate(replay, each, start, joined)
        if replay.gates:
            self._gates[session] = replay.gates
            for partition, gate in replay.gates.items():
                self._wait(partition, [gate])
        else:
            self._finish(replay)

    def _wait(self, partition: Partition, gates: Iterable[Gate]) -> None:
        """Have `gates` in the next scan of the partition."""
        self._waiting.setdefault(partition, {}).update(dict.fromkeys(gates))
        if partition not in self._scanning:
            self._scanning.add(partition)
            self._spawn(self._scans(partition))

    async def _scans(self, partition: Partition) -> None:
        """Scan a partition until nobody waits. Each pass serves all who waited when it began."""
        try:
            while partition in self._waiting:
                if self._gather_s:  # a pass costs what the partition holds, however many it serves
                    await self._pause(self._gather_s)
                gates = self._waiting.pop(partition)
                try:
                    await self._pass(partition, list(gates))
                except (Unreachable, PastEnd):  # PastEnd: of a topic that is gone, until it is made again
                    self._wait(partition, gates)
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
                gates = [each for each in gates if self._takes(partition, each)]
                reached, source = min(end, partition.position), "log"
                records = [each for each in found if each.offset < reached]
                if reached <= position:
                    await self._pause(AHEAD_S)
            self._counts.served(source, *hand_out(partition, gates, records, reached))
            await asyncio.sleep(0)

    def _behind(self, partition: Partition, gates: Iterable[Gate]) -> list[Gate]:
        """Those of `gates` that there is something to read for. Who has caught up goes live."""
        behind = []
        for gate in gates:
            if not self._takes(partition, gate):
                continue
            if gate.slow and partition.position - gate.next > self._limit:
                gate.replay.session.too_slow(partition.position - gate.next)
            elif gate.next < partition.position:
                behind.append(gate)
            elif gate.start > partition.position:
                self._wait(partition, [gate])  # ahead of this node's tail
            else:
                self._open(partition, gate)
        return behind

    async def _skip(self, partition: Partition, gates: Iterable[Gate]) -> None:
        """Retention has taken what some of `gates` are owed. Raises PastEnd, Unreachable."""
        earliest, _ = await self._reader.bounds(partition)
        for gate in gates:
            if gate.next < earliest:
                gate.replay.reason = gate.replay.reason or "retention"
                gate.abandon()
                if gate.next < earliest:  # so are live events, which other subscriptions may have wanted
                    gate.replay.session.too_slow(earliest - gate.next)

    def _takes(self, partition: Partition, gate: Gate) -> bool:
        """Whether the gate is still to be served, and can be now."""
        session = gate.replay.session
        if gate.replay.gates.get(partition) is not gate or not session.current():
            return False
        if self._log.get(partition.topic, partition.number) is not partition:
            gate.replay.reason = "epoch"
            self._open(partition, gate)
            return False
        return not session.outbox.blocked

    def _open(self, partition: Partition, gate: Gate) -> None:
        """The replay has caught up with the hub here: live events flow from the next one."""
        replay = gate.replay
        del replay.gates[partition]
        if not replay.gates:
            del self._gates[replay.session]
            if replay.begun:
                self._finish(replay)

    def _finish(self, replay: Replay) -> None:
        if replay.looks_back and not replay.dropped:
            self._counts.finished(replay.reason)
        self._next(replay)
        session = replay.session
        wanted = session.standing.get(replay.name)
        if wanted is not None and replay.command is not None and not replay.dropped:
            subscribing.subscribed(
                session.node,
                session,
                wanted,
                replay.command.in_reply_to,
                replayed=replay.count,
                reason=replay.reason,
            )

    def _next(self, replay: Replay) -> None:
        queue = self._queues.get(replay.session)
        if queue is not None:
            queue.popleft().release()
            if queue:
                self._spawn(self._start(queue[0]))
            else:
                del self._queues[replay.session]
