"""What a command is answered with over HTTP: its room says so. Pure."""

from __future__ import annotations

from collections.abc import Callable

from autodmca_service.commands import Outcome
from autodmca_service.receipts import Answer

from autodmca_accounts.commands import AnyCommand
from autodmca_accounts.notifications import answers as notifications
from autodmca_accounts.notifications.commands import NotificationCommand
from autodmca_accounts.profiles import answers as profiles
from autodmca_accounts.state import Entity
from autodmca_accounts.submissions import answers as submissions
from autodmca_accounts.webhooks import answers as webhooks
from autodmca_accounts.webhooks.commands import WebhookCommand


def answered(
    command: AnyCommand, find: Callable[[str], Entity | None], _owner: int, outcome: Outcome
) -> Answer | None:
    """To a command that was applied; `find` gives the owner's entities as they are just after it."""
    if isinstance(command, NotificationCommand):
        return notifications.answered(command, find, outcome)
    if isinstance(command, WebhookCommand):
        return webhooks.answered(command, find, outcome)
    return profiles.answered(command, find, outcome) or submissions.answered(command, find, outcome)
