"""From a token to who the client is.

Owns asking the verifier: at once with the keys that are known, after a look at the issuer's keys when
they are not. Never sees a socket; a token that is not good becomes a `Refusal`, and no token is ever in it.
"""

from typing import Protocol

from autodmca_runtime import Claims, InvalidToken, KeysUnavailable, TokenExpired, UnknownKey

from autodmca_edge.node import Node
from autodmca_edge.protocol import Refusal, State

__all__ = ["Authenticated", "authenticate"]


class Authenticated(Protocol):
    """Who is told what became of a token."""

    state: State

    def authenticated(self, claims: Claims, in_reply_to: str | None, *, answer: bool) -> None: ...
    def not_authenticated(self, refusal: Refusal) -> None: ...
    def refuse(self, refusal: Refusal, *, misuse: bool = True) -> None: ...


def authenticate(
    node: Node, client: Authenticated, token: str, in_reply_to: str | None, *, answer: bool = True
) -> None:
    """Verify `token` and tell `client`, now or, when its key must be fetched first, later."""
    try:
        claims = node.verifier.verify(token)
    except (UnknownKey, KeysUnavailable):
        node.spawn(_later(node, client, token, in_reply_to, answer=answer))
    except InvalidToken as fault:
        client.not_authenticated(_refusal(fault, in_reply_to))
    else:
        client.authenticated(claims, in_reply_to, answer=answer)


async def _later(
    node: Node, client: Authenticated, token: str, in_reply_to: str | None, *, answer: bool
) -> None:
    claims, refusal = None, None
    try:
        claims = await node.verifier.check(token)
    except InvalidToken as fault:
        refusal = _refusal(fault, in_reply_to)
    except KeysUnavailable:
        unavailable = Refusal("not_ready", "the issuer's keys cannot be had", retryable=True)
        unavailable.in_reply_to = in_reply_to
        if client.state is not State.CLOSING:
            client.refuse(unavailable, misuse=False)
    if client.state is State.CLOSING:
        return
    if claims is not None:
        client.authenticated(claims, in_reply_to, answer=answer)
    elif refusal is not None:
        client.not_authenticated(refusal)


def _refusal(fault: InvalidToken, in_reply_to: str | None) -> Refusal:
    code = "token_expired" if isinstance(fault, TokenExpired) else "invalid_token"
    return Refusal(code, str(fault), field="payload.token", in_reply_to=in_reply_to)
