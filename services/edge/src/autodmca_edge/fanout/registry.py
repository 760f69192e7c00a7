"""The standing subscriptions of one connection.

Owns their names, their registration with the hub, where in the log their events are, and that this node
reads there as long as they stand. Synchronous.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from autodmca_edge.fanout.hub import Hub
from autodmca_edge.fanout.member import GateState, Member
from autodmca_edge.fanout.subscriptions import (
    EVERYONE,
    Identity,
    Interest,
    Subscription,
    interests_of,
    narrowed,
    topics_of,
)
from autodmca_edge.log.event_log import EventLog, Partition

__all__ = ["Registry", "partitions_of", "unknown_topics"]


class Registry:
    """Subscriptions by name; after a change `register` tells the hub."""

    __slots__ = ("_by_name", "_counted", "_keys")

    def __init__(self) -> None:
        self._by_name: dict[str, Subscription] = {}
        self._keys: tuple[bytes, ...] = ()
        self._counted = 0

    def __iter__(self) -> Iterator[Subscription]:
        return iter(self._by_name.values())

    def __len__(self) -> int:
        return len(self._by_name)

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def get(self, name: str | None) -> Subscription | None:
        """The subscription of that name, as it stands now."""
        return None if name is None else self._by_name.get(name)

    def names(self) -> set[str]:
        """What they are called."""
        return set(self._by_name)

    def put(
        self,
        event_log: EventLog,
        wanted: Subscription,
        starts: Mapping[Partition, int],
        gates: Mapping[Partition, GateState],
    ) -> None:
        """Add a subscription from `starts`, where not given from now on, in place of one of that name.

        Live events that a gate holds back belong to the one that is replaced, so they are the new one's.
        """
        former = self._by_name.get(wanted.name)
        since = {}
        for each in partitions_of(event_log, wanted):
            since[each] = starts.get(each, each.position)
            if former is not None and each in gates and each not in starts:
                since[each] = max(gates[each].joined, former.since.get(each, 0))
        for each in since:
            each.demand.need()
        if former is not None:
            _release(former)
        wanted.since = since
        self._by_name[wanted.name] = wanted

    def stand(
        self,
        hub: Hub,
        event_log: EventLog,
        member: Member,
        wanted: Subscription,
        starts: Mapping[Partition, int],
    ) -> None:
        """Let a subscription of `member` take part in live delivery, from now on or from `starts` on."""
        self.put(event_log, wanted, starts, hub.gates.get(member, {}))
        self.register(hub, member)

    def remove(self, name: str) -> bool:
        """Whether there was one."""
        gone = self._by_name.pop(name, None)
        if gone is not None:
            _release(gone)
        return gone is not None

    def narrow(self, identity: Identity) -> list[str]:
        """Hold every subscription within a newer token's limits; the names of those that had to go."""
        gone = []
        for name, standing in list(self._by_name.items()):
            fresh = narrowed(standing, identity)
            if fresh is None:
                gone.append(name)
                self.remove(name)
            else:
                self._by_name[name] = fresh
        return gone

    def register(self, hub: Hub, member: Member) -> None:
        """Let the hub know what `member` wants now."""
        self._count(hub)
        if self._keys:
            hub.leave(member, self._keys)
            self._keys = ()
        if self._by_name:
            interests = interests_of(member, self)
            self._keys = tuple(interests)
            only = next(iter(interests.values())) if len(interests) == 1 else None
            hub.join(member, interests, only or Interest(member, self))

    def leave(self, hub: Hub, member: Member) -> None:
        """Forget all."""
        hub.leave(member, self._keys)
        for each in self._by_name.values():
            _release(each)
        self._by_name, self._keys = {}, ()
        self._count(hub)

    def _count(self, hub: Hub) -> None:
        count = len(self._by_name)
        hub.subscriptions += count - self._counted
        self._counted = count

    def cursors(
        self, event_log: EventLog, gates: Mapping[Partition, GateState], wanted: Iterable[Subscription] = ()
    ) -> list[str]:
        """Up to where the connection has everything, on each partition of `wanted`, or of all."""
        each_of = wanted or self._by_name.values()
        found = dict.fromkeys(each for one in each_of for each in partitions_of(event_log, one))
        return [each.cursor_at(gates[each].next - 1) if each in gates else each.cursor() for each in found]


def partitions_of(event_log: EventLog, wanted: Subscription) -> Sequence[Partition]:
    """Where the events of a subscription are."""
    topics = topics_of(wanted.mask)
    if len(wanted.keys) == 1 and EVERYONE not in wanted.keys:
        return event_log.of_user(wanted.keys[0], topics)
    if EVERYONE in wanted.keys:
        return [each for each in event_log if each.topic in topics]
    found: Iterable[Partition] = (each for key in wanted.keys for each in event_log.of_user(key, topics))
    return list(dict.fromkeys(found))


def unknown_topics(event_log: EventLog, wanted: Subscription) -> list[str]:
    """Where events of a subscription are as well, when more is known of these topics."""
    return [topic for topic in topics_of(wanted.mask) if not event_log.count(topic)]


def _release(gone: Subscription) -> None:
    for each in gone.since:
        each.demand.release()
