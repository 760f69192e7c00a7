"""Payloads of the social_media service: incidents, scans, the platforms' own state."""

from typing import Literal

from autodmca_events.payload import Payload
from autodmca_events.scalars import Count, Id, Ms, NumericId, Percent, Platform, Score, Urgency, Url
from autodmca_events.timestamps import Timestamp

IncidentType = Literal["impersonation", "copyright_infringement", "leaked_content", "scam", "brand_misuse"]
IncidentStatus = Literal["detected", "reported", "under_review", "escalated", "resolved", "false_positive"]
Signal = Literal[
    "handle_exact",
    "handle_near",
    "homoglyph",
    "affix",
    "display_name",
    "avatar_match",
    "bio_copy",
    "content_match",
]
SocialScanStatus = Literal["queued", "running", "rate_limited", "completed", "failed", "cancelled"]
PlatformState = Literal["operational", "degraded", "rate_limited", "auth_required", "down"]


class SocialMediaIncident(Payload, frozen=True, kw_only=True):
    """An account or a post that infringes, found or moved to another status."""

    incident_id: Id
    profile_id: NumericId
    platform: Platform
    incident_type: IncidentType
    severity: Urgency
    status: IncidentStatus
    account_handle: str
    account_url: Url
    post_url: Url | None = None
    similarity_score: Score
    signals: tuple[Signal, ...]
    detected_at: Timestamp
    report_id: Id | None = None


class SocialMediaScanStatus(Payload, frozen=True, kw_only=True):
    """How far a scan of one platform for one profile has come."""

    scan_id: Id
    profile_id: NumericId
    platform: Platform
    status: SocialScanStatus
    progress: Percent
    accounts_checked: Count
    posts_checked: Count
    incidents_found: Count
    started_at: Timestamp
    completed_at: Timestamp | None = None
    resume_at: Timestamp | None = None
    error: str | None = None


class SocialMediaPlatformStatus(Payload, frozen=True, kw_only=True):
    """How a platform answers us; the same for every user."""

    platform: Platform
    status: PlatformState
    rate_limit: Count | None = None
    rate_limit_remaining: Count | None = None
    rate_limit_reset_at: Timestamp | None = None
    latency_ms: Ms | None = None
    consecutive_errors: Count
    last_success_at: Timestamp | None = None
    message: str | None = None
