"""The adapters read what real servers answered: recordings in ../shared/data/social, beside the project."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
from autodmca_social_media.metrics import Metrics
from autodmca_social_media.platforms.bluesky import BlueskyPlatform
from autodmca_social_media.platforms.gate import Ways
from autodmca_social_media.platforms.mastodon import MastodonPlatform
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from services.sandbox.tests.world import served
from services.social_media.tests.world import AVATARS

RECORDINGS = Path(__file__).parents[3].parent / "shared/data/social"
pytestmark = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="the recordings of ../shared/data/social are not here"
)


def recorded(prefix: str, method: str, path: str) -> Any:
    """The first recorded exchange of a test of Mastodon.py with this method and path."""
    for number in range(20):
        file = RECORDINGS / f"{prefix}_{number}.json"
        if not file.exists():
            continue
        exchange = json.loads(file.read_text())
        parts = urlsplit(exchange["uri"])
        if exchange["method"] == method and f"{parts.path}?{parts.query}".startswith(path):
            return exchange
    raise AssertionError(f"{prefix} has no {method} {path}")


@asynccontextmanager
async def answering(answers: dict[str, Any]) -> AsyncIterator[str]:
    """A server that answers each path with a recorded body and its headers."""

    async def answer(request: Request) -> JSONResponse:
        exchange = answers[request.url.path]
        headers = {name: values[0] for name, values in exchange.get("headers", {}).items()}
        return JSONResponse(exchange["body"], exchange.get("status", 200), headers)

    app = Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])
    async with served(app) as address:
        yield address


@asynccontextmanager
async def mastodon(answers: dict[str, Any]) -> AsyncIterator[MastodonPlatform]:
    async with answering(answers) as address:
        platform = MastodonPlatform(address, "token", AVATARS, Metrics(CollectorRegistry()), Ways(5.0))
        yield platform
        await platform.close()


async def test_accounts_that_a_real_instance_found_are_read_with_its_rate_limit() -> None:
    exchange = recorded("mastodon_test_account_search", "GET", "/api/v1/accounts/search")
    async with mastodon({"/api/v1/accounts/search": exchange}) as platform:
        results = await platform.search("admin", None)
        assert [hit.account.handle for hit in results.hits] == [each["acct"] for each in exchange["body"]]
        assert [hit.id for hit in results.hits] == [each["id"] for each in exchange["body"]]
        assert all(hit.account.created_at and hit.avatar is None for hit in results.hits)
        assert platform.called().rate_limit == 300


async def test_a_report_to_a_real_instance_and_what_its_moderators_see_are_read() -> None:
    filed = recorded("mastodon_test_admin_reports", "POST", "/api/v1/reports")
    seen = recorded("mastodon_test_admin_reports", "GET", "/api/v1/admin/reports/1")
    target = filed["body"]["target_account"]
    answers = {
        "/api/v1/reports": filed,
        "/api/v1/reports/": filed,
        "/api/v1/admin/reports": {"body": [seen["body"]]},
        "/api/v1/admin/reports/1": seen,
        f"/api/v1/accounts/{target['id']}": {"body": target},
    }
    async with mastodon(answers) as platform:
        assert await platform.report(target["id"], "ref", "api crimes") == filed["body"]["id"]
        assert await platform.find_report(target["id"], "ref") is None
        standing = await platform.standing(target["id"], "1")
        taken, assigned = seen["body"]["action_taken"], seen["body"]["assigned_account"]
        assert standing.ending == ("dismissed" if taken else "under_review" if assigned else "open")
        assert standing.handle == target["acct"]


async def test_profiles_as_bluesky_really_shows_them_are_read() -> None:
    follows = json.loads((RECORDINGS / "bsky_get_follows.json").read_text())["follows"]
    session = {"did": "did:plc:x", "handle": "x.example", "accessJwt": _jwt(), "refreshJwt": _jwt()}
    answers = {
        "/xrpc/com.atproto.server.createSession": {"body": session},
        "/xrpc/app.bsky.actor.searchActors": {"body": {"actors": follows}},
    }
    async with answering(answers) as address:
        platform = BlueskyPlatform(
            address, "x.example", "p", AVATARS, Metrics(CollectorRegistry()), Ways(5.0)
        )
        results = await platform.search("anything", None)
        assert [hit.account.handle for hit in results.hits] == [each["handle"] for each in follows]
        assert [hit.account.bio for hit in results.hits] == [each.get("description", "") for each in follows]
        assert results.cursor is None
        await platform.close()


def _jwt() -> str:
    return jwt.encode({"exp": 4_000_000_000, "iat": 0, "scope": "x"}, "k" * 32, "HS256")
