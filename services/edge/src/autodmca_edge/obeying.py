"""What a node does with a connection because somebody asked for it another way than over its socket.

Owns who may ask for what. Knows no topic: it is the same for a request that came to this node and for one
that came to another (control.py).
"""

from collections.abc import Callable
from typing import Any

import structlog
from autodmca_runtime import InvalidToken

from autodmca_edge import subscribing
from autodmca_edge.asked import AskedSubscribe, Asker
from autodmca_edge.control_records import (
    Ask,
    ConnectionAsk,
    DescribeAsk,
    DisconnectAsk,
    ListAsk,
    SubscribeAsk,
    UnsubscribeAsk,
)
from autodmca_edge.inspecting import detail, listed
from autodmca_edge.node import Node
from autodmca_edge.protocol import CloseCode, Refusal
from autodmca_edge.revocations import Revocations, UserCutOff
from autodmca_edge.session import Session

__all__ = ["Outcome", "cut_off", "disconnect_user", "obey"]

Outcome = dict[str, Any] | Refusal
BY_OPERATOR = "an operator ended this connection"

log = structlog.get_logger()


def obey(node: Node, ask: Ask, done: Callable[[Outcome], None]) -> None:
    """Do what is asked of this node; `done` is called now or when a replay has caught up."""
    try:
        match ask:
            case ConnectionAsk():
                _obey(node, node.sessions[ask.connection_id], ask, done)
            case ListAsk(user_id=user, after=after, limit=limit, by_lag=by_lag):
                done(listed(node, user=user, after=after, limit=limit, by_lag=by_lag))
    except Refusal as refusal:
        done(refusal)
    except Exception:  # the top of an ask: it is not the topic's end
        log.exception("ask failed", ask=type(ask).__name__)
        done(Refusal("internal", "the node that was asked could not do it"))


def _obey(node: Node, session: Session, ask: ConnectionAsk, done: Callable[[Outcome], None]) -> None:
    match ask:
        case SubscribeAsk():
            _require(session, ask.user_id)
            command = AskedSubscribe(
                subscription_id=ask.subscription_id,
                config=ask.config,
                in_reply_to=ask.ask,
                claims=ask.claims,
                asker=Asker(done),
            )
            subscribing.subscribe(node, session, command)
        case UnsubscribeAsk():
            _require(session, ask.user_id)
            subscribing.end(node, session, ask.subscription_id)
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


def disconnect_user(node: Node, user_id: int) -> None:
    """End a user's connections here; they may come back."""
    for session in list(node.sessions.values()):
        if session.claims is not None and session.claims.user_id == user_id:
            session.turn_away(BY_OPERATOR, CloseCode.DRAINING)


def cut_off(node: Node, revocations: Revocations) -> None:
    """End the connections here whose token or user is revoked."""
    for session in list(node.sessions.values()):
        if session.claims is None:
            continue
        try:
            revocations.require(session.claims)
        except UserCutOff:
            _cut_off(session, Refusal("forbidden", "this user is cut off"), CloseCode.FORBIDDEN)
        except InvalidToken:
            _cut_off(session, Refusal("invalid_token", "the token is revoked"), CloseCode.NO_TOKEN)


def _cut_off(session: Session, refusal: Refusal, code: CloseCode) -> None:
    session.socket.outbox.discard()  # what waits was not for them, either
    session.refuse(refusal, misuse=False)
    session.turn_away(refusal.message, code)
