"""Messages as bytes: what the client says, and the outer shape of what it hears.

Owns the JSON of the wire protocol's envelope and control messages. `read` decodes only the outer object and
leaves the payload as it is; an event's payload becomes its typed struct in `event`. A message that is not
such an object raises `msgspec.DecodeError`; nothing here does I/O.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from autodmca_events import CATALOGUE, Payload

CONTROL = "connection_established"
HEARTBEAT = "heartbeat"
ERROR = "error"
ACTION = "user_notification"


class Message(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """The outer object of a message from the edge; `payload` is still JSON."""

    type: str
    payload: msgspec.Raw
    timestamp: str = ""
    id: str = ""
    user_id: int | None = None
    metadata: dict[str, Any] | None = None
    cursor: str | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One event, as the application gets it.

    `payload` is the struct of its type from `autodmca_events`; where this version of the library does not
    know the type, or the struct cannot hold what came, it is the plain dict. `timestamp` (RFC 3339, UTC) is
    when the event was produced, `user_id` is None on an event for everybody, `cursor` its position in the
    log, `raw` the message as it came.
    """

    type: str
    payload: Payload | dict[str, Any]
    id: str
    timestamp: str
    user_id: int | None
    metadata: dict[str, Any] | None
    cursor: str | None
    raw: bytes


_read = msgspec.json.Decoder(Message)
_fields = msgspec.json.Decoder(dict[str, Any])
_payloads: dict[str, msgspec.json.Decoder[Payload]] = {
    name: msgspec.json.Decoder(event_type.payload) for name, event_type in CATALOGUE.items()
}
_encode = msgspec.json.Encoder().encode


def read(data: bytes | str) -> Message:
    """The outer object of one message."""
    return _read.decode(data)


def fields(payload: msgspec.Raw) -> dict[str, Any]:
    """A payload as a plain dict."""
    return _fields.decode(payload)


def event(message: Message, data: bytes) -> Event:
    """The typed event in `message`; raises `msgspec.DecodeError` when its payload is no object."""
    payload: Payload | dict[str, Any]
    decoder = _payloads.get(message.type)
    try:
        payload = _fields.decode(message.payload) if decoder is None else decoder.decode(message.payload)
    except msgspec.ValidationError:  # a newer edge's enum value, say: old readers go on reading
        payload = _fields.decode(message.payload)
    return Event(
        type=message.type,
        payload=payload,
        id=message.id,
        timestamp=message.timestamp,
        user_id=message.user_id,
        metadata=message.metadata,
        cursor=message.cursor,
        raw=data,
    )


def control(message_id: str, timestamp: str, action: str, **payload: object) -> bytes:
    """A control message of the client: authenticate, auth_update, subscribe or unsubscribe."""
    return _message(CONTROL, {"action": action, **payload}, message_id, timestamp)


def subscribe(
    message_id: str,
    timestamp: str,
    subscription_id: str,
    *,
    types: Sequence[str],
    filters: Mapping[str, Any],
    resume: Sequence[str],
    since: str | None,
) -> bytes:
    """A `subscribe`; positions win over a moment, since they are exact."""
    config: dict[str, object] = {"types": types}
    if filters:
        config["filters"] = filters
    if resume:
        config["resume"] = resume
    elif since is not None:
        config["since"] = since
    return control(message_id, timestamp, "subscribe", subscriptionId=subscription_id, config=config)


def heartbeat(message_id: str, timestamp: str, *, response: bool = False) -> bytes:
    """The client's heartbeat, or its answer to one that the edge began."""
    payload: dict[str, object] = {"timestamp": timestamp}
    if response:
        payload["response"] = True
    return _message(HEARTBEAT, payload, message_id, timestamp)


def client_action(message_id: str, timestamp: str, action: str, data: object) -> bytes:
    """An application's own message."""
    return _message(ACTION, {"action": action, "data": data}, message_id, timestamp)


def _message(kind: str, payload: Mapping[str, object], message_id: str, timestamp: str) -> bytes:
    return _encode({"type": kind, "payload": payload, "timestamp": timestamp, "id": message_id})
