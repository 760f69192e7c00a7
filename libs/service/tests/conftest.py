"""A small service of pictures, whole but for a log: what its operations do is up to a test."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any

import httpx
import jwt
import pytest
from autodmca_runtime import Secret, TokenSettings, TokenVerifier
from autodmca_service.commands import FieldError, Refusal
from autodmca_service.context import traceparent
from autodmca_service.errors import AnswerLate, CommandRefused, LogUnavailable
from autodmca_service.http.app import http_app
from autodmca_service.http.metrics import HttpMetrics
from autodmca_service.http.operations import (
    CURSOR,
    IDEMPOTENCY_KEY,
    IF_MATCH,
    IF_NONE_MATCH,
    LIMIT,
    Call,
    FileField,
    Limits,
    Operation,
    Reply,
    choices,
)
from autodmca_service.http.pages import page
from autodmca_service.http.problems import ProblemError
from autodmca_service.http.queries import chosen, has_current, last, limit, revision
from autodmca_service.http.spool import Spool
from autodmca_service.receipts import Request
from msgspec import Meta, Struct
from prometheus_client import CollectorRegistry

SECRET = "a-secret-for-tests-of-forty-characters-"
ORIGIN = "https://app.example.com"
BODY_BYTES = 10_000
UPLOAD_BYTES = 3_000_000


class Caption(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    text: Annotated[str, Meta(min_length=1, max_length=100)]
    stars: int = 0


class Picture(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    id: str
    text: str
    sizes: tuple[int, ...] = ()
    again: Request | None = None
    traceparent: str | None = None


class Pictures(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    items: tuple[Picture, ...]
    next_cursor: str | None = None


class OutOfFilm(Exception):
    """An exception of this service's own."""


def own_problem(error: Exception) -> ProblemError | None:
    return ProblemError(409, "out-of-film", "no film is left") if isinstance(error, OutOfFilm) else None


def failure(name: str) -> Exception:
    refusal = Refusal(
        refused="conflict", code="taken", detail="it is taken", errors=(FieldError("text", "is taken", 2),)
    )
    failures: dict[str, Exception] = {
        "own": OutOfFilm(),
        "refused": CommandRefused(refusal),
        "late": AnswerLate("no answer in time"),
        "down": LogUnavailable("no log"),
        "bug": ZeroDivisionError("the inside of the service"),
    }
    return failures[name]


async def caption(call: Call) -> Reply:
    picture = Picture(id="p1", text=call.body.text, again=call.again, traceparent=traceparent.get())
    return Reply(201, picture, {"location": "/v1/pictures/p1"})


async def upload(call: Call) -> Reply:
    sizes = tuple(len(each.file.read()) for each in call.files["picture"])
    return Reply(201, Picture(id="p1", text=call.body.text, sizes=sizes, again=call.again))


async def read(call: Call) -> Reply:
    etag = '"7"'
    if has_current(call, etag):
        return Reply(304, None, {"etag": etag})
    return Reply(200, Picture(id=call.path["id"], text="t"), {"etag": etag})


async def edit(call: Call) -> Reply:
    return Reply(200, Picture(id=call.path["id"], text=f"{revision(call)} {call.body.text}"))


async def delete(_call: Call) -> Reply:
    return Reply(204)


async def select(call: Call) -> Reply:
    kinds = chosen(call.query, "kind", ("dog", "cat"))
    made = [Picture(id=f"p{number}", text=kind) for number in range(7) for kind in kinds or ("dog",)]
    found, cursor = page(
        made, lambda each: (int(each.id[1:]), each.text), limit(call.query), last(call.query, "cursor")
    )
    return Reply(200, Pictures(items=tuple(found), next_cursor=cursor))


async def fail(call: Call) -> Reply:
    raise failure(call.path["how"])


async def archive(_call: Call) -> Reply:
    return Reply(200, b"PK", {"content-disposition": 'attachment; filename="all.zip"'})


OPERATIONS = (
    Operation("caption", "POST", "/v1/pictures", "Caption", caption, Caption, 201, Picture,
              (IDEMPOTENCY_KEY, choices("kind", ("dog", "cat"))),
              limits=Limits(body_bytes=BODY_BYTES, body_s=0.5)),
    Operation("upload", "POST", "/v1/uploads", "Upload", upload, Caption, 201, Picture,
              files=(FileField("picture", "One or two.", ("image/png",), many=2),),
              limits=Limits(body_bytes=UPLOAD_BYTES, body_s=5)),
    Operation("list", "GET", "/v1/pictures", "List", select, None, 200, Pictures,
              (LIMIT, CURSOR, choices("kind", ("dog", "cat")))),
    Operation("read", "GET", "/v1/pictures/{id}", "Read", read, None, 200, Picture, (IF_NONE_MATCH,), (404,)),
    Operation("edit", "PUT", "/v1/pictures/{id}", "Edit", edit, Caption, 200, Picture, (IF_MATCH,), (412,)),
    Operation("delete", "DELETE", "/v1/pictures/{id}", "Delete", delete, None, 204, None),
    Operation("fail", "POST", "/v1/fail/{how}", "Fail", fail, None, 200, Picture, (), (409, 503, 504)),
    Operation("archive", "GET", "/v1/archive", "All of them", archive, None, 200, None,
              media_type="application/zip"),
)  # fmt: skip


class Site:
    """The service, and ways to ask it as a user."""

    def __init__(self, http: httpx.AsyncClient, registry: CollectorRegistry, spool: Spool) -> None:
        self.http = http
        self.spool = spool
        self._registry = registry

    def bearer(self, user_id: int = 1) -> dict[str, str]:
        claims = {"sub": str(user_id), "exp": int(time.time()) + 600}
        return {"authorization": f"Bearer {jwt.encode(claims, SECRET, algorithm='HS256')}"}

    async def __call__(
        self, method: str, path: str, *, user: int = 1, headers: Mapping[str, str] | None = None, **sent: Any
    ) -> httpx.Response:
        return await self.http.request(method, path, headers={**self.bearer(user), **(headers or {})}, **sent)

    def counted(self, name: str, **labels: str) -> float:
        return self._registry.get_sample_value(name, labels) or 0.0


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    registry = CollectorRegistry()
    app = http_app(
        OPERATIONS,
        TokenVerifier(TokenSettings(secret=Secret(SECRET))),
        HttpMetrics("pictures", registry),
        problem_of=own_problem,
        title="Pictures",
        description="Pictures and captions.",
        version="1",
        origins=(ORIGIN,),
        spool=(spool := Spool(2 * UPLOAD_BYTES)),
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        yield Site(http, registry, spool)
