"""The envelope: what a record of an event holds, and what a client reads.

Owns encoding (one msgspec call) and typed decoding; fails with InvalidEvent and nothing else. Fields
that a reader does not know are ignored, so that newer writers do not break it.
"""

from typing import Any, Final

import msgspec

from autodmca_events.catalogue import CATALOGUE, EventType, event_type_of
from autodmca_events.errors import InvalidEvent
from autodmca_events.payload import Payload
from autodmca_events.scalars import LARGEST_INTEGER, Id, NumericId
from autodmca_events.timestamps import Timestamp, rfc3339


class Envelope(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One event. `timestamp`: when it was produced; `user_id`: whose it is, None for everybody's."""

    type: str
    payload: Payload
    timestamp: Timestamp
    id: Id
    user_id: NumericId | None = None
    metadata: dict[str, Any] | None = None


class _Typed(msgspec.Struct):
    """All that is read of a broken envelope, to say of which type it is."""

    type: str


class _Undecoded(msgspec.Struct, rename="camel"):
    """An envelope whose payload waits until the type is known."""

    type: str
    payload: msgspec.Raw
    timestamp: Timestamp
    id: Id
    user_id: NumericId | None = None
    metadata: dict[str, Any] | None = None


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(_Undecoded)
_TYPE_DECODER: Final = msgspec.json.Decoder(_Typed)
_PAYLOAD_DECODERS: Final = {each.name: msgspec.json.Decoder(each.payload) for each in CATALOGUE.values()}
# What msgspec raises on foreign bytes: beside its own, for invalid UTF-8 and for deep nesting.
_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def envelope(
    payload: Payload,
    *,
    user_id: int | None = None,
    timestamp_ms: int,
    id: str,  # noqa: A002 - the wire's name
    metadata: dict[str, Any] | None = None,
) -> Envelope:
    """Wrap `payload` as an event of its class's type, produced at `timestamp_ms` (since the Unix epoch).

    Raises InvalidEvent when a user's event lacks `user_id`, an event for everybody has one, or it is no
    user's id: it becomes the record's key.
    """
    event_type = event_type_of(payload)
    _check_user(event_type, user_id)
    if user_id is not None and not 0 <= user_id <= LARGEST_INTEGER:
        reason = f"a user's id is a number from 0 to {LARGEST_INTEGER}"
        raise InvalidEvent(reason, event_type=event_type.name, path="$.userId")
    return Envelope(
        type=event_type.name,
        payload=payload,
        timestamp=rfc3339(timestamp_ms),
        id=id,
        user_id=user_id,
        metadata=metadata,
    )


def encode(event: Envelope) -> bytes:
    """The record value: UTF-8 JSON in the order of the struct's fields, absent where None.

    Checks nothing; `decode` of the result does.
    """
    return _ENCODER.encode(event)


def decode(value: bytes | bytearray | memoryview | str) -> Envelope:
    """Read a record value or a client's message, every field checked.

    Raises InvalidEvent, which says the type and the field's path, for whatever is not an event.
    """
    try:
        raw = _DECODER.decode(value)
    except _UNREADABLE as error:
        raise _invalid(error, _type_of(value), "$") from error
    event_type = CATALOGUE.get(raw.type)
    if event_type is None:
        raise InvalidEvent("unknown type", event_type=raw.type, path="$.type")
    _check_user(event_type, raw.user_id)
    try:
        payload = _PAYLOAD_DECODERS[raw.type].decode(raw.payload)
    except _UNREADABLE as error:
        raise _invalid(error, raw.type, "$.payload") from error
    return Envelope(
        type=raw.type,
        payload=payload,
        timestamp=raw.timestamp,
        id=raw.id,
        user_id=raw.user_id,
        metadata=raw.metadata,
    )


def _type_of(value: bytes | bytearray | memoryview | str) -> str | None:
    try:
        return _TYPE_DECODER.decode(value).type
    except _UNREADABLE:
        return None


def _check_user(event_type: EventType, user_id: int | None) -> None:
    if (user_id is None) == event_type.everybody:
        return
    reason = (
        "is for everybody, it has no userId"
        if event_type.everybody
        else "is a user's event, userId is missing"
    )
    raise InvalidEvent(reason, event_type=event_type.name, path="$.userId")


def _invalid(error: Exception, event_type: str | None, root: str) -> InvalidEvent:
    """msgspec says where as the end of its message: "... - at `$.progress`"."""
    reason, _, where = str(error).partition(" - at `$")
    return InvalidEvent(reason, event_type=event_type, path=root + where.rstrip("`"))
