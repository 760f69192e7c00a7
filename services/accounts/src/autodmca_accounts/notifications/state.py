"""What is remembered of notifications: a user's newest ones, preferences, and, of user 0, announcements.

Notifications of a user are numbered from 1 and stand in a ring of `KEPT` entities, so that each new one takes
the place of the oldest. Times are ms since the Unix epoch. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from autodmca_events.accounts import NoticeLevel, NotificationCategory
from autodmca_events.scalars import Urgency
from msgspec import Struct, field

from autodmca_accounts.entity import Kept

KEPT: Final = 200
"""Notifications of a user; an older one is given up, read or not."""
INBOX: Final = "notifications"
PREFERENCES: Final = "notifications/preferences"
EVERYBODY: Final = 0
"""The user to whom announcements belong."""

Way = Literal["now", "digest", "off"]
Stage = Literal["scheduled", "shown", "ended"]


class Choice(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """How a user is told of one category: of what is at least so urgent, in which way."""

    way: Way = "now"
    least: Urgency = "low"


DEFAULT: Final[Mapping[NotificationCategory, Choice]] = {
    "takedown": Choice(),
    "delisting": Choice(),
    "incident": Choice(least="critical"),
    "template": Choice(),
    "scan": Choice(),
    "account": Choice(),
}


class Quiet(Struct, frozen=True, kw_only=True, rename="camel"):
    """Hours of the day, `HH:MM`, from which to which nothing but what is critical is told."""

    begins: str
    ends: str


class Preferences(Kept, frozen=True, kw_only=True, tag="notification_preferences"):
    """`zone`: an IANA time zone, in which `quiet` and `digest_at` (`HH:MM`) are meant."""

    choices: dict[NotificationCategory, Choice] = field(default_factory=dict)
    quiet: Quiet | None = None
    digest_at: str = "08:00"
    zone: str = "UTC"
    revision: int = 0

    def choice(self, category: NotificationCategory) -> Choice:
        return self.choices.get(category, DEFAULT[category])


class Notice(Struct, frozen=True, kw_only=True):
    """What a rule has to say. `key`: the same for the same news, which is told once."""

    key: str
    category: NotificationCategory
    priority: Urgency
    title: str
    message: str
    related_type: str | None = None
    related_id: str | None = None


class Notification(Kept, frozen=True, kw_only=True, tag="notification"):
    """One of a user's, as it was made."""

    number: int
    notice: Notice
    created_at: int
    read: bool = False


class Held(Struct, frozen=True, array_like=True):
    """A notification that is told later."""

    number: int
    at: int


class Inbox(Kept, frozen=True, kw_only=True, tag="inbox"):
    """`newest`: the number of the newest notification. `told`: how many were told in the minute `minute`.
    `run` decided when those that are held are told."""

    newest: int = 0
    unread: int = 0
    held: tuple[Held, ...] = ()
    minute: int = 0
    told: int = 0
    run: int = 0


class Announcement(Kept, frozen=True, kw_only=True, tag="announcement"):
    """A word to everybody, from `starts_at` to `ends_at`; None: until it is withdrawn.

    `next_at`: when its next stage is due, by `run`.
    """

    id: str
    level: NoticeLevel
    code: str
    title: str
    message: str
    dismissible: bool = True
    action_url: str | None = None
    starts_at: int
    ends_at: int | None = None
    stage: Stage = "scheduled"
    created_at: int = 0
    created_by: int = 0
    next_at: int | None = None
    run: int = 0
    revision: int = 1


NotificationEntity = Preferences | Notification | Inbox | Announcement


def slot(number: int) -> str:
    """The entity of a notification."""
    return f"notification/{number % KEPT}"


def notification_id(user_id: int, number: int) -> str:
    """The name by which a notification is known outside."""
    return f"ntf_{user_id}_{number}"


def number_of(user_id: int, name: str) -> int | None:
    """The number of the user's notification of this name; None for a name of no notification of theirs."""
    number = name.removeprefix(f"ntf_{user_id}_")
    return (
        int(number)
        if number != name and number.isascii() and number.isdecimal() and len(number) < 16
        else None
    )
