"""Scans: what begins one, how far it has come, and what it finds. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from autodmca_events.scalars import Urgency
from autodmca_events.social_media import SocialScanStatus
from autodmca_service.errors import refuse
from msgspec import structs

from autodmca_social_media import ids
from autodmca_social_media.model.changes import Changes
from autodmca_social_media.model.commands import Found, Held, Paged, Scheduled, StartScan, SteerScan
from autodmca_social_media.model.state import Entity, Incident, Scan, Watch

KEPT_SCANS: Final = 200
"""Ended scans of a user that are kept; the oldest go."""
ENDED: Final = frozenset({"completed", "failed", "cancelled"})
_RISING: Final[tuple[Urgency, ...]] = ("low", "medium", "high", "critical")


def start(changes: Changes, command: StartScan) -> int:
    watch = changes.watch(command.profile_id)
    wrong = [each for each in command.platforms if each not in watch.platforms]
    if wrong:
        raise refuse("conflict", "platform-not-watched", f"platforms: {wrong[0]} is none of the watch's")
    _begin(changes, watch, command.platforms or watch.platforms)
    return watch.revision


def scheduled(changes: Changes, command: Scheduled) -> int:
    watch = changes.watch(command.profile_id)
    due = changes.now + watch.interval_ms if watch.interval_ms is not None else None
    changes.put(ids.watch_id(watch.profile_id), structs.replace(watch, next_at=due, run=changes.run))
    _begin(changes, watch, watch.platforms)
    return watch.revision


def steer(changes: Changes, command: SteerScan) -> int:
    scan = changes.scan(command.scan_id)
    if scan.status in ENDED:
        raise refuse("conflict", "scan-has-ended", f"the scan is {scan.status}")
    match command.deed:
        case "pause" if scan.paused:
            raise refuse("conflict", "scan-is-paused", "the scan is paused already")
        case "pause":
            scan = structs.replace(scan, status="queued", paused=True, next_at=None, resume_at=None)
        case "resume" if not scan.paused:
            raise refuse("conflict", "scan-is-not-paused", "only a paused scan is resumed")
        case "resume":
            scan = structs.replace(scan, paused=False, next_at=changes.now)
        case "cancel":
            scan = ended(changes, scan, "cancelled")
    return changes.put_scan(scan)


def paged(changes: Changes, command: Paged, user_id: int) -> int:
    scan = changes.scan(command.scan_id)
    kept = [_find(changes, scan, found, user_id) for found in command.found]
    scan = structs.replace(
        scan,
        status="running",
        position=command.position,
        total=command.total,
        cursor=command.cursor,
        pages=scan.pages + 1 if command.cursor is not None else 0,
        accounts_checked=scan.accounts_checked + command.accounts,
        posts_checked=scan.posts_checked + command.posts,
        incidents_found=scan.incidents_found + kept.count("new"),
        incidents_left_out=scan.incidents_left_out + kept.count("left out"),
        tries=0,
        resume_at=None,
        error=None,
        next_at=changes.now,
    )
    if command.done:
        scan = structs.replace(ended(changes, scan, "completed"), position=scan.total)
    called = command.called
    if called is not None and (scan.told_at == 0 or changes.now - scan.told_at >= changes.rules.told_ms):
        changes.tell_everybody(called)
        scan = structs.replace(scan, told_at=changes.now)
    return changes.put_scan(scan)


def held(changes: Changes, command: Held) -> int:
    scan = changes.scan(command.scan_id)
    tries = scan.tries + 1
    rules = changes.rules
    wait = min(rules.retry_ms * 2 ** min(tries - 1, 12), rules.longest_retry_ms)
    resume_at = max(command.resume_at or 0, changes.now + wait)
    limited = command.called.trouble == "rate_limited"
    scan = structs.replace(
        scan,
        status="rate_limited" if limited else "running",
        tries=0 if limited else tries,
        resume_at=resume_at,
        next_at=resume_at,
        error=None if limited else command.reason,
        told_at=0,
    )
    if tries >= rules.most_tries and not limited:
        scan = ended(changes, scan, "failed")
    changes.tell_everybody(command.called)
    return changes.put_scan(scan)


def _begin(changes: Changes, watch: Watch, platforms: tuple[str, ...]) -> None:
    """A scan of each platform on which none is going on."""
    busy = {
        each.platform
        for each in changes.entities.values()
        if isinstance(each, Scan) and each.profile_id == watch.profile_id and each.status not in ENDED
    }
    _forget(changes, changes.entities)
    for number, platform in enumerate(platforms):
        if platform not in busy:
            scan = Scan(
                id=f"scan_{changes.context.new_id(number)}",
                profile_id=watch.profile_id,
                platform=platform,
                started_at=changes.now,
                next_at=changes.now,
            )
            changes.put_scan(scan)


def _forget(changes: Changes, entities: Mapping[str, Entity]) -> None:
    past = [each for each in entities.values() if isinstance(each, Scan) and each.status in ENDED]
    past.sort(key=lambda scan: scan.started_at)
    for scan in past[: max(0, len(past) - KEPT_SCANS)]:
        changes.drop(scan.id)


def _find(changes: Changes, scan: Scan, found: Found, user_id: int) -> Literal["new", "known", "left out"]:
    """Keep what was found, unless the user has too many. An account that was found before is the same
    incident, which becomes graver where the account did."""
    name = ids.incident_id(user_id, scan.profile_id, scan.platform, found.account_id)
    old = changes.get(name)
    if isinstance(old, Incident):
        if _RISING.index(found.severity) <= _RISING.index(old.severity) or old.status != "detected":
            return "known"
        graver = structs.replace(
            old,
            severity=found.severity,
            score=found.score,
            signals=found.signals,
            parts=found.parts,
            post_url=found.post_url or old.post_url,
        )
        changes.put_incident(graver, tell=True)
        return "known"
    if changes.incidents >= changes.rules.most_incidents:
        return "left out"
    incident = Incident(
        id=name,
        profile_id=scan.profile_id,
        platform=scan.platform,
        account_id=found.account_id,
        account_handle=found.handle,
        account_url=found.url,
        post_url=found.post_url,
        display_name=found.display_name,
        incident_type=found.incident_type,
        severity=found.severity,
        score=found.score,
        signals=found.signals,
        parts=found.parts,
        detected_at=changes.now,
        updated_at=changes.now,
    )
    changes.put_incident(incident, tell=True)
    return "new"


def ended(changes: Changes, scan: Scan, status: SocialScanStatus) -> Scan:
    """The scan as it ends now; to be put."""
    return structs.replace(
        scan,
        status=status,
        paused=False,
        next_at=None,
        resume_at=None,
        completed_at=changes.now,
    )
