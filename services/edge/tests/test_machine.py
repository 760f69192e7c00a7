"""The whole edge as a state machine, and proof that the machine sees an edge that is broken."""

import asyncio
import contextlib
from typing import Any

import pytest
from autodmca_edge import gates
from autodmca_edge.deadlines import Deadlines, Due
from autodmca_edge.hub import Hub
from autodmca_edge.log import Partition
from autodmca_edge.outbox import Outbox
from autodmca_edge.replay import Replays
from autodmca_edge.standing import partitions_of
from autodmca_edge.starts import Starts, Unreachable
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


class _DoesNotWait(Starts):
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
        self._starts = _DoesNotWait(arguments[0], arguments[1], more["pause"], patience_s=300)


class _LetsGo(Replays):
    """A replay does not hold what it needs: it may be dropped before the subscription stands."""

    async def _start(self, replay: Any) -> None:
        async def let_go() -> None:
            replay.release()

        self._spawn(let_go())
        await super()._start(replay)


BROKEN = [
    _OpensLate,
    _IgnoresJoined,
    _ForgetsOthers,
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


def _lasting(deadlines: Deadlines, now: float) -> Due | None:
    due = _DUE(deadlines, now)
    return None if due is Due.EXPIRED else due


def _endless(outbox: Outbox, wire: Any, handle: int, spill: Any, _limit: int) -> None:
    _MADE(outbox, wire, handle, spill, 1 << 40)


_MADE = Outbox.__init__
_TO_USERS, _DUE = Hub._to_users, Deadlines.due

BREAKS = {
    "events of another user": (Hub, "_to_users", _foreign),
    "events in another order": (Hub, "_to_users", _backwards),
    "a token that never expires": (Deadlines, "due", _lasting),
    "an outbox without a bound": (Outbox, "__init__", _endless),
    "facts conflated like states": (gates, "entity_of", lambda bit, record, _payload: (bit, record.key)),
}


@pytest.mark.parametrize("what", BREAKS)
def test_the_machine_catches(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(EdgeMachine):
        pass

    monkeypatch.setattr(*BREAKS[what])
    caught(Broken)
