"""Announcements to everybody: scheduled, shown and ended. Pure.

They are entities of user 0, whom administrators act for. An announcement is told when it begins, and once
more, with the moment as its `endsAt`, when it has ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from autodmca_events import SystemNotification, rfc3339
from autodmca_kafka import Context, Decision
from autodmca_service.commands import Outcome
from autodmca_service.errors import refuse
from autodmca_service.work import Due
from msgspec import structs

from autodmca_accounts.consequences import Consequences
from autodmca_accounts.notifications.commands import Announce, SystemCommand, Turn, Withdraw
from autodmca_accounts.notifications.state import EVERYBODY, Announcement

MOST: Final = 100
"""Announcements that have not ended; of those that have, as many are kept."""


def decide(entities: Mapping[str, Any], command: SystemCommand, context: Context) -> Decision[Any, Outcome]:
    """Raises CommandRefused."""
    changes = Consequences(entities, context)
    if context.user_id != EVERYBODY:
        raise refuse("forbidden", "not-everybody", "announcements belong to user 0")
    match command:
        case Turn():
            return changes.decision(_turn(changes, command))
        case Announce() if command.actor.is_admin:
            return changes.decision(_announce(changes, command))
        case Withdraw() if command.actor.is_admin:
            return changes.decision(_withdraw(changes, command))
    raise refuse("forbidden", "not-an-administrator", "only an administrator speaks to everybody")


def due(_user_id: int, entity_id: str, entity: object) -> Due | None:
    """When an announcement's next stage begins."""
    if not isinstance(entity, Announcement) or entity.next_at is None:
        return None
    return Due(key=f"{entity_id}/{entity.stage}", at_ms=entity.next_at, run=entity.run)


def announcement_entity(name: str) -> str:
    """The entity of an announcement."""
    return f"announcement/{name}"


def _announce(changes: Consequences, command: Announce) -> int:
    entity_id = announcement_entity(command.announcement_id)
    if changes.find(entity_id, Announcement) is not None:
        raise refuse("conflict", "announcement-exists", "it has been made already")
    starts_at = changes.now if command.starts_at is None else command.starts_at
    if command.ends_at is not None and command.ends_at <= max(starts_at, changes.now):
        raise refuse("conflict", "ends-too-early", "endsAt: it has to be after startsAt, and to come yet")
    every = [each for each in changes.entities.values() if isinstance(each, Announcement)]
    if sum(each.stage != "ended" for each in every) >= MOST:
        raise refuse("conflict", "too-many-announcements", f"{MOST} have not ended")
    ended = sorted(
        (each for each in every if each.stage == "ended"), key=lambda each: (each.created_at, each.id)
    )
    for each in ended[: max(0, len(ended) - MOST + 1)]:
        changes.drop(announcement_entity(each.id))
    made = Announcement(
        id=command.announcement_id,
        level=command.level,
        code=command.code,
        title=command.title,
        message=command.message,
        dismissible=command.dismissible,
        action_url=command.action_url,
        starts_at=starts_at,
        ends_at=command.ends_at,
        created_at=changes.now,
        created_by=command.actor.user_id,
        next_at=starts_at,
        run=changes.run,
    )
    if starts_at <= changes.now:
        made = _shown(changes, made)
    changes.put(entity_id, made)
    return made.revision


def _turn(changes: Consequences, command: Turn) -> int:
    found = changes.find(announcement_entity(command.announcement_id), Announcement)
    if found is None or found.next_at is None or changes.context.is_late(found.run):
        raise refuse("conflict", "overtaken", "the announcement has gone on without this")
    turned = _shown(changes, found) if found.stage == "scheduled" else _ended(changes, found)
    turned = structs.replace(turned, revision=found.revision + 1)
    changes.put(announcement_entity(found.id), turned)
    return turned.revision


def _withdraw(changes: Consequences, command: Withdraw) -> int:
    found = changes.find(announcement_entity(command.announcement_id), Announcement)
    if found is None:
        raise refuse("not_found", "no-such-announcement", f"there is no {command.announcement_id}")
    if found.stage == "ended":
        raise refuse("conflict", "announcement-has-ended", "it has ended")
    if found.stage == "shown":
        ended = _ended(changes, structs.replace(found, ends_at=changes.now))
    else:  # nobody was told
        ended = structs.replace(found, stage="ended", next_at=None, run=changes.run)
    ended = structs.replace(ended, revision=found.revision + 1)
    changes.put(announcement_entity(found.id), ended)
    return ended.revision


def _shown(changes: Consequences, found: Announcement) -> Announcement:
    changes.emit(_event(found, found.title))
    return structs.replace(found, stage="shown", next_at=found.ends_at, run=changes.run)


def _ended(changes: Consequences, found: Announcement) -> Announcement:
    changes.emit(_event(structs.replace(found, level="info", dismissible=True), f"Ended: {found.title}"))
    return structs.replace(found, stage="ended", next_at=None, run=changes.run)


def _event(found: Announcement, title: str) -> SystemNotification:
    return SystemNotification(
        level=found.level,
        code=found.code,
        title=title,
        message=found.message,
        starts_at=rfc3339(found.starts_at),
        ends_at=rfc3339(found.ends_at),
        dismissible=found.dismissible,
        action_url=found.action_url,
    )
