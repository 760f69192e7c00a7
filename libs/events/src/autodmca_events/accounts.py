"""Payloads of the accounts service: dashboard, submissions, profiles, notifications."""

from typing import Literal

from autodmca_events.payload import Payload
from autodmca_events.scalars import (
    Change,
    Count,
    Id,
    NumericId,
    Percent,
    Platform,
    Score,
    Seconds,
    Urgency,
    Url,
)
from autodmca_events.social_media import IncidentStatus
from autodmca_events.timestamps import Timestamp

SubmissionStatus = Literal["pending", "processing", "active", "completed", "failed", "cancelled"]
SubmissionStage = Literal["validating", "rendering", "queueing", "sending", "confirming"]
ProfileScanStatus = Literal["queued", "running", "paused", "completed", "failed", "cancelled"]
ActivityType = Literal[
    "created",
    "updated",
    "handle_added",
    "reference_image_added",
    "scan_started",
    "scan_completed",
    "infringement_detected",
    "infringement_updated",
    "takedown_sent",
]
Actor = Literal["system", "user"]
NoticeLevel = Literal["info", "warning", "error", "maintenance"]
NotificationCategory = Literal["takedown", "delisting", "incident", "template", "scan", "account"]


class PlaceStats(Payload, frozen=True, kw_only=True):
    """The figures of one platform or search engine."""

    name: str
    active_scans: Count
    infringements_found: Count
    takedowns_sent: Count
    success_rate_percent: Percent | None = None


class DashboardStatsUpdate(Payload, frozen=True, kw_only=True):
    """The figures on a user's dashboard, all of them at once."""

    total_profiles: Count
    active_scans: Count
    infringements_found: Count
    takedowns_sent: Count
    profiles_change: Change | None = None
    scans_change: Change | None = None
    infringements_change: Change | None = None
    takedowns_change: Change | None = None
    success_rate_percent: Percent | None = None
    last_updated: Timestamp | None = None
    by_platform: tuple[PlaceStats, ...] | None = None
    by_engine: tuple[PlaceStats, ...] | None = None


class SubmissionProgress(Payload, frozen=True, kw_only=True):
    """How far a submission has come within its present status."""

    id: Id
    status: SubmissionStatus
    stage: SubmissionStage
    progress: Percent
    urls_total: Count
    urls_processed: Count
    urls_failed: Count
    eta_seconds: Seconds | None = None


class SubmissionStatusChange(Payload, frozen=True, kw_only=True):
    """A submission moved from one status to another."""

    id: Id
    previous_status: SubmissionStatus
    status: SubmissionStatus
    progress: Percent
    title: str | None = None
    reason: str | None = None
    changed_at: Timestamp


class Infringement(Payload, frozen=True, kw_only=True):
    """The infringement that an activity is about."""

    id: Id
    title: str
    url: Url
    platform: Platform
    status: IncidentStatus
    confidence: Score


class ProfileActivity(Payload, frozen=True, kw_only=True):
    """Something happened to a protected profile; one line of its history."""

    profile_id: NumericId
    profile_name: str
    type: ActivityType
    description: str
    actor: Actor
    occurred_at: Timestamp
    infringement: Infringement | None = None


class ProfileScanUpdate(Payload, frozen=True, kw_only=True):
    """How far a scan of the sources for one profile has come."""

    scan_id: Id
    profile_id: NumericId
    status: ProfileScanStatus
    progress: Percent
    sources_total: Count
    sources_scanned: Count
    candidates_checked: Count
    matches_found: Count
    current_source: str | None = None
    error: str | None = None


class SystemNotification(Payload, frozen=True, kw_only=True):
    """A word to everybody who is connected."""

    level: NoticeLevel
    code: Id
    title: str
    message: str
    starts_at: Timestamp | None = None
    ends_at: Timestamp | None = None
    dismissible: bool
    action_url: Url | None = None


class UserNotification(Payload, frozen=True, kw_only=True):
    """A word to one user."""

    notification_id: Id
    category: NotificationCategory
    priority: Urgency
    title: str
    message: str
    related_type: str | None = None
    related_id: Id | None = None
    action_url: Url | None = None
    read: bool
    created_at: Timestamp
