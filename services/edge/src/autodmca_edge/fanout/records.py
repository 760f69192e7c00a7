"""What a record of the log is to the edge: the verdict whether it is an event, its frame, its payload.

Owns the one verdict, which hangs on the record and its topic alone: who hands a record out, live or in a
replay, asks `judge` before anything is built on it. Owns the one splice as well: the producer's bytes with
the cursor appended, framed once for all who get it. Never does I/O. A record that is no event raises
`Malformed` with the reason, and is nobody's.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from autodmca_events import CATALOGUE

from autodmca_edge.fanout.projection import Body, Decode, bare_decoder
from autodmca_edge.fanout.subscriptions import BITS
from autodmca_edge.log.cursors import record_of
from autodmca_edge.log.event_log import Partition, Record
from autodmca_edge.wire.frames import head

__all__ = [
    "ENTITIES",
    "EVERYBODYS",
    "PIECES",
    "REASONS",
    "USERS_TYPES",
    "Malformed",
    "Pieces",
    "Report",
    "cursor_of",
    "entity_of",
    "event_frame",
    "event_pieces",
    "event_type",
    "judge",
]

USERS_TYPES: Final[Mapping[bytes | None, int]] = {
    name.encode(): BITS[name] for name, each in CATALOGUE.items() if not each.everybody
}
"""The bit of a type by the value of the header `type`, on the topics that are keyed by user."""
_EVERYBODYS_TYPES: Final[Mapping[bytes | None, int]] = {
    name.encode(): BITS[name] for name, each in CATALOGUE.items() if each.everybody
}
EVERYBODYS: Final = sum(_EVERYBODYS_TYPES.values())
"""The bits of the types that have no user."""


PIECES: Final = 4
Pieces = tuple[bytes, bytes, bytes, bytes]
"""A frame: head, envelope, cursor in two. They are joined once for all that a member is sent."""

ENTITIES: Final[Mapping[int, str | None]] = {
    BITS[name]: each.entity for name, each in CATALOGUE.items() if each.kind == "state"
}
"""By the bit of a state's type: the payload field that names what it is the state of; None: the user."""


_OPENING, _CLOSING = b"{}"
_MOST_HEADS: Final = 4096
_HEADS: Final = tuple(head(size) for size in range(_MOST_HEADS))


REASONS: Final = ("json", "type", "payload", "user", "partition")
"""Why a record is no event: its value is no JSON object in UTF-8; its type is none of its topic's, or not the
one that its header says; its payload is no object; its key is no user's, or not that of its `userId`; its key
belongs on another partition."""


class Malformed(Exception):
    """A record that is no event of its topic; `reason` is one of REASONS."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail[:200])
        self.reason = reason


Report = Callable[[Partition, int, Malformed], None]
"""Is told of a record that is no event, with its offset."""


class _Object(msgspec.Struct):
    pass


class _Head(msgspec.Struct):
    type: str


class _WithPayload(msgspec.Struct):
    payload: _Object


class _OfUser(msgspec.Struct, rename="camel"):
    user_id: int | None = None


class _Read(NamedTuple):
    """An event that msgspec cannot read in full."""

    payload: Mapping[str, Any]
    user_id: int | None


_head: Final = msgspec.json.Decoder(_Head).decode
_ENVELOPES: Final = {bit: bare_decoder(name) for name, bit in BITS.items()}
_CAUSES: Final = (
    ("json", msgspec.json.Decoder(_Object).decode),
    ("type", _head),
    ("payload", msgspec.json.Decoder(_WithPayload).decode),
    ("user", msgspec.json.Decoder(_OfUser).decode),
)
_FAULTS: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def event_type(partition: Partition, record: Record) -> int:
    """The bit of the type that a record claims, by its header or, where a foreign producer set none, its
    envelope. Raises Malformed.
    """
    name = next((value for key, value in record.headers if key == "type"), None)
    if name is None:
        try:
            name = _head(record.value or b"").type.encode()
        except _FAULTS as fault:
            raise _malformed(record.value or b"", fault) from None
    bit = (_EVERYBODYS_TYPES if partition.everybody else USERS_TYPES).get(name)
    if bit is None:
        raise Malformed("type", f"no event type of this topic: {name!r}")
    return bit


def judge(partition: Partition, record: Record, bit: int, decode: Decode | None = None) -> Mapping[str, Any]:
    """The verdict on a record that claims to be of this type, and its payload, as far as `decode` (of that
    type; see fanout/projection.py) decodes it. Raises Malformed, whatever `decode` looks at or not at all."""
    value = record.value or b""
    try:
        body = (decode or _ENVELOPES[bit])(value)
        if not value.isascii():
            value.decode()
    except _FAULTS:
        body = _look_closely(value, bit)
    # A key that is known here, with its user: the usual case. Else None is nobody, and no user is False.
    if partition.keys.get(record.key, False) != body.user_id or partition.everybody:
        _require_home(partition, record.key, body.user_id)
    return body.payload


def _require_home(partition: Partition, key: bytes | None, user_id: int | None) -> None:
    """Raises Malformed for what is another user's, or on another partition than its user's events are."""
    if partition.everybody:
        if user_id is not None:
            raise Malformed("user", f"an event for everybody has the userId {user_id}")
        return
    home = partition.homes.of(key)
    if home is None or user_id not in (None, home[1]):
        raise Malformed("user", f"the key is {key!r}, the userId {user_id}")
    if home[0] != partition.number:
        raise Malformed("partition", f"of {partition.homes.partitions} the key {key!r} belongs on {home[0]}")


def _look_closely(value: bytes, bit: int) -> Body:
    """A record that could not be decoded: it is no event, or it is one with something in a field that some
    filter names which is JSON, but of which msgspec makes no Python value."""
    try:
        body = _ENVELOPES[bit](value)
        value.decode()
    except _FAULTS as fault:
        raise _malformed(value, fault) from None
    try:
        payload = json.loads(value, parse_int=_integer)["payload"]
    except (ValueError, RecursionError):
        payload = {}
    return _Read(payload, body.user_id)


def _integer(text: str) -> int | float:
    return int(text) if len(text) < 1000 else float(text)  # Python refuses to read very long ones


def _malformed(value: bytes, fault: Exception) -> Malformed:
    """What is wrong with a value that is no event."""
    for reason, decode in _CAUSES:
        try:
            decode(value)
            value.decode()
        except _FAULTS as found:
            return Malformed(reason, str(found))
    return Malformed("type", str(fault))


def event_pieces(partition: Partition, record: Record) -> Pieces:
    """The frame of an event that `judge` let pass: its envelope as the producer encoded it, the cursor
    appended."""
    value = record.value or b""
    if value[0] != _OPENING or value[-1] != _CLOSING:
        value = value.strip()
    offset = record.offset
    first, after, stem, endings = partition.spliced
    if not first <= offset < after:
        first, after, stem, endings = partition.splice(offset)
    ending = endings[offset - first]
    size = len(value) - 1 + len(stem) + len(ending)
    return _HEADS[size] if size < _MOST_HEADS else head(size), value[:-1], stem, ending


def cursor_of(pieces: Sequence[bytes]) -> tuple[str, int]:
    """The prefix and the offset of the cursor in an event's frame."""
    _, _, stem, ending = pieces
    _, _, cursor = (stem + ending).decode().partition('"cursor":"')
    prefix, _, number = cursor.removesuffix('"}').rpartition(":")
    return prefix, record_of(number)[1]


def event_frame(partition: Partition, record: Record) -> bytes:
    """The same in one piece."""
    return b"".join(event_pieces(partition, record))


def entity_of(bit: int, owner: object, payload: Callable[[], Mapping[str, Any]]) -> object:
    """What an event of this type is the state of: its type, its user and its entity.

    None for a fact, and for a state without an entity. `owner`: the user, in whatever form; `payload` is
    asked for where it matters.
    """
    if bit not in ENTITIES:
        return None
    field = ENTITIES[bit]
    if field is None:
        return bit, owner
    entity = payload().get(field)
    return (bit, owner, entity) if isinstance(entity, str | int) else None
