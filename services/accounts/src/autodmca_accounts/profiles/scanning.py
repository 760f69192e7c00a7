"""The scan of a profile over all its platforms, from what each platform's scan tells. Pure.

A scan over platforms begins with the first platform's scan that is heard of, takes in each that begins before
all have ended, and ends with the last of them. Of a platform that is scanned again meanwhile, the newer scan
counts.
"""

from __future__ import annotations

from typing import Final

from autodmca_events.accounts import ProfileScanStatus
from msgspec import structs

from autodmca_accounts import ids
from autodmca_accounts.changes import Changes
from autodmca_accounts.profiles import telling
from autodmca_accounts.profiles.commands import ScanHeard
from autodmca_accounts.profiles.feed import note
from autodmca_accounts.profiles.state import ENDED, Profile, ProfileScan, Source

REMEMBERED: Final = 32
"""Scans of platforms that are known to belong to earlier scans of the profile."""


def heard(changes: Changes, command: ScanHeard) -> None:
    """Take in how one platform's scan stands, and have told how the whole stands."""
    profile = changes.need(ids.profile_id(command.profile_id), Profile)
    scan = changes.find(ids.profile_scan_id(profile.id), ProfileScan)
    if scan is not None and command.scan_id in scan.ended:
        return
    source = Source(
        scan_id=command.scan_id,
        platform=command.platform,
        status=command.status,
        progress=command.progress,
        checked=command.checked,
        found=command.found,
        error=command.error,
    )
    before = scan
    is_known = scan is not None and any(each.scan_id == command.scan_id for each in scan.sources)
    begins = scan is None or (_over(scan) and not is_known)
    scan = _begun(changes, profile, scan, source) if scan is None or begins else _with(scan, source)
    scan = structs.replace(scan, status=_status(scan.sources))
    if scan == before:
        return
    changes.put(ids.profile_scan_id(profile.id), scan)
    profile = changes.need(ids.profile_id(profile.id), Profile)
    if _over(scan):
        found = sum(each.found for each in scan.sources)
        text = f"A scan of {len(scan.sources)} platforms ended: {found} found"
        note(changes, profile, "scan_completed", text)
    telling.moved(changes, scan)


def _begun(changes: Changes, profile: Profile, before: ProfileScan | None, source: Source) -> ProfileScan:
    note(changes, profile, "scan_started", f"A scan for {profile.content.name} began")
    if before is not None:
        telling.replaced(changes, before)
    gone = () if before is None else (*before.ended, *(each.scan_id for each in before.sources))
    return ProfileScan(
        id=f"ps_{source.scan_id}",
        profile_id=profile.id,
        sources=(source,),
        status="queued",
        started_at=changes.now,
        ended=gone[-REMEMBERED:],
    )


def _with(scan: ProfileScan, source: Source) -> ProfileScan:
    """With this in place of what was known of the platform, unless that scan has ended, or is a newer one."""
    known = next((each for each in scan.sources if each.platform == source.platform), None)
    if known is None:
        return structs.replace(scan, sources=(*scan.sources, source))
    if known.scan_id == source.scan_id and known.status in ENDED:
        return scan
    ended = scan.ended if known.scan_id == source.scan_id else (*scan.ended, known.scan_id)[-REMEMBERED:]
    sources = tuple(source if each is known else each for each in scan.sources)
    return structs.replace(scan, sources=sources, ended=ended)


def _over(scan: ProfileScan) -> bool:
    return all(each.status in ENDED for each in scan.sources)


def _status(sources: tuple[Source, ...]) -> ProfileScanStatus:
    statuses = {each.status for each in sources}
    if "running" in statuses:
        return "running"
    if "rate_limited" in statuses:
        return "paused"
    if "queued" in statuses:
        return "queued" if statuses == {"queued"} else "running"
    if "completed" in statuses:
        return "completed"
    return "failed" if "failed" in statuses else "cancelled"
