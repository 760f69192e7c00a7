"""Moments on the wire: RFC 3339, UTC, written `Z`.

Owns the one textual form that this project writes, always with three digits of a second, so that
timestamps compare as strings; reads none, one, two or three. Never reads a clock.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Final

from msgspec import Meta

from autodmca_events.errors import InvalidTimestamp

# `$(?!\n)`: Python's `$` also matches before a final newline, ECMAScript's does not.
_PATTERN: Final = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,3})?Z$(?!\n)"
)
_FORM: Final = re.compile(_PATTERN)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)

Timestamp = Annotated[str, Meta(pattern=_PATTERN, description="RFC 3339, UTC, at most milliseconds.")]


def rfc3339(ms: int) -> str:
    """Milliseconds since the Unix epoch as `2023-12-07T10:30:00.000Z`.

    Raises InvalidTimestamp outside the years 1-9999.
    """
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
    """Milliseconds since the Unix epoch; raises InvalidTimestamp for any other form, and for no date."""
    if not _FORM.match(timestamp):
        raise InvalidTimestamp(f"{timestamp!r} is not RFC 3339 in UTC, written Z, with at most milliseconds")
    try:
        moment = datetime.fromisoformat(timestamp)
    except ValueError as error:
        raise InvalidTimestamp(f"{timestamp!r} names no moment: {error}") from error
    return (moment - _EPOCH) // _MILLISECOND
