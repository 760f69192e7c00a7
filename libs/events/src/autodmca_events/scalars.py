"""The value types that payloads are made of, with the limits that readers may count on.

Owns units and ranges: a struct's field names its type from here instead of repeating a range.
Whole numbers stay below 2**53, so that JavaScript reads them exactly (RFC 7493, section 2.2).
"""

from typing import Annotated, Final, Literal

from msgspec import Meta

LARGEST_INTEGER: Final = 2**53 - 1

Count = Annotated[int, Meta(ge=0, le=LARGEST_INTEGER, description="How many.")]
Change = Annotated[
    int, Meta(ge=-LARGEST_INTEGER, le=LARGEST_INTEGER, description="Difference to the previous period.")
]
Bits = Annotated[int, Meta(ge=0, le=LARGEST_INTEGER, description="Hamming distance in bits.")]
Ms = Annotated[int, Meta(ge=0, le=LARGEST_INTEGER, description="Milliseconds.")]
Seconds = Annotated[int, Meta(ge=0, le=LARGEST_INTEGER, description="Seconds.")]
Ordinal = Annotated[int, Meta(ge=1, le=LARGEST_INTEGER, description="Counted from 1.")]
HttpStatus = Annotated[int, Meta(ge=100, le=599, description="HTTP status code.")]
Percent = Annotated[float, Meta(ge=0, le=100, description="Percent, 0-100.")]
Score = Annotated[float, Meta(ge=0, le=1, description="0-1.")]
Rate = Annotated[float, Meta(ge=0, description="At least 0.")]
Id = Annotated[str, Meta(min_length=1, description="Identifier, opaque.")]
NumericId = Annotated[int, Meta(ge=0, le=LARGEST_INTEGER, description="Identifier of a user or a profile.")]
Url = Annotated[str, Meta(min_length=1, description="Absolute URL.")]
Platform = Annotated[
    str, Meta(min_length=1, description="Platform, in lower case: instagram, tiktok, web, ...")
]

Engine = Literal["google", "bing", "yandex", "duckduckgo"]
"""Search engines that requests go to."""
Urgency = Literal["low", "medium", "high", "critical"]
"""Severity of an incident, priority of a notification."""
