"""A subscribe that came another way than over its connection's own socket.

Owns who is answered then, and what the asker's token adds to the limits of the connection's. Never decides
anything: subscribing.py treats it as any other subscribe.
"""

from collections.abc import Callable
from typing import Any

from autodmca_runtime import Claims

from autodmca_edge.protocol import Refusal, Subscribe

__all__ = ["AskedSubscribe", "Asker"]


class Asker:
    """Who is answered in place of the client: `done` gets the answer's payload, or why there is none."""

    __slots__ = ("_done",)

    def __init__(self, done: Callable[[dict[str, Any] | Refusal], None]) -> None:
        self._done = done

    def answer(self, _action: str, _in_reply_to: str | None, **payload: Any) -> None:
        self._done(payload)

    def refuse(self, refusal: Refusal, *, misuse: bool = True) -> None:
        self._done(refusal)


class AskedSubscribe(Subscribe, frozen=True, kw_only=True):
    """`claims` are those of the token that it came with; the subscription stays within them."""

    claims: Claims
    asker: Asker
