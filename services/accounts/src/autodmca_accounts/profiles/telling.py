"""When the user is told how scans stand: at once, then a few times a second at most. Pure.

A scan that moves meanwhile waits for its turn, and is told as it is by then; whichever has waited longest is
next. A user has one such queue for all profiles, so that it is as long as there are profiles.
"""

from __future__ import annotations

from typing import Final

from autodmca_events import ProfileScanUpdate
from autodmca_service.errors import refuse
from autodmca_service.work import Due
from msgspec import structs

from autodmca_accounts import ids
from autodmca_accounts.changes import Changes
from autodmca_accounts.profiles.state import ENDED, ProfileScan, Telling

PAUSE_MS: Final = 300
"""From one update to the next at least, whichever scan they are of."""
TELLING: Final = "profile_scans"


def moved(changes: Changes, scan: ProfileScan) -> None:
    """Tell how the scan stands, now or in its turn."""
    telling = changes.find(TELLING, Telling) or Telling()
    since = changes.now - telling.told_at
    if not telling.waiting and not 0 <= since < PAUSE_MS:  # a clock that was set back delays nothing
        changes.tell(_update(scan))
        changes.put(TELLING, Telling(told_at=changes.now))
    elif scan.profile_id not in telling.waiting:
        due_at = changes.now + PAUSE_MS - since if telling.due_at is None else telling.due_at
        waiting = (*telling.waiting, scan.profile_id)
        changes.put(TELLING, structs.replace(telling, waiting=waiting, due_at=due_at, run=changes.run))


def replaced(changes: Changes, scan: ProfileScan) -> None:
    """Another scan takes the place of this one: tell how it ended, if it waits to be told."""
    telling = changes.find(TELLING, Telling) or Telling()
    if scan.profile_id in telling.waiting:
        changes.tell(_update(scan))
        rest = tuple(each for each in telling.waiting if each != scan.profile_id)
        changes.put(TELLING, _next(structs.replace(telling, waiting=rest), changes))


def tell(changes: Changes) -> None:
    """The pause is over: tell of the scan that has waited longest. Raises CommandRefused."""
    telling = changes.find(TELLING, Telling)
    if telling is None or not telling.waiting or changes.context.is_late(telling.run):
        raise refuse("conflict", "overtaken", "how the scans stand has been told")
    first, rest = telling.waiting[0], telling.waiting[1:]
    scan = changes.find(ids.profile_scan_id(first), ProfileScan)
    if scan is not None:
        changes.tell(_update(scan))
    changes.put(TELLING, _next(Telling(waiting=rest, told_at=changes.now), changes))


def due(user_id: int, entity_id: str, entity: object) -> Due | None:
    """When the next is told."""
    if entity_id != TELLING or not isinstance(entity, Telling) or entity.due_at is None:
        return None
    return Due(key=f"scans/{user_id}/{entity.run}", at_ms=entity.due_at, run=entity.run)


def _next(telling: Telling, changes: Changes) -> Telling:
    due_at = changes.now + PAUSE_MS if telling.waiting else None
    return structs.replace(telling, due_at=due_at, run=changes.run)


def _update(scan: ProfileScan) -> ProfileScanUpdate:
    ended = [each for each in scan.sources if each.status in ENDED]
    going = next((each.platform for each in scan.sources if each.status == "running"), None)
    errors = [f"{each.platform}: {each.error or each.status}" for each in ended if each.status == "failed"]
    progress = sum(100 if each in ended else each.progress for each in scan.sources) / len(scan.sources)
    return ProfileScanUpdate(
        scan_id=scan.id,
        profile_id=scan.profile_id,
        status=scan.status,
        progress=round(progress, 1),
        sources_total=len(scan.sources),
        sources_scanned=len(ended),
        candidates_checked=sum(each.checked for each in scan.sources),
        matches_found=sum(each.found for each in scan.sources),
        current_source=going,
        error="; ".join(errors) or None,
    )
