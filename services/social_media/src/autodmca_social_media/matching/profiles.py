"""What is compared: a person who is watched, and an account that may pass itself off as that person.

Owns no rule. A field that is None, or empty, is not known: it counts neither way.
"""

from __future__ import annotations

from autodmca_events.requests.social_media import Person as Person
from msgspec import Struct


class Account(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """An account as its platform shows it. `content_matches`: how many of its `posts_checked` posts copy
    the person's. `seen_at`: when it was read; its age counts up to then."""

    handle: str
    platform: str = ""
    display_name: str = ""
    bio: str = ""
    avatar_hash: str | None = None
    followers: int | None = None
    created_at: int | None = None
    seen_at: int | None = None
    posts_checked: int = 0
    content_matches: int = 0
