"""What one event says about a thing on the dashboard, and two such sayings made one. Pure.

Of two marks of a thing, `joined` is the same whichever came first and however often: it takes the newest
standing, the earliest beginning and the earliest sending.
"""

from __future__ import annotations

from typing import Final, NamedTuple, get_args

from autodmca_events import (
    AiDetectionResult,
    DelistingRequestStatus,
    Envelope,
    ProfileActivity,
    SocialMediaIncident,
    SocialMediaScanStatus,
)
from autodmca_events.delisting import DelistingStatus
from autodmca_events.social_media import IncidentStatus, SocialScanStatus
from autodmca_events.timestamps import ms_of
from msgspec import structs

from autodmca_accounts.dashboard.state import Mark, Standing

_INCIDENT: Final = get_args(IncidentStatus)
_SCAN: Final = get_args(SocialScanStatus)
_REQUEST: Final = get_args(DelistingStatus)
_NOT_SENT: Final = frozenset({"draft", "queued", "cancelled", "failed"})
_DECIDED: Final = frozenset({"approved", "partially_approved", "denied", "expired"})
_ACTIVE: Final = frozenset({"queued", "running", "rate_limited"})


class Said(NamedTuple):
    """A mark, and the id of the thing that it is of."""

    thing: str
    mark: Mark

    @property
    def entity_id(self) -> str:
        return f"mark/{self.mark.kind}/{self.thing}"


def said(event: Envelope) -> Said | None:
    """What the event says; None where it is not about a thing that is counted."""
    at = ms_of(event.timestamp)
    match event.payload:
        case ProfileActivity(type="created") as activity:
            born = ms_of(activity.occurred_at)
            return Said(str(activity.profile_id), Mark(kind="profile", standing=Standing(at), born=born))
        case SocialMediaScanStatus() as scan:
            return Said(scan.scan_id, _scan(scan, at))
        case SocialMediaIncident() as incident:
            return Said(incident.incident_id, _incident(incident, at))
        case DelistingRequestStatus() as request:
            return Said(request.request_id, _request(request, at))
        case AiDetectionResult(verdict="match") as found:
            mark = Mark(kind="match", place="web", standing=Standing(at), born=at)
            return Said(found.detection_id, mark)
    return None


def joined(one: Mark, other: Mark) -> Mark:
    """What both say together."""
    sent = [each for each in (one.sent, other.sent) if each is not None]
    return structs.replace(
        one,
        standing=max(one.standing, other.standing),
        born=min(one.born, other.born),
        sent=min(sent, default=None),
    )


def _scan(scan: SocialMediaScanStatus, at: int) -> Mark:
    standing = Standing(at, _SCAN.index(scan.status), scan.status in _ACTIVE)
    return Mark(kind="scan", place=scan.platform, standing=standing, born=ms_of(scan.started_at))


def _incident(incident: SocialMediaIncident, at: int) -> Mark:
    """A report is a takedown once the platform has given it a number; its one target is the account."""
    sent = incident.report_id is not None
    resolved = incident.status == "resolved"
    standing = Standing(
        at,
        _INCIDENT.index(incident.status),
        incident.status not in ("resolved", "false_positive"),
        incident.status != "false_positive",
        int(sent and resolved),
        int(sent and resolved),
    )
    return Mark(
        kind="incident",
        place=incident.platform,
        standing=standing,
        born=ms_of(incident.detected_at),
        sent=at if sent else None,
    )


def _request(request: DelistingRequestStatus, at: int) -> Mark:
    """Its targets are its URLs; of one that expired, those without an answer were not removed."""
    removed = decided = 0
    if request.status in _DECIDED:
        removed = request.urls_removed
        decided = removed + request.urls_no_action
        decided += request.urls_pending if request.status == "expired" else 0
    standing = Standing(
        at, _REQUEST.index(request.status), request.status not in _DECIDED, True, removed, decided
    )
    sent = None if request.status in _NOT_SENT else at
    return Mark(kind="request", place=request.engine, standing=standing, born=at, sent=sent)
