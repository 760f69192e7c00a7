"""What the rooms' interfaces over HTTP share: a few shapes, and pages of things that are numbered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final

from autodmca_service.http.operations import Call, Parameter
from autodmca_service.http.queries import number
from msgspec import Meta

Address = Annotated[str, Meta(pattern="^https?://", max_length=2_000)]
Find = Callable[[str], object | None]
"""Gives a user's entity by its name; None where there is none."""
OLDER: Final = Parameter(
    "cursor", "query", "The `nextCursor` of the page before.", {"type": "string", "pattern": "^[0-9]+$"}
)


def older_than(call: Call) -> int | None:
    """The number that the page begins below; None on the first page. Raises ProblemError."""
    return number(call.query, "cursor", 0, 1, 10**15) or None
