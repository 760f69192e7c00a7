"""What operators are shown of a node's connections: who is here, what they want, how far behind they are.

Owns the reckoning of *behind*: from where a connection stands on a partition (its replay's place, else the
node's) to the log's end. Changes nothing, costs only who asks; a list is made piece by piece, over the
connections that were there when it was begun. Never shows a token.
"""

from collections.abc import Callable, Generator, Mapping
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeVar

from autodmca_events import rfc3339

from autodmca_edge.fanout.member import GateState
from autodmca_edge.fanout.subscriptions import EVERYONE, Subscription
from autodmca_edge.log.event_log import Partition
from autodmca_edge.session.ports import Node
from autodmca_edge.session.session import Session

__all__ = ["Lag", "Lags", "detail", "listed"]

IDS_A_TURN: Final = 1000
LAGS_A_TURN: Final = 100  # some microseconds each, and some for each partition

K = TypeVar("K", str, int)

_NOWHERE: Final[Mapping[Partition, GateState]] = {}


class Lag(NamedTuple):
    """How far behind: records that it has not seen, and how old the first of them is, where that is known."""

    records: int
    ms: int | None

    def shown(self) -> dict[str, int | None]:
        return {"records": self.records, "ms": self.ms}


class Lags:
    """How far the connections of a node are behind just now."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._of_node: Mapping[Partition, int] = {each: lag for each, lag in node.lags() if lag}

    def of_node(self, partition: Partition) -> int:
        """Records of it that the node has not read yet."""
        return self._of_node.get(partition, 0)

    def on(self, session: Session, partition: Partition) -> Lag:
        """On one partition."""
        gate = self._gates(session).get(partition)
        place = partition.position if gate is None else min(gate.next, partition.position)
        records = partition.position + self.of_node(partition) - place
        known = partition.oldest <= place < partition.position
        first = next(iter(partition.recent(place)), None) if known else None
        now_ms = int(self._node.wall() * 1000)
        return Lag(records, max(now_ms - first.timestamp, 0) if first is not None else None)

    def of(self, session: Session) -> Lag:
        """Over all its partitions; the time is the longest one."""
        if not self._of_node and session not in self._node.hub.gates:
            return Lag(0, None)
        each_of = [self.on(session, each) for each in partitions_of(session)]
        times = [each.ms for each in each_of if each.ms is not None]
        return Lag(sum(each.records for each in each_of), max(times, default=None))

    def replaying(self, session: Session, partition: Partition) -> bool:
        """Whether live events are held back there until it has caught up."""
        return partition in self._gates(session)

    def _gates(self, session: Session) -> Mapping[Partition, GateState]:
        return self._node.hub.gates.get(session, _NOWHERE)


def partitions_of(session: Session) -> list[Partition]:
    """Where its subscriptions' events are."""
    return list(dict.fromkeys(each for wanted in session.standing for each in wanted.since))


def listed(
    node: Node, *, user: int | None, after: str, limit: int, by_lag: bool
) -> Generator[None, None, dict[str, Any]]:
    """Connections by name, from the one after `after`, or those furthest behind; `next`: there are more."""
    answer: dict[str, Any] = {"node": node.name}
    if by_lag:
        page = yield from _first(node, user, limit, LAGS_A_TURN, lambda: _furthest_first(Lags(node)))
    else:
        page = yield from _first(
            node, user, limit + 1, IDS_A_TURN, lambda: lambda each: each.connection_id, after
        )
        if len(page) > limit:
            answer["next"] = page[limit - 1].connection_id
    shown = []
    for start in range(0, min(len(page), limit), LAGS_A_TURN):
        lags = Lags(node)
        shown += [
            _summary(node, each, lags.of(each)) for each in page[start : min(start + LAGS_A_TURN, limit)]
        ]
        yield
    return {**answer, "connections": shown}


def _furthest_first(lags: Lags) -> Callable[[Session], int]:
    return lambda each: -lags.of(each).records


def _first(
    node: Node,
    user: int | None,
    most: int,
    a_turn: int,
    rank_now: Callable[[], Callable[[Session], K]],
    after: str = "",
) -> Generator[None, None, list[Session]]:
    """The connections that rank first, of those of now; `rank_now` is asked each turn, for ranks change."""
    sessions = list(node.sessions.values())
    best: list[tuple[K, Session]] = []
    for start in range(0, len(sessions), a_turn):
        rank = rank_now()
        best += [
            (rank(each), each)
            for each in sessions[start : start + a_turn]
            if each.connection_id > after
            and (user is None or (each.claims is not None and each.claims.user_id == user))
        ]
        best.sort(key=itemgetter(0))
        del best[most:]
        yield
    return [each for _, each in best if node.sessions.get(each.connection_id) is each]


def _summary(node: Node, session: Session, lag: Lag) -> dict[str, Any]:
    claims, outbox = session.claims, session.outbox
    return {
        "connectionId": session.connection_id,
        "userId": None if claims is None else claims.user_id,
        "state": session.state.value,
        "since": _moment(node, session.deadlines.opened),
        "peer": session.socket.peer,
        "address": session.address,
        "subscriptions": len(session.standing),
        "replays": len(node.replayer.queued(session)),
        "outboxBytes": outbox.size + outbox.spilled,
        "behind": lag.shown(),
    }


def detail(node: Node, session: Session) -> dict[str, Any]:
    """All of one connection."""
    lags, claims = Lags(node), session.claims
    stalled = session.deadlines.stalled
    return {
        "node": node.name,
        **_summary(node, session, lags.of(session)),
        "roles": [] if claims is None else sorted(claims.roles),
        "expiresAt": None if claims is None else rfc3339(claims.expires_at * 1000),
        "lastHeard": _moment(node, session.deadlines.heard),
        "stalledSince": None if stalled is None else _moment(node, stalled),
        "waitingForReplay": sorted(node.replayer.queued(session)),
        "subscribed": [_subscription(each) for each in session.standing],
        "partitions": [_partition(lags, session, each) for each in partitions_of(session)],
    }


def _subscription(wanted: Subscription) -> dict[str, Any]:
    users = ["*" if key == EVERYONE else int(key) for key in wanted.keys]
    return {
        "subscriptionId": wanted.name,
        "types": wanted.types,
        "filters": wanted.asked,
        "limits": list(wanted.limits),
        "users": users,
    }


def _partition(lags: Lags, session: Session, partition: Partition) -> dict[str, Any]:
    lag = lags.on(session, partition)
    end = partition.position + lags.of_node(partition)
    return {
        "topic": partition.topic,
        "partition": partition.number,
        "cursor": partition.cursor_at(end - lag.records - 1),
        "next": end - lag.records,
        "end": end,
        "behind": lag.shown(),
        "replaying": lags.replaying(session, partition),
    }


def _moment(node: Node, steady: float) -> str:
    """When that was, by the wall clock as it is now."""
    return rfc3339(int((node.wall() - node.clock() + steady) * 1000))
