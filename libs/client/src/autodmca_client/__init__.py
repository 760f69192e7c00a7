"""Python SDK for the real-time API: connect, subscribe, resume, de-duplicate, with or without a WebSocket."""

from autodmca_client.client import Client, TokenSource
from autodmca_client.closing import Backoff
from autodmca_client.effects import Gap, Opened
from autodmca_client.errors import (
    AuthenticationFailed,
    BadFilter,
    BadRequest,
    ClientError,
    ConnectionDropped,
    ConnectionEnded,
    EdgeError,
    MessageTooLarge,
    NotAllowed,
    NotOpen,
    StayAway,
    Unauthenticated,
    Unavailable,
    UnknownType,
)
from autodmca_client.session import Counters, Timing
from autodmca_client.status import State, Status, Transport
from autodmca_client.subscription import Subscription
from autodmca_client.wire import Event

__all__ = [
    "AuthenticationFailed",
    "Backoff",
    "BadFilter",
    "BadRequest",
    "Client",
    "ClientError",
    "ConnectionDropped",
    "ConnectionEnded",
    "Counters",
    "EdgeError",
    "Event",
    "Gap",
    "MessageTooLarge",
    "NotAllowed",
    "NotOpen",
    "Opened",
    "State",
    "Status",
    "StayAway",
    "Subscription",
    "Timing",
    "TokenSource",
    "Transport",
    "Unauthenticated",
    "Unavailable",
    "UnknownType",
]
