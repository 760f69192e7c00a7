"""The connection that a replay is for, and who hears what became of the replay, as protocols.

Owns no behaviour: session/session.py has the real client, session/replies.py both replies.
"""

from typing import Protocol

from autodmca_edge.fanout.member import Member
from autodmca_edge.fanout.registry import Registry
from autodmca_edge.fanout.subscriptions import Identity, Subscription
from autodmca_edge.protocol import Refusal

__all__ = ["Client", "Reply"]


class Client(Member, Protocol):
    """A connection, as replays see it."""

    key: bytes
    """The user's record key."""
    connection_id: str
    standing: Registry
    """Its subscriptions that stand."""

    @property
    def claims(self) -> Identity | None:
        """What its token of now says; None before there is one."""

    def current(self) -> bool:
        """Whether events may be delivered to it now."""

    def too_slow(self, events: int) -> None:
        """Close it: so many events can neither be delivered nor be left to the log."""


class Reply(Protocol):
    """To one subscribe. One of `subscribed`, `refuse`, `superseded` and `lost` comes last, once."""

    def subscribed(
        self, standing: Subscription, cursors: list[str], *, replayed: int = 0, reason: str | None = None
    ) -> None:
        """The subscription stands; `reason`: why the events before it could not all be replayed."""

    def waiting(self, ahead: int, reason: str | None = None) -> None:
        """The subscription waits for a slot to read the log, after `ahead` others, or for the log itself."""

    def refuse(self, refusal: Refusal) -> None:
        """There will be no subscription."""

    def superseded(self) -> None:
        """A later message has replaced or ended the subscription before it had caught up."""

    def lost(self) -> None:
        """The connection has ended before the subscription had caught up."""
