"""The shapes of profiles over HTTP. Owns no rule."""

from __future__ import annotations

from typing import Annotated

from autodmca_events.accounts import ActivityType, Infringement, ProfileScanStatus
from autodmca_events.accounts import Actor as By
from autodmca_events.requests.social_media import Post
from autodmca_service.http.shapes import Body, View
from msgspec import Meta

from autodmca_accounts.shapes import Address

Word = Annotated[str, Meta(min_length=1, max_length=200)]
Line = Annotated[str, Meta(max_length=200)]
PlatformName = Annotated[str, Meta(min_length=1, max_length=50, pattern="^[a-z0-9_.-]+$")]
PictureHash = Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]


class HandleBody(Body, frozen=True, kw_only=True):
    """An account of the person's own."""

    platform: PlatformName
    handle: Word


class ReferenceBody(Body, frozen=True, kw_only=True):
    """A picture of the person's own. `hash`: its perceptual hash, where known."""

    url: Address
    label: Line = ""
    hash: PictureHash | None = None


class ProfileBody(Body, frozen=True, kw_only=True):
    """What is known of a protected person.

    `names`: others that they go by; `posts`: texts of their own, whose copies are looked for; `platforms`:
    where they are watched, empty: everywhere; `intervalSeconds`: between scans, without it only when asked.
    """

    name: Word
    names: Annotated[tuple[Word, ...], Meta(max_length=10)] = ()
    handles: Annotated[tuple[HandleBody, ...], Meta(max_length=20)] = ()
    bio: Annotated[str, Meta(max_length=2_000)] = ""
    posts: Annotated[tuple[Post, ...], Meta(max_length=50)] = ()
    references: Annotated[tuple[ReferenceBody, ...], Meta(max_length=50)] = ()
    watched: bool = True
    platforms: Annotated[tuple[PlatformName, ...], Meta(max_length=20)] = ()
    interval_seconds: Annotated[int, Meta(ge=60, le=31_536_000)] | None = None


class SourceView(View, frozen=True, kw_only=True):
    platform: str
    scan_id: str
    status: str
    progress: float
    candidates_checked: int = 0
    matches_found: int = 0
    error: str | None = None


class ProfileScanView(View, frozen=True, kw_only=True):
    """The newest scan over all platforms."""

    id: str
    status: ProfileScanStatus
    started_at: str
    sources: tuple[SourceView, ...]


class ProfileView(View, frozen=True, kw_only=True):
    id: int
    name: str
    names: tuple[str, ...]
    handles: tuple[HandleBody, ...]
    bio: str
    posts: tuple[str, ...] = ()
    references: tuple[ReferenceBody, ...]
    watched: bool
    platforms: tuple[str, ...]
    interval_seconds: int | None = None
    watch_error: str | None = None
    references_error: str | None = None
    scan: ProfileScanView | None = None
    created_at: str
    updated_at: str


class ProfilePage(View, frozen=True, kw_only=True):
    items: tuple[ProfileView, ...]
    next_cursor: str | None = None


class ActivityView(View, frozen=True, kw_only=True):
    number: int
    type: ActivityType
    description: str
    actor: By
    occurred_at: str
    infringement: Infringement | None = None


class ActivityPage(View, frozen=True, kw_only=True):
    items: tuple[ActivityView, ...]
    next_cursor: str | None = None
