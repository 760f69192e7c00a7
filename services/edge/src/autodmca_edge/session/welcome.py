"""Whether a new connection may come in, and what it is told if not.

Owns the greeting, the order in which a newcomer is judged, and the answers: a close code that says what to
do, and where the client has too many connections an error before it. Counts nothing itself
(admission/limits.py), and leaves those alone who are in.
"""

import random
from collections.abc import Mapping
from typing import Final

from autodmca_events import rfc3339
from autodmca_runtime import Claims

from autodmca_edge.admission.allowances import CONNECTION
from autodmca_edge.admission.queue import retry_hint
from autodmca_edge.protocol import PROTOCOL_VERSION, CloseCode, Refusal
from autodmca_edge.session.deadlines import AUTH_TIMEOUT_S, HEARTBEAT_INTERVAL_S, HEARTBEAT_TIMEOUT_S
from autodmca_edge.session.ports import Client, Node

__all__ = ["enter", "greet", "recognise", "sit", "wait"]

HINT_S: Final = (1.0, 5.0)
"""Between these a client that was turned away is asked to come back, at random."""


def enter(node: Node, session: Client, forwarded: str) -> bool:
    """Whether the connection may speak. False: it has been told why not, and closed."""
    reason = node.pressure.overloaded
    if node.draining:
        return _away(node, session, "draining", "this node is draining", code=CloseCode.DRAINING)
    if not node.available:
        return _away(node, session, "no_log", f"no connection to the event log yet; {_hint()}")
    if reason is not None:
        return _away(node, session, "overloaded", f"{reason}; {_hint()}")
    if not node.limits.come(session, session.socket.peer, forwarded):
        return _too_many(node, session, "address", f"{node.limits.an_address} connections of this address")
    return True


def greet(node: Node, session: Client, experiments: Mapping[str, str]) -> None:
    """Say who we are and what to expect; `experiments`: the user's variants, if it is known."""
    session.answer(
        "connected",
        None,
        protocol=PROTOCOL_VERSION,
        connectionId=session.connection_id,
        node=node.name,
        serverTime=rfc3339(int(node.wall() * 1000)),
        heartbeatIntervalMs=HEARTBEAT_INTERVAL_S * 1000,
        heartbeatTimeoutMs=HEARTBEAT_TIMEOUT_S * 1000,
        authTimeoutMs=AUTH_TIMEOUT_S * 1000,
        maxMessageBytes=node.max_message_bytes,
        experiments=experiments,
    )


def recognise(
    node: Node,
    session: Client,
    claims: Claims,
    variants: Mapping[str, str],
    in_reply_to: str | None,
    *,
    answer: bool,
) -> None:
    """Say that a token was good; `answer`: it came by a message, not with the handshake."""
    if answer:
        said = {"userId": claims.user_id, "expiresAt": rfc3339(claims.expires_at * 1000)}
        session.answer("authenticated", in_reply_to, **said, experiments=variants)
    else:
        greet(node, session, variants)


def wait(node: Node, session: Client) -> bool:
    """Whether the connection may take its time to authenticate. False: it has been closed."""
    if node.limits.wait(session):
        return True
    return _away(node, session, "unauthenticated", f"too many are not authenticated; {_hint()}")


def sit(node: Node, session: Client, key: bytes) -> bool:
    """Whether the user with this record key may have one more connection. False: it has been closed."""
    if wait_s := node.allowances.charge_user(key, CONNECTION, node.clock()):
        reason = f"too many messages of this user; {retry_hint(wait_s)}"
        session.refuse(Refusal("rate_limited", reason, retryable=True), misuse=False)
        return _away(node, session, "talk", reason, code=CloseCode.TOO_MANY)
    if node.limits.sit(session, key):
        return True
    return _too_many(node, session, "user", f"{node.limits.a_user} connections of this user")


def _too_many(node: Node, session: Client, why: str, limit: str) -> bool:
    message = f"this node takes at most {limit}"
    session.refuse(Refusal("limit_exceeded", message, retryable=True), misuse=False)
    return _away(node, session, why, message, code=CloseCode.TOO_MANY)


def _away(
    node: Node, session: Client, why: str, reason: str, *, code: CloseCode = CloseCode.OVERLOADED
) -> bool:
    node.turned_away(why)
    session.turn_away(reason, code)
    return False


def _hint() -> str:
    return retry_hint(random.uniform(*HINT_S))  # noqa: S311 - spreads load, guards nothing
