"""The adapters on the sandbox's real HTTP server."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from autodmca_sandbox.engines.engine import Pace
from autodmca_sandbox.world.app import world_app
from autodmca_sandbox.world.server import World
from autodmca_service.outside import networks
from autodmca_social_media.metrics import Metrics
from autodmca_social_media.platforms.avatars import fetcher
from autodmca_social_media.platforms.bluesky import BlueskyPlatform
from autodmca_social_media.platforms.gate import Ways
from autodmca_social_media.platforms.interface import Platform
from autodmca_social_media.platforms.mastodon import MastodonPlatform
from prometheus_client import CollectorRegistry

from services.sandbox.tests.world import TOKEN, served

ALONE_S = 0.05
"""Of real time, for which a platform is left alone after failures."""
AVATARS = fetcher(networks(["127.0.0.1"]))


class Clock:
    """The real time, and what the test lets pass beside it."""

    def __init__(self) -> None:
        self.ahead_ms = 0

    def __call__(self) -> int:
        return time.time_ns() // 1_000_000 + self.ahead_ms

    def pass_s(self, seconds: float) -> None:
        self.ahead_ms += int(seconds * 1000)


@dataclass
class Outside:
    """The world, and our adapters to it."""

    world: httpx.AsyncClient
    clock: Clock
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        self.metrics = Metrics(self.registry)
        self.opened: list[Platform] = []

    def platform(self, name: str, *, token: str = TOKEN, timeout_s: float = 5.0) -> Platform:
        base = f"{str(self.world.base_url).rstrip('/')}/{name}"
        ways = Ways(timeout_s, ALONE_S, lambda: self.clock() / 1000)
        found: Platform
        if name == "mastodon":
            found = MastodonPlatform(base, token, AVATARS, self.metrics, ways)
        else:
            found = BlueskyPlatform(base, "autodmca.example", token, AVATARS, self.metrics, ways)
        self.opened.append(found)
        return found

    async def truth(self) -> Any:
        return (await self.world.get("/sandbox/truth")).json()

    async def account(self, network: str, kind: str) -> Any:
        """The first account of a kind."""
        accounts = (await self.truth())["accounts"][network]
        return next(each for each in accounts if each["kind"] == kind)

    async def fault(self, **fault: Any) -> None:
        (await self.world.post("/sandbox/faults", json=[fault])).raise_for_status()

    async def steer(self, **steer: Any) -> None:
        (await self.world.post("/sandbox/networks", json=steer)).raise_for_status()

    async def filed(self, network: str) -> dict[str, int]:
        """How many reports about each account the network has."""
        counts: dict[str, int] = (await self.world.get("/sandbox/received")).json()["filed"].get(network, {})
        return counts

    async def reached(self, operation: str) -> int:
        answer = await self.world.get("/sandbox/received", params={"operation": operation})
        return len(answer.json()["lines"])


@asynccontextmanager
async def outside(
    *, rate: int = 10_000, window_s: float = 300.0, pace: Pace | None = None
) -> AsyncIterator[Outside]:
    clock = Clock()
    app = world_app(
        World(7, clock),
        token=TOKEN,
        pace=pace or Pace(2, 10, 20),
        network_rate=rate,
        network_window_s=window_s,
    )
    async with (
        served(app) as address,
        httpx.AsyncClient(base_url=address, trust_env=False, timeout=30) as world,
    ):
        at = Outside(world, clock)
        try:
            yield at
        finally:
            for platform in at.opened:
                await platform.close()
