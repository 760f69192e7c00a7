"""The engines over HTTP: the interface that `openapi.yaml` describes.

Owns authentication, rate limits with their headers, and the shapes of requests and answers. What an engine
decides is `engine`'s.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.routing import Route

from autodmca_sandbox.engines.engine import Engine, Removal
from autodmca_sandbox.world.server import Answer, World, http_date

MAX_RESULTS: Final = 200
_Struct = TypeVar("_Struct", bound=Struct)


class Notice(Struct, forbid_unknown_fields=True, rename="camel"):
    """The notice that a request for removal rests on."""

    text: Annotated[str, Meta(max_length=200_000)] = ""
    work: str = ""
    work_urls: list[str] = []


class Submission(Struct, forbid_unknown_fields=True, rename="camel"):
    """What is asked for. `reference` is the sender's own."""

    reference: Annotated[str, Meta(min_length=1, max_length=200)]
    urls: Annotated[list[Annotated[str, Meta(min_length=1, max_length=8_192)]], Meta(min_length=1)]
    notice: Notice = msgspec.field(default_factory=Notice)


class Appeal(Struct, forbid_unknown_fields=True):
    """Why the decision is wrong."""

    text: Annotated[str, Meta(min_length=1, max_length=20_000)]


class EngineSite:
    """The routes of one engine with an API."""

    def __init__(self, engine: Engine, world: World, token: str) -> None:
        self._engine = engine
        self._world = world
        self._token = token
        self._window = (0, 0)

    def routes(self) -> list[Route]:
        """Of the whole interface, under the engine's name."""
        name = self._engine.manners.name
        one = f"/{name}/v1/removals/{{id}}"
        listed: list[tuple[str, str, str, Callable[[Request], Awaitable[Answer]]]] = [
            ("POST", f"/{name}/v1/removals", "submit", self._submit),
            ("GET", f"/{name}/v1/removals", "lookup", self._lookup),
            ("GET", one, "poll", self._poll),
            ("POST", f"{one}/appeal", "appeal", self._appeal),
            ("POST", f"{one}/cancel", "cancel", self._cancel),
            ("GET", f"/{name}/v1/search", "search", self._search),
        ]
        return [
            Route(path, self._world.endpoint(name, operation, partial(self._let_in, work)), methods=[method])
            for method, path, operation, work in listed
        ]

    async def _let_in(self, work: Callable[[Request], Awaitable[Answer]], request: Request) -> Answer:
        limits, wait_ms = self._rate()
        if request.headers.get("authorization") != f"Bearer {self._token}":
            answer = _error(401, "auth_error", "the API key is missing or unknown")
        elif wait_ms:
            answer = _error(429, "rate_limited", "too many requests", {"retry-after": self._later(wait_ms)})
        else:
            answer = await work(request)
        return answer._replace(headers={**answer.headers, **limits})

    def _rate(self) -> tuple[dict[str, str], int]:
        """The rate limit's headers, and how long (ms) until there is room; 0 when there is."""
        manners, now = self._engine.manners, self._world.now_ms()
        began, used = self._window
        length = int(manners.window_s * 1000)
        if now - began >= length:
            began, used = now, 0
        self._window = (began, used + 1)
        reset = began + length
        headers = {
            "x-ratelimit-limit": str(manners.rate),
            "x-ratelimit-remaining": str(max(0, manners.rate - used - 1)),
            "x-ratelimit-reset": str(-(-reset // 1000)),
        }
        return headers, reset - now if used >= manners.rate else 0

    def _later(self, wait_ms: int) -> str:
        if self._engine.manners.later == "date":
            return http_date(self._world.now_ms(), wait_ms / 1000 + 1)
        return str(-(-wait_ms // 1000))

    async def _submit(self, request: Request) -> Answer:
        asked = await _body(request, Submission)
        if isinstance(asked, Answer):
            return asked
        manners = self._engine.manners
        if len(asked.urls) > manners.most_urls:
            return _error(422, "rejected", f"urls: {manners.most_urls} at most in one request")
        if not asked.notice.text.strip():
            return _error(422, "incomplete", "notice.text: say which work is copied, and where")
        key = request.headers.get("idempotency-key") if manners.keys else None
        try:
            removal, new = self._engine.submit(key, asked.reference, asked.urls, self._world.now_ms())
        except ValueError as error:
            return _error(503, "server_error", str(error))
        status = 201 if new else 200
        return Answer(
            status,
            _shown(removal),
            "new" if new else "repeat",
            {"location": f"/{manners.name}/v1/removals/{removal.id}"},
            reference=asked.reference,
            items=tuple(asked.urls),
        )

    async def _lookup(self, request: Request) -> Answer:
        if not self._engine.manners.lookup:
            return _error(405, "rejected", "requests are not listed here")
        reference = request.query_params.get("reference", "")
        found = self._engine.by_reference(reference, self._world.now_ms())
        return Answer(200, {"items": [_shown(removal) for removal in found]}, "read", reference=reference)

    async def _poll(self, request: Request) -> Answer:
        removal = self._engine.find(request.path_params["id"], self._world.now_ms())
        if removal is None:
            return _error(404, "rejected", "there is no such request")
        return Answer(200, _shown(removal), "read", reference=removal.reference)

    async def _appeal(self, request: Request) -> Answer:
        asked = await _body(request, Appeal)
        if isinstance(asked, Answer):
            return asked
        now = self._world.now_ms()
        removal = self._engine.find(request.path_params["id"], now)
        if removal is None:
            return _error(404, "rejected", "there is no such request")
        if removal.appeal == asked.text:
            return Answer(200, _shown(removal), "repeat", reference=removal.reference)
        if not self._engine.appeal(removal, asked.text, now):
            return _error(409, "rejected", f"a request that is {removal.status} cannot be appealed")
        return Answer(202, _shown(removal), "new", reference=removal.reference, items=(removal.id,))

    async def _cancel(self, request: Request) -> Answer:
        now = self._world.now_ms()
        removal = self._engine.find(request.path_params["id"], now)
        if removal is None:
            return _error(404, "rejected", "there is no such request")
        if removal.status != "cancelled" and not self._engine.cancel(removal, now):
            return _error(409, "rejected", f"a request that is {removal.status} cannot be cancelled")
        return Answer(200, _shown(removal), "new", reference=removal.reference)

    async def _search(self, request: Request) -> Answer:
        return search(self._engine, request, self._world.now_ms())


def search(engine: Engine, request: Request, now_ms: int) -> Answer:
    """A page of results for `q`; `q=url:...` asks whether that URL is shown at all."""
    query = request.query_params.get("q", "").strip()
    text = request.query_params.get("limit", "100")
    limit = int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else 0
    if not query or not 1 <= limit <= MAX_RESULTS:
        return _error(400, "rejected", f"q must be given, and limit be 1 to {MAX_RESULTS}")
    if query.startswith("url:"):
        url = query[4:].strip()
        results = [{"rank": 1, "url": url, "title": url}] if engine.is_indexed(url, now_ms) else []
        return Answer(200, {"query": query, "results": results}, "read", items=(url,))
    hits = engine.search(query, now_ms, limit)
    return Answer(200, {"query": query, "results": [hit._asdict() for hit in hits]}, "read")


async def _body(request: Request, kind: type[_Struct]) -> _Struct | Answer:
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except msgspec.ValidationError as error:
        return _error(422, "incomplete", str(error))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _error(400, "rejected", f"no JSON: {error}")


def _shown(removal: Removal) -> dict[str, Any]:
    return {
        "id": removal.id,
        "reference": removal.reference,
        "status": removal.status,
        "appealed": removal.appeal is not None,
        "updatedAt": removal.updated_at,
        "urls": [
            {"url": item.url, "outcome": item.outcome, **({"reason": item.reason} if item.reason else {})}
            for item in removal.items
        ],
    }


def _error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, {"error": {"code": code, "message": message}}, "refused", headers or {})
