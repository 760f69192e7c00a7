"""Bluesky, by `atproto`'s asynchronous client; it logs in by itself and renews its session.

Reports are followed by `tools.ozone.moderation` where our account may read it, else by whether the account
was taken down. There is no idempotency key for reports: our reference stands in the reason, and by it a
report whose answer was lost is found again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final, TypeVar

import httpx
from atproto import AsyncClient, AsyncRequest
from atproto_client.exceptions import (
    AtProtocolError,
    InvokeTimeoutError,
    NetworkError,
    RequestErrorBase,
    UnauthorizedError,
)
from autodmca_service.outside import Fetcher
from msgspec import structs

from autodmca_social_media.matching.profiles import Account
from autodmca_social_media.metrics import Metrics
from autodmca_social_media.model.commands import Called
from autodmca_social_media.platforms.avatars import hash_of
from autodmca_social_media.platforms.gate import Fault, Gate, Limits, Ways
from autodmca_social_media.platforms.interface import CannotTell, Hit, Post, Results, Standing

PAGE: Final = 50
MOST_POSTS: Final = 20
MOST_REASON: Final = 2_000
_GONE: Final = frozenset({"AccountTakedown", "AccountDeactivated", "AccountSuspended"})
_REFUSED: Final = frozenset({"ExpiredToken", "InvalidToken", "AuthenticationRequired", "AuthMissing"})
T = TypeVar("T")


class BlueskyPlatform:
    """A server at `base`; `handle` and `password` open it."""

    name = "bluesky"

    def __init__(
        self,
        base: str,
        handle: str,
        password: str,
        fetcher: Fetcher,
        metrics: Metrics,
        ways: Ways,
    ) -> None:
        self._answer: httpx.Response | None = None

        async def heard(answer: httpx.Response) -> None:
            self._answer = answer

        request = AsyncRequest(timeout=ways.timeout_s, trust_env=False, event_hooks={"response": [heard]})
        self._client = AsyncClient(base_url=f"{base.rstrip('/')}/xrpc", request=request)
        self._request = request
        self._handle = handle
        self._password = password
        self._logged_in = False
        self._fetcher = fetcher
        self._metrics = metrics
        self._now_s = ways.now_s
        self._gate = Gate(self.name, metrics, _understood, self._limits, ways)

    def called(self) -> Called:
        return self._gate.called()

    async def close(self) -> None:
        await self._request.close()

    async def search(self, query: str, cursor: str | None) -> Results:
        asked: dict[str, Any] = {"q": query, "limit": PAGE}
        if cursor is not None:
            asked["cursor"] = cursor
        found = await self._ask("search", lambda: self._client.app.bsky.actor.search_actors(asked))
        return Results([self._hit(each) for each in found.actors], found.cursor)

    async def details(self, hit: Hit) -> Account:
        """A search does not show how many follow."""
        try:
            shown = await self._ask(
                "account", lambda: self._client.app.bsky.actor.get_profile({"actor": hit.id})
            )
        except RequestErrorBase:
            return hit.account
        avatar_hash = await hash_of(self._fetcher, self._metrics, hit.avatar)
        return structs.replace(hit.account, followers=shown.followers_count, avatar_hash=avatar_hash)

    async def posts(self, hit: Hit) -> list[Post]:
        asked = {"actor": hit.id, "limit": MOST_POSTS, "filter": "posts_no_replies"}
        try:
            found = await self._ask("statuses", lambda: self._client.app.bsky.feed.get_author_feed(asked))
        except RequestErrorBase:
            return []
        own = [each.post for each in found.feed if each.post.author.did == hit.id]
        return [Post(getattr(each.record, "text", ""), _address(each)) for each in own]

    async def report(self, account_id: str, reference: str, comment: str) -> str | None:
        reason = f"{comment[: MOST_REASON - len(reference) - 3]} [{reference}]"
        data = {
            "reason_type": "com.atproto.moderation.defs#reasonMisleading",
            "reason": reason,
            "subject": {"$type": "com.atproto.admin.defs#repoRef", "did": account_id},
        }
        filed = await self._ask("file", lambda: self._client.com.atproto.moderation.create_report(data))
        return str(filed.id)

    async def find_report(self, account_id: str, reference: str) -> str | None:
        try:
            found = await self._ask(
                "reports",
                lambda: self._client.tools.ozone.moderation.query_events(
                    {"subject": account_id, "limit": 100}
                ),
            )
        except RequestErrorBase as error:
            raise CannotTell(f"its reports may not be read: {_code(error) or 'refused'}") from error
        for event in found.events:
            if f"[{reference}]" in (getattr(event.event, "comment", None) or ""):
                return str(event.id)
        return None

    async def standing(self, account_id: str, report_id: str | None) -> Standing:
        # The report first: an account that goes meanwhile is removed, and not a report that was dismissed.
        state = await self._review_state(account_id)
        try:
            shown = await self._ask(
                "account", lambda: self._client.app.bsky.actor.get_profile({"actor": account_id})
            )
        except RequestErrorBase as error:
            if _code(error) in _GONE or "not found" in str(_message(error)).lower():
                return Standing("removed")
            return Standing("under_review")
        if state is None:
            return Standing("under_review", shown.handle)
        if state.endswith("reviewClosed"):
            return Standing("dismissed", shown.handle)
        return Standing("under_review" if state.endswith("reviewEscalated") else "open", shown.handle)

    async def _review_state(self, account_id: str) -> str | None:
        """How far moderators are with an account; empty where they have none of it, None where we may not
        see that."""
        try:
            found = await self._ask(
                "report", lambda: self._client.tools.ozone.moderation.query_statuses({"subject": account_id})
            )
        except RequestErrorBase:
            return None
        return found.subject_statuses[0].review_state if found.subject_statuses else ""

    async def _ask(self, operation: str, call: Callable[[], Awaitable[T]]) -> T:
        async def logged_in() -> T:
            self._answer = None
            if not self._logged_in:
                await self._client.login(self._handle, self._password, fetch_bsky_profile=False)
                self._logged_in = True
            try:
                return await call()
            except RequestErrorBase as error:
                if isinstance(error, UnauthorizedError) or _code(error) in _REFUSED:
                    self._logged_in = False
                raise

        return await self._gate.call(operation, logged_in)

    def _hit(self, shown: Any) -> Hit:
        made = shown.created_at
        account = Account(
            handle=shown.handle,
            platform=self.name,
            display_name=shown.display_name or "",
            bio=shown.description or "",
            created_at=None if made is None else int(datetime.fromisoformat(made).timestamp() * 1000),
            seen_at=int(self._now_s() * 1000),
        )
        return Hit(shown.did, f"https://bsky.app/profile/{shown.did}", account, shown.avatar)

    def _limits(self, error: Exception | None) -> Limits:
        headers: Any = self._answer.headers if self._answer is not None else {}
        response = getattr(error, "response", None)
        if response is not None:
            headers = response.headers
        reset = _number(headers.get("ratelimit-reset"))
        return Limits(
            _number(headers.get("ratelimit-limit")),
            _number(headers.get("ratelimit-remaining")),
            None if reset is None else reset * 1000,
        )


def _understood(error: Exception) -> Fault | None:
    if isinstance(error, InvokeTimeoutError):
        return Fault("it gave no answer in time", "down", lost=True)
    if isinstance(error, RequestErrorBase) and error.response is not None:
        status = error.response.status_code
        if status == 429:
            return Fault("its rate limit is used up", "rate_limited")
        if status in (401, 403) or _code(error) in _REFUSED:
            return Fault("our account is refused", "auth_required")
        if status >= 500:
            return Fault(f"it answered {status}", "down", lost=True)
        return None
    if isinstance(error, NetworkError):
        cause = error.__cause__ or error.__context__
        lost = not isinstance(cause, httpx.ConnectError | httpx.ConnectTimeout)
        return Fault(f"it gave no answer: {type(cause).__name__}", "down", lost=lost)
    if isinstance(error, AtProtocolError):
        return Fault("it answered what cannot be read", "down", lost=True)
    return Fault(f"its answer was not as expected: {type(error).__name__}", "down", lost=True)


def _address(post: Any) -> str:
    return f"https://bsky.app/profile/{post.author.did}/post/{post.uri.rpartition('/')[2]}"


def _code(error: RequestErrorBase) -> str | None:
    content = None if error.response is None else error.response.content
    code = getattr(content, "error", None)
    return code if isinstance(code, str) else None


def _message(error: RequestErrorBase) -> str | None:
    content = None if error.response is None else error.response.content
    return getattr(content, "message", None)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdecimal() else None
