"""What can be asked about profiles: by people over HTTP, and by what other services told.

A new field is optional.
"""

from __future__ import annotations

from autodmca_events.scalars import Platform
from autodmca_events.social_media import IncidentStatus, SocialScanStatus
from autodmca_service.commands import Command

from autodmca_accounts.profiles.state import Content


class CreateProfile(Command, frozen=True, kw_only=True, tag="create_profile"):
    profile_id: int
    content: Content


class EditProfile(Command, frozen=True, kw_only=True, tag="edit_profile"):
    """Replace the content. `expected_revision` is the caller's If-Match."""

    profile_id: int
    content: Content
    expected_revision: int | None = None


class ScanHeard(Command, frozen=True, kw_only=True, tag="scan_heard"):
    """social_media told how the scan of one platform stands."""

    profile_id: int
    scan_id: str
    platform: Platform
    status: SocialScanStatus
    progress: float
    checked: int = 0
    found: int = 0
    error: str | None = None


class IncidentHeard(Command, frozen=True, kw_only=True, tag="incident_heard"):
    """social_media told of an incident that was found or that has moved."""

    profile_id: int
    incident_id: str
    platform: Platform
    title: str
    url: str
    status: IncidentStatus
    confidence: float


class TellScan(Command, frozen=True, kw_only=True, tag="tell_scan"):
    """Checkpoint: it is time to tell how the next scan stands."""


ProfileCommand = CreateProfile | EditProfile | ScanHeard | IncidentHeard | TellScan
