"""From a token to who the client is.

Owns asking the verifier: at once with the keys that are known, after a look at the issuer's keys when
they are not. Never sees a socket; a token that is not good becomes a `Refusal`, and no token is ever in it.
"""

import contextlib
from typing import Final, Protocol

from autodmca_runtime import Claims, InvalidToken, KeysUnavailable, TokenExpired, UnknownKey
from autodmca_service.control.revocations import UserCutOff, Verifier

from autodmca_edge.admission.queue import retry_hint
from autodmca_edge.protocol import Refusal, State
from autodmca_edge.session.ports import Client, Node

__all__ = ["authenticate", "compresses", "verified"]

LOOK_AGAIN_S: Final = 0.5  # after keys may be fetched again


class Judge(Protocol):
    """What it takes to verify a token."""

    @property
    def verifier(self) -> Verifier: ...
    def wall(self) -> float: ...


def authenticate(
    node: Node, client: Client, token: str, in_reply_to: str | None, *, answer: bool = True
) -> None:
    """Verify `token` and tell `client`, now or, when its key must be fetched first, later.

    Until then what the client says is held back: it may rely on the token that it has given.
    """
    try:
        claims = _current(node, node.verifier.verify(token))
    except (UnknownKey, KeysUnavailable):
        client.hold()
        node.spawn(_later(node, client, token, in_reply_to, answer=answer))
    except InvalidToken as fault:
        client.not_authenticated(_refusal(fault, in_reply_to))
    else:
        client.authenticated(claims, in_reply_to, answer=answer)


def compresses(node: Node, token: str | None) -> bool:
    """Whether compression may be agreed with a client that brings this token, as far as can be said at once:
    the answer to the handshake says so, before a token whose key must be fetched is verified."""
    user_id = None
    if token is not None and node.treatments.by_user:
        with contextlib.suppress(InvalidToken, KeysUnavailable):
            user_id = node.verifier.verify(token).user_id
    return node.treatments.compresses(user_id)


async def verified(node: Judge, token: str) -> Claims:
    """Whose token it is, for a request of its own; waits for keys that must be fetched. Raises Refusal."""
    try:
        return _current(node, await node.verifier.check(token))
    except InvalidToken as fault:
        raise _refusal(fault, None) from None
    except KeysUnavailable as fault:
        raise Refusal("not_ready", _cannot_tell(fault), retryable=True) from None


async def _later(node: Node, client: Client, token: str, in_reply_to: str | None, *, answer: bool) -> None:
    claims, refusal, cannot_tell = None, None, ""
    try:
        claims = _current(node, await node.verifier.check(token))
    except InvalidToken as fault:
        refusal = _refusal(fault, in_reply_to)
    except KeysUnavailable as fault:
        cannot_tell = _cannot_tell(fault)
    if client.state is State.CLOSING:
        return
    if claims is not None:
        client.authenticated(claims, in_reply_to, answer=answer)
    elif refusal is not None:
        client.not_authenticated(refusal)
    else:
        client.refuse(Refusal("not_ready", cannot_tell, retryable=True, in_reply_to=in_reply_to))
        if not answer:  # it relies on the token that it brought: it cannot go on, and may come back
            client.turn_away(cannot_tell)
    client.release()


def _cannot_tell(fault: KeysUnavailable) -> str:
    return f"the issuer's newest keys cannot be had; {retry_hint(fault.retry_s + LOOK_AGAIN_S)}"


def _current(node: Judge, claims: Claims) -> Claims:
    """A verifier may remember a token: whether it is good now is what counts."""
    if node.wall() >= claims.good_until:
        raise TokenExpired(claims.expires_at)
    return claims


def _refusal(fault: InvalidToken, in_reply_to: str | None) -> Refusal:
    if isinstance(fault, UserCutOff):
        return Refusal("forbidden", fault.detail, in_reply_to=in_reply_to)
    code = "token_expired" if isinstance(fault, TokenExpired) else "invalid_token"
    return Refusal(code, str(fault), field="payload.token", in_reply_to=in_reply_to)
