"""What nodes say to each other over the `edge-control` topic.

Owns the records' form: a tagged JSON object each, the tag also in a header, so that who looks for some kinds
passes over the rest undecoded. A kind that this node does not know (a newer node's) and a record that is none
raise `Unknown`.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from autodmca_runtime import Claims

from autodmca_edge.protocol import Refusal, SubscriptionConfig

__all__ = [
    "Answer",
    "Ask",
    "ControlRecord",
    "DisconnectAsk",
    "DisconnectUser",
    "Held",
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


class OfConnection(ControlRecord, frozen=True, kw_only=True):
    """What concerns one connection."""

    connection_id: str

    @property
    def key(self) -> str:
        return self.connection_id


class Ask(OfConnection, frozen=True, kw_only=True):
    """For the node that holds the connection; `ask` is the name that its answer comes under."""

    ask: str


class DisconnectAsk(Ask, frozen=True, kw_only=True, tag="disconnect"):
    """End the connection."""


class DisconnectUser(ControlRecord, frozen=True, kw_only=True, tag="disconnect_user"):
    """End a user's connections, wherever they are."""

    user_id: int

    @property
    def key(self) -> str:
        return f"user {self.user_id}"


class Revoke(ControlRecord, frozen=True, kw_only=True, tag="revoke"):
    """Cut off a user, or a token by the SHA-256 of it in hexadecimal, until then; the past lifts it."""

    user_id: int | None = None
    token_digest: str | None = None
    until_ms: int

    @property
    def key(self) -> str:
        return f"revoked {self.user_id or self.token_digest}"


class SubscribeAsk(Ask, frozen=True, kw_only=True, tag="subscribe"):
    """Add a subscription, unless it is past `until_ms`: by then the client has been told that it failed."""

    user_id: int
    """Whose token it came with."""
    subscription_id: str
    config: SubscriptionConfig
    claims: Claims
    until_ms: int


class UnsubscribeAsk(Ask, frozen=True, kw_only=True, tag="unsubscribe"):
    """End a subscription, however late."""

    user_id: int
    subscription_id: str


class Held(OfConnection, frozen=True, kw_only=True, tag="held"):
    """The connection is here, the answer takes longer: a replay runs."""

    ask: str


class Fault(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A refusal on its way to another node."""

    code: str
    message: str
    retryable: bool = False
    field: str | None = None

    def refusal(self) -> Refusal:
        return Refusal(self.code, self.message, retryable=self.retryable, field=self.field)


class Answer(OfConnection, frozen=True, kw_only=True, tag="answer"):
    """What became of an ask: `payload`, or a fault."""

    ask: str
    payload: dict[str, Any] = {}
    fault: Fault | None = None

    def outcome(self) -> dict[str, Any] | Refusal:
        """The payload or the refusal."""
        return self.payload if self.fault is None else self.fault.refusal()


AnyRecord = SubscribeAsk | UnsubscribeAsk | DisconnectAsk | DisconnectUser | Revoke | Held | Answer
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(AnyRecord).decode


def answer_to(ask: Ask, outcome: dict[str, Any] | Refusal) -> Answer:
    """The answer's record."""
    if not isinstance(outcome, Refusal):
        return Answer(connection_id=ask.connection_id, ask=ask.ask, payload=outcome)
    fault = Fault(outcome.code, outcome.message, outcome.retryable, outcome.field)
    return Answer(connection_id=ask.connection_id, ask=ask.ask, fault=fault)


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
