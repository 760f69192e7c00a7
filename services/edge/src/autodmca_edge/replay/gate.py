"""What a replay still owes its connection, partition by partition.

Owns a replay's choice of events: each event that its subscription wants, in order, once, whatever other
subscriptions of the same connection have brought; and what all of these want of the live events that a gate
holds back meanwhile. A connection has at most one closed gate on a partition,
whichever of its replays the gate is for: with two, the connection would be handed twice what they hold back.
Synchronous, no I/O.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from autodmca_edge.fanout.member import GateState, Member
from autodmca_edge.fanout.subscriptions import Subscription
from autodmca_edge.log.partition import Partition
from autodmca_edge.protocol import SubscriptionConfig
from autodmca_edge.replay.client import Client, Reply

__all__ = ["Gate", "Gates", "Replay"]


class Replay:
    """One subscription's way back to the present.

    Without one (`wanted` is None) it is the way of a connection that was too slow for live events: nobody has
    asked for it (`config`), nobody hears of it (`reply`).
    """

    __slots__ = (
        "asked", "begun", "client", "config", "count", "dropped", "gates", "held", "reason", "reply",
        "starts", "told", "unread_since", "wanted",
    )  # fmt: skip

    def __init__(
        self,
        client: Client,
        wanted: Subscription | None = None,
        config: SubscriptionConfig | None = None,
        reply: Reply | None = None,
    ) -> None:
        self.client = client
        self.asked: dict[Partition, int] = {}
        """Where each partition stood when the client asked: there it begins where no cursor says more."""
        self.held: dict[Partition, None] = {}
        """What this node reads for it."""
        self.starts: dict[Partition, int] = {}
        """Where it begins on each partition, when that is known."""
        self.told = False
        """Whether the reply was told that the log cannot be read."""
        self.unread_since: float | None = None
        self.begun = wanted is None
        """Whether it is known what is to be replayed."""
        self.wanted = wanted
        self.config = config
        self.reply = reply
        self.count = 0
        """Events from before live ones began."""
        self.gates: dict[Partition, Gate] = {}
        self.reason: str | None = None
        self.dropped = False
        """The subscription has been replaced or has ended before the replay did."""

    @property
    def name(self) -> str | None:
        """Of the subscription."""
        return None if self.wanted is None else self.wanted.name

    @property
    def looks_back(self) -> bool:
        """Whether its subscription asks for what came before it."""
        return self.config is not None and self.config.looks_back

    def tell_unreadable(self) -> None:
        """Reply, once, that the log cannot be read now, and that this node goes on trying."""
        if not self.told and not self.dropped and self.reply is not None:
            self.told = True
            self.reply.waiting(0, "log")

    def hold(self, partitions: Iterable[Partition]) -> None:
        """Have these read until `release`."""
        for each in partitions:
            if each not in self.held:
                self.held[each] = None
                each.demand.need()

    def release(self) -> None:
        """It has ended."""
        for each in self.held:
            each.demand.release()
        self.held = {}

    def drop(self) -> None:
        """Give it up: only the live events that its gates hold back are still to come."""
        self.dropped = True
        for gate in self.gates.values():
            gate.abandon()


class Gate:
    """A replay on one partition: from `next` on it has not looked yet, at `joined` live events began.

    `start`, where the subscription begins, is after `joined` when the client was on a node further on.
    `slow`: the connection could not take live events, so of its states the newest do.
    """

    __slots__ = ("joined", "next", "partition", "replay", "slow", "start", "unread_since")

    def __init__(
        self, replay: Replay, partition: Partition, start: int, joined: int, *, slow: bool = False
    ) -> None:
        self.replay = replay
        self.partition = partition
        self.start = start
        self.joined = joined
        self.next = min(start, joined)
        self.slow = slow
        self.unread_since: float | None = None

    def abandon(self) -> None:
        """Go on with the live events, without what came before and has not been handed out yet."""
        if self.next < self.joined:
            wanted = self.replay.client.standing.get(self.replay.name)
            if wanted is not None:
                wanted.gaps = {**wanted.gaps, self.partition: range(self.next, self.joined)}
            self.next = self.joined

    def chooses(self, key: bytes | None, bit: int, offset: int, payload: Callable[[], Any]) -> bool:
        """Whether the member is to get this event now."""
        partition, standing = self.partition, self.replay.client.standing
        if offset >= self.joined:
            return any(
                each.since.get(partition, 0) <= offset and self._wants(each, key, bit, payload)
                for each in standing
            )
        wanted = standing.get(self.replay.name)
        return wanted is not None and self._wants(wanted, key, bit, payload)

    def _wants(self, wanted: Subscription, key: bytes | None, bit: int, payload: Callable[[], Any]) -> bool:
        if not wanted.mask & bit or not (self.partition.everybody or wanted.concerns(key)):
            return False
        return wanted.filter is None or wanted.wants(bit, payload())


class Gates:
    """The closed gates of a node, by connection and partition. `hub`: where the hub looks them up."""

    def __init__(self, hub: dict[Member, Mapping[Partition, GateState]]) -> None:
        self._hub = hub
        self._of: dict[Client, dict[Partition, Gate]] = {}

    def of(self, client: Client) -> Mapping[Partition, Gate]:
        """Those of a connection."""
        return self._of.get(client, {})

    def close(self, gate: Gate) -> Replay | None:
        """Leave the connection out there, until `open`. The replay whose gate this one takes the place of, if
        that was its last."""
        replay, partition = gate.replay, gate.partition
        closed = self._of.setdefault(replay.client, {})
        former = closed.get(partition)
        if former is not None:
            del former.replay.gates[partition]
        closed[partition] = replay.gates[partition] = gate
        self._hub[replay.client] = closed
        return former.replay if former is not None and not former.replay.gates else None

    def open(self, gate: Gate) -> None:
        """Leave it out no more."""
        client = gate.replay.client
        del gate.replay.gates[gate.partition], self._of[client][gate.partition]
        if not self._of[client]:
            self.forget(client)

    def forget(self, client: Client) -> None:
        """Nobody's any more."""
        self._of.pop(client, None)
        self._hub.pop(client, None)
