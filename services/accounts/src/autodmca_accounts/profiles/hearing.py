"""What other services' records mean to profiles. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from autodmca_events import SocialMediaIncident, SocialMediaScanStatus
from autodmca_kafka.relayed import Told
from autodmca_service.commands import Actor

from autodmca_accounts.profiles.commands import IncidentHeard, ProfileCommand, ScanHeard

TYPES = ("social_media_scan_status", "social_media_incident")


def heard(told: Told) -> Iterator[ProfileCommand]:
    """The inputs that follow from a record."""
    if told.type not in TYPES:
        return
    actor, payload = Actor(told.user_id), told.event().payload
    match payload:
        case SocialMediaScanStatus():
            yield ScanHeard(
                actor=actor,
                profile_id=payload.profile_id,
                scan_id=payload.scan_id,
                platform=payload.platform,
                status=payload.status,
                progress=payload.progress,
                checked=payload.accounts_checked + payload.posts_checked,
                found=payload.incidents_found,
                error=payload.error,
            )
        case SocialMediaIncident():
            kind = payload.incident_type.replace("_", " ").capitalize()
            yield IncidentHeard(
                actor=actor,
                profile_id=payload.profile_id,
                incident_id=payload.incident_id,
                platform=payload.platform,
                title=f"{kind} by {payload.account_handle}",
                url=payload.post_url or payload.account_url,
                status=payload.status,
                confidence=payload.similarity_score,
            )
