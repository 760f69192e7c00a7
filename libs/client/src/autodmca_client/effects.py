"""What the session asks its shell to do: each one a small frozen value, in the order they must happen."""

from typing import Any

import msgspec

from autodmca_client.errors import EdgeError
from autodmca_client.wire import Event


class Gap(msgspec.Struct, frozen=True):
    """Events of a subscription that cannot be had any more: reload what depends on them.

    `reason` is the edge's: `retention`, `epoch`, `limit` or `cursor`. Live events follow.
    """

    subscription_id: str
    reason: str


class Send(msgspec.Struct, frozen=True):
    """Send these bytes as one text message."""

    data: bytes


class Opened(msgspec.Struct, frozen=True):
    """The edge greeted and the token, where one was owed, was accepted."""

    connection_id: str
    node: str
    experiments: dict[str, Any]


class Deliver(msgspec.Struct, frozen=True):
    """Give the event to these subscriptions; for the `early` ones the edge is still replaying the past, and
    the event's cursor does not say how far they have come."""

    subscription_ids: tuple[str, ...]
    event: Event
    early: tuple[str, ...] = ()


class Confirmed(msgspec.Struct, frozen=True):
    """A subscription stands at the edge; `gap` says whether something before was lost."""

    subscription_id: str
    cursors: tuple[str, ...]
    gap: Gap | None


class Positions(msgspec.Struct, frozen=True):
    """The subscription has everything up to these cursors."""

    subscription_id: str
    cursors: tuple[str, ...]


class Refused(msgspec.Struct, frozen=True):
    """The edge's error, for a subscription, a message, or (neither) the connection."""

    error: EdgeError
    subscription_id: str | None
    in_reply_to: str | None


class Accepted(msgspec.Struct, frozen=True):
    """The log has the application message with this id."""

    message_id: str


class TokenWanted(msgspec.Struct, frozen=True):
    """The token expires soon: send a newer one."""


class Silent(msgspec.Struct, frozen=True):
    """Nothing heard for too long: drop the connection."""


Effect = Send | Opened | Deliver | Confirmed | Positions | Refused | Accepted | TokenWanted | Silent
