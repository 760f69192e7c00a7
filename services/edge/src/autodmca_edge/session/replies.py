"""To whom a subscribe is answered: to the client over its own socket, or to a request that came another way.

Owns the two implementations of `Reply` (replay/client.py). Decides nothing about a subscription.
"""

from collections.abc import Callable
from typing import Any, Protocol

from autodmca_edge.fanout.subscriptions import Subscription
from autodmca_edge.protocol import Refusal, Subscribe

__all__ = ["Outcome", "RemoteReply", "SocketReply"]

Outcome = dict[str, Any] | Refusal
"""What becomes of a request: the payload of its answer, or why there is none."""


class Answering(Protocol):
    """The session that speaks to the client."""

    def answer(self, action: str, in_reply_to: str | None, **payload: Any) -> None: ...
    def refuse(self, refusal: Refusal, *, misuse: bool = True) -> None: ...


class SocketReply:
    """To the client, over the connection that the subscription is for."""

    __slots__ = ("_client", "_command")

    def __init__(self, client: Answering, command: Subscribe) -> None:
        self._client = client
        self._command = command

    def subscribed(
        self, standing: Subscription, cursors: list[str], *, replayed: int = 0, reason: str | None = None
    ) -> None:
        payload = _payload(standing, cursors, replayed, reason)
        self._client.answer("subscribed", self._command.in_reply_to, **payload)

    def waiting(self, ahead: int, reason: str | None = None) -> None:
        payload: dict[str, Any] = {"subscriptionId": self._command.subscription_id, "ahead": ahead}
        if reason is not None:
            payload["reason"] = reason
        self._client.answer("waiting", self._command.in_reply_to, **payload)

    def refuse(self, refusal: Refusal) -> None:
        refusal.subscription_id = self._command.subscription_id
        refusal.in_reply_to = self._command.in_reply_to
        self._client.refuse(refusal, misuse=False)

    def superseded(self) -> None:
        if self._command.in_reply_to is not None:  # else the client does not wait for an answer
            message = "replaced or ended before it had caught up"
            refusal = Refusal("not_ready", message, in_reply_to=self._command.in_reply_to)
            self._client.refuse(refusal, misuse=False)

    def lost(self) -> None:
        """There is no client any more."""


class RemoteReply:
    """To a request over HTTP, on this node or on another: `done` gets the one outcome."""

    __slots__ = ("_done",)

    def __init__(self, done: Callable[[Outcome], None]) -> None:
        self._done = done

    def subscribed(
        self, standing: Subscription, cursors: list[str], *, replayed: int = 0, reason: str | None = None
    ) -> None:
        self._done(_payload(standing, cursors, replayed, reason))

    def waiting(self, ahead: int, reason: str | None = None) -> None:
        """A request has one answer."""

    def refuse(self, refusal: Refusal) -> None:
        self._done(refusal)

    def superseded(self) -> None:
        self._done(Refusal("not_ready", "replaced or ended before it had caught up"))

    def lost(self) -> None:
        self._done(Refusal("not_ready", "the connection has ended", retryable=True))


def _payload(standing: Subscription, cursors: list[str], replayed: int, reason: str | None) -> dict[str, Any]:
    """Of `subscribed`."""
    payload: dict[str, Any] = {
        "subscriptionId": standing.name,
        "types": standing.types,
        "cursors": cursors,
        "recovered": reason is None,
        "replayed": replayed,
    }
    if reason is not None:
        payload["reason"] = reason
    return payload
