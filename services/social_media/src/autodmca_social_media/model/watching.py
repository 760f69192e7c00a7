"""Watches: whom accounts are compared with, where and how often. Pure."""

from __future__ import annotations

from typing import Final

from autodmca_service.errors import refuse, refuse_field
from msgspec import structs

from autodmca_social_media import ids
from autodmca_social_media.model import scanning
from autodmca_social_media.model.changes import Changes
from autodmca_social_media.model.commands import PutWatch, StopWatch
from autodmca_social_media.model.state import Scan, Watch

MAX_WATCHES: Final = 100


def put(changes: Changes, command: PutWatch) -> int:
    """Raises CommandRefused."""
    known = changes.rules.platforms
    if not command.person.handles and not command.person.names:
        raise refuse_field("handles", "at least one of handles and names")
    if not set(command.platforms) <= set(known):
        raise refuse_field("platforms", f"one of {', '.join(known) or 'none: no platform is set up'}")
    old = changes.get(ids.watch_id(command.profile_id))
    if old is None and sum(isinstance(each, Watch) for each in changes.entities.values()) >= MAX_WATCHES:
        raise refuse("conflict", "too-many-watches", f"a user has {MAX_WATCHES} at most")
    revision = old.revision + 1 if isinstance(old, Watch) else 1
    watch = Watch(
        profile_id=command.profile_id,
        person=command.person,
        platforms=tuple(dict.fromkeys(command.platforms or known)),
        interval_ms=command.interval_ms,
        budget=command.budget,
        revision=revision,
        created_at=old.created_at if isinstance(old, Watch) else changes.now,
        updated_at=changes.now,
        next_at=None if command.interval_ms is None else changes.now,
        run=changes.run,
    )
    if isinstance(old, Watch) and old.next_at is not None and command.interval_ms is not None:
        watch = structs.replace(watch, next_at=min(old.next_at, changes.now + command.interval_ms))
    changes.put(ids.watch_id(command.profile_id), watch)
    return revision


def stop(changes: Changes, command: StopWatch) -> int:
    """Its scans end with it; its incidents stay. Raises CommandRefused."""
    watch = changes.watch(command.profile_id)
    changes.drop(ids.watch_id(command.profile_id))
    for each in changes.entities.values():
        if (
            isinstance(each, Scan)
            and each.profile_id == command.profile_id
            and each.status not in scanning.ENDED
        ):
            changes.put_scan(scanning.ended(changes, each, "cancelled"))
    return watch.revision
