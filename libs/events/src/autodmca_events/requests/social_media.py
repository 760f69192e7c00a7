"""What social_media may be asked by other services."""

from typing import Annotated

from msgspec import Meta, Struct

from autodmca_events.requests.command import Command
from autodmca_events.scalars import LARGEST_INTEGER, Platform

Name = Annotated[str, Meta(min_length=1, max_length=500)]
AvatarHash = Annotated[
    str, Meta(pattern="^[0-9a-fA-F]{16}$", description="A 64-bit pHash (imagehash.phash) in hexadecimal.")
]
Post = Annotated[str, Meta(min_length=1, max_length=2_000)]
Followers = Annotated[int, Meta(ge=0, le=10**12)]
Moment = Annotated[int, Meta(ge=0, le=10**14, description="ms since the Unix epoch")]
ProfileId = Annotated[int, Meta(ge=1, le=LARGEST_INTEGER)]
Budget = Annotated[int, Meta(ge=1, le=1_000)]
Platforms = Annotated[tuple[Platform, ...], Meta(max_length=20)]


class Person(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Whom accounts are compared with: at least one of `handles` and `names`. `own`: handles that are the
    person's, which never match: of any platform, or of one (`bluesky:ada.example`). `posts`: texts of
    theirs, of which copies are looked for. What is left out is not known."""

    handles: Annotated[tuple[Name, ...], Meta(max_length=50)] = ()
    names: Annotated[tuple[Name, ...], Meta(max_length=50)] = ()
    bio: Annotated[str, Meta(max_length=5_000)] = ""
    avatar_hashes: Annotated[tuple[AvatarHash, ...], Meta(max_length=50)] = ()
    followers: Followers | None = None
    created_at: Moment | None = None
    own: Annotated[tuple[Name, ...], Meta(max_length=500)] = ()
    posts: Annotated[tuple[Post, ...], Meta(max_length=50)] = ()


class PutWatch(Command, frozen=True, kw_only=True, tag="put_watch"):
    """Have a profile watched, or watched otherwise than before.

    `platforms`: of those that are set up; none named: all of them. `interval_ms`: between scheduled scans;
    without it scans are made when asked for. `budget`: searches of one scan on one platform.
    """

    profile_id: ProfileId
    person: Person
    platforms: Platforms = ()
    interval_ms: Annotated[int, Meta(ge=1_000, le=31_536_000_000)] | None = None
    budget: Budget = 60


class StopWatch(Command, frozen=True, kw_only=True, tag="stop_watch"):
    """Watch a profile no more: its scans end, its incidents stay and are followed to their end."""

    profile_id: ProfileId
