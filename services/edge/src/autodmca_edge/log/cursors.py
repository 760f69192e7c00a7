"""Cursors, as clients keep them and bring them back: a place in the log, and a record there.

Owns their form, `<topic>.<partition>.<incarnation>:<number>`, and the numbers of topics in it. The number is
the record's leader epoch plus one, then its offset in eleven digits; without a known epoch, the offset alone.
So it grows with the log, under a new leader too, even when that one uses lost offsets again. A double holds
it exactly; where offset or epoch is too large for that, the offset has nineteen digits. Knows no partition:
log/event_log.py says whether a place is there. Fails with `BadCursor`, whose reason the client is told.
"""

from collections.abc import Mapping
from typing import Final

from autodmca_edge.log.errors import BadCursor

__all__ = ["NUMBERS", "is_of", "number_of", "place_of", "prefix_of", "record_of", "stem_of"]

NUMBERS: Final[Mapping[str, int]] = {
    "autodmca.ai-detection.v1": 0,
    "autodmca.social-media.v1": 1,
    "autodmca.templates.v1": 2,
    "autodmca.delisting.v1": 3,
    "autodmca.accounts.v1": 4,
    "autodmca.broadcast.v1": 5,
}
"""What a topic is called in cursors, which clients keep: a new topic gets the next number, none is ever given
to another."""
_NAMED: Final = {number: topic for topic, number in NUMBERS.items()}
_EPOCH_LENGTH: Final = 6  # characters: enough to tell one incarnation of a topic from the next
_LAST_OFFSET: Final = (1 << 63) - 1
_LAST_EPOCH: Final = (1 << 31) - 1
_DIGITS: Final = 11  # of the offset: a hundred thousand million records
_WIDE: Final = 19
_EXACT_EPOCHS: Final = 90_070  # below 2^53 with the digits of the offset


def prefix_of(topic: str, partition: int, epoch: str) -> str:
    """All of a cursor before its offset; `epoch` names the topic's incarnation."""
    return f"{NUMBERS[topic]}.{partition}.{epoch[-_EPOCH_LENGTH:]}"


def is_of(prefix: str, epoch: str) -> bool:
    """Whether a prefix names this incarnation of its topic."""
    return prefix.rpartition(".")[2] == epoch[-_EPOCH_LENGTH:]


def stem_of(epoch: int | None, offset: int) -> str:
    """All of a cursor's number but its last three digits, which are the offset's; nothing for the first
    thousand offsets without an epoch."""
    thousands = offset // 1000
    if epoch is None:
        return str(thousands or "")
    digits = _DIGITS if offset < 10**_DIGITS and epoch < _EXACT_EPOCHS else _WIDE
    return f"{epoch + 1}{thousands:0{digits - 3}d}"


def number_of(epoch: int | None, offset: int) -> str:
    """What stands after the last `:`; -1 where nothing has come yet."""
    if epoch is None or offset < 0:
        return str(offset)
    return f"{stem_of(epoch, offset)}{offset % 1000:03d}"


def record_of(text: str) -> tuple[int | None, int]:
    """The leader epoch, where it is known, and the offset that such a number says. Raises BadCursor."""
    if text == "-1":
        return None, -1
    if not _is_number(text):
        raise BadCursor("cursor")
    if len(text) <= _DIGITS:
        return None, int(text)
    digits = _WIDE if len(text) > _WIDE else _DIGITS
    epoch, offset = int(text[:-digits]) - 1, int(text[-digits:])
    last_epoch = _LAST_EPOCH if digits == _WIDE else _EXACT_EPOCHS - 1
    if not 0 <= epoch <= last_epoch or offset >= _LAST_OFFSET or text[0] == "0":
        raise BadCursor("cursor")
    return epoch, offset


def place_of(prefix: str) -> tuple[str, int]:
    """The topic and the partition that a prefix names, of whatever incarnation. Raises BadCursor."""
    code, _, rest = prefix.partition(".")
    number, _, epoch = rest.partition(".")
    if not (_is_number(code) and _is_number(number) and epoch) or int(code) not in _NAMED:
        raise BadCursor("cursor")
    return _NAMED[int(code)], int(number)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 30
