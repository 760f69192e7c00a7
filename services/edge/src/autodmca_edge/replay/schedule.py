"""When each replay begins whose beginning in the log is known.

Owns the order: replays of a connection begin in the order in which they came; but one that waits, for another
of its connection or for a slot to read the log (slots.py), holds up none that need not wait. One replay of a
connection at a time has a slot; while the log cannot be read for that one, another uses the slot. Never reads
or hands out anything.
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterator
from itertools import chain
from typing import Any, Protocol

from autodmca_edge.replay.client import Client
from autodmca_edge.replay.gate import Gate, Replay
from autodmca_edge.replay.slots import Slots

__all__ = ["Schedule"]


class Host(Protocol):
    """Who does what the replays are for; see replay/replays.py."""

    def in_the_way(self, replay: Replay) -> Collection[Gate]: ...
    def of_log(self, replay: Replay) -> bool: ...
    def stand(self, replay: Replay) -> None: ...


class Schedule:
    """All of a node. `spawn` runs a coroutine in its task group."""

    def __init__(
        self, host: Host, slots: Slots, spawn: Callable[[Coroutine[Any, Any, None]], object]
    ) -> None:
        self._host = host
        self._slots = slots
        self._spawn = spawn
        self._looking: set[Client] = set()
        self._of: dict[Client, dict[Replay, None]] = {}
        self._reading: set[Replay] = set()  # those that have a slot, have lent theirs, or wait for one

    @property
    def running(self) -> int:
        """The replays that have begun, or have asked for a slot."""
        return sum(each.begun or each in self._reading for each in self._every())

    @property
    def waiting(self) -> int:
        """The other replays, which an earlier one of their connection holds up."""
        return sum(not each.begun and each not in self._reading for each in self._every())

    def _every(self) -> Iterator[Replay]:
        return chain.from_iterable(self._of.values())

    def of(self, client: Client) -> list[Replay]:
        """Those of a connection."""
        return [*self._of.get(client, ())]

    def add(self, replay: Replay) -> None:
        """From now on, until it ends."""
        self._of.setdefault(replay.client, {})[replay] = None
        if self._ready(replay):
            self._go_on(replay)

    def look_again(self, client: Client) -> None:
        """What held up replays of the connection may do so no longer."""
        if client not in self._looking and any(map(self._ready, self.of(client))):
            self._looking.add(client)
            self._spawn(self._look(client))

    async def _look(self, client: Client) -> None:
        self._looking.discard(client)
        for replay in self.of(client):
            if replay in self._of.get(client, ()) and self._ready(replay):
                self._go_on(replay)
                await asyncio.sleep(0)  # other connections have their turn between

    def _ready(self, replay: Replay) -> bool:
        """Whether it can begin now, or ask for a slot."""
        if replay.begun or replay.dropped or self._host.in_the_way(replay):
            return False
        return self._may_begin(replay) or self._may_ask(replay)

    def _may_begin(self, replay: Replay) -> bool:
        return self._slots.has(replay) or not self._host.of_log(replay)

    def _may_ask(self, replay: Replay) -> bool:
        reading = [each for each in self._of[replay.client] if each in self._reading]
        return replay not in reading and all(map(self._is_idle, reading))

    def _is_idle(self, replay: Replay) -> bool:
        """Whether it cannot use its slot now."""
        if not replay.begun:
            return self._slots.has(replay)
        return any(gate.unread_since is not None for gate in replay.gates.values())

    def _go_on(self, replay: Replay) -> None:
        if self._may_begin(replay):
            replay.begun = True
            self._host.stand(replay)
        else:
            self._spawn(self._come(replay))

    async def _come(self, replay: Replay) -> None:
        """Wait until it has a slot, perhaps after other connections' replays, or is given up."""
        if not self._ready(replay):
            return
        for each in self._of[replay.client]:
            if each in self._reading:
                self._slots.hand_over(each, replay)
        self._reading.add(replay)
        if not self._slots.has(replay):
            ahead = self._slots.ask(replay)
            if ahead is not None:
                assert replay.reply is not None
                replay.reply.waiting(ahead)
                await self._slots.come(replay)
        if self._ready(replay):
            self._go_on(replay)

    def end(self, replay: Replay) -> None:
        """The replay has ended. The slot that it used in place of another replay is that one's again."""
        queue = self._of.get(replay.client, {})
        if replay not in queue:
            return
        del queue[replay]
        self._reading.discard(replay)
        for each in queue:
            if each in self._reading:
                self._slots.hand_over(replay, each)
        self._slots.leave(replay)
        replay.release()
        if not queue:
            del self._of[replay.client]
        self.look_again(replay.client)

    def forget(self, client: Client) -> None:
        """The connection has ended. The caller gives back the slots of its replays."""
        self._reading.difference_update(self._of.pop(client, ()))
