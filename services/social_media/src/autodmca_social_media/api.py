"""The shapes of requests and answers over HTTP. Owns no rule."""

from __future__ import annotations

from typing import Annotated

from autodmca_events.requests.social_media import (
    AvatarHash,
    Budget,
    Followers,
    Moment,
    Name,
    Person,
    Platforms,
    ProfileId,
)
from autodmca_events.scalars import Urgency
from autodmca_events.social_media import IncidentStatus, IncidentType, PlatformState, Signal, SocialScanStatus
from autodmca_service.http.shapes import Body, View
from msgspec import Meta

from autodmca_social_media.matching.scoring import Part, Verdict

ShortText = Annotated[str, Meta(max_length=500)]
Posts = Annotated[int, Meta(ge=0, le=10**9)]


class WatchedPerson(Person, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom accounts are compared with: at least one of `handles` and `names`. `own`: handles that are the
    person's, which never match: of any platform, or of one (`bluesky:ada.example`). `posts`: texts of theirs,
    of which copies are looked for. What is left out is not known."""


class Candidate(Body, frozen=True, kw_only=True):
    """An account. `seenAt`: when it was looked at, now when not given; its age counts up to then.
    `contentMatches`: how many of its `postsChecked` posts copy the person's."""

    handle: Name
    platform: ShortText = ""
    display_name: ShortText = ""
    bio: Annotated[str, Meta(max_length=5_000)] = ""
    avatar_hash: AvatarHash | None = None
    followers: Followers | None = None
    created_at: Moment | None = None
    seen_at: Moment | None = None
    posts_checked: Posts = 0
    content_matches: Posts = 0


class MatchBody(Body, frozen=True, kw_only=True):
    watched: WatchedPerson
    candidate: Candidate


class WatchBody(WatchedPerson, frozen=True, kw_only=True):
    """`platforms`: of those that are set up; all of them when not given. `intervalSeconds`: between scheduled
    scans; without it scans are made when asked for. `budget`: searches of one scan on one platform."""

    platforms: Platforms = ()
    interval_seconds: Annotated[int, Meta(ge=1, le=31_536_000)] | None = None
    budget: Budget = 60


class ScanBody(Body, frozen=True, kw_only=True):
    """`platforms`: of those that the profile is watched on; all of them when not given."""

    profile_id: ProfileId
    platforms: Platforms = ()


class NoteBody(Body, frozen=True, kw_only=True):
    note: Annotated[str, Meta(max_length=2_000)] | None = None


class MatchView(View, frozen=True, kw_only=True):
    """`verdict`: own, no_match or match; `severity` only of a match. `parts`: every signal with its figure,
    its weight and what it added to the score's log-odds, the heaviest first."""

    verdict: Verdict
    score: float
    severity: Urgency | None = None
    signals: tuple[Signal, ...] = ()
    parts: tuple[Part, ...] = ()


class WatchView(View, frozen=True, kw_only=True):
    profile_id: int
    handles: tuple[str, ...]
    names: tuple[str, ...]
    bio: str = ""
    avatar_hashes: tuple[str, ...] = ()
    followers: int | None = None
    own: tuple[str, ...] = ()
    posts: tuple[str, ...] = ()
    platforms: tuple[str, ...]
    interval_seconds: int | None = None
    budget: int
    next_scan_at: str | None = None
    updated_at: str


class ScanView(View, frozen=True, kw_only=True):
    """`searches`: done of `searchesTotal`; `progress` in percent. `incidentsLeftOut`: found beyond the number
    that is kept of a user."""

    id: str
    profile_id: int
    platform: str
    status: SocialScanStatus
    paused: bool = False
    progress: int = 0
    searches: int = 0
    searches_total: int = 0
    accounts_checked: int = 0
    posts_checked: int = 0
    incidents_found: int = 0
    incidents_left_out: int = 0
    started_at: str
    completed_at: str | None = None
    resume_at: str | None = None
    error: str | None = None


class IncidentView(View, frozen=True, kw_only=True):
    """`reason`: why its report does not go on by itself. `parts` as in a match. `postUrl`: a post of the
    account's that copies one of the person's."""

    id: str
    profile_id: int
    platform: str
    account_id: str
    account_handle: str
    account_url: str
    post_url: str | None = None
    display_name: str = ""
    incident_type: IncidentType
    severity: Urgency
    status: IncidentStatus
    score: float
    signals: tuple[Signal, ...]
    parts: tuple[Part, ...] = ()
    detected_at: str
    updated_at: str
    report_id: str | None = None
    needs_person: bool = False
    reason: str | None = None
    note: str | None = None


class PlatformView(View, frozen=True, kw_only=True):
    platform: str
    status: PlatformState
    rate_limit: int | None = None
    rate_limit_remaining: int | None = None
    rate_limit_reset_at: str | None = None
    latency_ms: int | None = None
    consecutive_errors: int = 0
    last_success_at: str | None = None
    message: str | None = None


class WatchPage(View, frozen=True, kw_only=True):
    items: tuple[WatchView, ...]
    next_cursor: str | None = None


class ScanPage(View, frozen=True, kw_only=True):
    items: tuple[ScanView, ...]
    next_cursor: str | None = None


class IncidentPage(View, frozen=True, kw_only=True):
    items: tuple[IncidentView, ...]
    next_cursor: str | None = None
