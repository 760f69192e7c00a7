"""The shapes of notifications over HTTP. Owns no rule."""

from __future__ import annotations

from typing import Annotated

from autodmca_events.accounts import NoticeLevel, NotificationCategory
from autodmca_events.scalars import Urgency
from autodmca_events.timestamps import Timestamp
from autodmca_service.http.shapes import Body, View
from msgspec import Meta, field

from autodmca_accounts.notifications.state import KEPT, Stage, Way
from autodmca_accounts.shapes import Address

Clock = Annotated[str, Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$", description="Of a day: HH:MM.")]


class NotificationView(View, frozen=True, kw_only=True):
    """A notification, as `user_notification` tells it."""

    notification_id: str
    category: NotificationCategory
    priority: Urgency
    title: str
    message: str
    read: bool
    created_at: Timestamp
    related_type: str | None = None
    related_id: str | None = None


class NotificationPage(View, frozen=True, kw_only=True):
    """Newest first. `unread`: how many there are of all that are kept."""

    items: tuple[NotificationView, ...]
    unread: int
    next_cursor: str | None = None


class ReadBody(Body, frozen=True, kw_only=True):
    """`ids`: which have been read; every one where there is none."""

    ids: Annotated[tuple[str, ...], Meta(max_length=KEPT)] = ()


class ReadView(View, frozen=True, kw_only=True):
    """How many are left unread."""

    unread: int


class ChoiceBody(Body, frozen=True, kw_only=True):
    """How one category is told. `least`: what is less urgent is left out."""

    way: Way = "now"
    least: Urgency = "low"


class QuietBody(Body, frozen=True, kw_only=True):
    """From when to when nothing but what is critical is told; it may go over midnight."""

    begins: Clock
    ends: Clock


class PreferencesBody(Body, frozen=True, kw_only=True):
    """`zone`: the IANA time zone in which times of day are meant. A category that is left out has its
    default."""

    categories: dict[NotificationCategory, ChoiceBody] = field(default_factory=dict)
    quiet: QuietBody | None = None
    digest_at: Clock = "08:00"
    zone: Annotated[str, Meta(min_length=1, max_length=100)] = "UTC"


class NewAnnouncement(Body, frozen=True, kw_only=True):
    """`startsAt`: when it is told, at once where there is none; `endsAt`: when it is over."""

    level: NoticeLevel
    code: Annotated[str, Meta(min_length=1, max_length=100, pattern="^[a-z0-9_.-]+$")]
    title: Annotated[str, Meta(min_length=1, max_length=200)]
    message: Annotated[str, Meta(min_length=1, max_length=2_000)]
    starts_at: Timestamp | None = None
    ends_at: Timestamp | None = None
    dismissible: bool = True
    action_url: Address | None = None


class AnnouncementView(View, frozen=True, kw_only=True):
    """An announcement and its stage."""

    id: str
    stage: Stage
    level: NoticeLevel
    code: str
    title: str
    message: str
    starts_at: Timestamp
    ends_at: Timestamp | None = None
    dismissible: bool
    action_url: Address | None = None


class Announcements(View, frozen=True, kw_only=True):
    """Those that are shown, newest first; for administrators, those that are scheduled or have ended, too."""

    items: tuple[AnnouncementView, ...]
