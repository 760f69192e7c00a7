"""What can be asked about notifications. A new field is optional."""

from __future__ import annotations

from autodmca_events.accounts import NoticeLevel
from autodmca_service.commands import Command

from autodmca_accounts.notifications.state import Preferences


class Prefer(Command, frozen=True, kw_only=True, tag="prefer_notifications"):
    """`preferences`: all of them; their revision is left out of account."""

    preferences: Preferences


class Read(Command, frozen=True, kw_only=True, tag="read_notifications"):
    """These have been read; every one where none is named."""

    ids: tuple[str, ...] = ()


class TellHeld(Command, frozen=True, kw_only=True, tag="tell_held_notifications"):
    """Checkpoint: the time of some that are held has come."""


class Announce(Command, frozen=True, kw_only=True, tag="announce"):
    """An administrator has something to say to everybody; `starts_at` None: at once."""

    announcement_id: str
    level: NoticeLevel
    code: str
    title: str
    message: str
    dismissible: bool = True
    action_url: str | None = None
    starts_at: int | None = None
    ends_at: int | None = None


class Withdraw(Command, frozen=True, kw_only=True, tag="withdraw_announcement"):
    """An administrator ends an announcement."""

    announcement_id: str


class Turn(Command, frozen=True, kw_only=True, tag="turn_announcement"):
    """Checkpoint: the time of an announcement's next stage has come."""

    announcement_id: str


InboxCommand = Prefer | Read | TellHeld
SystemCommand = Announce | Withdraw | Turn
NotificationCommand = InboxCommand | SystemCommand
