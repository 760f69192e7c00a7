"""What a command about notifications is answered with over HTTP. Pure."""

from __future__ import annotations

from autodmca_service.answers import json_answer
from autodmca_service.commands import Outcome
from autodmca_service.receipts import Answer

from autodmca_accounts.notifications import api, views
from autodmca_accounts.notifications.commands import Announce, NotificationCommand, Prefer, Read, Withdraw
from autodmca_accounts.notifications.state import INBOX, Announcement, Inbox
from autodmca_accounts.notifications.system import announcement_entity
from autodmca_accounts.shapes import Find


def answered(command: NotificationCommand, find: Find, outcome: Outcome) -> Answer | None:
    """To a command that was applied; `find` gives the owner's entities as they are just after it."""
    match command:
        case Prefer():
            return json_answer(views.preferences(command.preferences))
        case Read():
            inbox = find(INBOX)
            return json_answer(api.ReadView(unread=inbox.unread if isinstance(inbox, Inbox) else 0))
        case Announce() | Withdraw():
            made = find(announcement_entity(command.announcement_id))
            if not isinstance(made, Announcement) or made.revision < outcome.revision:
                return None
            status = 201 if isinstance(command, Announce) else 200
            return json_answer(views.announcement(made), status)
    return None
