"""Resume: the events that a client missed, from the window or the log, joined to live ones without a seam.

Owns the replays under way. A subscription that resumes closes a gate on each partition that it is behind on:
the hub leaves that connection out there, and the replay hands it what it may see, up to the position of the
hub, at which point the gate opens in the same step. A client that was away for a moment only is served at
once (recent.py), the others by scans that they share (scans.py). A subscription that needs a partition which
this node does not read yet waits for it here as well. A replay that cannot be complete is answered
`recovered: false`, and live events flow.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Any, Final

from autodmca_edge.counts import ReplayCounts
from autodmca_edge.fanout.hub import Hub
from autodmca_edge.fanout.records import Report
from autodmca_edge.fanout.registry import partitions_of
from autodmca_edge.fanout.subscriptions import Subscription, narrowed
from autodmca_edge.log.event_log import EventLog
from autodmca_edge.log.partition import Partition
from autodmca_edge.log.reader import LogReader
from autodmca_edge.protocol import Refusal, SubscriptionConfig
from autodmca_edge.replay.client import Client, Reply
from autodmca_edge.replay.gate import Gate, Gates, Replay
from autodmca_edge.replay.handout import hand_out, keys_of
from autodmca_edge.replay.lookups import Lookups
from autodmca_edge.replay.recent import Recent
from autodmca_edge.replay.resume import ResumePoints
from autodmca_edge.replay.scans import Scans
from autodmca_edge.replay.schedule import Schedule
from autodmca_edge.replay.slots import Slots

__all__ = ["Replays"]

AT_ONCE: Final = 1000  # records to one client without a pause


class Replays:
    """All replays of this node.

    `hub`: where the subscriptions stand, and whose gates are closed. `malformed` is told of records that are
    no events. `spawn` runs a coroutine in the node's task group, `pause` waits for some seconds, `gather_s`
    of them before each pass, for others to join it. `clock`, in seconds, measures what passes cost.
    """

    def __init__(
        self,
        event_log: EventLog,
        reader: LogReader,
        hub: Hub,
        spawn: Callable[[Any], object],
        *,
        limit: int,
        counts: ReplayCounts,
        malformed: Report,
        recent: Recent,
        slots: Slots,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
        clock: Callable[[], float] = time.perf_counter,
        gather_s: float = 0.02,
    ) -> None:
        self._log = event_log
        self._hub = hub
        self._gates = Gates(hub.gates)
        self._spawn = spawn
        self._limit = limit
        self._counts = counts
        self._malformed = malformed
        self._recent = recent
        self._clock = clock
        self.slots = slots
        self._schedule = Schedule(self, slots, spawn)
        points = ResumePoints(event_log, reader, pause, patience_s=slots.seconds)
        self._lookups = Lookups(points, self._schedule.add)
        self._scans = Scans(
            self,
            reader,
            spawn,
            limit=limit,
            counts=counts,
            malformed=malformed,
            pause=pause,
            clock=clock,
            gather_s=gather_s,
        )

    @property
    def running(self) -> int:
        """Replays begun and not ended, and all that look up where they begin or wait for a slot."""
        return self._schedule.running + len(self._lookups)

    @property
    def waiting(self) -> int:
        """Replays that wait for an earlier one of their connection, or for a slot to read the log."""
        return self.slots.waiting + self._schedule.waiting

    def begin(self, client: Client, wanted: Subscription, config: SubscriptionConfig, reply: Reply) -> None:
        """Replay what `config` asks for, then reply `subscribed`.

        Of a client one at a time reads the log, and one on a partition, while the log can be read: what
        waits for a broker holds up only what needs that one, too.
        """
        self.drop(client, wanted.name)
        replay = Replay(client, wanted, config, reply)
        where = partitions_of(self._log, wanted)
        replay.hold(where)
        replay.asked = {each: each.position for each in where if each.followed}
        self._lookups.add(replay)
        if len(replay.asked) < len(where) or not self._lookups.at_once(replay):
            self._spawn(self._lookups.run(replay))

    def queued(self, client: Client) -> set[str]:
        """The subscriptions that wait for their replay to begin or to end."""
        return {each.name for each in self._all_of(client) if each.name and not each.dropped}

    def _all_of(self, client: Client) -> list[Replay]:
        return [*self._lookups.of(client), *self._schedule.of(client)]

    def drop(self, client: Client, name: str) -> None:
        """Give up the replay of a subscription: it is being replaced, or has ended."""
        for replay in [each for each in self._all_of(client) if each.name == name and not each.dropped]:
            replay.drop()
            self.slots.leave(replay)
            if replay.reply is not None:
                replay.reply.superseded()
            if self._lookups.remove(replay):
                replay.release()
            elif not replay.gates:
                self._schedule.end(replay)

    def catch_up(self, client: Client, where: Mapping[Partition, int]) -> None:
        """Give a client the live events from these offsets on, when its socket takes them again."""
        missing = {each: offset for each, offset in where.items() if each not in self._gates.of(client)}
        replay = next((each for each in self._schedule.of(client) if each.wanted is None), None)
        if missing and replay is None:
            replay = Replay(client)
            self._schedule.add(replay)
        if replay is not None:
            replay.hold(missing)
            for partition, offset in missing.items():
                self._gates.close(Gate(replay, partition, offset, offset, slow=True))
        self._counts.caught_up_later()

    def unblocked(self, client: Client) -> None:
        """The client's socket takes bytes again: go on with what was put aside."""
        for replay in self._schedule.of(client):
            self._serve(replay)

    def forget(self, client: Client) -> None:
        """The client has ended."""
        former = self._all_of(client)
        self._schedule.forget(client)
        for replay in former:
            self._lookups.remove(replay)
            if replay.reply is not None and not replay.dropped:
                replay.reply.lost()
            replay.dropped = True
            replay.gates.clear()
            replay.release()
            self.slots.leave(replay, cut_off=True)
        self._gates.forget(client)

    def in_the_way(self, replay: Replay) -> Collection[Gate]:
        """The gates of its connection's other replays where it needs its own."""
        closed = self._gates.of(replay.client)
        return [
            closed[each]
            for each, start in replay.starts.items()
            if each in closed and not closed[each].slow and not self._has_all(replay.wanted, each, start)
        ]

    def of_log(self, replay: Replay) -> bool:
        """Whether the window does not reach back to where it begins."""
        return any(start < each.oldest for each, start in replay.starts.items())

    def stand(self, replay: Replay) -> None:
        """Let live events begin, and close the gates on what the replay is behind on."""
        client, starts = replay.client, replay.starts
        assert replay.wanted is not None and replay.reply is not None  # noqa: PT018 - it was asked for
        assert client.claims is not None
        fresh = narrowed(replay.wanted, client.claims)  # the token may be a newer one
        if fresh is None:
            message = "the new token does not allow this subscription"
            replay.reply.refuse(Refusal("forbidden", message))
            replay.dropped = True
            self._schedule.end(replay)
            return
        replay.wanted = fresh
        if sum(max(each.position - start, 0) for each, start in starts.items()) > self._limit:
            replay.reason, starts = "limit", {}
        client.standing.stand(self._hub, self._log, client, fresh, starts)
        for each, start in starts.items():
            if not self._has_all(fresh, each, start):
                slow = self._gates.of(client).get(each)
                rest = self._gates.close(
                    Gate(replay, each, start, each.position if slow is None else slow.next)
                )
                if rest is not None:
                    self._schedule.end(rest)
        if replay.gates:
            self._serve(replay)
        else:
            self._finish(replay)

    def _has_all(self, wanted: Subscription | None, partition: Partition, start: int) -> bool:
        """Whether nothing from `start` on was for a subscription, as far as can be said at once."""
        if start >= partition.position:
            return start == partition.position
        assert wanted is not None
        missed = self._recent.of(partition, wanted.keys, start)
        return missed is not None and not missed

    def _serve(self, replay: Replay) -> None:
        """Hand out what is at hand; the rest waits for a scan."""
        keys = keys_of(replay.client.standing)
        for partition, gate in list(replay.gates.items()):
            if self.takes(partition, gate) and gate.start <= partition.position:
                records = self._recent.of(partition, keys, gate.next)
                if records is not None and not records:
                    gate.next = max(gate.next, partition.position)
                elif records is not None and len(records) <= AT_ONCE:
                    self._counts.served(
                        "window",
                        *hand_out(partition, [gate], records, partition.position, self._malformed),
                    )
                if gate.next >= partition.position and self.takes(partition, gate):
                    self.open(partition, gate)
            if replay.gates.get(partition) is gate:
                self._wait(partition, [gate])

    def _wait(self, partition: Partition, gates: Iterable[Gate]) -> None:
        """Have `gates` in the next scan of the partition."""
        self._scans.wait(partition, gates)

    def read(self, gates: Iterable[Gate]) -> None:
        """The log has answered for these."""
        for gate in gates:
            gate.unread_since = None

    def unread(self, gates: Iterable[Gate]) -> None:
        """It has not: who asked is told, and sent away when that lasts as long as a replay may take."""
        now = self._clock()
        for gate in gates:
            client = gate.replay.client
            if gate.unread_since is None:
                gate.unread_since = now
            if now - gate.unread_since >= self.slots.seconds and client.current():
                client.too_slow(0)
            else:
                for each in self._schedule.of(client):
                    if each is gate.replay or gate in self.in_the_way(each):
                        each.tell_unreadable()
        for client in {gate.replay.client for gate in gates}:
            self._schedule.look_again(client)

    def takes(self, partition: Partition, gate: Gate) -> bool:
        """Whether the gate is still to be served, and can be now."""
        client = gate.replay.client
        if gate.replay.gates.get(partition) is not gate or not client.current():
            return False
        if self._log.get(partition.topic, partition.number) is not partition:
            if gate.slow:
                client.too_slow(0)  # what it is owed may be in the log still: it comes back for that
                return False
            gate.replay.reason = "epoch"
            self.open(partition, gate)
            return False
        return not client.outbox.blocked

    def open(self, partition: Partition, gate: Gate) -> None:
        """The replay has caught up with the hub here: live events flow from the next one."""
        replay = gate.replay
        self._gates.open(gate)
        if not replay.gates:
            self._finish(replay)
        self._schedule.look_again(replay.client)

    def _finish(self, replay: Replay) -> None:
        if replay.looks_back and not replay.dropped:
            self._counts.finished(replay.reason)
        client = replay.client
        self._schedule.end(replay)
        wanted = client.standing.get(replay.name)
        if wanted is not None and replay.reply is not None and not replay.dropped:
            cursors = client.standing.cursors(self._log, self._gates.of(client), (wanted,))
            replay.reply.subscribed(wanted, cursors, replayed=replay.count, reason=replay.reason)
