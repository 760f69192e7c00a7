"""A network that speaks Mastodon's API: the shapes of its own recordings, under `/mastodon`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from autodmca_sandbox.platforms.manners import Site, read
from autodmca_sandbox.platforms.network import Report
from autodmca_sandbox.platforms.pictures import picture
from autodmca_sandbox.platforms.population import Member
from autodmca_sandbox.world.server import Answer

MAX_PAGE: Final = 80


class MastodonSite(Site):
    """Search, accounts, statuses, reports; `read:accounts`, `write:reports` and `admin:read:reports`."""

    def routes(self) -> list[Route]:
        listed: list[tuple[str, str, str, Callable[[Request], Awaitable[Answer]]]] = [
            ("GET", "/api/v1/accounts/search", "search", self._search),
            ("GET", "/api/v1/accounts/{id}", "account", self._account),
            ("GET", "/api/v1/accounts/{id}/statuses", "statuses", self._statuses),
            ("POST", "/api/v1/reports", "file", self._report),
            ("POST", "/api/v1/reports/", "file", self._report),
            ("GET", "/api/v1/admin/reports", "reports", self._reports),
            ("GET", "/api/v1/admin/reports/{id}", "report", self._one_report),
        ]
        name = self.network.name
        return [
            *(
                Route(
                    f"/{name}{path}", self.endpoint(operation, partial(self._let_in, work)), methods=[method]
                )
                for method, path, operation, work in listed
            ),
            Route(f"/{name}/avatars/{{id}}.jpg", self._avatar, methods=["GET"]),
        ]

    async def _let_in(self, work: Callable[[Request], Awaitable[Answer]], request: Request) -> Answer:
        has_room, left, ends = self.window.take()
        headers = {
            "x-ratelimit-limit": str(self.window.rate),
            "x-ratelimit-remaining": str(left),
            "x-ratelimit-reset": _time(ends),
        }
        if request.headers.get("authorization") != f"Bearer {self.token}" or self.ended:
            answer = _error(401, "The access token is invalid")
        elif not has_room:
            answer = _error(429, "Too many requests")
        else:
            answer = await work(request)
        return answer._replace(headers={**answer.headers, **headers})

    async def _search(self, request: Request) -> Answer:
        offset, limit = int(request.query_params.get("offset", 0)), int(request.query_params.get("limit", 40))
        size = min(limit, MAX_PAGE)
        found = self.network.search(request.query_params.get("q", ""), offset, size, self.world.now_ms())
        return read([self._shown(member, request) for member in found])

    async def _account(self, request: Request) -> Answer:
        member = self.network.find(request.path_params["id"], self.world.now_ms())
        return _error(404, "Record not found") if member is None else read(self._shown(member, request))

    async def _statuses(self, request: Request) -> Answer:
        member = self.network.find(request.path_params["id"], self.world.now_ms())
        if member is None:
            return _error(404, "Record not found")
        return read([self._status(member, number, request) for number in range(len(member.posts))])

    async def _report(self, request: Request) -> Answer:
        form = parse_qs((await request.body()).decode())
        now = self.world.now_ms()
        member = self.network.find(form.get("account_id", [""])[0], now)
        if member is None:
            return _error(404, "Record not found")
        report = self.network.report(member, form.get("comment", [""])[0][:1_000], now)
        return Answer(
            200, self._told(report, request), "new", reference=report.comment[:200], items=(member.id,)
        )

    async def _reports(self, request: Request) -> Answer:
        target = request.query_params.get("target_account_id")
        resolved = request.query_params.get("resolved")
        found = [
            self._for_moderators(report, request)
            for report in self.network.reports
            if target in (None, report.member.id)
        ]
        return read([each for each in found if each["action_taken"] is bool(resolved)])

    async def _one_report(self, request: Request) -> Answer:
        number = request.path_params["id"]
        found = next((report for report in self.network.reports if report.id == number), None)
        return (
            _error(404, "Record not found") if found is None else read(self._for_moderators(found, request))
        )

    async def _avatar(self, request: Request) -> Response:
        member = self.network.find(request.path_params["id"], self.world.now_ms())
        if member is None or member.suspended:
            return Response(status_code=404)
        return Response(picture(member.picture, copied=member.copied), media_type="image/jpeg")

    def _shown(self, member: Member, request: Request) -> dict[str, Any]:
        base = self.base(request)
        avatar = f"{base}/avatars/{member.id}.jpg"
        shown: dict[str, Any] = {
            "id": member.id,
            "username": member.handle,
            "acct": member.handle,
            "display_name": "" if member.suspended else member.name,
            "locked": False,
            "bot": False,
            "discoverable": True,
            "indexable": False,
            "group": False,
            "created_at": _time(member.created_at),
            "note": "" if member.suspended else f"<p>{member.bio}</p>",
            "url": f"{base}/@{member.handle}",
            "uri": f"{base}/users/{member.id}",
            "avatar": avatar,
            "avatar_static": avatar,
            "header": f"{base}/headers/original/missing.png",
            "header_static": f"{base}/headers/original/missing.png",
            "followers_count": member.followers,
            "following_count": 0,
            "statuses_count": len(member.posts),
            "last_status_at": None,
            "hide_collections": None,
            "noindex": False,
            "emojis": [],
            "roles": [],
            "fields": [],
        }
        return {**shown, "suspended": True} if member.suspended else shown

    def _status(self, member: Member, number: int, request: Request) -> dict[str, Any]:
        base = self.base(request)
        return {
            "id": f"{member.id}{number}",
            "created_at": _time(member.created_at),
            "in_reply_to_id": None,
            "in_reply_to_account_id": None,
            "sensitive": False,
            "spoiler_text": "",
            "visibility": "public",
            "language": "en",
            "uri": f"{base}/statuses/{member.id}{number}",
            "url": f"{base}/@{member.handle}/{member.id}{number}",
            "replies_count": 0,
            "reblogs_count": 0,
            "favourites_count": 0,
            "content": f"<p>{member.posts[number]}</p>",
            "reblog": None,
            "account": self._shown(member, request),
            "media_attachments": [],
            "mentions": [],
            "tags": [],
            "emojis": [],
            "card": None,
            "poll": None,
        }

    def _told(self, report: Report, request: Request) -> dict[str, Any]:
        state = self.network.state(report, self.world.now_ms())
        return {
            "id": report.id,
            "action_taken": state in ("removed", "dismissed"),
            "action_taken_at": None,
            "category": "other",
            "comment": report.comment,
            "forwarded": False,
            "created_at": _time(report.filed_at),
            "status_ids": [],
            "rule_ids": None,
            "target_account": self._shown(report.member, request),
        }

    def _for_moderators(self, report: Report, request: Request) -> dict[str, Any]:
        state = self.network.state(report, self.world.now_ms())
        target = self._shown(report.member, request)
        admin = {
            "id": report.member.id,
            "username": report.member.handle,
            "suspended": report.member.suspended,
        }
        return {
            **self._told(report, request),
            "assigned_account": None if state == "open" else {"id": "1", "username": "moderator"},
            "target_account": {**admin, "created_at": target["created_at"], "account": target},
            "statuses": [],
            "rules": [],
        }


def _error(status: int, text: str) -> Answer:
    return Answer(status, {"error": text}, "refused")


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
