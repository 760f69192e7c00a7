"""A connection as admission sees it, as a protocol.

Owns no behaviour: session/session.py has the real one.
"""

from typing import Protocol

from autodmca_edge.protocol import CloseCode, Refusal, State

__all__ = ["Guest"]


class Guest(Protocol):
    """A connection whose places are counted, and whose messages are paid for."""

    seat: bytes | None
    """None: it has none; empty: among those who are not authenticated; else its user's record key."""
    address: str | None
    """The one it is counted by, if addresses are."""
    key: bytes
    """Its user's record key; empty until it is authenticated."""
    state: State
    paid: float
    """When its allowance is full again."""

    def refuse(self, refusal: Refusal, *, misuse: bool = True) -> None: ...
    def turn_away(self, reason: str, code: CloseCode = ...) -> None: ...
