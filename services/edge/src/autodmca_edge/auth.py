"""From a token to who the client is.

Owns asking the verifier: at once with the keys that are known, after a look at the issuer's keys when
they are not. Never sees a socket; a token that is not good becomes a `Refusal`, and no token is ever in it.
"""

from typing import Protocol

from autodmca_runtime import Claims, InvalidToken, KeysUnavailable, TokenExpired, UnknownKey

from autodmca_edge import entering
from autodmca_edge.node import Newcomer, Node
from autodmca_edge.protocol import Refusal, State
from autodmca_edge.revocations import UserCutOff

__all__ = ["Authenticated", "authenticate", "verified"]


class Authenticated(Newcomer, Protocol):
    """Who is told what became of a token."""

    state: State

    def authenticated(self, claims: Claims, in_reply_to: str | None, *, answer: bool) -> None: ...
    def not_authenticated(self, refusal: Refusal) -> None: ...
    def hold(self) -> None: ...
    def release(self) -> None: ...


def authenticate(
    node: Node, client: Authenticated, token: str, in_reply_to: str | None, *, answer: bool = True
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


async def verified(node: Node, token: str) -> Claims:
    """Whose token it is, for a request of its own; waits for keys that must be fetched. Raises Refusal."""
    try:
        return _current(node, await node.verifier.check(token))
    except InvalidToken as fault:
        raise _refusal(fault, None) from None
    except KeysUnavailable:
        raise Refusal("not_ready", "the issuer's keys cannot be had", retryable=True) from None


async def _later(
    node: Node, client: Authenticated, token: str, in_reply_to: str | None, *, answer: bool
) -> None:
    claims, refusal = None, None
    try:
        claims = _current(node, await node.verifier.check(token))
    except InvalidToken as fault:
        refusal = _refusal(fault, in_reply_to)
    except KeysUnavailable:
        pass
    if client.state is State.CLOSING:
        return
    if claims is not None:
        client.authenticated(claims, in_reply_to, answer=answer)
    elif refusal is not None:
        client.not_authenticated(refusal)
    else:
        message = "the issuer's keys cannot be had"
        if not answer:
            entering.greet(node, client, {})
        client.refuse(Refusal("not_ready", message, retryable=True, in_reply_to=in_reply_to))
    client.release()


def _current(node: Node, claims: Claims) -> Claims:
    """The verifier may grant a leeway; delivery ends with the second in which the token expires."""
    if node.clock() >= claims.expires_at:
        raise TokenExpired(claims.expires_at)
    return claims


def _refusal(fault: InvalidToken, in_reply_to: str | None) -> Refusal:
    if isinstance(fault, UserCutOff):
        return Refusal("forbidden", fault.detail, in_reply_to=in_reply_to)
    code = "token_expired" if isinstance(fault, TokenExpired) else "invalid_token"
    return Refusal(code, str(fault), field="payload.token", in_reply_to=in_reply_to)
