"""What a node does with a connection because somebody asked for it another way than over its socket.

Owns who may ask for what, and that what concerns many connections is done piece by piece (walks.py). Knows no
topic: it is the same for a request that came to this node and for one that came to another (control.py).
"""

from collections.abc import Callable, Generator
from typing import Any, Final

import structlog
from autodmca_runtime import Claims, InvalidToken
from autodmca_service.control.revocations import Revocations, Revoked, TokenId, UserCutOff

from autodmca_edge.control.inspect import detail, listed
from autodmca_edge.control.messages import (
    Ask,
    ConnectionAsk,
    DescribeAsk,
    DisconnectAsk,
    ListAsk,
    SubscribeAsk,
    UnsubscribeAsk,
)
from autodmca_edge.control.walks import Walks, Work
from autodmca_edge.protocol import CloseCode, Refusal, Subscribe
from autodmca_edge.session import subscribe
from autodmca_edge.session.ports import Node
from autodmca_edge.session.replies import Outcome, RemoteReply
from autodmca_edge.session.session import Session

__all__ = ["Cutoffs", "obey"]

BY_OPERATOR: Final = "an operator ended this connection"
MOST_WALKS: Final = 100
LOOKS_A_TURN: Final = 1000  # at connections, some tenths of a millisecond
ENDED_A_TURN: Final = 20  # each of them has a close written and leaves the hub

log = structlog.get_logger()


def obey(node: Node, walks: Walks, ask: Ask, done: Callable[[Outcome], None]) -> None:
    """Do what is asked of this node; `done` is called now or later, when a replay or a walk is over."""
    try:
        match ask:
            case ConnectionAsk():
                _obey(node, node.sessions[ask.connection_id], ask, done)
            case ListAsk(user_id=user, after=after, limit=limit, by_lag=by_lag):
                if len(walks) >= MOST_WALKS:
                    raise Refusal("not_ready", "too many lists are being made", retryable=True)  # noqa: TRY301
                asked = listed(node, user=user, after=after, limit=limit, by_lag=by_lag)
                walks.begin(_told(asked, done))
    except Refusal as refusal:
        done(refusal)
    except Exception:  # the top of an ask: it is not the topic's end
        log.exception("ask failed", ask=type(ask).__name__)
        done(_could_not())


def _told(work: Generator[None, None, dict[str, Any]], done: Callable[[Outcome], None]) -> Work:
    """Work whose result is told, or that it came to none."""
    try:
        outcome = yield from work
    except Exception:
        done(_could_not())
        raise
    done(outcome)


def _could_not() -> Refusal:
    return Refusal("internal", "the node that was asked could not do it")


def _obey(node: Node, session: Session, ask: ConnectionAsk, done: Callable[[Outcome], None]) -> None:
    match ask:
        case SubscribeAsk():
            _require(session, ask.user_id)
            command = Subscribe(subscription_id=ask.subscription_id, config=ask.config, in_reply_to=ask.ask)
            subscribe.subscribe(node, session, command, RemoteReply(done), ask.claims)
        case UnsubscribeAsk():
            _require(session, ask.user_id)
            subscribe.end(node, session, ask.subscription_id)
            done({})
        case DisconnectAsk():
            session.turn_away(BY_OPERATOR, CloseCode.DRAINING)
            done({})
        case DescribeAsk():
            done(detail(node, session))


def _require(session: Session, user_id: int) -> None:
    """Raise Refusal unless the connection is this user's, and open."""
    claims = session.claims
    if claims is not None and claims.user_id != user_id:
        raise Refusal("forbidden", "this is another user's connection", field="connectionId")
    if not session.current():
        message = "the connection has not authenticated"
        raise Refusal("forbidden", message, field="connectionId", retryable=True)


class _Affected:
    """Whose connections one walk ends."""

    def __init__(self) -> None:
        self.users: set[int] = set()
        self.digests: set[bytes] = set()
        self.token_ids: set[str] = set()
        self.sent_away: set[int] = set()

    def __bool__(self) -> bool:
        return bool(self.users or self.digests or self.token_ids or self.sent_away)

    def cuts_off(self, claims: Claims) -> bool:
        return (
            claims.user_id in self.users
            or claims.token_digest in self.digests
            or claims.token_id in self.token_ids
        )


class Cutoffs:
    """Ends connections here of users and tokens that were cut off or sent away, a few each turn of the loop.

    One walk is under way at a time. What comes meanwhile waits for the next one, all of it together, so that
    a batch costs two walks. A connection that comes during a walk needs none: its token is checked against
    the revocations as they are then, and a user who was sent away may come back.
    """

    def __init__(self, node: Node, revocations: Revocations, walks: Walks) -> None:
        self._node = node
        self._revocations = revocations
        self._walks = walks
        self._walking = False
        self._affected = _Affected()

    def revoked(self, what: Revoked) -> None:
        """A user or a token was cut off, or is so no more."""
        match what:
            case int():
                self._affected.users.add(what)
            case TokenId(jti):
                self._affected.token_ids.add(jti)
            case digest:
                self._affected.digests.add(bytes.fromhex(digest))
        self._begin()

    def send_away(self, user_id: int) -> None:
        """A user's connections end; they may come back."""
        self._affected.sent_away.add(user_id)
        self._begin()

    def _begin(self) -> None:
        if not self._walking:
            self._walking = True
            self._walks.begin(self._walk())

    def _walk(self) -> Work:
        try:
            while affected := self._affected:
                self._affected = _Affected()
                looked = ended = 0
                for session in list(self._node.sessions.values()):
                    looked += 1
                    try:
                        ended += self._ends(session, affected)
                    except Exception:  # one connection's fault keeps none of the others open
                        log.exception("not cut off", connection_id=session.connection_id)
                    if looked >= LOOKS_A_TURN or ended >= ENDED_A_TURN:
                        looked = ended = 0
                        yield
                yield
        finally:
            self._walking = False

    def _ends(self, session: Session, affected: _Affected) -> bool:
        """Whether a connection was ended."""
        claims = session.claims
        if claims is None:
            return False
        try:
            if affected.cuts_off(claims):
                self._revocations.require(claims)
        except UserCutOff:
            _cut_off(session, Refusal("forbidden", "this user is cut off"), CloseCode.FORBIDDEN)
        except InvalidToken:
            _cut_off(session, Refusal("invalid_token", "the token is revoked"), CloseCode.NO_TOKEN)
        else:
            if claims.user_id not in affected.sent_away:
                return False
            session.turn_away(BY_OPERATOR, CloseCode.DRAINING)
        return True


def _cut_off(session: Session, refusal: Refusal, code: CloseCode) -> None:
    session.socket.outbox.discard()  # what waits was not for them, either
    session.refuse(refusal, misuse=False)
    session.turn_away(refusal.message, code)
