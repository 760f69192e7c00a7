"""How what is remembered is shown. Pure."""

from __future__ import annotations

from autodmca_events import rfc3339

from autodmca_social_media import api
from autodmca_social_media.model.state import Incident, Scan, Watch


def watch(of: Watch) -> api.WatchView:
    person = of.person
    return api.WatchView(
        profile_id=of.profile_id,
        handles=person.handles,
        names=person.names,
        bio=person.bio,
        avatar_hashes=person.avatar_hashes,
        followers=person.followers,
        own=person.own,
        posts=person.posts,
        platforms=of.platforms,
        interval_seconds=None if of.interval_ms is None else of.interval_ms // 1000,
        budget=of.budget,
        next_scan_at=rfc3339(of.next_at),
        updated_at=rfc3339(of.updated_at),
    )


def scan(of: Scan) -> api.ScanView:
    return api.ScanView(
        id=of.id,
        profile_id=of.profile_id,
        platform=of.platform,
        status=of.status,
        paused=of.paused,
        progress=100 if of.status == "completed" else 100 * of.position // max(1, of.total),
        searches=of.position,
        searches_total=of.total,
        accounts_checked=of.accounts_checked,
        posts_checked=of.posts_checked,
        incidents_found=of.incidents_found,
        incidents_left_out=of.incidents_left_out,
        started_at=rfc3339(of.started_at),
        completed_at=rfc3339(of.completed_at),
        resume_at=rfc3339(of.resume_at),
        error=of.error,
    )


def incident(of: Incident) -> api.IncidentView:
    return api.IncidentView(
        id=of.id,
        profile_id=of.profile_id,
        platform=of.platform,
        account_id=of.account_id,
        account_handle=of.account_handle,
        account_url=of.account_url,
        post_url=of.post_url,
        display_name=of.display_name,
        incident_type=of.incident_type,
        severity=of.severity,
        status=of.status,
        score=of.score,
        signals=of.signals,
        parts=of.parts,
        detected_at=rfc3339(of.detected_at),
        updated_at=rfc3339(of.updated_at),
        report_id=of.report_id,
        needs_person=of.stage == "person",
        reason=of.reason,
        note=of.note,
    )
