"""The operations on profiles: routes, words for the OpenAPI document, translation. Rules are in `model`."""

from __future__ import annotations

from typing import get_args

from autodmca_events.accounts import ActivityType
from autodmca_service.http.operations import (
    CURSOR,
    IDEMPOTENCY_KEY,
    IF_MATCH,
    IF_NONE_MATCH,
    LIMIT,
    Call,
    Operation,
    Reply,
    choices,
)
from autodmca_service.http.problems import invalid
from autodmca_service.http.queries import chosen, has_current, revision
from autodmca_service.receipts import Answer

from autodmca_accounts import ids
from autodmca_accounts.desk import Accounts
from autodmca_accounts.profiles import api, views
from autodmca_accounts.profiles.commands import CreateProfile, EditProfile
from autodmca_accounts.profiles.state import Activity, Profile


class _Handlers:
    """The operations' translations."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def create(self, call: Call) -> Answer:
        key = None if call.again is None else call.again.key
        command = CreateProfile(
            actor=call.actor,
            request=call.again,
            profile_id=ids.new_profile_id(call.actor.user_id, key),
            content=views.content(call.body),
        )
        return await self._accounts.do(command)

    async def edit(self, call: Call) -> Answer:
        command = EditProfile(
            actor=call.actor,
            request=call.again,
            profile_id=profile_number(call),
            content=views.content(call.body),
            expected_revision=revision(call),
        )
        return await self._accounts.do(command)

    async def read(self, call: Call) -> Reply:
        found = await self._accounts.get(call.actor, ids.profile_id(profile_number(call)), Profile)
        headers = {"etag": f'"{found.revision}"'}
        shown = views.profile(found, self._accounts.find(call.actor))
        # A scan goes on without a new revision, so that a client that waits for one is not told 304.
        if shown.scan is None and has_current(call, headers["etag"]):
            return Reply(304, None, headers)
        return Reply(200, shown, headers)

    async def select(self, call: Call) -> Reply:
        found, cursor = await self._accounts.select(
            call, Profile, lambda profile: (profile.created_at, str(profile.id)), lambda _: True
        )
        find = self._accounts.find(call.actor)
        return Reply(
            200,
            api.ProfilePage(items=tuple(views.profile(each, find) for each in found), next_cursor=cursor),
        )

    async def activity(self, call: Call) -> Reply:
        number = profile_number(call)
        await self._accounts.get(call.actor, ids.profile_id(number), Profile)
        types = chosen(call.query, "type", get_args(ActivityType))
        found, cursor = await self._accounts.select(
            call,
            Activity,
            lambda line: (line.number, ""),
            lambda line: line.profile_id == number and (not types or line.type in types),
        )
        return Reply(200, api.ActivityPage(items=tuple(map(views.activity, found)), next_cursor=cursor))


def operations(accounts: Accounts) -> tuple[Operation, ...]:
    """All of them, bound to `accounts`."""
    on = _Handlers(accounts)
    one, body, whole = "/v1/profiles/{id}", api.ProfileBody, api.ProfileView
    types = choices("type", get_args(ActivityType))
    return (
        Operation("create_profile", "POST", "/v1/profiles", "Have a profile protected", on.create, body, 201,
                  whole, (IDEMPOTENCY_KEY,), (409, 503, 504)),
        Operation("list_profiles", "GET", "/v1/profiles", "List profiles, newest first", on.select, None, 200,
                  api.ProfilePage, (LIMIT, CURSOR), (503,)),
        Operation("read_profile", "GET", one, "Read a profile and how its newest scan stands", on.read, None,
                  200, whole, (IF_NONE_MATCH,), (404, 503)),
        Operation("edit_profile", "PUT", one, "Replace what is known of a profile", on.edit, body, 200, whole,
                  (IDEMPOTENCY_KEY, IF_MATCH), (404, 409, 412, 503, 504)),
        Operation("list_activity", "GET", f"{one}/activity", "What happened to a profile, newest first",
                  on.activity, None, 200, api.ActivityPage, (LIMIT, CURSOR, types), (404, 503)),
    )  # fmt: skip


def profile_number(call: Call) -> int:
    """The number in the path. Raises the problem of an invalid field."""
    text = call.path["id"]
    if not (text.isascii() and text.isdecimal() and 0 < len(text) <= 15 and int(text) > 0):
        raise invalid("id", "the number of a profile")
    return int(text)
