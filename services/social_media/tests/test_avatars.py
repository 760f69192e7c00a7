"""Avatars as strangers' servers send them: what is none has no hash, and a reason is counted."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from autodmca_sandbox.platforms.pictures import picture
from autodmca_social_media.metrics import Metrics
from autodmca_social_media.platforms.avatars import LIMITS, fetcher, hash_of
from PIL import Image
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from services.sandbox.tests.world import served
from services.social_media.tests.world import AVATARS


def _pixels(side: int) -> bytes:
    content = io.BytesIO()
    Image.new("1", (side, side)).save(content, "PNG")
    return content.getvalue()


ANSWERS: dict[str, Callable[[], Response]] = {
    "good": lambda: Response(picture(1, copied=False)),
    "copied": lambda: Response(picture(1, copied=True)),
    "text": lambda: Response(b"<svg/>"),
    "cut": lambda: Response(picture(1, copied=False)[:400]),
    "bomb": lambda: Response(_pixels(5_000)),
    "large": lambda: Response(b"x" * (LIMITS.data_bytes + 1)),
    "moved": lambda: RedirectResponse("/good"),
    "inside": lambda: RedirectResponse("http://169.254.169.254/latest/meta-data"),
}


async def _get(request: Request) -> Response:
    answer = ANSWERS.get(request.path_params["name"])
    return Response(status_code=404) if answer is None else answer()


async def hashed(*names: str) -> tuple[list[str | None], CollectorRegistry]:
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    app = Starlette(routes=[Route("/{name}", _get)])
    async with served(app) as address:
        found = [await hash_of(AVATARS, metrics, f"{address}/{name}") for name in names]
    return found, registry


async def test_a_picture_is_found_where_its_address_has_moved_to() -> None:
    (good, moved), _ = await hashed("good", "moved")
    assert moved == good is not None


async def test_nothing_of_our_own_network_is_asked_unless_it_is_allowed() -> None:
    asked: list[str] = []

    async def note(request: Request) -> Response:
        asked.append(request.url.path)
        return Response(picture(1, copied=False))

    registry = CollectorRegistry()
    metrics = Metrics(registry)
    async with served(Starlette(routes=[Route("/{name}", note)])) as address:
        assert await hash_of(fetcher(), metrics, f"{address}/avatar") is None
        assert asked == []
        assert await hash_of(AVATARS, metrics, f"{address}/avatar") is not None
    assert asked == ["/avatar"]
    assert registry.get_sample_value("autodmca_social_media_avatars_total", {"result": "refused"}) == 1


async def test_a_copy_of_a_picture_has_nearly_the_same_hash() -> None:
    (first, second), _ = await hashed("good", "copied")
    assert first is not None
    assert second is not None
    assert (int(first, 16) ^ int(second, 16)).bit_count() <= 10


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("text", "unreadable"),
        ("cut", "unreadable"),
        ("bomb", "unreadable"),
        ("large", "too large"),
        ("inside", "refused"),
        ("none", "absent"),
    ],
)
async def test_what_is_no_picture_has_no_hash(name: str, result: str) -> None:
    (found,), registry = await hashed(name)
    assert found is None
    assert registry.get_sample_value("autodmca_social_media_avatars_total", {"result": result}) == 1
