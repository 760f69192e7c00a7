"""What nodes ask of each other: any node takes a request about a connection, the one that holds it obeys.

Owns the asks of this node that wait for an answer (bounded in number and time, counted by outcome), and
answering those of others; control/commands.py does what is asked. A connection that is here is served without
the log. Knows no Kafka: it is given the records of `edge-control` in their order, those of this node among
them, perhaps twice. A record that makes no sense, or is under another's key, is counted and skipped.
"""

import asyncio
from collections import Counter, OrderedDict
from typing import Any, Final, Protocol

import structlog
from autodmca_events import new_id
from autodmca_events.topics import EDGE_CONTROL
from autodmca_kafka.errors import FatalError, RecoverableError
from autodmca_runtime import Claims
from autodmca_service.control.records import ControlRecord, Misplaced, Revoke, Unknown, encode, is_revocation
from autodmca_service.control.revocations import Revocations

from autodmca_edge.control.commands import Cutoffs, obey
from autodmca_edge.control.messages import (
    Answer,
    Ask,
    DisconnectUser,
    Held,
    SubscribeAsk,
    UnsubscribeAsk,
    UserAsk,
    answer_to,
    decode,
)
from autodmca_edge.control.quota import AskQuota
from autodmca_edge.control.walks import Walks
from autodmca_edge.log.event_log import Record
from autodmca_edge.protocol import Refusal, SubscriptionConfig
from autodmca_edge.session.identifiers import ConnectionId
from autodmca_edge.session.ports import Node
from autodmca_edge.session.replies import Outcome

__all__ = ["Control", "ControlLog", "NobodyHolds"]

MOST_ANSWERING: Final = 1000  # answers to users that the log has not acknowledged, and to operators
MOST_REMEMBERED: Final = 10_000  # asks obeyed: a record may come twice
HELD_S: Final = 30.0  # for a replay, once a node has said that it holds the connection
GRACE_MS: Final = 30_000  # two nodes' clocks differ

_WHY_NOT: Final = {
    "log_away": "the log does not take it now",
    "late": "the subscription has not caught up in time",
}

log = structlog.get_logger()


class ControlLog(Protocol):
    """Where records go; see autodmca_kafka.EventProducer."""

    async def send_record(self, topic: str, *, key: bytes, value: bytes, headers: Any) -> object: ...


class NobodyHolds(Exception):
    """No node has said in time that it is the one."""


class _Pending:
    """An ask of this node that has no answer yet."""

    __slots__ = ("_deadline", "is_held", "outcome")

    def __init__(self, deadline: asyncio.Timeout) -> None:
        self._deadline = deadline
        self.is_held = False
        self.outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    def held(self) -> None:
        """A node is at work on it."""
        self.is_held = True
        if not self._deadline.expired():
            self._deadline.reschedule(asyncio.get_running_loop().time() + HELD_S)

    def done(self, outcome: Outcome) -> None:
        if not self.outcome.done():
            self.outcome.set_result(outcome)


class Control:
    """One node's part. `patience_s`: how long the node that holds a connection may take to say so."""

    def __init__(
        self, node: Node, write_to: ControlLog, revocations: Revocations, *, patience_s: float
    ) -> None:
        self._node = node
        self.revocations = revocations
        self._write_to = write_to
        self._patience_s = patience_s
        self._waiting: dict[str, _Pending] = {}
        self._obeyed: OrderedDict[str, None] = OrderedDict()
        self._answering: Counter[bool] = Counter()  # whether they are a user's
        self._walks = Walks(node.soon)
        self._cutoffs = Cutoffs(node, revocations, self._walks)
        self.asks: Counter[str] = Counter()
        """This node's, by outcome."""
        self.quota = AskQuota(self.asks)
        """Those of asks of this node without an answer."""
        self.records: Counter[str] = Counter()
        """Read, by kind."""

    @property
    def waiting(self) -> int:
        """Asks of this node without an answer."""
        return len(self._waiting)

    def missed(self, reason: str, records: int) -> None:
        """Records of the topic that could not be read."""
        self.records[reason] += records

    # -- asking -----------------------------------------------------------------------------------

    async def subscribe(
        self, claims: Claims, connection_id: ConnectionId, subscription_id: str, config: SubscriptionConfig
    ) -> dict[str, Any]:
        """Add a subscription to a connection anywhere; the payload of `subscribed`.

        Returns when the subscription stands and has caught up. Raises Refusal, NobodyHolds.
        """
        until = self._node.wall() + self._patience_s
        ask = SubscribeAsk(
            ask=new_id(),
            connection_id=connection_id,
            user_id=claims.user_id,
            subscription_id=subscription_id,
            config=config,
            claims=claims,
            until_ms=int(until * 1000),
        )
        return await self.ask(ask)

    async def unsubscribe(self, claims: Claims, connection_id: ConnectionId, subscription_id: str) -> None:
        """End a subscription of a connection anywhere. Raises Refusal, NobodyHolds."""
        ask = UnsubscribeAsk(
            ask=new_id(), connection_id=connection_id, user_id=claims.user_id, subscription_id=subscription_id
        )
        await self.ask(ask)

    async def ask(self, ask: Ask) -> dict[str, Any]:
        """Have the node that it is for do something; its answer. Raises Refusal, NobodyHolds."""
        user = ask.user_id if isinstance(ask, UserAsk) else None
        self.quota.take(user)
        try:
            return await self._ask(ask)
        finally:
            self.quota.leave(user)

    async def _ask(self, ask: Ask) -> dict[str, Any]:
        here = self._is_ours(ask)
        outcome: Outcome | None = None
        stage = "log_away"
        try:
            async with asyncio.timeout(HELD_S if here else self._patience_s) as deadline:
                waiting = self._waiting[ask.ask] = _Pending(deadline)
                if here:
                    stage = "late"
                    obey(self._node, self._walks, ask, waiting.done)
                else:
                    await self._write(ask)
                    stage = "nobody"
                outcome = await waiting.outcome
                stage = "refused" if isinstance(outcome, Refusal) else "here" if here else "elsewhere"
        except TimeoutError:
            stage = "late" if waiting.is_held else stage
        except RecoverableError:
            pass
        except FatalError as fault:
            log.error("the log does not take an ask", reason=str(fault))  # noqa: TRY400 - it says enough
            outcome = Refusal("internal", "the log does not take it")
        finally:
            self._waiting.pop(ask.ask, None)
            self.asks[stage] += 1
        if outcome is None:
            if stage == "nobody":
                raise NobodyHolds
            raise Refusal("not_ready", _WHY_NOT[stage], retryable=True)
        if isinstance(outcome, Refusal):
            raise outcome
        return outcome

    async def tell(self, record: ControlRecord) -> None:
        """Say something to every node, this one included; returns when the log has it. Raises Refusal."""
        try:
            async with asyncio.timeout(self._patience_s):
                await self._write(record)
        except (RecoverableError, TimeoutError):
            raise Refusal("not_ready", _WHY_NOT["log_away"], retryable=True) from None
        except FatalError as fault:
            log.error("the log does not take a record", reason=str(fault))  # noqa: TRY400 - it says enough
            raise Refusal("internal", "the log does not take it") from None

    def forgotten(self) -> None:
        """The topic was made again, empty: say once more what still holds."""
        self._node.spawn(self._say_again())

    async def _say_again(self) -> None:
        for revoked, until in self.revocations:
            try:
                await self.tell(Revoke.of(revoked, int(until * 1000)))
            except Refusal:  # other nodes say the same
                self.records["unsaid"] += 1

    # -- obeying ----------------------------------------------------------------------------------

    def take(self, record: Record, *, early: bool = False) -> None:
        """The next record of the topic; `early`: it is from before this node began. Never raises."""
        if early and not is_revocation(record.headers):
            return
        try:
            said = decode(record.key, record.value)
        except Unknown as fault:
            self.records["misplaced" if isinstance(fault, Misplaced) else "unreadable"] += 1
            log.warning("record skipped", topic=EDGE_CONTROL, offset=record.offset, reason=str(fault))
            return
        self.records[str(said.__struct_config__.tag)] += 1
        match said:
            case Ask():
                if self._is_ours(said) and self._is_new(said):
                    self._obey_for_another(said)
            case Revoke():
                self.revocations.put(said.revoked, said.until_ms / 1000)
                self._cutoffs.revoked(said.revoked)
            case DisconnectUser():
                self._cutoffs.send_away(said.user_id)
            case Held() if said.ask in self._waiting:
                self._waiting[said.ask].held()
            case Answer() if said.ask in self._waiting:
                self._waiting[said.ask].done(said.outcome())

    def _is_ours(self, ask: Ask) -> bool:
        return ask.is_for(self._node.name, self._node.sessions)

    def _is_new(self, ask: Ask) -> bool:
        if ask.ask in self._obeyed:
            return False
        self._obeyed[ask.ask] = None
        if len(self._obeyed) > MOST_REMEMBERED:
            self._obeyed.popitem(last=False)
        return True

    def _obey_for_another(self, ask: Ask) -> None:
        if isinstance(ask, SubscribeAsk) and self._node.wall() * 1000 > ask.until_ms + GRACE_MS:
            self.records["too_late"] += 1
            return
        answered, of_user = False, isinstance(ask, UserAsk)

        def done(outcome: Outcome) -> None:
            nonlocal answered
            answered = True
            self._say(answer_to(ask, outcome), of_user=of_user)

        obey(self._node, self._walks, ask, done)
        if not answered:
            self._say(Held(of=ask.key, ask=ask.ask), of_user=of_user)

    def _say(self, record: ControlRecord, *, of_user: bool) -> None:
        """Write an answer to another node, later."""
        if self._answering[of_user] >= MOST_ANSWERING:
            self.records["unanswered"] += 1
            return
        self._answering[of_user] += 1
        self._node.spawn(self._write_answer(record, of_user=of_user))

    async def _write_answer(self, record: ControlRecord, *, of_user: bool) -> None:
        try:
            await self._write(record)
        except (RecoverableError, FatalError) as fault:
            self.records["unanswered"] += 1
            log.warning("record not written", key=record.key, reason=str(fault))
            if isinstance(fault, FatalError) and isinstance(record, Answer) and record.fault is None:
                self._say(record.without_payload(), of_user=of_user)  # it was too large, say
        finally:
            self._answering[of_user] -= 1

    async def _write(self, record: ControlRecord) -> None:
        value, headers = encode(record)
        key = record.key.encode()
        await self._write_to.send_record(EDGE_CONTROL, key=key, value=value, headers=headers)
