"""A world that listens on a real port for as long as a test lasts, with a clock of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
from autodmca_runtime import Health, serve
from autodmca_sandbox.engines.engine import Pace
from autodmca_sandbox.world.app import world_app
from autodmca_sandbox.world.server import DyingProtocol, World
from starlette.types import ASGIApp

TOKEN = "a key"


class Clock:
    """Milliseconds that pass when the test says so."""

    def __init__(self) -> None:
        self.ms = 1_790_000_000_000

    def __call__(self) -> int:
        return self.ms

    def pass_s(self, seconds: float) -> None:
        self.ms += int(seconds * 1000)


@asynccontextmanager
async def served(app: ASGIApp, port: int = 0) -> AsyncIterator[str]:
    """The address of an application that listens for as long as the block lasts; port 0 takes any."""
    stop, at = asyncio.Event(), asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        serve(
            app,
            host="127.0.0.1",
            port=port,
            health=Health(),
            drain_s=0,
            stop_s=1,
            stop=stop,
            http=DyingProtocol,
            on_listening=lambda host, port: at.set_result(f"http://{host}:{port}"),
        )
    )
    yield await at
    stop.set()
    await serving


@asynccontextmanager
async def listening(clock: Callable[[], int], pace: Pace | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the world, with its key."""
    app = world_app(World(7, clock), token=TOKEN, pace=pace or Pace(2, 10, 20))
    headers = {"authorization": f"Bearer {TOKEN}"}
    fresh = httpx.Limits(max_keepalive_connections=0)  # none that the world closes as it is used again
    async with (
        served(app) as base,
        httpx.AsyncClient(base_url=base, headers=headers, limits=fresh, trust_env=False) as client,
    ):
        yield client
