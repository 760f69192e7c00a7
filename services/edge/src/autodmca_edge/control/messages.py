"""What nodes say to each other over the `edge-control` topic.

Owns what they ask and answer; the form of all records, and revocations, are `autodmca_service.control`'s. A
kind that this node does not know (a newer node's) and a record that is none raise `Unknown`; one under a key
that is not its own raises `Misplaced`. Keys are made in control/keys.py.
"""

from collections.abc import Container
from typing import Annotated, Any, Final

import msgspec
from autodmca_runtime import Claims
from autodmca_service.control.records import ControlRecord, Revoke, Unknown, UserId, in_its_place
from msgspec import Meta

from autodmca_edge.control import keys as control_keys
from autodmca_edge.control.keys import ASK_KEY
from autodmca_edge.protocol import Refusal, SubscriptionConfig, SubscriptionId
from autodmca_edge.session.identifiers import (
    CONNECTION_ID,
    NODE_NAME,
    ConnectionId,
    NodeName,
)

__all__ = [
    "Answer",
    "Ask",
    "ConnectionAsk",
    "DescribeAsk",
    "DisconnectAsk",
    "DisconnectUser",
    "Held",
    "ListAsk",
    "SubscribeAsk",
    "UnsubscribeAsk",
    "UserAsk",
    "answer_to",
    "decode",
]


class Ask(ControlRecord, frozen=True, kw_only=True):
    """For one node; `ask` is the name that its answer comes under."""

    ask: str

    def is_for(self, node: str, connections: Container[str]) -> bool:
        """Whether it is for the node of that name, which holds these connections."""
        raise NotImplementedError


class ConnectionAsk(Ask, frozen=True, kw_only=True):
    """For the node that holds the connection."""

    connection_id: Annotated[ConnectionId, Meta(pattern=CONNECTION_ID)]

    @property
    def key(self) -> str:
        return control_keys.of_connection(self.connection_id)

    @property
    def once(self) -> str:
        return self.connection_id

    def is_for(self, _node: str, connections: Container[str]) -> bool:
        return self.connection_id in connections


class DisconnectAsk(ConnectionAsk, frozen=True, kw_only=True, tag="disconnect"):
    """End the connection."""


class DescribeAsk(ConnectionAsk, frozen=True, kw_only=True, tag="describe"):
    """Tell all about the connection."""


class ListAsk(Ask, frozen=True, kw_only=True, tag="list"):
    """Tell of the connections of one node; see control/inspect.py."""

    node: Annotated[NodeName, Meta(pattern=NODE_NAME)]
    user_id: int | None
    limit: int
    after: str
    by_lag: bool

    @property
    def key(self) -> str:
        return control_keys.of_node(self.node)

    @property
    def once(self) -> str:
        return control_keys.once_of_node(self.node)

    def is_for(self, node: str, _connections: Container[str]) -> bool:
        return self.node == node


class DisconnectUser(ControlRecord, frozen=True, kw_only=True, tag="disconnect_user"):
    """End a user's connections, wherever they are."""

    user_id: UserId

    @property
    def key(self) -> str:
        return control_keys.of_user(self.user_id)

    @property
    def once(self) -> str:
        return control_keys.once_of_user(self.user_id)


class UserAsk(ConnectionAsk, frozen=True, kw_only=True):
    """A user asks it, of a connection that must be the user's own."""

    user_id: int
    """Whose token it came with."""
    subscription_id: SubscriptionId


class SubscribeAsk(UserAsk, frozen=True, kw_only=True, tag="subscribe"):
    """Add a subscription, unless it is past `until_ms`: by then the client has been told that it failed."""

    config: SubscriptionConfig
    claims: Claims
    until_ms: int


class UnsubscribeAsk(UserAsk, frozen=True, kw_only=True, tag="unsubscribe"):
    """End a subscription, however late."""


class Reply(ControlRecord, frozen=True, kw_only=True):
    """To an ask, under its key."""

    ask: str
    of: Annotated[str, Meta(pattern=ASK_KEY)]

    @property
    def key(self) -> str:
        return self.of

    @property
    def once(self) -> str:
        return self.of


class Held(Reply, frozen=True, kw_only=True, tag="held"):
    """It is this node's to answer, which takes longer: a replay runs."""


class Fault(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A refusal on its way to another node."""

    code: str
    message: str
    retryable: bool = False
    field: str | None = None

    def refusal(self) -> Refusal:
        return Refusal(self.code, self.message, retryable=self.retryable, field=self.field)


class Answer(Reply, frozen=True, kw_only=True, tag="answer"):
    """What became of it: `payload`, or a fault."""

    payload: dict[str, Any] = {}  # noqa: RUF012 - a struct copies it
    fault: Fault | None = None

    def without_payload(self) -> "Answer":
        """Where the log does not take it."""
        fault = Fault("internal", "the log does not take the answer")
        return Answer(of=self.of, ask=self.ask, fault=fault)

    def outcome(self) -> dict[str, Any] | Refusal:
        """The payload or the refusal."""
        return self.payload if self.fault is None else self.fault.refusal()


AnyRecord = (
    SubscribeAsk
    | UnsubscribeAsk
    | DisconnectAsk
    | DescribeAsk
    | ListAsk
    | DisconnectUser
    | Revoke
    | Held
    | Answer
)
_decode: Final = msgspec.json.Decoder(AnyRecord).decode


def answer_to(ask: Ask, outcome: dict[str, Any] | Refusal) -> Answer:
    """The answer's record."""
    if not isinstance(outcome, Refusal):
        return Answer(of=ask.key, ask=ask.ask, payload=outcome)
    fault = Fault(outcome.code, outcome.message, outcome.retryable, outcome.field)
    return Answer(of=ask.key, ask=ask.ask, fault=fault)


def decode(key: bytes | None, value: bytes | None) -> AnyRecord:
    """The record. Raises Unknown, Misplaced."""
    try:
        known: AnyRecord = _decode(value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise Unknown(str(fault)) from None
    in_its_place(key, known)
    return known
