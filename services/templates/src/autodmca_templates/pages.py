"""Pages of a list: a cursor that says where the next page begins, and the page itself.

The order is newest first, then by id. A cursor is opaque to its bearer and names the last item of a
page, so items made meanwhile neither repeat nor hide others. Fails with `BadCursor`.
"""

from __future__ import annotations

import base64
import binascii
import heapq
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from autodmca_templates.state import Template


class BadCursor(ValueError):
    """Not a cursor of ours."""


class Owned(NamedTuple):
    """A template and whose it is."""

    user_id: int
    template: Template


_Place = tuple[int, str]


def _place(owned: Owned) -> _Place:
    return (-owned.template.created_at, owned.template.id)


def page(templates: Iterable[Owned], limit: int, cursor: str | None) -> tuple[list[Owned], str | None]:
    """At most `limit` of `templates` after `cursor`, and the next page's cursor. Raises BadCursor."""
    if cursor is not None:
        after = _decode(cursor)
        templates = (owned for owned in templates if _place(owned) > after)
    found = heapq.nsmallest(limit + 1, templates, key=_place)
    if len(found) <= limit:
        return found, None
    return found[:limit], _encode(_place(found[limit - 1]))


def _encode(place: _Place) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def _decode(cursor: str) -> _Place:
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(data, type=tuple[int, str])
    except (binascii.Error, ValueError) as error:
        raise BadCursor("not a cursor of this list") from error
