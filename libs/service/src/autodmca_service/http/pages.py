"""Pages of a list: a cursor that says where the next page begins, and the page itself.

The order is newest first, then by id. A cursor is opaque to its bearer and names the last item of a
page, so items made meanwhile neither repeat nor hide others, and pages of several replicas are merged by the
same order. Fails with the problem of an invalid `cursor`.
"""

from __future__ import annotations

import base64
import binascii
import heapq
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import TypeVar

import msgspec

from autodmca_service.http.problems import invalid

Place = tuple[int, str]
"""Where an item stands: the moment it was made (milliseconds since the epoch) and its id."""
T = TypeVar("T")

places: ContextVar[list[Place] | None] = ContextVar("places", default=None)
"""Where `page` notes the places of what it gives out, while a replica answers for its part of a list."""


def page(
    items: Iterable[T], place: Callable[[T], Place], limit: int, cursor: str | None
) -> tuple[list[T], str | None]:
    """At most `limit` of `items` after `cursor`, and the next page's cursor; goes through all items once."""

    def key(item: T) -> Place:
        made_at, name = place(item)
        return -made_at, name

    if cursor is not None:
        after = _decode(cursor)
        items = (item for item in items if key(item) > after)
    found = heapq.nsmallest(limit + 1, items, key=key)
    shown = found[:limit]
    if (noted := places.get()) is not None:
        noted.extend(map(place, shown))
    return shown, cursor_after(place(shown[-1])) if len(found) > limit else None


def cursor_after(place: Place) -> str:
    """The cursor of the page that begins after this place."""
    made_at, name = place
    return _encode((-made_at, name))


def _encode(place: Place) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def _decode(cursor: str) -> Place:
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(data, type=tuple[int, str])
    except (binascii.Error, ValueError):
        raise invalid("cursor", "not a cursor of this list") from None
