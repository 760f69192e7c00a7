"""The operations on notifications: routes, words for the OpenAPI document, translation.

Rules are in the room's models.
"""

from __future__ import annotations

from autodmca_events.timestamps import ms_of
from autodmca_service.errors import refuse
from autodmca_service.http.operations import IDEMPOTENCY_KEY, LIMIT, Call, Operation, Parameter, Reply
from autodmca_service.http.problems import invalid
from autodmca_service.http.queries import chosen, limit
from autodmca_service.http.shapes import EmptyBody
from autodmca_service.names import name_for
from autodmca_service.receipts import Answer

from autodmca_accounts.desk import Accounts
from autodmca_accounts.notifications import api, views
from autodmca_accounts.notifications.commands import Announce, Prefer, Read, Withdraw
from autodmca_accounts.notifications.hours import zone_of
from autodmca_accounts.notifications.inbox import newest_first
from autodmca_accounts.notifications.state import (
    EVERYBODY,
    INBOX,
    PREFERENCES,
    Announcement,
    Inbox,
    Preferences,
)
from autodmca_accounts.shapes import OLDER, older_than

_UNREAD = Parameter("unread", "query", "Only those that have not been read.", {"type": "boolean"})


class _Handlers:
    """The operations' translations."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def select(self, call: Call) -> Reply:
        user, older = call.actor.user_id, older_than(call)
        only_unread = "true" in chosen(call.query, "unread", ("true", "false"))
        inbox = await self._accounts.look(user, INBOX, Inbox) or Inbox()
        found = [
            each
            for each in newest_first(inbox, self._accounts.find(call.actor))
            if (older is None or each.number < older) and not (only_unread and each.read)
        ]
        most = limit(call.query)
        return Reply(
            200,
            api.NotificationPage(
                items=tuple(views.notification(user, each) for each in found[:most]),
                unread=inbox.unread,
                next_cursor=str(found[most - 1].number) if len(found) > most else None,
            ),
        )

    async def read(self, call: Call) -> Answer:
        body: api.ReadBody = call.body
        return await self._accounts.do(Read(actor=call.actor, request=call.again, ids=body.ids))

    async def read_one(self, call: Call) -> Answer:
        return await self._accounts.do(Read(actor=call.actor, request=call.again, ids=(call.path["id"],)))

    async def preferences(self, call: Call) -> Reply:
        found = await self._accounts.look(call.actor.user_id, PREFERENCES, Preferences)
        return Reply(200, views.preferences(found or Preferences()))

    async def prefer(self, call: Call) -> Answer:
        body: api.PreferencesBody = call.body
        try:
            zone_of(body.zone)
        except ValueError as error:
            raise invalid("zone", str(error)) from None
        if body.quiet is not None and body.quiet.begins == body.quiet.ends:
            raise invalid("quiet.ends", "another time than quiet.begins")
        kept = views.kept_preferences(body)
        return await self._accounts.do(Prefer(actor=call.actor, request=call.again, preferences=kept))

    async def announce(self, call: Call) -> Answer:
        _only_admin(call)
        body: api.NewAnnouncement = call.body
        starts_at = None if body.starts_at is None else ms_of(body.starts_at)
        ends_at = None if body.ends_at is None else ms_of(body.ends_at)
        if ends_at is not None and ends_at <= max(self._accounts.now_ms(), starts_at or 0):
            raise invalid("endsAt", "a moment after startsAt that is yet to come")
        key = None if call.again is None else call.again.key
        command = Announce(
            actor=call.actor,
            request=call.again,
            announcement_id=f"ann_{name_for(key)}",
            level=body.level,
            code=body.code,
            title=body.title,
            message=body.message,
            dismissible=body.dismissible,
            action_url=body.action_url,
            starts_at=starts_at,
            ends_at=ends_at,
        )
        return await self._accounts.do(command, EVERYBODY)

    async def withdraw(self, call: Call) -> Answer:
        _only_admin(call)
        command = Withdraw(actor=call.actor, request=call.again, announcement_id=call.path["id"])
        return await self._accounts.do(command, EVERYBODY)

    async def announcements(self, call: Call) -> Reply:
        every = await self._accounts.every(EVERYBODY, Announcement)
        found = [each for each in every if each.stage == "shown" or call.actor.is_admin]
        found.sort(key=lambda each: (-each.created_at, each.id))
        return Reply(200, api.Announcements(items=tuple(map(views.announcement, found))))


def operations(accounts: Accounts) -> tuple[Operation, ...]:
    """All of them, bound to `accounts`."""
    on = _Handlers(accounts)
    mine, system = "/v1/notifications", "/v1/system-notifications"
    key, preferences = (IDEMPOTENCY_KEY,), f"{mine}/preferences"
    return (
        Operation("list_notifications", "GET", mine, "List your notifications, newest first", on.select,
                  None, 200, api.NotificationPage, (LIMIT, OLDER, _UNREAD), (503,)),
        Operation("read_notifications", "POST", f"{mine}/read", "Say which you have read, or that you have "
                  "read all", on.read, api.ReadBody, 200, api.ReadView, key, (404, 503, 504)),
        Operation("read_notification", "POST", f"{mine}/{{id}}/read", "Say that you have read one",
                  on.read_one, EmptyBody, 200, api.ReadView, key, (404, 503, 504)),
        Operation("read_notification_preferences", "GET", preferences, "Read how you are told",
                  on.preferences, None, 200, api.PreferencesBody, (), (503,)),
        Operation("prefer_notifications", "PUT", preferences, "Change how you are told", on.prefer,
                  api.PreferencesBody, 200, api.PreferencesBody, key, (503, 504)),
        Operation("announce", "POST", system, "Say something to everybody, now or later; for administrators",
                  on.announce, api.NewAnnouncement, 201, api.AnnouncementView, key, (403, 409, 503, 504)),
        Operation("list_announcements", "GET", system, "List what is said to everybody", on.announcements,
                  None, 200, api.Announcements, (), (503,)),
        Operation("withdraw_announcement", "POST", f"{system}/{{id}}/withdraw",
                  "End what is said to everybody; for administrators", on.withdraw, EmptyBody, 200,
                  api.AnnouncementView, key, (403, 404, 409, 503, 504)),
    )  # fmt: skip


def _only_admin(call: Call) -> None:
    if not call.actor.is_admin:
        raise refuse("forbidden", "not-an-administrator", "only an administrator speaks to everybody")
