"""What a record of the log is to the edge: an event's type, its frame, its payload when a filter asks.

Owns the one splice: the producer's bytes with the cursor appended, framed once for all who get it.
Never does I/O. A record that is no event raises `Malformed` with the reason, and is nobody's.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
from autodmca_events import CATALOGUE

from autodmca_edge.frames import head
from autodmca_edge.log import Partition, Record
from autodmca_edge.named_fields import Decode
from autodmca_edge.subscriptions import BITS

__all__ = [
    "ENTITIES",
    "EVERYBODYS",
    "PIECES",
    "USERS_TYPES",
    "Malformed",
    "Pieces",
    "cursor_of",
    "entity_of",
    "event_frame",
    "event_payload",
    "event_pieces",
    "event_type",
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


class Malformed(Exception):
    """A record that is no event of its topic."""


class _Head(msgspec.Struct):
    type: str


_check: Final[Callable[[bytes], object]] = msgspec.json.Decoder(msgspec.Raw).decode
_head: Final = msgspec.json.Decoder(_Head).decode
_FAULTS: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def event_type(partition: Partition, record: Record) -> int:
    """The bit of a record's type, by its header or, where a foreign producer set none, its envelope.

    Raises Malformed.
    """
    name = next((value for key, value in record.headers if key == "type"), None)
    if name is None:
        try:
            name = _head(record.value or b"").type.encode()
        except _FAULTS as fault:
            raise Malformed(str(fault)) from None
    bit = (_EVERYBODYS_TYPES if partition.everybody else USERS_TYPES).get(name)
    if bit is None:
        raise Malformed("no event type of this topic")
    return bit


def event_pieces(partition: Partition, record: Record) -> Pieces:
    """The frame of an event: its envelope as the producer encoded it, the cursor appended.

    Raises Malformed when the value is no JSON object in UTF-8.
    """
    value = record.value or b""
    try:
        _check(value)
        if not value.isascii():
            value.decode()
    except _FAULTS as fault:
        raise Malformed(str(fault)) from None
    if value[0] != _OPENING or value[-1] != _CLOSING:
        value = value.strip()
        if value[0] != _OPENING:
            raise Malformed("not a JSON object")
    offset = record.offset
    first, stem, endings = partition.spliced
    if not 0 <= offset - first < 1000:
        first, stem, endings = partition.splice(offset)
    ending = endings[offset - first]
    size = len(value) - 1 + len(stem) + len(ending)
    return _HEADS[size] if size < _MOST_HEADS else head(size), value[:-1], stem, ending


def cursor_of(pieces: Sequence[bytes]) -> tuple[str, int]:
    """The prefix and the offset of the cursor in an event's frame."""
    _, _, stem, ending = pieces
    _, _, cursor = (stem + ending).decode().partition('"cursor":"')
    prefix, _, offset = cursor.removesuffix('"}').rpartition(":")
    return prefix, int(offset)


def event_frame(partition: Partition, record: Record) -> bytes:
    """The same in one piece. Raises Malformed."""
    return b"".join(event_pieces(partition, record))


def event_payload(record: Record, decode: Decode) -> Mapping[str, Any]:
    """The payload, as far as it is decoded. Raises Malformed."""
    try:
        return decode(record.value or b"").payload
    except _FAULTS as fault:
        raise Malformed(str(fault)) from None


def entity_of(bit: int, record: Record, payload: Callable[[], Mapping[str, Any] | None]) -> object:
    """What a state is the state of: its type, user and entity; None for a fact, or what has no entity."""
    if bit not in ENTITIES:
        return None
    field = ENTITIES[bit]
    if field is None:
        return bit, record.key
    entity = (payload() or {}).get(field)
    return (bit, record.key, entity) if isinstance(entity, str | int) else None
