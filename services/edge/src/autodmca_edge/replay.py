"""Resume: what a client missed, from the window or the log, joined to live without a seam.

Owns the replays under way. A subscription that resumes closes a gate on each partition that it is behind on:
the hub leaves that member out there, and it is handed what it may see up to the position of the hub, at which
point the gate opens in the same step. Who was away for a moment only is served at once (recent.py), the
others by scans that they share (scans.py). What a subscription needs and this node does not follow yet it
waits for here as well. A replay that cannot be complete is answered `recovered: false` with the reason, and
live events flow. One that is replaced or unsubscribed meanwhile is given up.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final

import structlog

from autodmca_edge import subscribing
from autodmca_edge.gates import Gate, Replay, hand_out, keys_of
from autodmca_edge.log import BadCursor, EventLog, Partition
from autodmca_edge.protocol import Subscribe
from autodmca_edge.recent import Recent
from autodmca_edge.replay_counts import ReplayCounts
from autodmca_edge.scans import Scans
from autodmca_edge.session import Session
from autodmca_edge.standing import partitions_of
from autodmca_edge.starts import Abandoned, LogReader, PastEnd, Starts, TooLong, Unreachable
from autodmca_edge.subscriptions import Subscription
from autodmca_edge.turns import Turns

__all__ = ["LogReader", "PastEnd", "Replays", "Unreachable"]

AT_ONCE: Final = 1000  # records to one client without a pause

log = structlog.get_logger()


class Replays:
    """All replays of this node.

    `gates` is the hub's: whom it leaves out, and where. `spawn` runs a coroutine in the node's task group,
    `pause` waits for some seconds, `gather_s` of them before each pass, for others to join it. `clock`, in
    seconds, measures what passes cost.
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
        recent: Recent,
        turns: Turns,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
        clock: Callable[[], float] = time.perf_counter,
        gather_s: float = 0.02,
    ) -> None:
        self._log = event_log
        self._gates = gates
        self._spawn = spawn
        self._limit = limit
        self._counts = counts
        self._starts = Starts(event_log, reader, pause, patience_s=turns.seconds)
        self._recent = recent
        self.turns = turns
        self._queues: dict[Session, deque[Replay]] = {}  # the first of each is under way
        self._scans = Scans(
            self, reader, spawn, limit=limit, counts=counts, pause=pause, clock=clock, gather_s=gather_s
        )

    @property
    def running(self) -> int:
        """Replays begun and not ended: one a connection at a time."""
        return len(self._queues)

    @property
    def waiting(self) -> int:
        """Replays that wait for an earlier one of their connection, or for their turn to read the log."""
        return self.turns.waiting + sum(len(queue) - 1 for queue in self._queues.values())

    def begin(self, session: Session, wanted: Subscription, command: Subscribe) -> None:
        """Replay what `command.config` asks for, then answer `subscribed`. One at a time per session."""
        self.drop(session, wanted.name)
        queue = self._queues.setdefault(session, deque())
        replay = Replay(session, wanted, command)
        where = partitions_of(self._log, wanted)
        replay.hold(where)
        replay.asked = {each: each.position for each in where if each.followed}
        queue.append(replay)
        if len(queue) > 1:
            return
        if len(replay.asked) == len(where):
            self._begin(replay)
        else:
            self._spawn(self._start(replay))

    def queued(self, session: Session) -> set[str]:
        """The subscriptions that wait for their replay to begin or to end."""
        return {each.name for each in self._queues.get(session, ()) if each.name and not each.dropped}

    def drop(self, session: Session, name: str) -> None:
        """Give up the replay of a subscription: it is being replaced, or has ended."""
        queue = self._queues.get(session, deque())
        for replay in [each for each in queue if each.name == name and not each.dropped]:
            replay.drop()
            self.turns.leave(replay)
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
            self._serve(queue[0])

    def forget(self, session: Session) -> None:
        """The session has ended."""
        for replay in self._queues.pop(session, ()):
            if replay.command is not None and not replay.dropped:
                subscribing.lost(replay.command)
            replay.dropped = True
            replay.gates.clear()
            replay.release()
            self.turns.leave(replay, cut_off=True)
        self._gates.pop(session, None)

    def _begin(self, replay: Replay) -> None:
        """Most of who comes back was away for a moment only, and need not wait for anything."""
        try:
            starts = self._starts.at_once(replay)
        except BadCursor as fault:
            replay.reason, starts = fault.reason, {}
        if starts is None:
            self._spawn(self._start(replay))
        else:
            replay.begun = True
            self._stand(replay, starts)

    async def _start(self, replay: Replay) -> None:
        starts: dict[Partition, int] = {}
        try:
            starts = await self._starts.of(replay)
            if any(start < each.oldest for each, start in starts.items()):
                await self._turn(replay)
        except BadCursor as fault:
            replay.reason = fault.reason
        except PastEnd:
            replay.reason = "epoch"  # the topic went away while we looked
        except Abandoned:
            pass
        except TooLong as fault:
            if not replay.dropped and replay.command is not None:
                replay.drop()
                subscribing.given_up(replay.session, replay.command, str(fault))
        except Exception:  # a task's top: whoever waits is answered all the same
            log.exception("replay failed", connection_id=replay.session.connection_id)
            replay.drop()
            if replay.command is not None:
                subscribing.failed(replay.session, replay.command)
        replay.begun = True
        if not replay.dropped:
            self._stand(replay, starts)
        elif not replay.gates:
            self._next(replay)

    async def _turn(self, replay: Replay) -> None:
        """Wait until the log may be read for it."""
        ahead = self.turns.ask(replay)
        if ahead is not None:
            assert replay.command is not None
            subscribing.waiting(replay.session, replay.command, ahead)
            await self.turns.come(replay)

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
            if each in replay.gates or not self._has_all(fresh, each, start):
                joined = replay.gates[each].next if each in replay.gates else each.position
                replay.gates[each] = Gate(replay, each, start, joined)
        if replay.gates:
            self._gates[session] = replay.gates
            self._serve(replay)
        else:
            self._finish(replay)

    def _has_all(self, wanted: Subscription, partition: Partition, start: int) -> bool:
        """Whether nothing from `start` on was for a subscription, as far as can be said at once."""
        if start >= partition.position:
            return start == partition.position
        missed = self._recent.of(partition, wanted.keys, start)
        return missed is not None and not missed

    def _serve(self, replay: Replay) -> None:
        """Hand out what is at hand; the rest waits for a scan."""
        keys = keys_of(replay.session.standing)
        for partition, gate in list(replay.gates.items()):
            if self.takes(partition, gate) and gate.start <= partition.position:
                records = self._recent.of(partition, keys, gate.next)
                if records is not None and not records:
                    gate.next = max(gate.next, partition.position)
                elif records is not None and len(records) <= AT_ONCE:
                    self._counts.served("window", *hand_out(partition, [gate], records, partition.position))
                if gate.next >= partition.position and self.takes(partition, gate):
                    self.open(partition, gate)
            if replay.gates.get(partition) is gate:
                self._wait(partition, [gate])

    def _wait(self, partition: Partition, gates: Iterable[Gate]) -> None:
        """Have `gates` in the next scan of the partition."""
        self._scans.wait(partition, gates)

    def takes(self, partition: Partition, gate: Gate) -> bool:
        """Whether the gate is still to be served, and can be now."""
        session = gate.replay.session
        if gate.replay.gates.get(partition) is not gate or not session.current():
            return False
        if self._log.get(partition.topic, partition.number) is not partition:
            gate.replay.reason = "epoch"
            self.open(partition, gate)
            return False
        return not session.outbox.blocked

    def open(self, partition: Partition, gate: Gate) -> None:
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
                replay.command,
                replayed=replay.count,
                reason=replay.reason,
            )

    def _next(self, replay: Replay) -> None:
        queue = self._queues.get(replay.session)
        if queue is not None:
            queue.popleft().release()
            self.turns.leave(replay)
            if queue:
                self._spawn(self._start(queue[0]))
            else:
                del self._queues[replay.session]
