"""A network that speaks Bluesky's API (XRPC, lexicons of `app.bsky` and `com.atproto`), under `/bluesky`."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import jwt
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from autodmca_sandbox.platforms.manners import Site, read
from autodmca_sandbox.platforms.network import Report
from autodmca_sandbox.platforms.pictures import picture
from autodmca_sandbox.platforms.population import Member
from autodmca_sandbox.world.server import Answer

ACCESS_S: Final = 7_200
MAX_PAGE: Final = 100
_KEY: Final = secrets.token_hex(32)
_STATES: Final = {
    "open": "tools.ozone.moderation.defs#reviewOpen",
    "under_review": "tools.ozone.moderation.defs#reviewEscalated",
    "removed": "tools.ozone.moderation.defs#reviewClosed",
    "dismissed": "tools.ozone.moderation.defs#reviewClosed",
}


class BlueskySite(Site):
    """Sessions, search, profiles, posts, reports, and what moderators see of them."""

    def routes(self) -> list[Route]:
        listed: list[tuple[str, str, str, Callable[[Request], Awaitable[Answer]]]] = [
            ("GET", "app.bsky.actor.searchActors", "search", self._search),
            ("GET", "app.bsky.actor.getProfile", "account", self._profile),
            ("GET", "app.bsky.feed.getAuthorFeed", "statuses", self._feed),
            ("POST", "com.atproto.moderation.createReport", "file", self._report),
            ("GET", "tools.ozone.moderation.queryEvents", "reports", self._events),
            ("GET", "tools.ozone.moderation.queryStatuses", "report", self._statuses),
        ]
        name = self.network.name
        path = f"/{name}/xrpc/"
        return [
            *(
                Route(path + method, self.endpoint(operation, partial(self._let_in, work)), methods=[verb])
                for verb, method, operation, work in listed
            ),
            Route(
                path + "com.atproto.server.createSession",
                self.endpoint("session", self._log_in),
                methods=["POST"],
            ),
            Route(
                path + "com.atproto.server.refreshSession",
                self.endpoint("refresh", self._refresh),
                methods=["POST"],
            ),
            Route(f"/{name}/avatars/{{id}}.jpg", self._avatar, methods=["GET"]),
        ]

    async def _let_in(self, work: Callable[[Request], Awaitable[Answer]], request: Request) -> Answer:
        has_room, left, ends = self.window.take()
        headers = {
            "ratelimit-limit": str(self.window.rate),
            "ratelimit-remaining": str(left),
            "ratelimit-reset": str(-(-ends // 1000)),
        }
        if self.ended or not self._is_session(request, "access"):
            answer = _error(400 if not self.ended else 401, "ExpiredToken", "Token has been revoked")
        elif not has_room:
            answer = _error(429, "RateLimitExceeded", "Rate Limit Exceeded")
        else:
            answer = await work(request)
        return answer._replace(headers={**answer.headers, **headers})

    async def _log_in(self, request: Request) -> Answer:
        asked = msgspec.json.decode(await request.body(), type=dict[str, Any])
        if self.ended or asked.get("password") != self.token:
            return _error(401, "AuthenticationRequired", "Invalid identifier or password")
        return read(self._session(str(asked.get("identifier"))))

    async def _refresh(self, request: Request) -> Answer:
        if self.ended or not self._is_session(request, "refresh"):
            return _error(401, "ExpiredToken", "Token has been revoked")
        return read(self._session("autodmca.example"))

    def _session(self, handle: str) -> dict[str, Any]:
        now = self.world.now_ms() // 1000
        return {
            "did": "did:plc:autodmca",
            "handle": handle,
            "accessJwt": _token("access", now, ACCESS_S),
            "refreshJwt": _token("refresh", now, ACCESS_S * 100),
            "active": True,
        }

    def _is_session(self, request: Request, scope: str) -> bool:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        try:
            claims = jwt.decode(token, _KEY, ["HS256"], options={"verify_exp": False, "verify_iat": False})
        except jwt.InvalidTokenError:
            return False
        return bool(claims["scope"] == scope and claims["exp"] > self.world.now_ms() / 1000)

    async def _search(self, request: Request) -> Answer:
        query = request.query_params
        offset, size = int(query.get("cursor", 0)), min(int(query.get("limit", 25)), MAX_PAGE)
        found = self.network.search(query.get("q", ""), offset, size, self.world.now_ms())
        body: dict[str, Any] = {"actors": [self._shown(member, request) for member in found]}
        return read({**body, "cursor": str(offset + size)} if len(found) == size else body)

    async def _profile(self, request: Request) -> Answer:
        member = self._member(request.query_params.get("actor", ""))
        if isinstance(member, Answer):
            return member
        counts = {"followersCount": member.followers, "followsCount": 0, "postsCount": len(member.posts)}
        return read({**self._shown(member, request), **counts})

    async def _feed(self, request: Request) -> Answer:
        member = self._member(request.query_params.get("actor", ""))
        if isinstance(member, Answer):
            return member
        author = self._shown(member, request)
        made = _time(member.created_at)
        posts = [
            {
                "uri": f"at://{author['did']}/app.bsky.feed.post/{number}",
                "cid": f"cid{number}",
                "author": author,
                "record": {"$type": "app.bsky.feed.post", "text": text, "createdAt": made},
                "indexedAt": made,
            }
            for number, text in enumerate(member.posts)
        ]
        return read({"feed": [{"post": post} for post in posts]})

    async def _report(self, request: Request) -> Answer:
        asked = msgspec.json.decode(await request.body(), type=dict[str, Any])
        now = self.world.now_ms()
        member = self.network.find(str(asked["subject"].get("did", "")).removeprefix("did:plc:"), now)
        if member is None:
            return _error(400, "InvalidRequest", "subject not found")
        report = self.network.report(member, str(asked.get("reason", ""))[:2_000], now)
        body = {
            "id": int(report.id),
            "reasonType": asked["reasonType"],
            "reason": report.comment,
            "subject": _subject(member),
            "reportedBy": "did:plc:autodmca",
            "createdAt": _time(now),
        }
        return Answer(200, body, "new", reference=report.comment[:200], items=(member.id,))

    async def _events(self, request: Request) -> Answer:
        return read({"events": [self._event(report) for report in self._about(request)]})

    async def _statuses(self, request: Request) -> Answer:
        now = self.world.now_ms()
        latest = list(self._about(request))[-1:]
        statuses = [
            {
                "id": int(report.id),
                "subject": _subject(report.member),
                "reviewState": _STATES[self.network.state(report, now)],
                "takendown": report.member.suspended,
                "createdAt": _time(report.filed_at),
                "updatedAt": _time(now),
            }
            for report in latest
        ]
        return read({"subjectStatuses": statuses})

    async def _avatar(self, request: Request) -> Response:
        member = self.network.find(request.path_params["id"], self.world.now_ms())
        if member is None or member.suspended:
            return Response(status_code=404)
        return Response(picture(member.picture, copied=member.copied), media_type="image/jpeg")

    def _about(self, request: Request) -> list[Report]:
        subject = request.query_params.get("subject", "").removeprefix("did:plc:")
        return [report for report in self.network.reports if report.member.id == subject]

    def _member(self, actor: str) -> Member | Answer:
        member = self.network.find(actor.removeprefix("did:plc:"), self.world.now_ms())
        if member is None:
            return _error(400, "InvalidRequest", "Profile not found")
        if member.suspended:
            return _error(400, "AccountTakedown", "Account has been suspended")
        return member

    def _shown(self, member: Member, request: Request) -> dict[str, Any]:
        return {
            "did": f"did:plc:{member.id}",
            "handle": member.handle,
            "displayName": member.name,
            "description": member.bio,
            "avatar": f"{self.base(request)}/avatars/{member.id}.jpg",
            "createdAt": _time(member.created_at),
            "indexedAt": _time(member.created_at),
            "labels": [],
        }

    def _event(self, report: Report) -> dict[str, Any]:
        return {
            "id": int(report.id),
            "event": {
                "$type": "tools.ozone.moderation.defs#modEventReport",
                "comment": report.comment,
                "reportType": "com.atproto.moderation.defs#reasonMisleading",
            },
            "subject": _subject(report.member),
            "subjectBlobCids": [],
            "createdBy": "did:plc:autodmca",
            "createdAt": _time(report.filed_at),
        }


def _token(scope: str, now_s: int, life_s: int) -> str:
    return jwt.encode({"scope": scope, "exp": now_s + life_s, "iat": now_s}, _KEY, "HS256")


def _subject(member: Member) -> dict[str, str]:
    return {"$type": "com.atproto.admin.defs#repoRef", "did": f"did:plc:{member.id}"}


def _error(status: int, code: str, text: str) -> Answer:
    return Answer(status, {"error": code, "message": text}, "refused")


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
