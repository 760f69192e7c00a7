"""Moments on the wire: RFC 3339.

Owns the one textual form that this project writes and that events carry: UTC, written `Z`, always with three
digits of a second, so that timestamps compare as strings. A moment that somebody asks for (`since`, `until`)
may come in every form that the RFC allows. Never reads a clock.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Final, overload

from msgspec import Meta

from autodmca_events.errors import InvalidTimestamp

# `$(?!\n)`: Python's `$` also matches before a final newline, ECMAScript's does not.
_PATTERN: Final = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,3})?Z$(?!\n)"
)
# Section 5.6: T and Z in either case, a space for the T, any number of digits, an offset; 60: a leap second.
_ANY_FORM: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}):([0-5][0-9]|60)(\.[0-9]+)?"
    r"([Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_LONGEST: Final = 64  # characters of a moment, of which a fraction may have any number

Timestamp = Annotated[str, Meta(pattern=_PATTERN, description="RFC 3339, UTC, at most milliseconds.")]


@overload
def rfc3339(ms: int) -> str: ...
@overload
def rfc3339(ms: None) -> None: ...
def rfc3339(ms: int | None) -> str | None:
    """Milliseconds since the Unix epoch as `2023-12-07T10:30:00.000Z`; None for no moment.

    Raises InvalidTimestamp outside the years 1-9999.
    """
    if ms is None:
        return None
    second, rest = divmod(ms, 1000)
    return f"{_second(second)}.{rest:03}Z"


@lru_cache(maxsize=64)  # most who ask, ask about now
def _second(seconds: int) -> str:
    try:
        moment = _EPOCH + timedelta(seconds=seconds)
    except OverflowError as error:
        raise InvalidTimestamp(f"{seconds} s is outside the years 1-9999") from error
    return moment.isoformat()[:-6]


def ms_of(timestamp: str) -> int:
    """Milliseconds since the Unix epoch of a moment in any form of RFC 3339.

    Digits beyond the millisecond are cut off. A leap second is read as Unix time counts it, as the second
    after it. Raises InvalidTimestamp for any other form, for no date, and outside the years 1-9999.
    """
    if len(timestamp) > _LONGEST or not (form := _ANY_FORM.fullmatch(timestamp)):
        shown = timestamp if len(timestamp) <= _LONGEST else timestamp[:_LONGEST] + "..."
        raise InvalidTimestamp(f"{shown!r} is not RFC 3339, as 2026-01-31T10:30:00Z is")
    day, minute, second, fraction, offset = form.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{minute}:00+00:00")
        if offset not in ("Z", "z"):  # -00:00 is UTC, too: section 4.3
            east = timedelta(hours=int(offset[1:3]), minutes=int(offset[4:]))
            moment += east if offset[0] == "-" else -east
        exists = second != "60" or _may_leap(moment)
        moment += timedelta(seconds=int(second))
    except (ValueError, OverflowError) as error:
        raise InvalidTimestamp(f"{timestamp!r} names no moment: {error}") from error
    if not exists:
        raise InvalidTimestamp(f"{timestamp!r} names no moment: a leap second is the last of a month")
    return (moment - _EPOCH) // _MILLISECOND + int(((fraction or "")[1:4] + "000")[:3])


def _may_leap(minute: datetime) -> bool:
    """Whether it is the last minute of a month in UTC (section 5.7)."""
    return (minute.hour, minute.minute) == (23, 59) and (minute + timedelta(minutes=1)).day == 1
