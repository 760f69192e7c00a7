"""What goes wrong, and in which order: the seed decides.

Owns the faults, one at a time, each mended before the next, though not waited for: who was hit may still be
on its way back. Never judges. Fails when something cannot be started again.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from tests.brokers import Broker
from tests.e2e.chaos.balancer import Balancer
from tests.e2e.chaos.edges import EdgeProcess


class Stops(msgspec.Struct, frozen=True, kw_only=True):
    """How long things stay broken, and how long they are left in peace after, seconds."""

    frozen_s: float = 20.0
    """Of an edge and of the broker."""
    down_s: float = 5.0
    """At most: between a death and the next start."""
    silent_s: float = 75.0
    """Of connections that go silent, until they are reset: the protocol's clients wait 60."""
    peace_s: float = 5.0
    """At most."""
    drain_s: float = 3.0


CUT: Final = 0.4
SILENT: Final = 0.2


class Faults:
    """`say` is told what happens."""

    def __init__(
        self,
        edges: Sequence[EdgeProcess],
        broker: Broker,
        balancer: Balancer,
        stops: Stops,
        rng: random.Random,
        say: Callable[[str], None],
    ) -> None:
        self.done: Counter[str] = Counter()
        self._edges = edges
        self._broker = broker
        self._balancer = balancer
        self._stops = stops
        self._rng = rng
        self._say = say
        self._all: dict[str, Callable[[], Awaitable[None]]] = {
            "edges killed in turn": self._kill_edges,
            "rolling restart": self._roll,
            "broker killed": self._kill_broker,
            "edge frozen": self._freeze_edge,
            "broker frozen": self._freeze_broker,
            "connections cut": self._cut,
            "connections silent": self._silence,
            "edge killed without a broker": self._kill_edge_without_broker,
        }

    async def run(self, seconds: float) -> None:
        """Each fault once, in a random order, and so on until the time is over."""
        ends = time.monotonic() + seconds
        async with asyncio.TaskGroup() as self._tasks:
            while True:
                for name in self._rng.sample(list(self._all), len(self._all)):
                    await asyncio.sleep(self._rng.uniform(0, self._stops.peace_s))
                    self._say(name)
                    await self._all[name]()
                    self.done[name] += 1
                if time.monotonic() >= ends:
                    break

    def _shuffled(self) -> list[EdgeProcess]:
        return self._rng.sample(list(self._edges), len(self._edges))

    async def _down(self) -> None:
        await asyncio.sleep(self._rng.uniform(0, self._stops.down_s))

    async def _kill_edges(self) -> None:
        for edge in self._shuffled():
            self._say(f"{edge.name} killed")
            await _in_thread(edge.kill)
            await self._down()
            await _in_thread(edge.start)

    async def _roll(self) -> None:
        for edge in self._shuffled():
            self._say(f"{edge.name} told to stop")
            await _in_thread(edge.close)
            await _in_thread(edge.start)

    async def _kill_broker(self) -> None:
        await _in_thread(self._broker.kill)
        await self._down()
        self._say("broker started")
        await _in_thread(self._broker.start)
        self._say("broker listens")
        await self._all_ready()

    async def _freeze_edge(self) -> None:
        edge = self._rng.choice(self._edges)
        self._say(f"{edge.name} frozen")
        await _in_thread(edge.stop)
        await asyncio.sleep(self._stops.frozen_s)
        edge.cont()
        await _in_thread(edge.until_ready)

    async def _freeze_broker(self) -> None:
        await _in_thread(self._broker.stop)
        await asyncio.sleep(self._stops.frozen_s)
        await _in_thread(self._broker.cont)
        await self._all_ready()

    async def _kill_edge_without_broker(self) -> None:
        edge = self._rng.choice(self._edges)
        await _in_thread(self._broker.stop)
        self._say(f"{edge.name} killed while the broker is frozen")
        await _in_thread(edge.kill)
        starting = asyncio.create_task(_in_thread(edge.start))
        try:
            await self._down()
        finally:
            self._broker.cont()
            await starting
        await self._all_ready()

    async def _cut(self) -> None:
        self._say(f"{self._balancer.cut(CUT, self._rng)} connections reset")

    async def _silence(self) -> None:
        frozen = self._balancer.freeze(SILENT, self._rng)
        self._say(f"{len(frozen)} connections silent")

        async def reset() -> None:
            await asyncio.sleep(self._stops.silent_s)
            self._say(f"{self._balancer.give_up(frozen)} silent connections reset")

        self._tasks.create_task(reset())

    async def _all_ready(self) -> None:
        for edge in self._edges:
            await _in_thread(edge.until_ready)


async def _in_thread(call: Callable[[], None]) -> None:
    """Call what blocks. Cancelled, it waits for the end: nothing may be started behind our back."""
    running = asyncio.ensure_future(asyncio.to_thread(call))
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        raise
