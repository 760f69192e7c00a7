"""What the service remembers: watched profiles, scans, incidents; and, for user 0, how platforms answer.

`run` is the position of the newest input that decided what is to be done (see `Context.is_late`), `next_at`
when that is due, in ms since the Unix epoch; None: nothing is. Decides nothing.
"""

from __future__ import annotations

from typing import Literal

from autodmca_events.scalars import Platform, Urgency
from autodmca_events.social_media import (
    IncidentStatus,
    IncidentType,
    PlatformState,
    Signal,
    SocialScanStatus,
)
from autodmca_service.bounds import EVERYBODY as EVERYBODY
from autodmca_service.receipts import Receipt, Receipts
from msgspec import Struct

from autodmca_social_media.matching.profiles import Person
from autodmca_social_media.matching.scoring import Part

Stage = Literal["file", "filing", "follow", "person"]
"""Of a report: to be filed; it may be on its way; filed and followed; it goes on when a person says how."""


class _Entity(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, tag_field="entity"):
    pass


class Watch(_Entity, frozen=True, kw_only=True, tag="watch"):
    """A profile that is watched. `interval_ms`: between scheduled scans; None: only when asked. `budget`:
    searches of one scan on one platform."""

    profile_id: int
    person: Person
    platforms: tuple[Platform, ...]
    interval_ms: int | None = None
    budget: int = 60
    revision: int = 1
    created_at: int
    updated_at: int
    next_at: int | None = None
    run: int = 0


class Scan(_Entity, frozen=True, kw_only=True, tag="scan"):
    """One scan of one platform for one profile. `position`: searches that are done; `cursor`: the next page
    of the search after them, as the platform names it, of which `pages` are read. `tries`: failures
    since the last page."""

    id: str
    profile_id: int
    platform: Platform
    status: SocialScanStatus = "queued"
    paused: bool = False
    position: int = 0
    total: int = 0
    cursor: str | None = None
    pages: int = 0
    accounts_checked: int = 0
    posts_checked: int = 0
    incidents_found: int = 0
    incidents_left_out: int = 0
    """Found beyond the number that is kept of a user."""
    tries: int = 0
    started_at: int
    completed_at: int | None = None
    resume_at: int | None = None
    error: str | None = None
    told_at: int = 0
    revision: int = 1
    next_at: int | None = None
    run: int = 0


class Incident(_Entity, frozen=True, kw_only=True, tag="incident"):
    """An account that passes itself off as a watched person. One account is one incident, however often and
    by whomever it is found. `attempt`: of its report."""

    id: str
    profile_id: int
    platform: Platform
    account_id: str
    account_handle: str
    account_url: str
    post_url: str | None = None
    display_name: str = ""
    incident_type: IncidentType
    severity: Urgency
    status: IncidentStatus = "detected"
    score: float
    signals: tuple[Signal, ...] = ()
    parts: tuple[Part, ...] = ()
    detected_at: int
    updated_at: int
    stage: Stage | None = None
    attempt: int = 0
    report_id: str | None = None
    reason: str | None = None
    note: str | None = None
    tries: int = 0
    revision: int = 1
    next_at: int | None = None
    run: int = 0


class PlatformStatus(_Entity, frozen=True, kw_only=True, tag="platform"):
    """How a platform answers us, from what calls of every replica returned."""

    platform: Platform
    status: PlatformState = "operational"
    rate_limit: int | None = None
    rate_limit_remaining: int | None = None
    rate_limit_reset_at: int | None = None
    latency_ms: int | None = None
    consecutive_errors: int = 0
    last_success_at: int | None = None
    message: str | None = None


Entity = Watch | Scan | Incident | PlatformStatus | Receipt | Receipts


class Rules(Struct, frozen=True):
    """How long the model waits for what, in milliseconds; the platforms that are set up; and bounds."""

    platforms: tuple[str, ...] = ()
    poll_ms: int = 60_000
    longest_poll_ms: int = 6 * 3_600_000
    retry_ms: int = 2_000
    longest_retry_ms: int = 300_000
    most_tries: int = 40
    settle_ms: int = 20_000
    """How long a report whose sender died may still be on its way."""
    told_ms: int = 5_000
    """A platform that answers as before is told of no more often."""
    most_incidents: int = 20_000
    """Of a user; what is found beyond them is counted and not kept."""
