"""The reference of `bench_service`: templates as a plain Starlette application over SQLite or PostgreSQL.

    STORE=sqlite:PATH|postgresql://... STORE_PORT=... JWT_SECRET=... python plain_store.py

Three endpoints shaped as the templates service's: create, read by id, list newest first. A create is one
transaction of two rows, the template and the event that it causes (an outbox that nobody empties here).
SQLite as its documentation advises for servers: one connection, WAL, synchronous=NORMAL.
"""

import os
import sqlite3
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

import asyncpg
import jwt
import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

SECRET = os.environ["JWT_SECRET"]
SCHEMA = (
    "CREATE TABLE IF NOT EXISTS templates (owner BIGINT, id TEXT PRIMARY KEY, made BIGINT, body TEXT)",
    "CREATE INDEX IF NOT EXISTS templates_of ON templates (owner, made DESC)",
    "CREATE TABLE IF NOT EXISTS outbox (id TEXT PRIMARY KEY, owner BIGINT, event TEXT)",
)


class Store(Protocol):
    """What the endpoints need."""

    async def create(self, owner: int, template_id: str, body: str, event: str) -> None: ...
    async def read(self, owner: int, template_id: str) -> str | None: ...
    async def newest(self, owner: int, count: int) -> list[str]: ...


class Sqlite:
    """One connection, used on the event loop: a statement takes microseconds."""

    def __init__(self, path: str) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL", *SCHEMA):
            self._database.execute(statement)

    async def create(self, owner: int, template_id: str, body: str, event: str) -> None:
        run = self._database.execute
        run("BEGIN")
        run("INSERT INTO templates VALUES (?, ?, ?, ?)", (owner, template_id, time.time_ns(), body))
        run("INSERT INTO outbox VALUES (?, ?, ?)", (template_id, owner, event))
        run("COMMIT")

    async def read(self, owner: int, template_id: str) -> str | None:
        found = self._database.execute(
            "SELECT body FROM templates WHERE id = ? AND owner = ?", (template_id, owner)
        ).fetchone()
        return found[0] if found else None

    async def newest(self, owner: int, count: int) -> list[str]:
        query = "SELECT body FROM templates WHERE owner = ? ORDER BY made DESC LIMIT ?"
        return [row[0] for row in self._database.execute(query, (owner, count))]


class Postgres:
    """A pool of as many connections as callers."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def create(self, owner: int, template_id: str, body: str, event: str) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "INSERT INTO templates VALUES ($1, $2, $3, $4)", owner, template_id, time.time_ns(), body
            )
            await connection.execute("INSERT INTO outbox VALUES ($1, $2, $3)", template_id, owner, event)

    async def read(self, owner: int, template_id: str) -> str | None:
        query = "SELECT body FROM templates WHERE id = $1 AND owner = $2"
        found: str | None = await self._pool.fetchval(query, template_id, owner)
        return found

    async def newest(self, owner: int, count: int) -> list[str]:
        query = "SELECT body FROM templates WHERE owner = $1 ORDER BY made DESC LIMIT $2"
        return [row[0] for row in await self._pool.fetch(query, owner, count)]


def user_of(request: Request) -> int:
    token = request.headers["authorization"].removeprefix("Bearer ")
    return int(jwt.decode(token, SECRET, algorithms=["HS256"])["sub"])


def answer(body: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")


async def create(request: Request) -> Response:
    owner, content = user_of(request), msgspec.json.decode(await request.body(), type=dict[str, Any])
    template_id = uuid.uuid4().hex
    made = {"id": template_id, "ownerId": owner, "status": "draft", "revision": 1, "content": content}
    body = msgspec.json.encode(made).decode()
    await store(request).create(owner, template_id, body, body)
    return answer(made, 201)


async def read(request: Request) -> Response:
    found = await store(request).read(user_of(request), request.path_params["id"])
    if found is None:
        return answer({"title": "no such template"}, 404)
    return answer(msgspec.Raw(found.encode()))


async def newest(request: Request) -> Response:
    found = await store(request).newest(user_of(request), int(request.query_params.get("limit", 20)))
    return answer({"items": [msgspec.Raw(each.encode()) for each in found]})


async def ready(_request: Request) -> Response:
    return Response("ready")


def store(request: Request) -> Store:
    found: Store = request.app.state.store
    return found


@asynccontextmanager
async def opened(app: Starlette) -> AsyncIterator[None]:
    where = os.environ["STORE"]
    if where.startswith("sqlite:"):
        app.state.store = Sqlite(where.removeprefix("sqlite:"))
        yield
        return
    async with asyncpg.create_pool(where, min_size=16, max_size=16) as pool:
        for statement in SCHEMA:
            await pool.execute(statement)
        app.state.store = Postgres(pool)
        yield


routes = [
    Route("/v1/templates", create, methods=["POST"]),
    Route("/v1/templates", newest, methods=["GET"]),
    Route("/v1/templates/{id}", read, methods=["GET"]),
    Route("/readyz", ready),
]

if __name__ == "__main__":
    uvicorn.run(
        Starlette(routes=routes, lifespan=opened),
        host="127.0.0.1",
        port=int(os.environ["STORE_PORT"]),
        log_level="warning",
        access_log=False,
    )
