"""The whole edge as a state machine, and proof that the machine sees an edge that is broken."""

import asyncio
import contextlib
from typing import Any

import pytest
from autodmca_edge.fanout.hub import Hub
from autodmca_edge.fanout.registry import partitions_of
from autodmca_edge.log.errors import Unreachable
from autodmca_edge.log.event_log import Partition
from autodmca_edge.replay import handout
from autodmca_edge.replay.gate import Gate
from autodmca_edge.replay.replays import Replays
from autodmca_edge.replay.resume import ResumePoints
from autodmca_edge.session.deadlines import Deadlines, Due
from autodmca_edge.wire.outbox import Outbox
from hypothesis import seed

from services.edge.tests.machine import EdgeMachine
from services.edge.tests.machine_runs import caught, run
from tests.seeds import MACHINE_EXAMPLES, MACHINE_SEED


def test_an_edge_loses_doubles_and_mixes_up_nothing() -> None:
    class Whole(EdgeMachine):
        pass

    run(seed(MACHINE_SEED)(Whole), max_examples=MACHINE_EXAMPLES)


class _OpensLate(Replays):
    """The gate opens a moment after the replay has caught up: a poll may come between."""

    def open(self, partition: Partition, gate: Any) -> None:
        async def later() -> None:
            await asyncio.sleep(0)
            if gate.replay.gates.get(partition) is gate:
                super(_OpensLate, self).open(partition, gate)

        self._spawn(later())


class _IgnoresJoined(Replays):
    """The replay never sees live events begin: they are only its own subscription's."""

    def _wait(self, partition: Partition, gates: Any) -> None:
        for gate in gates:
            gate.joined = 1 << 60
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


class _DoesNotWait(ResumePoints):
    """A replay begins before the node reads what it needs."""

    async def _follow(self, replay: Any) -> None:
        where = partitions_of(self._log, replay.wanted)
        replay.asked = {each: each.position for each in where}
        with contextlib.suppress(TimeoutError, Unreachable):
            async with asyncio.timeout(0):
                await self._reader.follow([each for each in where if not each.followed])


class _StandsEarly(Replays):
    """A subscription stands on a partition before it is read."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._lookups._points = _DoesNotWait(arguments[0], arguments[1], more["pause"], patience_s=300)


class _LetsGo(Replays):
    """A replay does not hold what it needs: it may be dropped before the subscription stands."""

    def begin(self, client: Any, wanted: Any, config: Any, reply: Any) -> None:
        super().begin(client, wanted, config, reply)
        for replay in self._all_of(client):
            self._spawn(_let_go(replay))


async def _let_go(replay: Any) -> None:
    replay.release()


BROKEN = [
    _OpensLate,
    _IgnoresJoined,
    _StartsLate,
    _IgnoresGates,
    _StandsEarly,
    _LetsGo,
]


@pytest.mark.parametrize("broken", BROKEN)
def test_the_machine_catches_a_broken_edge(broken: type[Any]) -> None:
    class Broken(EdgeMachine):
        hub = broken if issubclass(broken, Hub) else Hub
        replays = broken if issubclass(broken, Replays) else Replays

    caught(Broken)


def _foreign(hub: Hub, partition: Any, records: Any, poll: Any) -> None:
    """Everybody gets what is for one."""
    for user in [key for key in hub._users if key is not None]:
        copies = [record._replace(key=user) for record in records]
        _TO_USERS(hub, partition, copies, poll)


def _backwards(hub: Hub, partition: Any, records: Any, poll: Any) -> None:
    _TO_USERS(hub, partition, records[::-1], poll)


def _lasting(deadlines: Deadlines, now: float, wall: float) -> Due | None:
    due = _DUE(deadlines, now, wall)
    return None if due is Due.EXPIRED else due


def _endless(outbox: Outbox, wire: Any, handle: int, spill: Any, _limit: int) -> None:
    _MADE(outbox, wire, handle, spill, 1 << 40)


def _withholding(gate: Gate, key: Any, bit: int, offset: int, payload: Any) -> bool:
    others = [each for each in gate.replay.client.standing if each.name != gate.replay.name]
    had = any(
        each.since.get(gate.partition, 0) <= offset and gate._wants(each, key, bit, payload)
        for each in others
    )
    return _CHOOSES(gate, key, bit, offset, payload) and not (offset < gate.joined and had)


_CHOOSES = Gate.chooses
_MADE = Outbox.__init__
_TO_USERS, _DUE = Hub._to_users, Deadlines.due

BREAKS = {
    "events of another user": (Hub, "_to_users", _foreign),
    "a replay without what another subscription has brought": (Gate, "chooses", _withholding),
    "events in another order": (Hub, "_to_users", _backwards),
    "a token that never expires": (Deadlines, "due", _lasting),
    "an outbox without a bound": (Outbox, "__init__", _endless),
    "facts conflated like states": (handout, "entity_of", lambda bit, key, _payload: (bit, key)),
}


@pytest.mark.parametrize("what", BREAKS)
def test_the_machine_catches(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(EdgeMachine):
        pass

    monkeypatch.setattr(*BREAKS[what])
    caught(Broken)
