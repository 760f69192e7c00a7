"""How profiles are shown, and how what a user writes of one is kept. Pure."""

from __future__ import annotations

from autodmca_events import rfc3339

from autodmca_accounts import ids
from autodmca_accounts.profiles import api
from autodmca_accounts.profiles.state import Activity, Content, Handle, Profile, ProfileScan, Reference
from autodmca_accounts.shapes import Find


def content(body: api.ProfileBody) -> Content:
    """As it is kept: nothing stands in it twice."""
    handles = (Handle(platform=each.platform, handle=each.handle) for each in body.handles)
    references = {
        each.url: Reference(url=each.url, label=each.label, hash=each.hash) for each in body.references
    }
    return Content(
        name=body.name,
        names=tuple(dict.fromkeys(body.names)),
        handles=tuple(dict.fromkeys(handles)),
        bio=body.bio,
        posts=tuple(dict.fromkeys(body.posts)),
        references=tuple(references.values()),
        watched=body.watched,
        platforms=tuple(dict.fromkeys(body.platforms)),
        interval_seconds=body.interval_seconds,
    )


def profile(of: Profile, find: Find) -> api.ProfileView:
    """With its newest scan, which `find` gives."""
    kept = of.content
    scan = find(ids.profile_scan_id(of.id))
    return api.ProfileView(
        id=of.id,
        name=kept.name,
        names=kept.names,
        handles=tuple(api.HandleBody(platform=each.platform, handle=each.handle) for each in kept.handles),
        bio=kept.bio,
        posts=kept.posts,
        references=tuple(
            api.ReferenceBody(url=each.url, label=each.label, hash=each.hash) for each in kept.references
        ),
        watched=kept.watched,
        platforms=kept.platforms,
        interval_seconds=kept.interval_seconds,
        watch_error=of.watch_error,
        references_error=of.references_error,
        scan=_scan(scan) if isinstance(scan, ProfileScan) else None,
        created_at=rfc3339(of.created_at),
        updated_at=rfc3339(of.updated_at),
    )


def activity(of: Activity) -> api.ActivityView:
    return api.ActivityView(
        number=of.number,
        type=of.type,
        description=of.description,
        actor=of.by,
        occurred_at=rfc3339(of.at),
        infringement=of.infringement,
    )


def _scan(of: ProfileScan) -> api.ProfileScanView:
    return api.ProfileScanView(
        id=of.id,
        status=of.status,
        started_at=rfc3339(of.started_at),
        sources=tuple(
            api.SourceView(
                platform=each.platform,
                scan_id=each.scan_id,
                status=each.status,
                progress=each.progress,
                candidates_checked=each.checked,
                matches_found=each.found,
                error=each.error,
            )
            for each in of.sources
        ),
    )
