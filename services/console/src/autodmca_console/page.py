"""The page's files: read once, compressed once, each answered with how long it may be kept.

Owns caching and the policy of what a browser may do with the page. Files under `assets/` have their hash in
their name and are kept for ever; the others are asked for again. Never reads a file while it serves. Without
a build every path answers 503 with what to do.
"""

from __future__ import annotations

import gzip
import mimetypes
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STATIC: Final = Path(__file__).parent / "static"
FOR_EVER: Final = "public, max-age=31536000, immutable"
ASK_AGAIN: Final = "no-cache"
SHORTEST_COMPRESSED: Final = 1_000
"""Bytes; of less, compression saves nothing."""
NOT_BUILT: Final = "The page has not been built. Install Node 18.18 or newer and run: make console\n"


class File(Struct, frozen=True):
    """A file as it is sent: its bytes, and compressed where that saves something."""

    body: bytes
    compressed: bytes | None
    headers: Mapping[str, str]


class Page:
    """All files of a build."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._files = {
            str(path.relative_to(folder)): _read(path, str(path.relative_to(folder)))
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        }

    @property
    def is_built(self) -> bool:
        return "index.html" in self._files

    async def serve(self, request: Request) -> Response:
        """A file; every path outside of `assets/` that names none is a view of the page."""
        if not self.is_built:
            return PlainTextResponse(NOT_BUILT, 503, {"cache-control": "no-store"})
        name = request.path_params["path"]
        file = self._files.get(name) or (None if name.startswith("assets/") else self._files["index.html"])
        if file is None:
            return PlainTextResponse("there is no such file\n", 404, {"cache-control": "no-store"})
        if request.headers.get("if-none-match") == file.headers["etag"]:
            return Response(None, 304, file.headers)
        if file.compressed is not None and _takes_gzip(request.headers.get("accept-encoding", "")):
            return Response(file.compressed, headers={**file.headers, "content-encoding": "gzip"})
        return Response(file.body, headers=file.headers)


def _read(path: Path, name: str) -> File:
    body = path.read_bytes()
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    text = kind.startswith("text/") or kind in ("application/javascript", "application/json", "image/svg+xml")
    smaller = gzip.compress(body, 9, mtime=0) if text and len(body) >= SHORTEST_COMPRESSED else None
    headers = {
        "content-type": f"{kind}; charset=utf-8" if text else kind,
        "cache-control": FOR_EVER if name.startswith("assets/") else ASK_AGAIN,
        "etag": f'"{sha256(body).hexdigest()[:20]}"',
        "vary": "accept-encoding",
    }
    return File(body, smaller, headers)


def _takes_gzip(accepted: str) -> bool:
    """RFC 9110, section 12.5.3; a quality of nothing refuses."""
    for each in accepted.lower().split(","):
        name, _, quality = each.partition(";")
        if name.strip() in ("gzip", "*"):
            return quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def policy(reached: Iterable[str]) -> str:
    """The Content-Security-Policy: scripts and styles of our own alone, and words with `reached` besides."""
    origins = sorted({f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, reached)})
    streams = {each.replace("ws", "http", 1) for each in origins if each.startswith("ws")}
    directives = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' blob: data:",
        "font-src": "'self'",
        "connect-src": " ".join(["'self'", *origins, *sorted(streams - set(origins))]),
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())


class Guarded:
    """Middleware that says to browsers what no answer of ours may be used for."""

    def __init__(self, app: ASGIApp, reached: Iterable[str] = ()) -> None:
        self._app = app
        self._headers = {
            "content-security-policy": policy(reached),
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
            "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        await self._app(scope, receive, guarded if scope["type"] == "http" else send)
