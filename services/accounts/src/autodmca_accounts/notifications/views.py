"""How notifications are shown, and how what a user writes of them is kept. Pure."""

from __future__ import annotations

from autodmca_events import rfc3339

from autodmca_accounts.notifications import api
from autodmca_accounts.notifications.state import (
    DEFAULT,
    Announcement,
    Choice,
    Notification,
    Preferences,
    Quiet,
    notification_id,
)


def notification(user_id: int, made: Notification) -> api.NotificationView:
    said = made.notice
    return api.NotificationView(
        notification_id=notification_id(user_id, made.number),
        category=said.category,
        priority=said.priority,
        title=said.title,
        message=said.message,
        read=made.read,
        created_at=rfc3339(made.created_at),
        related_type=said.related_type,
        related_id=said.related_id,
    )


def preferences(kept: Preferences) -> api.PreferencesBody:
    choices = {category: kept.choice(category) for category in DEFAULT}
    quiet = None if kept.quiet is None else api.QuietBody(begins=kept.quiet.begins, ends=kept.quiet.ends)
    return api.PreferencesBody(
        categories={
            category: api.ChoiceBody(way=each.way, least=each.least) for category, each in choices.items()
        },
        quiet=quiet,
        digest_at=kept.digest_at,
        zone=kept.zone,
    )


def kept_preferences(body: api.PreferencesBody) -> Preferences:
    quiet = None if body.quiet is None else Quiet(begins=body.quiet.begins, ends=body.quiet.ends)
    return Preferences(
        choices={
            category: Choice(way=each.way, least=each.least) for category, each in body.categories.items()
        },
        quiet=quiet,
        digest_at=body.digest_at,
        zone=body.zone,
    )


def announcement(made: Announcement) -> api.AnnouncementView:
    return api.AnnouncementView(
        id=made.id,
        stage=made.stage,
        level=made.level,
        code=made.code,
        title=made.title,
        message=made.message,
        starts_at=rfc3339(made.starts_at),
        ends_at=rfc3339(made.ends_at),
        dismissible=made.dismissible,
        action_url=made.action_url,
    )
