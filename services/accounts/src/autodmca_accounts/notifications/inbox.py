"""A user's notifications: kept, told now or later, and marked as read. Pure.

What is not told at once is held for the end of quiet hours, for the next digest, or, when many come in one
minute, for the next minute; several that are held until the same time are told together, in one notification.
Only what is critical is told in quiet hours, and in place of a digest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, get_args

from autodmca_events import Envelope, UserNotification, rfc3339
from autodmca_events.scalars import Urgency
from autodmca_kafka import Context, Decision
from autodmca_service.commands import Outcome
from autodmca_service.errors import refuse
from autodmca_service.work import Due
from msgspec import structs

from autodmca_accounts.consequences import Consequences
from autodmca_accounts.notifications.commands import InboxCommand, Prefer, Read, TellHeld
from autodmca_accounts.notifications.hours import following, quiet_until
from autodmca_accounts.notifications.rules import notice
from autodmca_accounts.notifications.state import (
    INBOX,
    PREFERENCES,
    Held,
    Inbox,
    Notice,
    Notification,
    Preferences,
    notification_id,
    number_of,
    slot,
)
from autodmca_accounts.shapes import Find

MOST_A_MINUTE: Final = 20
"""So many are told one by one in a minute; those beyond, together in the next."""
_MINUTE_MS: Final = 60_000
_NAMED: Final = 5
"""Of several that are told together, so many are named."""
_RISING: Final = get_args(Urgency)


def decide(entities: Mapping[str, Any], command: InboxCommand, context: Context) -> Decision[Any, Outcome]:
    """Raises CommandRefused."""
    changes = Consequences(entities, context)
    match command:
        case Prefer():
            return changes.decision(_prefer(changes, command))
        case Read():
            _read(changes, command.ids)
        case TellHeld():
            _tell_held(changes)
    return changes.decision()


def observe(changes: Consequences, event: Envelope) -> None:
    """Notify the user of the event, if there is a rule for it."""
    found = notice(event)
    if found is not None:
        notify(changes, found)


def notify(changes: Consequences, found: Notice) -> None:
    """Keep a notification, and tell it now or hold it; nothing where the user does not want it, or has it."""
    preferences = changes.find(PREFERENCES, Preferences) or Preferences()
    choice = preferences.choice(found.category)
    if choice.way == "off" or _RISING.index(found.priority) < _RISING.index(choice.least):
        return
    inbox = changes.find(INBOX, Inbox) or Inbox()
    if any(each.notice.key == found.key for each in kept(changes, inbox)):
        return
    inbox, made = _add(changes, inbox, found)
    at = _when(preferences, inbox, found, changes.now)
    if at <= changes.now:
        inbox = _tell(changes, inbox, made)
    else:
        inbox = structs.replace(inbox, held=(*inbox.held, Held(made.number, at)), run=changes.run)
    changes.put(INBOX, inbox)


def kept(changes: Consequences, inbox: Inbox) -> list[Notification]:
    """Those that are kept, newest first."""
    return newest_first(inbox, lambda name: changes.find(name, Notification))


def newest_first(inbox: Inbox, find: Find) -> list[Notification]:
    """The notifications of an inbox; `find` gives the user's entities."""
    found: list[Notification] = []
    for number in range(inbox.newest, 0, -1):
        held = find(slot(number))
        if not isinstance(held, Notification) or held.number != number:
            break
        found.append(held)
    return found


def due(user_id: int, entity_id: str, entity: object) -> Due | None:
    """When something that is held is to be told."""
    if entity_id != INBOX or not isinstance(entity, Inbox) or not entity.held:
        return None
    at = min(each.at for each in entity.held)
    return Due(key=f"notifications/{user_id}/{entity.run}", at_ms=at, run=entity.run)


def _when(preferences: Preferences, inbox: Inbox, found: Notice, now: int) -> int:
    """When it is told."""
    at = now
    if found.priority != "critical":
        if preferences.choice(found.category).way == "digest":
            return following(preferences.digest_at, preferences.zone, now)
        at = quiet_until(preferences.quiet, preferences.zone, now) or now
    if at == now and inbox.minute == now // _MINUTE_MS and inbox.told >= MOST_A_MINUTE:
        at = (now // _MINUTE_MS + 1) * _MINUTE_MS
        if found.priority != "critical":
            at = quiet_until(preferences.quiet, preferences.zone, at) or at
    return at


def _add(changes: Consequences, inbox: Inbox, found: Notice) -> tuple[Inbox, Notification]:
    """Give it the next number, in the place of the oldest."""
    number = inbox.newest + 1
    old = changes.find(slot(number), Notification)
    made = Notification(number=number, notice=found, created_at=changes.now)
    changes.put(slot(number), made)
    return (
        structs.replace(
            inbox,
            newest=number,
            unread=inbox.unread + 1 - int(old is not None and not old.read),
            held=tuple(each for each in inbox.held if old is None or each.number != old.number),
        ),
        made,
    )


def _tell(changes: Consequences, inbox: Inbox, made: Notification) -> Inbox:
    changes.emit(_event(changes.user_id, made))
    minute = changes.now // _MINUTE_MS
    return structs.replace(inbox, minute=minute, told=inbox.told + 1 if inbox.minute == minute else 1)


def _event(user_id: int, made: Notification) -> UserNotification:
    said = made.notice
    return UserNotification(
        notification_id=notification_id(user_id, made.number),
        category=said.category,
        priority=said.priority,
        title=said.title,
        message=said.message,
        related_type=said.related_type,
        related_id=said.related_id,
        read=made.read,
        created_at=rfc3339(made.created_at),
    )


def _tell_held(changes: Consequences) -> None:
    """Tell those whose time has come; several of them in one."""
    inbox = changes.find(INBOX, Inbox) or Inbox()
    if not inbox.held or changes.context.is_late(inbox.run):
        raise refuse("conflict", "overtaken", "nothing is held, or it has been told")
    ripe = [
        made
        for each in inbox.held
        if each.at <= changes.now
        and (made := changes.find(slot(each.number), Notification)) is not None
        and made.number == each.number
        and not made.read
    ]
    rest = tuple(each for each in inbox.held if each.at > changes.now)
    inbox = structs.replace(inbox, held=rest, run=changes.run)
    if len(ripe) == 1:
        inbox = _tell(changes, inbox, ripe[0])
    elif ripe:
        inbox, made = _add(changes, inbox, _together(changes, ripe))
        inbox = _tell(changes, inbox, made)
    changes.put(INBOX, inbox)


def _together(changes: Consequences, several: list[Notification]) -> Notice:
    """One notice for all of them."""
    counts = Counter(each.notice.category for each in several)
    parts = ", ".join(f"{count} {category}" for category, count in sorted(counts.items()))
    titles = "; ".join(each.notice.title for each in several[:_NAMED])
    more = f"; and {len(several) - _NAMED} more" if len(several) > _NAMED else ""
    return Notice(
        key=f"digest/{changes.run}",
        category="account" if len(counts) > 1 else several[0].notice.category,
        priority=max((each.notice.priority for each in several), key=_RISING.index),
        title=f"{len(several)} notifications: {parts}",
        message=titles + more + ".",
        related_type="digest",
    )


def _prefer(changes: Consequences, command: Prefer) -> int:
    """Take the new preferences; what is held is told when they say."""
    old = changes.find(PREFERENCES, Preferences) or Preferences()
    new = structs.replace(command.preferences, revision=old.revision + 1)
    changes.put(PREFERENCES, new)
    inbox = changes.find(INBOX, Inbox)
    if inbox is not None and inbox.held:
        held = []
        for each in inbox.held:
            made = changes.find(slot(each.number), Notification)
            if made is not None and new.choice(made.notice.category).way != "off":
                held.append(Held(each.number, _when(new, Inbox(), made.notice, changes.now)))
        changes.put(INBOX, structs.replace(inbox, held=tuple(held), run=changes.run))
    return new.revision


def _read(changes: Consequences, names: tuple[str, ...]) -> None:
    """Mark them, and tell the user's other devices."""
    inbox = changes.find(INBOX, Inbox) or Inbox()
    if names:
        numbers = {number_of(changes.user_id, name) for name in names}
        chosen = [
            made
            for number in numbers
            if number is not None
            and (made := changes.find(slot(number), Notification)) is not None
            and made.number == number
        ]
        if not chosen:
            raise refuse("not_found", "no-such-notification", f"there is no notification {names[0]}")
    else:
        chosen = kept(changes, inbox)
    unread = sorted((each for each in chosen if not each.read), key=lambda each: each.number)
    for each in unread:
        read = structs.replace(each, read=True)
        changes.put(slot(each.number), read)
        changes.emit(_event(changes.user_id, read))
    if unread:
        changes.put(INBOX, structs.replace(inbox, unread=inbox.unread - len(unread)))
