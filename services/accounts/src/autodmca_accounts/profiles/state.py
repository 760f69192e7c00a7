"""What is remembered of profiles: the profile, the slots of its activity feed, its newest scan.

A line of the feed is an entity by itself, so that a profile with a long history stays small; line `n`
overwrites line `n - FEED`. Times are ms since the Unix epoch. Decides nothing.
"""

from __future__ import annotations

from typing import Final

from autodmca_events.accounts import ActivityType, Infringement, ProfileScanStatus
from autodmca_events.accounts import Actor as By
from autodmca_events.scalars import Platform
from autodmca_events.social_media import SocialScanStatus
from msgspec import Struct

from autodmca_accounts.entity import Kept

FEED: Final = 500
"""Lines of activity that are kept of one profile; the oldest goes first."""
MOST_PROFILES: Final = 200
"""Of one user."""
ENDED: Final[tuple[SocialScanStatus, ...]] = ("completed", "failed", "cancelled")
"""How the scan of a platform stands when it goes on no more."""


class Handle(Struct, frozen=True, kw_only=True, rename="camel"):
    """An account of the protected person's own."""

    platform: Platform
    handle: str


class Reference(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A picture of the person's own. `hash`: its perceptual hash, 16 hexadecimal digits, where known."""

    url: str
    label: str = ""
    hash: str | None = None


class Content(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What a user writes about a profile. `platforms` empty: watched on all that are set up."""

    name: str
    names: tuple[str, ...] = ()
    handles: tuple[Handle, ...] = ()
    bio: str = ""
    posts: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    watched: bool = True
    platforms: tuple[Platform, ...] = ()
    interval_seconds: int | None = None


class Profile(Kept, frozen=True, kw_only=True, tag="profile"):
    """A protected profile. `lines`: how many lines its feed has had; `watch_error`: why it is not watched;
    `references_error`: why copies of its pictures are not looked for."""

    id: int
    content: Content
    revision: int = 1
    lines: int = 0
    watch_error: str | None = None
    references_error: str | None = None
    created_at: int
    updated_at: int


class Activity(Kept, frozen=True, kw_only=True, tag="activity"):
    """One line of a profile's feed; `number` counts from 1."""

    profile_id: int
    number: int
    type: ActivityType
    description: str
    by: By
    at: int
    infringement: Infringement | None = None


class Source(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """How the scan of one platform stands."""

    scan_id: str
    platform: Platform
    status: SocialScanStatus
    progress: float
    checked: int = 0
    found: int = 0
    error: str | None = None


class ProfileScan(Kept, frozen=True, kw_only=True, tag="profile_scan"):
    """The newest scan of a profile over all its platforms. `sources`: the newest scan of each platform;
    `ended`: the ids of platforms' scans before these, newest last, so that a late word about one begins
    nothing."""

    id: str
    profile_id: int
    sources: tuple[Source, ...]
    status: ProfileScanStatus
    started_at: int
    ended: tuple[str, ...] = ()


class Telling(Kept, frozen=True, kw_only=True, tag="scans_telling"):
    """Of one user: the numbers of the profiles `waiting` for their scans to be told, in their order; the next
    at `due_at`, by `run`. `told_at`: when one was told last."""

    waiting: tuple[int, ...] = ()
    told_at: int = 0
    due_at: int | None = None
    run: int = 0


ProfileEntity = Profile | Activity | ProfileScan | Telling
