"""What nodes say to each other over the `edge-control` topic.

Owns the records' form: a tagged JSON object each, the tag also in a header, so that who looks for some kinds
passes over the rest undecoded. A kind that this node does not know (a newer node's) and a record that is none
raise `Unknown`.
"""

from collections.abc import Container, Sequence
from typing import Any, Final

import msgspec
from autodmca_runtime import Claims

from autodmca_edge.protocol import Refusal, SubscriptionConfig
from autodmca_edge.revocations import Revoked, TokenId

__all__ = [
    "Answer",
    "Ask",
    "ConnectionAsk",
    "ControlRecord",
    "DescribeAsk",
    "DisconnectAsk",
    "DisconnectUser",
    "Held",
    "ListAsk",
    "Revoke",
    "SubscribeAsk",
    "Unknown",
    "UnsubscribeAsk",
    "answer_to",
    "decode",
    "encode",
    "is_revocation",
]

KIND: Final = "kind"


class Unknown(Exception):
    """A record that this node cannot read."""


class ControlRecord(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag_field=KIND, omit_defaults=True
):
    """Anything that is said."""

    @property
    def key(self) -> str:
        """The record's: of those with one key the newest is kept for long."""
        raise NotImplementedError


class Ask(ControlRecord, frozen=True, kw_only=True):
    """For one node; `ask` is the name that its answer comes under."""

    ask: str

    def is_for(self, node: str, connections: Container[str]) -> bool:
        """Whether it is for the node of that name, which holds these connections."""
        raise NotImplementedError


class ConnectionAsk(Ask, frozen=True, kw_only=True):
    """For the node that holds the connection."""

    connection_id: str

    @property
    def key(self) -> str:
        return self.connection_id

    def is_for(self, _node: str, connections: Container[str]) -> bool:
        return self.connection_id in connections


class DisconnectAsk(ConnectionAsk, frozen=True, kw_only=True, tag="disconnect"):
    """End the connection."""


class DescribeAsk(ConnectionAsk, frozen=True, kw_only=True, tag="describe"):
    """Tell all about the connection."""


class ListAsk(Ask, frozen=True, kw_only=True, tag="list"):
    """Tell of the connections of one node; see inspecting.py."""

    node: str
    user_id: int | None
    limit: int
    after: str
    by_lag: bool

    @property
    def key(self) -> str:
        return f"node {self.node}"

    def is_for(self, node: str, _connections: Container[str]) -> bool:
        return self.node == node


class DisconnectUser(ControlRecord, frozen=True, kw_only=True, tag="disconnect_user"):
    """End a user's connections, wherever they are."""

    user_id: int

    @property
    def key(self) -> str:
        return f"user {self.user_id}"


class Revoke(ControlRecord, frozen=True, kw_only=True, tag="revoke"):
    """Cut off a user, or a token by the SHA-256 of it in hexadecimal or by its `jti`, until then; the past
    lifts it."""

    user_id: int | None = None
    token_digest: str | None = None
    jti: str | None = None
    until_ms: int

    @classmethod
    def of(cls, revoked: Revoked, until_ms: int) -> "Revoke":
        """The record that says so."""
        match revoked:
            case int():
                return cls(user_id=revoked, until_ms=until_ms)
            case TokenId(jti):
                return cls(jti=jti, until_ms=until_ms)
            case _:
                return cls(token_digest=revoked, until_ms=until_ms)

    @property
    def revoked(self) -> Revoked:
        """Who or what is."""
        if self.user_id is not None:
            return self.user_id
        return TokenId(self.jti) if self.jti is not None else self.token_digest or ""

    @property
    def key(self) -> str:
        return f"revoked jti {self.jti}" if self.jti is not None else f"revoked {self.revoked}"


class SubscribeAsk(ConnectionAsk, frozen=True, kw_only=True, tag="subscribe"):
    """Add a subscription, unless it is past `until_ms`: by then the client has been told that it failed."""

    user_id: int
    """Whose token it came with."""
    subscription_id: str
    config: SubscriptionConfig
    claims: Claims
    until_ms: int


class UnsubscribeAsk(ConnectionAsk, frozen=True, kw_only=True, tag="unsubscribe"):
    """End a subscription, however late."""

    user_id: int
    subscription_id: str


class Reply(ControlRecord, frozen=True, kw_only=True):
    """To an ask, under its key."""

    ask: str
    of: str

    @property
    def key(self) -> str:
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

    payload: dict[str, Any] = {}
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
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(AnyRecord).decode


def answer_to(ask: Ask, outcome: dict[str, Any] | Refusal) -> Answer:
    """The answer's record."""
    if not isinstance(outcome, Refusal):
        return Answer(of=ask.key, ask=ask.ask, payload=outcome)
    fault = Fault(outcome.code, outcome.message, outcome.retryable, outcome.field)
    return Answer(of=ask.key, ask=ask.ask, fault=fault)


def is_revocation(headers: Sequence[tuple[str, bytes | None]]) -> bool:
    """Whether a record with these headers is one, before it is decoded."""
    return any(name == KIND and value == b"revoke" for name, value in headers)


def encode(record: ControlRecord) -> tuple[bytes, list[tuple[str, bytes]]]:
    """A record's value and its headers."""
    return _encode(record), [(KIND, str(record.__struct_config__.tag).encode())]


def decode(value: bytes | None) -> AnyRecord:
    """The record. Raises Unknown."""
    try:
        known: AnyRecord = _decode(value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise Unknown(str(fault)) from None
    return known
