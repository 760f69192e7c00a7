"""The host of pictures over HTTP: addresses of what was posted there, and the pictures.

`GET /images?after=&limit=` lists addresses, the oldest first; `GET /images/{name}` is one of them; `GET
/sandbox/pictures?limit=` says what each is, for tests and never for a service.
"""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from autodmca_sandbox.images.gallery import Gallery
from autodmca_sandbox.world.server import Answer, World

PLACE: Final = "images"
_MOST: Final = 10_000


class ImageHost:
    """A place of the world."""

    def __init__(self, gallery: Gallery, world: World) -> None:
        self._gallery = gallery
        self._world = world

    def routes(self) -> list[Route]:
        return [
            Route("/images", self._world.endpoint(PLACE, "list", self._list), methods=["GET"]),
            Route("/images/{name}", self._world.endpoint(PLACE, "fetch", self._fetch), methods=["GET"]),
            Route("/sandbox/pictures", self._truth, methods=["GET"]),
        ]

    async def _list(self, request: Request) -> Answer:
        after, limit = (_number(request, name, default) for name, default in (("after", 0), ("limit", 50)))
        base = str(request.base_url).rstrip("/")
        items = [f"{base}/images/{self._gallery.item(after + n).name}" for n in range(limit)]
        return Answer(200, {"items": items, "nextAfter": after + limit}, "read")

    async def _fetch(self, request: Request) -> Answer:
        item = self._gallery.named(request.path_params["name"])
        if item is None:
            return Answer(404, {"error": {"code": "no_such_picture", "message": "there is none"}}, "read")
        file = await asyncio.to_thread(self._gallery.file, item)
        return Answer(file.status, file.data, "read", {"content-type": file.media_type}, item.name)

    async def _truth(self, request: Request) -> Response:
        items = [self._gallery.item(n)._asdict() for n in range(_number(request, "limit", 100))]
        return Response(msgspec.json.encode(items), media_type="application/json")


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, "")
    return min(int(text), _MOST) if text.isascii() and text.isdecimal() and len(text) < 10 else default
