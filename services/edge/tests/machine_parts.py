"""The state machine's model: what a client knows, what it is owed, and what it checks on arrival."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from autodmca_edge.standing import partitions_of
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
        self.here: dict[str, dict[str, Any]] = {}
        """What came on this connection, by its id, but what only an ended subscription wanted."""
        self.newest: dict[tuple[str, str], int] = {}
        """By subscription and prefix, of the events that only that subscription wants."""
        self.until = 0.0
        """When its token expires."""

    def owed(self, name: str) -> dict[Place, int]:
        """From where on, if a new subscription stands at once; else that is known by its answer."""
        assert self.peer is not None
        return positions(self.node) if name in self.peer.session.standing else {}

    def owed_from(self, cursors: Iterable[str]) -> dict[Place, int]:
        """From where on, if a new subscription resumes from `cursors`: they may be ahead of the node."""
        known: dict[Place, int] = {}
        for cursor in cursors:
            partition, offset = self.node.log.locate(cursor)
            place = partition.topic, partition.number
            known[place] = min(known.get(place, offset), offset)
        return {place: max(at, known.get(place, 0)) for place, at in positions(self.node).items()}

    def end(self, name: str) -> None:
        """A subscription is over: what it alone brought may be asked for again, by older cursors."""
        del self.subs[name]
        self.newest.clear()
        self.here = {
            key: event
            for key, event in self.here.items()
            if any(sub.wants(event) for sub in self.subs.values())
        }

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
                assert payload.get("reason", "retention") == "retention"
                for cursor in payload["cursors"]:
                    partition, position = self.node.log.locate(cursor)
                    place = partition.topic, partition.number
                    if place not in sub.owed or not payload["recovered"]:
                        sub.owed[place] = position
                _know(sub, payload["cursors"])
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
        assert event["id"] not in self.here, "twice on one connection"
        assert self.admin or event.get("userId") in {self.user, None}, "another user's"
        self.here[event["id"]] = event
        self.received.add(event["id"])
        wanting = {name: sub for name, sub in self.subs.items() if sub.wants(event)}
        for sub in wanting.values():
            if sub.confirmed:
                _know(sub, [event["cursor"]])
        if len(wanting) == 1:
            prefix, _, offset = event["cursor"].rpartition(":")
            which = next(iter(wanting)), prefix
            assert int(offset) > self.newest.get(which, -1), "out of order"
            self.newest[which] = int(offset)


def _know(sub: Sub, cursors: list[str]) -> None:
    sub.cursors.update({cursor.rpartition(":")[0]: cursor for cursor in cursors})
