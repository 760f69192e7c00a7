"""The operations on submissions: routes, words for the OpenAPI document, translation. No rules."""

from __future__ import annotations

from typing import get_args

import msgspec
from autodmca_events.accounts import SubmissionStatus
from autodmca_events.scalars import Engine
from autodmca_service.http.operations import (
    CURSOR,
    IDEMPOTENCY_KEY,
    LIMIT,
    Call,
    Operation,
    Parameter,
    Reply,
    choices,
)
from autodmca_service.http.problems import ProblemError, invalid
from autodmca_service.http.queries import chosen, number
from autodmca_service.http.shapes import EmptyBody
from autodmca_service.receipts import Answer

from autodmca_accounts import ids
from autodmca_accounts.desk import Accounts
from autodmca_accounts.submissions import api, views
from autodmca_accounts.submissions.commands import CancelSubmission, RetrySubmission, Submit
from autodmca_accounts.submissions.state import MOST_BYTES, Submission

_PROFILE = Parameter("profileId", "query", "Only of this profile.", {"type": "integer", "minimum": 1})


class _Handlers:
    """The operations' translations. `engines`: those that a notice goes to unless it says so."""

    def __init__(self, accounts: Accounts, engines: tuple[Engine, ...]) -> None:
        self._accounts = accounts
        self._engines = engines

    async def submit(self, call: Call) -> Answer:
        body: api.NewSubmission = call.body
        urls = tuple(dict.fromkeys(url.strip() for url in body.urls if url.strip()))
        if not urls:
            raise invalid("urls", "at least one")
        for name, size in (("urls", sum(len(url.encode()) for url in urls)), ("values", _size(body.values))):
            if size > MOST_BYTES:
                detail = f"{name}: {size:,} bytes of at most {MOST_BYTES:,}; make several submissions"
                raise ProblemError(413, "too-large", detail)
        key = None if call.again is None else call.again.key
        command = Submit(
            actor=call.actor,
            request=call.again,
            submission_id=ids.new_submission_id(call.actor.user_id, key),
            profile_id=body.profile_id,
            template_id=body.template_id,
            title=body.title or (f"{len(urls)} URLs" if len(urls) > 1 else urls[0][:200]),
            engines=tuple(dict.fromkeys(body.engines or self._engines)),
            urls=urls,
            values=body.values,
            query=body.query,
            work=body.work,
            work_urls=body.work_urls,
            sender=body.sender,
        )
        return await self._accounts.do(command)

    async def read(self, call: Call) -> Reply:
        found = await self._accounts.get(call.actor, call.path["id"], Submission)
        return Reply(200, self._shown(call, found))

    async def select(self, call: Call) -> Reply:
        statuses = chosen(call.query, "status", get_args(SubmissionStatus))
        profile = number(call.query, "profileId", 0, 1, 2**53 - 1)
        found, cursor = await self._accounts.select(
            call,
            Submission,
            lambda each: (each.created_at, each.id),
            lambda each: (not statuses or each.status in statuses) and profile in (0, each.profile_id),
        )
        shown = tuple(self._shown(call, each) for each in found)
        return Reply(200, api.SubmissionPage(items=shown, next_cursor=cursor))

    async def cancel(self, call: Call) -> Answer:
        command = CancelSubmission(actor=call.actor, request=call.again, submission_id=call.path["id"])
        return await self._accounts.do(command)

    async def retry(self, call: Call) -> Answer:
        command = RetrySubmission(actor=call.actor, request=call.again, submission_id=call.path["id"])
        return await self._accounts.do(command)

    async def trail(self, call: Call) -> Reply:
        found = await self._accounts.get(call.actor, call.path["id"], Submission)
        name = f'attachment; filename="{found.id}.json"'
        return Reply(200, self._trail(call, found), {"content-disposition": name})

    async def text(self, call: Call) -> Reply:
        found = await self._accounts.get(call.actor, call.path["id"], Submission)
        name = f'attachment; filename="{found.id}.txt"'
        return Reply(200, views.text(self._trail(call, found)).encode(), {"content-disposition": name})

    def _shown(self, call: Call, found: Submission) -> api.SubmissionView:
        return views.submission(found, self._accounts.find(call.actor), self._accounts.now_ms())

    def _trail(self, call: Call, found: Submission) -> api.TrailView:
        return views.trail(found, self._accounts.find(call.actor), self._accounts.now_ms())


def operations(accounts: Accounts, engines: tuple[Engine, ...]) -> tuple[Operation, ...]:
    """All of them, bound to `accounts`."""
    on = _Handlers(accounts, engines)
    every, one = "/v1/submissions", "/v1/submissions/{id}"
    whole, key, wrong = api.SubmissionView, (IDEMPOTENCY_KEY,), (404, 409, 503, 504)
    lists = (LIMIT, CURSOR, choices("status", get_args(SubmissionStatus)), _PROFILE)
    return (
        Operation("submit", "POST", every, "Send a notice to engines, from a template", on.submit,
                  api.NewSubmission, 202, whole, key, wrong),
        Operation("list_submissions", "GET", every, "List submissions, newest first", on.select, None, 200,
                  api.SubmissionPage, lists, (503,)),
        Operation("read_submission", "GET", one, "Read a submission", on.read, None, 200, whole, (),
                  (404, 503)),
        Operation("cancel_submission", "POST", f"{one}/cancel", "Take back what is not decided", on.cancel,
                  EmptyBody, 200, whole, key, wrong),
        Operation("retry_submission", "POST", f"{one}/retry", "Do again what failed", on.retry,
                  EmptyBody, 200, whole, key, wrong),
        Operation("read_trail", "GET", f"{one}/audit", "What was sent, and who did what when", on.trail,
                  None, 200, api.TrailView, (), (404, 503)),
        Operation("read_trail_text", "GET", f"{one}/audit.txt", "The same for people", on.text, None, 200,
                  None, (), (404, 503), media_type="text/plain"),
    )  # fmt: skip


def _size(values: dict[str, object]) -> int:
    return len(msgspec.json.encode(values))
