"""What bodies of requests and of answers have in common: fields in camelCase."""

from __future__ import annotations

from msgspec import Struct


class Body(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a caller sends; a field that nobody knows is named and refused."""


class EmptyBody(Body, frozen=True, kw_only=True):
    """Nothing to say. The body may be left out."""


class View(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What a caller is shown; what has its default is left out."""
