"""Mastodon, by `Mastodon.py`, whose calls block: each runs in a thread, one at a time.

Reports are followed by `GET /api/v1/admin/reports` where our token may read it (`admin:read:reports`), else
by whether the account is still there. Mastodon knows no idempotency key for reports: our reference stands in
the comment, and by it a report whose answer was lost is found again.
"""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, TypeVar

import requests
from autodmca_service.outside import Fetcher
from mastodon import Mastodon
from mastodon.errors import (
    MastodonAPIError,
    MastodonError,
    MastodonNetworkError,
    MastodonNotFoundError,
    MastodonRatelimitError,
    MastodonServerError,
    MastodonUnauthorizedError,
)
from msgspec import structs

from autodmca_social_media.matching.profiles import Account
from autodmca_social_media.metrics import Metrics
from autodmca_social_media.model.commands import Called
from autodmca_social_media.platforms.avatars import hash_of
from autodmca_social_media.platforms.gate import Fault, Gate, Limits, Ways
from autodmca_social_media.platforms.interface import CannotTell, Hit, Post, Results, Standing

PAGE: Final = 40
MOST_POSTS: Final = 20
MOST_COMMENT: Final = 1_000
_TAGS: Final = re.compile(r"<[^>]*>")
T = TypeVar("T")


class MastodonPlatform:
    """An instance at `base`; `token` opens it."""

    name = "mastodon"

    def __init__(
        self,
        base: str,
        token: str,
        fetcher: Fetcher,
        metrics: Metrics,
        ways: Ways,
    ) -> None:
        session = requests.Session()
        session.trust_env = False
        self._client = Mastodon(
            access_token=token,
            api_base_url=base,
            ratelimit_method="throw",
            request_timeout=ways.timeout_s,
            version_check_mode="none",
            session=session,
        )
        self._session = session
        self._fetcher = fetcher
        self._metrics = metrics
        self._now_s = ways.now_s
        self._gate = Gate(self.name, metrics, _understood, self._limits, ways)

    def called(self) -> Called:
        return self._gate.called()

    async def search(self, query: str, cursor: str | None) -> Results:
        offset = int(cursor or 0)
        found = await self._ask(
            "search", lambda: self._client.account_search(query, limit=PAGE, offset=offset or None)
        )
        following = str(offset + PAGE) if len(found) == PAGE else None
        return Results([self._hit(each) for each in found], following)

    async def details(self, hit: Hit) -> Account:
        """A search shows all but the avatar's hash."""
        avatar_hash = await hash_of(self._fetcher, self._metrics, hit.avatar)
        return structs.replace(hit.account, avatar_hash=avatar_hash)

    async def posts(self, hit: Hit) -> list[Post]:
        try:
            found = await self._ask(
                "statuses",
                lambda: self._client.account_statuses(hit.id, exclude_reblogs=True, limit=MOST_POSTS),
            )
        except MastodonAPIError:
            return []
        return [Post(_text(each.content), each.url or each.uri) for each in found]

    async def report(self, account_id: str, reference: str, comment: str) -> str | None:
        text = f"{comment[: MOST_COMMENT - len(reference) - 3]} [{reference}]"
        filed = await self._ask("file", lambda: self._client.report(account_id, comment=text))
        return None if filed.id is None else str(filed.id)

    async def find_report(self, account_id: str, reference: str) -> str | None:
        try:
            for resolved in (False, True):
                found = await self._ask(
                    "reports",
                    lambda resolved=resolved: self._client.admin_reports(  # type: ignore[misc]
                        resolved=resolved, target_account_id=account_id
                    ),
                )
                for report in found:
                    if f"[{reference}]" in (report.comment or ""):
                        return str(report.id)
        except MastodonAPIError as error:
            raise CannotTell(f"its reports may not be read: {_status(error)}") from error
        return None

    async def standing(self, account_id: str, report_id: str | None) -> Standing:
        # The report first: an account that goes meanwhile is removed, and not a report that was dismissed.
        report = None
        if report_id is not None:
            with suppress(MastodonAPIError):
                report = await self._ask("report", lambda: self._client.admin_report(report_id))
        try:
            account = await self._ask("account", lambda: self._client.account(account_id))
        except MastodonNotFoundError:
            return Standing("removed")
        if account.get("suspended"):
            return Standing("removed", account.acct)
        if report is None:
            return Standing("under_review", account.acct)
        if report.action_taken:
            return Standing("dismissed", account.acct)
        return Standing("under_review" if report.assigned_account else "open", account.acct)

    async def close(self) -> None:
        self._session.close()

    async def _ask(self, operation: str, call: Callable[[], T]) -> T:
        return await self._gate.call(operation, lambda: asyncio.to_thread(call))

    def _hit(self, shown: Any) -> Hit:
        now = int(self._now_s() * 1000)
        made = shown.created_at
        account = Account(
            handle=shown.acct,
            platform=self.name,
            display_name=shown.display_name or "",
            bio=_text(shown.note),
            followers=shown.followers_count,
            created_at=None if made is None else int(made.timestamp() * 1000),
            seen_at=now,
        )
        missing = not shown.avatar or shown.avatar.endswith("/missing.png")
        return Hit(str(shown.id), shown.url or "", account, None if missing else shown.avatar)

    def _limits(self, _error: Exception | None) -> Limits:
        reset = self._client.ratelimit_reset
        return Limits(
            self._client.ratelimit_limit,
            self._client.ratelimit_remaining,
            None if reset is None else int(reset * 1000),
        )


def _understood(error: Exception) -> Fault | None:
    match error:
        case MastodonRatelimitError():
            return Fault("its rate limit is used up", "rate_limited")
        case MastodonUnauthorizedError():
            return Fault("our access token is refused", "auth_required")
        case MastodonServerError():
            return Fault(f"it answered {_status(error)}", "down", lost=True)
        case MastodonNetworkError():
            cause = error.__cause__ or error.__context__
            never_sent = isinstance(cause, requests.exceptions.ConnectTimeout) or "refused" in str(cause)
            return Fault(f"it gave no answer: {type(cause).__name__}", "down", lost=not never_sent)
        case MastodonAPIError() if len(error.args) > 1 and isinstance(error.args[1], int):
            return None
        case MastodonError():
            return Fault("it answered what cannot be read", "down", lost=True)
    return Fault(f"its answer was not as expected: {type(error).__name__}", "down", lost=True)


def _text(markup: str | None) -> str:
    return html.unescape(_TAGS.sub(" ", markup or "")).strip()


def _status(error: Exception) -> str:
    return str(error.args[1]) if len(error.args) > 1 else "an error"
