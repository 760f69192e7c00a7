"""A node in memory: the real parts between a fake log and fake sockets, and a clock that is told the time."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator, Sequence
from typing import Any

from autodmca_events.topics import BROADCAST
from autodmca_kafka import TopicPartition
from autodmca_service.control.revocations import Revocations

from autodmca_edge.admission.addresses import Proxies
from autodmca_edge.admission.allowances import Allowances
from autodmca_edge.admission.descriptors import Descriptors
from autodmca_edge.admission.limits import Limits
from autodmca_edge.admission.pressure import Pressure
from autodmca_edge.admission.queue import Admission
from autodmca_edge.control.control import Control
from autodmca_edge.counts import ReplayCounts
from autodmca_edge.fanout.experiments import Experiments
from autodmca_edge.fanout.hub import Hub
from autodmca_edge.fanout.records import Malformed
from autodmca_edge.fanout.treatment import Treatments
from autodmca_edge.log.assignment import Assignment
from autodmca_edge.log.event_log import TOPICS, EventLog, Partition
from autodmca_edge.protocol import ClientMessage
from autodmca_edge.replay.recent import Recent
from autodmca_edge.replay.replays import Replays
from autodmca_edge.replay.slots import Slots
from autodmca_edge.session.auth import compresses
from autodmca_edge.session.ports import Client, Socket
from autodmca_edge.session.pulse import Pulse
from autodmca_edge.session.session import Session
from autodmca_edge.testing.calls import FakeCall, FakeCalls
from autodmca_edge.testing.control import FakeControlLog
from autodmca_edge.testing.log import FakeLog, StoredBatch, StoredRecord
from autodmca_edge.testing.peer import FakePeer, FakeWire
from autodmca_edge.testing.reader import FakeReader
from autodmca_edge.testing.verifier import FakeVerifier
from autodmca_edge.timers import TimerWheel
from autodmca_edge.wire.handshake import Upgrade

DEFAULT_USER = "7"

__all__ = ["FakeNode"]


class FakeNode:
    """One node on a fake log. Several may share the log. `hub` and others: which classes it uses.

    It knows nothing of the topics in `unknown` until `know`. Without a `grace_s` it follows every partition
    from the start, and always.
    """

    def __init__(
        self,
        event_log: FakeLog,
        *,
        name: str = "fake",
        window_bytes: int = 1 << 20,
        replay_limit: int = 1_000_000,
        log_replays: int = 1000,
        replay_seconds: float = 300,
        user_connections: int = 0,
        talk_a_second: float = 1000,
        user_talk_a_second: float = 10_000,
        hub: type[Hub] = Hub,
        replays: type[Replays] = Replays,
        assignment: type[Assignment] = Assignment,
        grace_s: float | None = None,
        control_log: FakeControlLog | None = None,
        patience_s: float = 30,
        experiments: str = "{}",
        compression: bool = False,
        unknown: Collection[str] = (),
    ) -> None:
        self.name = name
        self.now = 1_700_000_000.0
        self.wall_is_off = 0.0
        """By how many seconds the wall clock differs from `now`."""
        self.available = True
        self.draining = False
        self.max_message_bytes, self.outbox_bytes = 65536, 1_048_576
        self.max_subscriptions = 10
        self.files = Descriptors(1 << 30)
        self.origins: frozenset[str] = frozenset()
        self.stored = event_log
        self.wheel = TimerWheel()
        self.sessions: dict[str, Session] = {}
        self._pulse = Pulse(self.clock, self.wall, self.wheel, self.sessions)
        self.treatments = Treatments(Experiments(experiments), compression=compression)
        self._calls = FakeCalls()
        self.traced: list[tuple[int, str]] = []
        self.malformed_at: list[tuple[str, int, int, str]] = []
        self.counts: Counter[str] = Counter()
        self.replay_counts = ReplayCounts()
        self.log = EventLog(window_bytes)
        self.reader = FakeReader(event_log)
        self.assignment = self.reader.assignment = assignment(
            self.reader,
            self.log,
            self.spawn,
            asyncio.Event(),
            grace_s=grace_s or 0,
            counted=self._count,
            pause=self._pause,
            gather_s=0,
        )
        for topic in TOPICS:
            if topic not in unknown:
                self.know(topic, whole=grace_s is None or topic == BROADCAST)
        self.wire = FakeWire()
        self.hub = hub(self, self.wire, self.malformed)
        self.revocations = Revocations(self.wall)
        self.verifier = FakeVerifier(self.wall, self.revocations)
        self.replayer = replays(
            self.log,
            self.reader,
            self.hub,
            self.spawn,
            limit=replay_limit,
            counts=self.replay_counts,
            malformed=self.malformed,
            recent=Recent(self.wheel, self.clock),
            slots=Slots(log_replays, replay_seconds, self.wheel, self.clock, self.replay_counts.places),
            pause=self._pause,
            clock=self.clock,
            gather_s=0,
        )
        self.limits = Limits(Proxies([]), a_user=user_connections, an_address=0, unauthenticated=1000)
        self.admission = Admission(
            1_000_000, 10, self.clock, lambda after, call: asyncio.get_running_loop().call_later(after, call)
        )
        self.allowances = Allowances(talk_a_second, user_talk_a_second, self.max_subscriptions)
        self.pressure = Pressure(max_lag_s=0.5, max_bytes=None, resident=lambda: None)
        self.control_log = control_log or FakeControlLog()
        self.control = Control(self, self.control_log, self.revocations, patience_s=patience_s)
        self.control_log.join(self.control)
        self._connections = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._failed: list[BaseException] = []
        self._paused: list[tuple[float, asyncio.Event]] = []

    @property
    def tasks(self) -> int:
        """Coroutines under way."""
        return len(self._tasks)

    def clock(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now + self.wall_is_off

    def lags(self) -> Iterable[tuple[Partition, int]]:
        return [(each, self.stored.end(each.topic, each.number) - each.position) for each in self.log]

    def connect(
        self,
        token: str | None = DEFAULT_USER,
        *,
        family: str | None = None,
        limit: int = 1_048_576,
        forwarded: str = "",
        window: int = 0,
    ) -> FakePeer:
        """A client that brings a token with its handshake; `limit`: of its outbox, in bytes.

        `window`: in which it decompresses messages, if it may.
        """
        peer = FakePeer(self.wire, limit)
        peer.session = self.converse(peer)
        upgrade = Upgrade(
            family=family, key=b"", token=token, origin=None, subprotocol=None, forwarded=forwarded
        )
        if window and compresses(self, upgrade.token):
            peer.outbox.window = window
        peer.session.opened(upgrade)
        return peer

    def converse(self, socket: Socket) -> Session:
        """A session for a new connection."""
        self._connections += 1
        return Session(self, socket, f"{self.name[:7]:_<7}-{self._connections:08}")

    def poll(self, *, at_most: int = 1_000_000) -> int:
        """The tail's step: hand out what this node has not seen; how many records that was."""
        for topic, epoch in self.reader.made_again():
            read = {number for each, number in self.reader.positions if each == topic}
            count = self.stored.count(topic)
            self.log.open(topic, epoch, {number: 0 if number in read else None for number in range(count)})
        self.reader.part(self.log)
        work: list[tuple[Partition, list[StoredRecord]]] = []
        for (topic, number), start in list(self.reader.positions.items()):
            partition = self.log.get(topic, number)
            assert partition is not None and partition.followed  # noqa: PT018
            if start < (first := self.stored.first[topic, number]):
                self.log.skip(partition, first)
                start = first
            assert partition.position == start, "the hub is not where the reader is"
            records = self.stored.records[topic, number][start - first : start - first + at_most]
            self.reader.positions[topic, number] = start + len(records)
            if records:
                partition.led(self.stored.led_up_to(records[-1].offset, topic, number))
                work.append((partition, records))
        self.wheel.advance(self.now)
        self.hub.dispatch([(partition, _chunks(records)) for partition, records in work])
        for partition, records in work:
            self.log.append(partition, StoredBatch(records), records[-1].offset + 1)
        return sum(len(records) for _, records in work)

    def pass_time(self, seconds: float) -> None:
        """Let time go by in steps of a quarter of a second."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(self.now + 0.25, end, self._calls.first(end))
            self._calls.run(self.now)
            self._pulse.beat(self.now)
            self.assignment.drop_idle(self.now)
        for when, event in self._paused:
            if when <= self.now:
                event.set()
        self._paused = [each for each in self._paused if each[0] > self.now]

    def later(self, seconds: float, call: Callable[[], object]) -> FakeCall:
        return self._calls.add(self.now + seconds, call)

    async def _pause(self, seconds: float) -> None:
        event = asyncio.Event()
        self._paused.append((self.now + seconds, event))
        await event.wait()

    def know(self, topic: str, *, whole: bool) -> None:
        """What the tail does first with a topic; `whole`: follow it."""
        self.log.open(topic, self.stored.epoch(topic), dict.fromkeys(range(self.stored.count(topic))))
        for partition in [each for each in self.log if each.topic == topic and whole]:
            partition.demand.need()
            self.log.follow(partition, *self.reader.take(TopicPartition(topic, partition.number))[1:])

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._failed.append(failure)

    async def settle(self, rounds: int = 50) -> None:
        """Run what is ready, until only pauses are left or for some rounds; raises what a task raised."""
        for _ in range(rounds):
            await asyncio.sleep(0)
            if self._failed:
                raise self._failed[0]
            if len(self._tasks) <= len(self._paused):
                await asyncio.sleep(0)
                break

    def soon(self, call: Any, *args: Any) -> None:
        asyncio.get_running_loop().call_soon(call, *args)

    def publish(self, sender: Client, message: ClientMessage) -> None:
        self.counts["published"] += 1

    def malformed(self, partition: Partition, offset: int, fault: Malformed) -> None:
        where = partition.topic, partition.number, offset, fault.reason
        if where not in self.malformed_at:
            self.malformed_at.append(where)

    def polled(self) -> None:
        self.counts["polled"] += 1

    def writing(self) -> None:
        self.counts["writing"] += 1

    def routed(
        self,
        events: int,
        deliveries: int,
        size: int,
        stamps: Counter[int],
        traced: Sequence[tuple[int, str]],
    ) -> None:
        self.counts["deliveries"] += deliveries
        self.traced += traced

    def said_bad(self, code: str) -> None:
        self.counts[code] += 1

    def closed(self, code: int) -> None:
        self.counts[str(int(code))] += 1

    def turned_away(self, why: str) -> None:
        self.counts[f"turned away: {why}"] += 1

    def deferred(self, events: int) -> None:
        self.counts["deferred"] += events

    def dropped(self, reason: str, events: int) -> None:
        self.counts[reason] += events

    def _count(self, change: str, partitions: int) -> None:
        self.counts[change] += partitions


def _chunks(records: Sequence[StoredRecord]) -> Iterator[Sequence[StoredRecord]]:
    """In parts, as a tail reader decodes them."""
    for at in range(0, len(records), 3):
        yield records[at : at + 3]
