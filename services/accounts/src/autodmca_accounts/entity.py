"""What every entity of the service has in common: how it is written."""

from __future__ import annotations

from msgspec import Struct


class Kept(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, tag_field="entity"):
    """An entity; each kind has a tag of its own."""
