"""Clients, nodes and a log in any order of events: nothing is lost, doubled, misdelivered or unbounded.

The model keeps of each subscription from where on it is owed events, and cursors as the SDKs do.
"""

import asyncio
import math
from collections import Counter
from collections.abc import Awaitable
from typing import Any, ClassVar

import msgspec
from autodmca_edge.fanout.hub import Hub
from autodmca_edge.replay.replays import Replays
from autodmca_edge.testing import FakeLog, FakeNode
from autodmca_events import CATALOGUE, partition_for, user_key
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from services.edge.tests.machine_parts import Client, Place, Sub, needed, positions

USAGE, APPROVAL, NOTICE = "template_usage", "template_approval", "system_notification"
OUTBOX = 20_000
GRACE_S = 2


class EdgeMachine(RuleBasedStateMachine):
    """Two nodes on one log."""

    hub: ClassVar[type[Hub]] = Hub
    replays: ClassVar[type[Replays]] = Replays

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.stored = FakeLog(partitions=2)
        self.emitted: list[tuple[Place, int, dict[str, Any]]] = []
        self.nodes = [
            FakeNode(self.stored, window_bytes=window, grace_s=GRACE_S, hub=self.hub, replays=self.replays)
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
        for task in (tasks := asyncio.all_tasks() - {asyncio.current_task()}):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def run(self, work: Awaitable[None]) -> None:
        async def whole() -> None:
            await work

        self.loop.run_until_complete(whole())
        for client in self.clients:
            client.consume()

    # -- the world --------------------------------------------------------------------------------

    @rule(
        user=st.sampled_from([1, 2, 3, None]),
        other_type=st.booleans(),
        version=st.integers(1, 3),
        count=st.integers(1, 4),
    )
    def emit(self, user: int | None, other_type: bool, version: int, count: int) -> None:
        """Usages are states of one of two templates, approvals and notices are facts."""
        for index in range(count):
            template = f"t{(version + index) % 2}"
            fields: dict[str, Any] = {"template_id": template, "template_version": version, "name": "n" * 400}
            type_name = NOTICE if user is None else APPROVAL if other_type else USAGE
            record = self.stored.emit(type_name, user, **({} if user is None else fields))
            event: dict[str, Any] = msgspec.json.decode(record.value or b"")
            number = 0 if user is None else partition_for(user_key(user), self.stored.partitions)
            self.emitted.append(((CATALOGUE[type_name].topic, number), record.offset, event))

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
        """Retention takes what both nodes have read, or do not read."""
        places = [each for each in self.stored.records if "templates" in each[0] or "broadcast" in each[0]]
        where = places[place]
        first = self.stored.first[where]
        read = min(positions(node).get(where, self.stored.end(*where)) for node in self.nodes)
        self.stored.retain(*where, first + int((read - first) * part))

    # -- the clients ------------------------------------------------------------------------------

    @initialize()
    def begin(self) -> None:
        """Everybody is connected and has one subscription."""
        for index, client in enumerate(self.clients):
            self.run(self._connect(client, self.nodes[index % 2], 3600, slow=False))
            self.subscribe(index, "a", [USAGE, NOTICE] if index != 2 else [APPROVAL], None, "*", resume="no")

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
        client.seen, client.here, client.newest, client.asked = 0, Counter(), {}, []
        if slow:
            client.peer.room = 3000
        for name, sub in client.subs.items():
            sub.confirmed = False
            sub.held.clear()
            self.ask(client, name, resume=list(sub.cursors.values()))
            if not sub.cursors:  # it was never confirmed: this is its beginning
                sub.owed = client.owed(name)

    def ask(self, client: Client, name: str, **more: Any) -> None:
        sub = client.subs[name]
        assert client.peer is not None
        client.asked.append(sub)
        client.peer.subscribe(name, *sub.types, filters=sub.filters or None, **more)

    @rule(
        who=st.integers(0, 3),
        name=st.sampled_from(["a", "b", "c"]),
        types=st.lists(st.sampled_from([USAGE, APPROVAL, NOTICE]), min_size=1, max_size=3, unique=True),
        least=st.sampled_from([None, 2]),
        watch=st.sampled_from([None, "*", [1, 2], 3]),
        resume=st.sampled_from(["no", "others", "oldest"]),
    )
    def subscribe(
        self, who: int, name: str, types: list[str], least: int | None, watch: Any, resume: str
    ) -> None:
        """A new subscription, from now on, from where others of this client stand, or from its beginning."""
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
        cursors = {"no": [], "others": cursors, "oldest": [*client.oldest.values()]}[resume]
        client.subs[name] = sub

        async def work() -> None:
            resumes = {"resume": cursors} if cursors else {}
            self.ask(client, name, **resumes)
            sub.owed = client.owed_from(cursors) if resumes else client.owed(name)

        self.run(work())

    @rule(who=st.integers(0, 3), name=st.sampled_from(["a", "b", "c"]))
    def unsubscribe(self, who: int, name: str) -> None:
        client = self.clients[who]
        # What it brought could come again by another's replay, if that waits.
        settled = all(sub.confirmed for sub in client.subs.values())
        if client.peer is not None and settled and not client.peer.held and name in client.subs:
            client.end(name)

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

    @invariant()
    def outboxes_are_bounded(self) -> None:
        for client in self.clients:
            if client.peer is not None:
                assert client.peer.outbox.size <= OUTBOX

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
                newer: set[tuple[int, str]] = set()
                for place, offset, event in reversed(self.emitted):
                    if not sub.wants(event):
                        continue
                    state = event.get("userId", 0), event["payload"].get("templateId", "")
                    if event["id"] in sub.received:
                        newer |= {state} if event["type"] == USAGE else set()
                    elif offset >= sub.owed.get(place, math.inf):
                        # Of a state the newest is enough for who could not take all of them.
                        assert event["type"] == USAGE, f"lost: {event['id']} for {name}"
                        assert state in newer, f"lost: {event['id']} for {name}"
        for node in self.nodes:
            assert node.hub.gates == {}
            assert node.replayer.running == 0
            assert {each.prefix: each.demand.count for each in node.log if each.demand.count} == needed(node)

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
                client.consume()

    @invariant()
    def nothing_is_delivered_after_expiry(self) -> None:
        for client in self.clients:
            if client.peer is not None and client.node.now >= client.until:
                assert client.node.sessions.get(client.peer.session.connection_id) is None
