"""The state machine's model: what a client knows, what it is owed, and what it checks on arrival."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from autodmca_edge.fanout.registry import partitions_of
from autodmca_edge.testing import FakeNode, FakePeer

Place = tuple[str, int]


def positions(node: FakeNode) -> dict[Place, int]:
    """Up to where a node has handed out each partition that it reads."""
    return {(each.topic, each.number): each.position for each in node.log if each.followed}


def needed(node: FakeNode) -> Counter[str]:
    """How many need each partition: what is for everybody always, all else for subscriptions that stand."""
    needed = [each for each in node.log if each.everybody]
    for session in node.sessions.values():
        for standing in session.standing:
            needed += partitions_of(node.log, standing)
    assert all(each.followed for each in needed), "a subscription stands on what is not read"
    return Counter(each.prefix for each in needed)


class Sub:
    """A subscription as its client and the model see it."""

    def __init__(self, types: list[str], filters: dict[str, Any], users: set[int] | None) -> None:
        self.types = types
        self.filters = filters
        self.users = users
        """Whose events; None: everybody's."""
        self.owed: dict[Place, int] = {}
        """From which offsets on; where its node was not ready for it, only once it is answered."""
        self.cursors: dict[str, str] = {}
        self.confirmed = False
        self.received: set[str] = set()
        self.held: set[str] = set()
        """What has come before its answer, maybe for another's sake: the next connection brings it again."""

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
        self.oldest: dict[str, str] = {}
        """The first cursors that it was ever told."""
        self.peer: FakePeer | None = None
        self.node: FakeNode
        self.seen = 0
        self.here: Counter[str] = Counter()
        """What came on this connection, by its id."""
        self.asked: list[Sub] = []
        """Whoever was subscribed on this connection, also what has ended."""
        self.newest: dict[tuple[str, str], int] = {}
        """By subscription and prefix, of the events that only that subscription wants."""
        self.until = 0.0
        """When its token expires."""

    def owed(self, name: str) -> dict[Place, int]:
        """From where on, if a new subscription stands at once; else that is known by its answer."""
        assert self.peer is not None
        return positions(self.node) if name in self.peer.session.standing else {}

    def owed_from(self, cursors: Iterable[str]) -> dict[Place, int]:
        """From where on, if a new subscription resumes from `cursors`, whatever others have been given."""
        newest: dict[Place, int] = {}
        for cursor in cursors:
            partition, offset, _ = self.node.log.locate(cursor)
            place = partition.topic, partition.number
            newest[place] = max(newest.get(place, offset), offset)
        return positions(self.node) | newest

    def end(self, name: str) -> None:
        """A subscription is over: what it alone brought may be asked for again, by older cursors."""
        del self.subs[name]
        self.newest.clear()

    def consume(self) -> None:
        """What has come since."""
        peer = self.peer
        if peer is None:
            return
        new, self.seen = peer.received[self.seen :], len(peer.received)
        for message in new:
            payload = message.get("payload", {})
            if "cursor" in message:
                self._take(message)
            elif payload.get("action") == "subscribed":
                sub = self.subs.get(payload["subscriptionId"])
                if sub is None:
                    continue
                sub.confirmed = True
                sub.received |= sub.held
                sub.held.clear()
                assert payload.get("reason", "retention") == "retention"
                for cursor in payload["cursors"]:
                    partition, position, _ = self.node.log.locate(cursor)
                    place = partition.topic, partition.number
                    if not payload["recovered"]:
                        # "Live events flow from now": what it says may be another's, which is still behind.
                        standing = peer.session.standing.get(payload["subscriptionId"])
                        began = 0 if standing is None else standing.since.get(partition, 0)
                        position = max(position, min(began, partition.position))
                    if place not in sub.owed or not payload["recovered"]:
                        sub.owed[place] = position
                _know(sub, payload["cursors"])
                for cursor in payload["cursors"]:
                    self.oldest.setdefault(cursor.rpartition(":")[0], cursor)
            elif message.get("type") == "heartbeat":
                for sub in self.subs.values():
                    if sub.confirmed:
                        _know(sub, payload["cursors"])
            elif message.get("type") == "error":
                assert payload["code"] in {"token_expired", "not_ready"}, payload
        if peer.closed is not None:
            assert peer.closed in {4401, 4410, 4408}
            self.peer = None

    def _take(self, event: dict[str, Any]) -> None:
        peer = self.peer
        assert peer is not None
        self.here[event["id"]] += 1
        at_most = sum(sub.wants(event) for sub in self.asked)
        assert self.here[event["id"]] <= at_most, "more often than it was asked for"
        assert self.admin or event.get("userId") in {self.user, None}, "another user's"
        wanting = {name: sub for name, sub in self.subs.items() if sub.wants(event)}
        for sub in wanting.values():
            if sub.confirmed:
                _know(sub, [event["cursor"]])
            (sub.received if sub.confirmed or len(wanting) == 1 else sub.held).add(event["id"])
        if len(wanting) == 1:
            prefix, _, offset = event["cursor"].rpartition(":")
            which = next(iter(wanting)), prefix
            assert int(offset) > self.newest.get(which, -1), "out of order"
            self.newest[which] = int(offset)


def _know(sub: Sub, cursors: list[str]) -> None:
    sub.cursors.update({cursor.rpartition(":")[0]: cursor for cursor in cursors})
