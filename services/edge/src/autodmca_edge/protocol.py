"""What a client and an edge may say to each other (docs/protocol.md), without I/O.

Owns the messages: the client's, parsed into commands, and the edge's answers, built as JSON. Which
command is allowed in which state is decided here too. A message that may not be said raises
`Refusal`, which becomes an `error` message; what ends a connection is a `CloseCode`.
"""

import re
from enum import Enum, IntEnum
from typing import Annotated, Any, Final, TypeVar

import msgspec

__all__ = [
    "AuthUpdate",
    "Authenticate",
    "ClientMessage",
    "CloseCode",
    "Command",
    "Heartbeat",
    "Refusal",
    "State",
    "Subscribe",
    "SubscriptionConfig",
    "Unsubscribe",
    "answer",
    "error",
    "heartbeat_answer",
    "names_in",
    "parse",
    "refused_shape",
    "require",
]

PROTOCOL_VERSION: Final = 1


class CloseCode(IntEnum):
    """Close codes and, in docs/protocol.md, what a client should do on each."""

    DONE = 1000
    UNSUPPORTED = 1003
    TOO_LARGE = 1009
    DRAINING = 1012
    MISUSE = 4400
    NO_TOKEN = 4401
    FORBIDDEN = 4403
    TIMED_OUT = 4408
    TOO_SLOW = 4410
    TOO_MANY = 4429
    OVERLOADED = 4503


class State(Enum):
    """Where a connection is: nothing is delivered but in OPEN."""

    UNAUTHENTICATED = "unauthenticated"
    OPEN = "open"
    CLOSING = "closing"


MessageId = str | Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
"""What an error gives back of a message's `id`: also a number, though an `id` is text."""


class Refusal(Exception):
    """A message that is answered with an `error`; the connection stays."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        field: str | None = None,
        subscription_id: str | None = None,
        in_reply_to: MessageId | None = None,
        retryable: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.subscription_id = subscription_id
        self.in_reply_to = in_reply_to
        self.retryable = retryable


SubscriptionId = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class SubscriptionConfig(msgspec.Struct, frozen=True, rename="camel"):
    """`payload.config` of a subscribe."""

    types: list[str]
    filters: dict[str, Any] | None = None
    resume: list[str] | None = None
    since: str | None = None

    @property
    def looks_back(self) -> bool:
        """Whether it asks for what came before it."""
        return bool(self.resume) or self.since is not None


class Authenticate(msgspec.Struct, frozen=True, rename="camel", tag_field="action", tag="authenticate"):
    """The first token of a connection that came without one."""

    token: str
    in_reply_to: str | None = None


class AuthUpdate(msgspec.Struct, frozen=True, rename="camel", tag_field="action", tag="auth_update"):
    """A newer token of the same user."""

    token: str
    in_reply_to: str | None = None


class Subscribe(msgspec.Struct, frozen=True, rename="camel", tag_field="action", tag="subscribe"):
    """A named interest; a standing subscription of that name is replaced."""

    subscription_id: SubscriptionId
    config: SubscriptionConfig
    in_reply_to: str | None = None


class Unsubscribe(msgspec.Struct, frozen=True, rename="camel", tag_field="action", tag="unsubscribe"):
    """The end of a subscription; unknown names are answered alike."""

    subscription_id: str
    in_reply_to: str | None = None


class Heartbeat(msgspec.Struct, frozen=True):
    """A sign of life. `response` marks an answer to one of ours, which is never answered."""

    timestamp: Any = None
    response: bool = False


class ClientMessage(msgspec.Struct, frozen=True, rename="camel"):
    """An application message for the `client-actions` topic."""

    action: str
    data: Any = None
    in_reply_to: str | None = None


_Replied = TypeVar("_Replied", bound=msgspec.Struct)
Control = Authenticate | AuthUpdate | Subscribe | Unsubscribe
Command = Control | Heartbeat | ClientMessage


class _Incoming(msgspec.Struct):
    type: str
    payload: msgspec.Raw = msgspec.Raw(b"{}")
    id: str | None = None


class _Named(msgspec.Struct):
    id: MessageId | None = None


class _Action(msgspec.Struct):
    action: str = ""
    subscriptionId: str | None = None  # noqa: N815 - the wire's name


_incoming = msgspec.json.Decoder(_Incoming)
_named = msgspec.json.Decoder(_Named)
_control: Final[msgspec.json.Decoder[Control]] = msgspec.json.Decoder(Control)
_action = msgspec.json.Decoder(_Action)
_heartbeat = msgspec.json.Decoder(Heartbeat)
_client_message = msgspec.json.Decoder(ClientMessage)
_encode = msgspec.json.Encoder().encode
_FAULTS: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_PATH = re.compile(r" - at `\$\.?(.*)`$")
_MISSING = re.compile(r"missing required field `(\w+)`")


def parse(text: bytes) -> Command:
    """The command in a client's text message. Raises Refusal naming the code and the field."""
    try:
        message = _incoming.decode(text)
    except msgspec.ValidationError as fault:
        raise _bad_message(fault, "", _id_of(text)) from None
    except _FAULTS as fault:
        raise Refusal("bad_json", f"not a JSON message: {fault}") from None
    try:
        if message.type == "heartbeat":
            return _heartbeat.decode(message.payload)
        if message.type == "connection_established":
            return _with_reply(_control.decode(message.payload), message.id)
        if message.type == "user_notification":
            return _with_reply(_client_message.decode(message.payload), message.id)
    except msgspec.ValidationError as fault:
        raise _explain(fault, message) from None
    except _FAULTS as fault:
        raise Refusal("bad_json", f"payload: {fault}", in_reply_to=message.id) from None
    raise Refusal(
        "bad_message",
        "a client sends connection_established, heartbeat or user_notification",
        field="type",
        in_reply_to=message.id,
    )


def names_in(text: bytes) -> tuple[MessageId | None, str | None]:
    """The id of a message, and the subscription that it is about, as far as they can be had cheaply."""
    message_id = _id_of(text)
    try:
        return message_id, _action.decode(_incoming.decode(text).payload).subscriptionId
    except _FAULTS:
        return message_id, None


def _id_of(text: bytes) -> MessageId | None:
    """Of a message that is wrong, be it in its `id`."""
    try:
        return _named.decode(text).id
    except _FAULTS:
        return None


def _with_reply(command: _Replied, message_id: str | None) -> _Replied:
    return command if message_id is None else msgspec.structs.replace(command, in_reply_to=message_id)


def _explain(fault: msgspec.ValidationError, message: _Incoming) -> Refusal:
    """The refusal for a payload of the wrong shape: an action nobody knows has a code of its own."""
    try:
        said = _action.decode(message.payload)
    except _FAULTS:
        return _bad_message(fault, "payload", message.id)
    known = {"authenticate", "auth_update", "subscribe", "unsubscribe"}
    if message.type == "connection_established" and said.action not in known:
        return Refusal(
            "unknown_action",
            f"payload.action is one of {', '.join(sorted(known))}",
            field="payload.action",
            in_reply_to=message.id,
        )
    refusal = _bad_message(fault, "payload", message.id)
    refusal.subscription_id = said.subscriptionId
    return refusal


def refused_shape(fault: msgspec.ValidationError) -> Refusal:
    """The refusal for a body that is JSON of the wrong shape."""
    return _bad_message(fault, "", None)


def _bad_message(fault: msgspec.ValidationError, within: str, message_id: MessageId | None) -> Refusal:
    text = str(fault)
    found = _PATH.search(text)
    missing = _MISSING.search(text)
    parts = (within, found and found.group(1), missing and missing.group(1))
    field = ".".join(part for part in parts if part) or None
    return Refusal("bad_message", _PATH.sub("", text), field=field, in_reply_to=message_id)


def require(state: State, command: Command) -> None:
    """Raise Refusal when `command` may not be said in `state`."""
    if state is State.UNAUTHENTICATED and not isinstance(command, Authenticate | Heartbeat):
        raise Refusal(
            "unauthenticated",
            "authenticate first",
            subscription_id=getattr(command, "subscription_id", None),
            in_reply_to=getattr(command, "in_reply_to", None),
        )


def answer(action: str, timestamp: str, in_reply_to: str | None = None, **payload: Any) -> bytes:
    """A `connection_established` message of the edge."""
    body: dict[str, Any] = {"action": action, **payload}
    if in_reply_to is not None:
        body["inReplyTo"] = in_reply_to
    return _encode({"type": "connection_established", "payload": body, "timestamp": timestamp})


def heartbeat_answer(heartbeat: Heartbeat, timestamp: str, cursors: list[str]) -> bytes:
    """The answer to a client's heartbeat, with the positions of its subscriptions."""
    told = {"serverTime": timestamp, "cursors": cursors, "response": True}
    payload = {"timestamp": heartbeat.timestamp, **told}
    return _encode({"type": "heartbeat", "payload": payload, "timestamp": timestamp})


def error(refusal: Refusal, timestamp: str) -> bytes:
    """An `error` message."""
    payload: dict[str, Any] = {"code": refusal.code, "message": refusal.message}
    payload["retryable"] = refusal.retryable
    where: dict[str, Any] = {"subscriptionId": refusal.subscription_id, "field": refusal.field}
    where["inReplyTo"] = refusal.in_reply_to
    payload |= {name: value for name, value in where.items() if value is not None}
    return _encode({"type": "error", "payload": payload, "timestamp": timestamp})
