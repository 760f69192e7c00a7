"""Clients, nodes and a log in any order of events: nothing is lost, doubled, misdelivered or unbounded.

The model keeps of each subscription from where on it is owed events, and cursors as the SDKs do.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable
from typing import Any, ClassVar

import pytest
from autodmca_edge.hub import Hub
from autodmca_edge.log import Partition
from autodmca_edge.replay import Replays
from autodmca_edge.testing import FakeLog, FakeNode, FakePeer, StoredRecord
from autodmca_events import user_key
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

USAGE, APPROVAL, NOTICE = "template_usage", "template_approval", "system_notification"
OUTBOX = 20_000
Place = tuple[str, int]


class Sub:
    """A subscription as its client and the model see it."""

    def __init__(self, types: list[str], filters: dict[str, Any], users: set[int] | None) -> None:
        self.types = types
        self.filters = filters
        self.users = users
        """Whose events; None: everybody's."""
        self.owed: dict[Place, int] = {}
        """From which offsets on."""
        self.cursors: dict[str, str] = {}
        self.confirmed = False

    def wants(self, event: dict[str, Any]) -> bool:
        if event["type"] not in self.types:
            return False
        user = event.get("userId")
        if user is not None and self.users is not None and user not in self.users:
            return False
        least = self.filters.get("templateVersion", {}).get("gte")
        return least is None or event["payload"].get("templateVersion", -1) >= least


class Client:
    """One person's program: it outlives its connections."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.user = int(token.partition(":")[0])
        self.admin = token.endswith("admin")
        self.subs: dict[str, Sub] = {}
        self.received: set[str] = set()
        self.peer: FakePeer | None = None
        self.node: FakeNode
        self.seen = 0
        self.here: list[dict[str, Any]] = []
        """Events of this connection."""
        self.until = 0.0
        """When its token expires."""


class EdgeMachine(RuleBasedStateMachine):
    """Two nodes on one log."""

    hub: ClassVar[type[Hub]] = Hub
    replays: ClassVar[type[Replays]] = Replays

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.stored = FakeLog(partitions=2)
        self.emitted: list[tuple[Place, StoredRecord, dict[str, Any]]] = []
        self.nodes = [
            FakeNode(self.stored, window_bytes=window, hub=self.hub, replays=self.replays)
            for window in (2500, 0)
        ]
        self.clients = [Client("1"), Client("2"), Client("1"), Client("9:admin")]

    def teardown(self) -> None:
        try:
            self.everything_arrives()
        finally:
            self.loop.run_until_complete(self._end())
            self.loop.close()

    async def _end(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def run(self, work: Awaitable[None]) -> None:
        async def whole() -> None:
            await work

        self.loop.run_until_complete(whole())
        for client in self.clients:
            self.consume(client)

    # -- the world --------------------------------------------------------------------------------

    @rule(
        user=st.sampled_from([1, 2, 3, None]),
        other_type=st.booleans(),
        version=st.integers(1, 3),
        count=st.integers(1, 4),
    )
    def emit(self, user: int | None, other_type: bool, version: int, count: int) -> None:
        for _ in range(count):
            if user is None:
                record = self.stored.emit(NOTICE)
            else:
                type_name = APPROVAL if other_type else USAGE
                record = self.stored.emit(type_name, user, template_version=version, name="n" * 400)
            place = next(place for place, held in self.stored.records.items() if held and held[-1] is record)
            event: dict[str, Any] = {
                "type": record.headers[0][1].decode(),
                "payload": {"templateVersion": version},
            }  # type: ignore[union-attr]
            event["id"] = record.headers[1][1].decode()  # type: ignore[union-attr]
            if user is not None:
                event["userId"] = user
                assert record.key == user_key(user)
            self.emitted.append((place, record, event))

    @rule(which=st.integers(0, 1), at_most=st.sampled_from([1, 2, 3, 1000]))
    def poll(self, which: int, at_most: int) -> None:
        async def work() -> None:
            self.nodes[which].poll(at_most=at_most)

        self.run(work())

    @rule(which=st.integers(0, 1), rounds=st.sampled_from([1, 2, 3, 5, 8, 60]))
    def settle(self, which: int, rounds: int) -> None:
        self.run(self.nodes[which].settle(rounds))

    @rule(seconds=st.sampled_from([0.25, 0.5, 1, 5, 25]))
    def pass_time(self, seconds: float) -> None:
        async def work() -> None:
            for node in self.nodes:
                node.pass_time(seconds)
            for client in self.clients:
                if client.peer is not None and client.peer.room > 0:
                    client.peer.heartbeat()

        self.run(work())

    @rule(stuck=st.booleans(), away=st.booleans())
    def trouble(self, stuck: bool, away: bool) -> None:
        self.stored.stuck, self.stored.away = stuck, away

    @rule(place=st.sampled_from([0, 1, 2]), part=st.floats(0, 1))
    def retain(self, place: int, part: float) -> None:
        """Retention takes what both nodes have read."""
        places = [each for each in self.stored.records if "templates" in each[0] or "broadcast" in each[0]]
        where = places[place]
        first = self.stored.first[where]
        read = min(partition.position for node in self.nodes for partition in [self.partition(node, where)])
        self.stored.retain(*where, first + int((read - first) * part))

    @staticmethod
    def partition(node: FakeNode, where: Place) -> Partition:
        partition = node.log.get(*where)
        assert partition is not None
        return partition

    # -- the clients ------------------------------------------------------------------------------

    @initialize()
    def begin(self) -> None:
        """Everybody is connected and has one subscription."""
        for index, client in enumerate(self.clients):
            self.run(self._connect(client, self.nodes[index % 2], 3600, slow=False))
            self.subscribe(index, "a", [USAGE, NOTICE] if index != 2 else [APPROVAL], None, "*", resume=False)

    @rule(
        who=st.integers(0, 3),
        which=st.integers(0, 1),
        missed=st.integers(1, 12),
        slow=st.booleans(),
        rounds=st.sampled_from([0, 1, 2, 3, 60]),
    )
    def come_back(self, who: int, which: int, missed: int, slow: bool, rounds: int) -> None:
        """Be away while things happen; what comes next may find the replay under way."""
        self.disconnect(who)
        for index in range(missed):
            self.emit((1, 2, 3, None)[index % 4], index % 3 == 0, index % 3 + 1, 2)
        self.poll(which, 1000)
        self.connect(who, which, 3600, slow)
        self.settle(which, rounds)

    @rule(
        who=st.integers(0, 3),
        which=st.integers(0, 1),
        lifetime=st.sampled_from([15, 3600]),
        slow=st.booleans(),
    )
    def connect(self, who: int, which: int, lifetime: int, slow: bool) -> None:
        client = self.clients[who]
        if client.peer is None:
            self.run(self._connect(client, self.nodes[which], lifetime, slow))

    async def _connect(self, client: Client, node: FakeNode, lifetime: int, slow: bool) -> None:
        node.verifier.lifetime_s = lifetime
        client.peer, client.node = node.connect(client.token, limit=OUTBOX), node
        client.until = int(node.now) + lifetime
        client.seen, client.here = 0, []
        if slow:
            client.peer.room = 3000
        for name, sub in client.subs.items():
            sub.confirmed = False
            if not sub.cursors:  # it was never confirmed: this is its beginning
                sub.owed = self.positions(node)
            self.ask(client, name, resume=list(sub.cursors.values()))

    def ask(self, client: Client, name: str, **more: Any) -> None:
        sub = client.subs[name]
        assert client.peer is not None
        client.peer.subscribe(name, *sub.types, filters=sub.filters or None, **more)

    def positions(self, node: FakeNode) -> dict[Place, int]:
        return {(each.topic, each.number): each.position for each in node.log}

    @rule(
        who=st.integers(0, 3),
        name=st.sampled_from(["a", "b", "c"]),
        types=st.lists(st.sampled_from([USAGE, APPROVAL, NOTICE]), min_size=1, max_size=3, unique=True),
        least=st.sampled_from([None, 2]),
        watch=st.sampled_from([None, "*", [1, 2], 3]),
        resume=st.booleans(),
    )
    def subscribe(
        self, who: int, name: str, types: list[str], least: int | None, watch: Any, resume: bool
    ) -> None:
        """A new subscription, from now on or from where an older one of this client stands."""
        client = self.clients[who]
        if client.peer is None or name in client.subs:
            return
        filters: dict[str, Any] = {}
        if least is not None and NOTICE not in types:
            filters["templateVersion"] = {"gte": least}
        users: set[int] | None = {client.user}
        if client.admin and watch is not None:
            filters["userId"] = watch
            users = None if watch == "*" else set(watch) if isinstance(watch, list) else {watch}
        sub = Sub(types, filters, users)
        cursors = [cursor for other in client.subs.values() for cursor in other.cursors.values()]
        sub.owed = self.positions(client.node)
        client.subs[name] = sub

        async def work() -> None:
            self.ask(client, name, **({"resume": cursors} if resume and cursors else {}))

        self.run(work())

    @rule(who=st.integers(0, 3), name=st.sampled_from(["a", "b", "c"]))
    def unsubscribe(self, who: int, name: str) -> None:
        client = self.clients[who]
        # In flight, what it brought could come again by another subscription's cursors.
        if client.peer is not None and not client.peer.held and name in client.subs:
            del client.subs[name]

            async def work() -> None:
                assert client.peer is not None
                client.peer.unsubscribe(name)

            self.run(work())

    @rule(who=st.integers(0, 3))
    def disconnect(self, who: int) -> None:
        client = self.clients[who]
        if client.peer is not None:
            client.peer.leave()
            client.peer = None

    @rule(who=st.integers(0, 3), size=st.sampled_from([0, 500, 2000, 10_000]))
    def read(self, who: int, size: int) -> None:
        """Read a little, or stop reading."""
        client = self.clients[who]
        if client.peer is not None:

            async def work() -> None:
                assert client.peer is not None
                client.peer.read(size)

            self.run(work())

    # -- what must hold ---------------------------------------------------------------------------

    def consume(self, client: Client) -> None:
        """What has come to a client since."""
        peer = client.peer
        if peer is None:
            return
        new, client.seen = peer.received[client.seen :], len(peer.received)
        for message in new:
            payload = message.get("payload", {})
            if "cursor" in message:
                self.take(client, message)
            elif payload.get("action") == "subscribed":
                sub = client.subs.get(payload["subscriptionId"])
                if sub is None:
                    continue
                sub.confirmed = True
                if not payload["recovered"]:
                    assert payload["reason"] == "retention"
                    for cursor in payload["cursors"]:
                        partition, position = client.node.log.locate(cursor)
                        sub.owed[partition.topic, partition.number] = position
                self.know(sub, payload["cursors"])
            elif message.get("type") == "heartbeat":
                for sub in client.subs.values():
                    if sub.confirmed:
                        self.know(sub, payload["cursors"])
            elif message.get("type") == "error":
                assert payload["code"] in {"token_expired", "not_ready"}, payload
        if peer.closed is not None:
            assert peer.closed in {4401, 4410, 4408}
            client.peer = None

    def know(self, sub: Sub, cursors: list[str]) -> None:
        sub.cursors.update({cursor.rpartition(":")[0]: cursor for cursor in cursors})

    def take(self, client: Client, event: dict[str, Any]) -> None:
        peer = client.peer
        assert peer is not None
        assert event["id"] not in {each["id"] for each in client.here}, "twice on one connection"
        assert client.admin or event.get("userId") in {client.user, None}, "another user's"
        client.here.append(event)
        client.received.add(event["id"])
        wanting = [sub for sub in client.subs.values() if sub.wants(event)]
        for sub in wanting:
            if sub.confirmed:
                self.know(sub, [event["cursor"]])

    @invariant()
    def outboxes_are_bounded(self) -> None:
        for client in self.clients:
            if client.peer is not None:
                assert client.peer.outbox.size <= OUTBOX

    @invariant()
    def each_subscriptions_own_events_are_in_order(self) -> None:
        for client in self.clients:
            newest: dict[tuple[str, str], int] = defaultdict(lambda: -1)
            for event in client.here:
                wanting = [name for name, sub in client.subs.items() if sub.wants(event)]
                if len(wanting) == 1:
                    prefix, _, offset = event["cursor"].rpartition(":")
                    assert int(offset) > newest[wanting[0], prefix], "out of order"
                    newest[wanting[0], prefix] = int(offset)

    @precondition(lambda self: any(client.subs for client in self.clients))
    @rule()
    def everything_arrives(self) -> None:
        """With the log back, every client reading and both nodes level, nothing that is owed is missing."""
        self.stored.stuck = self.stored.away = False
        self.run(self._level())
        while away := [client for client in self.clients if client.peer is None]:
            for client in away:
                self.run(self._connect(client, self.nodes[client.user % 2], 3600, slow=False))
            self.run(self._level())
        for client in self.clients:
            assert client.peer is not None
            assert client.peer.held == 0
            for name, sub in client.subs.items():
                assert sub.confirmed, f"{name} was never answered"
                for place, record, event in self.emitted:
                    if sub.wants(event) and record.offset >= sub.owed.get(place, 0):
                        assert event["id"] in client.received, f"lost: {event['id']} for {name}"
        for node in self.nodes:
            assert node.hub.gates == {}
            assert node.replayer.running == 0

    async def _level(self) -> None:
        for _ in range(6):
            for node in self.nodes:
                node.poll()
                node.pass_time(0.5)
                await node.settle()
            for client in self.clients:
                if client.peer is not None:
                    client.peer.heartbeat()
                    client.peer.read()
                self.consume(client)

    @invariant()
    def nothing_is_delivered_after_expiry(self) -> None:
        for client in self.clients:
            if client.peer is not None and client.node.now >= client.until:
                assert client.node.sessions.get(client.peer.session.connection_id) is None


EdgeMachine.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestEdge = EdgeMachine.TestCase


class _OpensLate(Replays):
    """The gate opens a moment after the replay has caught up: a poll may come between."""

    def _open(self, partition: Partition, gate: Any) -> None:
        async def later() -> None:
            await asyncio.sleep(0)
            if gate.replay.gates.get(partition) is gate:
                super(_OpensLate, self)._open(partition, gate)

        self._spawn(later())


class _IgnoresJoined(Replays):
    """The replay never sees live events begin: they are only its own subscription's."""

    def _wait(self, partition: Partition, gates: Any) -> None:
        for gate in gates:
            gate.joined = 1 << 60
        super()._wait(partition, gates)


class _ForgetsOthers(Replays):
    """What other subscriptions have brought is sent again."""

    def _wait(self, partition: Partition, gates: Any) -> None:
        for gate in gates:
            gate.replay.had = ()
        super()._wait(partition, gates)


class _StartsLate(Replays):
    """A cursor is taken for the next offset."""

    def _wait(self, partition: Partition, gates: Any) -> None:
        for gate in gates:
            gate.next += gate.next == gate.start < gate.joined
        super()._wait(partition, gates)


class _IgnoresGates(Hub):
    """Live events go to those who are still being replayed to."""

    def dispatch(self, batches: Any) -> None:
        gates = dict(self.gates)
        self.gates.clear()
        super().dispatch(batches)
        self.gates.update(gates)


@pytest.mark.parametrize("broken", [_OpensLate, _IgnoresJoined, _ForgetsOthers, _StartsLate, _IgnoresGates])
def test_the_machine_catches_a_broken_edge(broken: type[Any]) -> None:
    class Broken(EdgeMachine):
        hub = broken if issubclass(broken, Hub) else Hub
        replays = broken if issubclass(broken, Replays) else Replays

    with pytest.raises(AssertionError):
        run_state_machine_as_test(
            Broken,
            settings=settings(
                max_examples=400,
                stateful_step_count=40,
                deadline=None,
                derandomize=True,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
