"""The social media service as child processes, the sandbox's networks, and what Kafka says.

The world runs in the test's own loop, so that it outlives every process that is killed.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx
from autodmca_sandbox.engines.engine import Pace
from autodmca_sandbox.world.app import world_app
from autodmca_sandbox.world.server import World
from autodmca_service.testing import processes
from autodmca_service.testing.processes import Process

from services.sandbox.tests.world import TOKEN, served
from tests.brokers import Broker

PACE = Pace(0.3, 1.2, 5)
NETWORKS = ("mastodon", "bluesky")


class Site(NamedTuple):
    replicas: list[Process]
    world: httpx.AsyncClient
    broker: Broker

    async def truth(self) -> Any:
        return (await self.world.get("/sandbox/truth")).json()

    async def filed(self) -> dict[str, dict[str, int]]:
        """By network: how many reports about each account it has."""
        filed = (await self.world.get("/sandbox/received")).json()["filed"]
        return {name: filed[name] for name in NETWORKS if name in filed}

    async def steer(self, **steer: Any) -> None:
        (await self.world.post("/sandbox/networks", json=steer)).raise_for_status()

    async def fail(self, *faults: dict[str, Any]) -> None:
        (await self.world.post("/sandbox/faults", json=faults)).raise_for_status()

    async def mend(self) -> dict[str, int]:
        """Take every fault back; how many requests met one, by kind."""
        met: dict[str, int] = (await self.world.get("/sandbox/faults")).json()["met"]
        (await self.world.delete("/sandbox/faults")).raise_for_status()
        return met


@asynccontextmanager
async def site(
    broker: Broker,
    count: int = 1,
    *,
    rate: int = 10_000,
    window_s: float = 300.0,
    pace: Pace = PACE,
    **options: str,
) -> AsyncIterator[Site]:
    """The world and some replicas, ready."""
    world = World(7, lambda: time.time_ns() // 1_000_000)
    app = world_app(world, token=TOKEN, pace=pace, network_rate=rate, network_window_s=window_s)
    async with (
        served(app) as address,
        httpx.AsyncClient(base_url=address, trust_env=False, timeout=30) as hand,
        processes(
            "social_media",
            broker.bootstrap_servers,
            count,
            **{**_told(address), **options},
        ) as running,
    ):
        yield Site(running, hand, broker)


def _told(world: str) -> dict[str, str]:
    return {
        "SOCIAL_MEDIA_MASTODON_URL": f"{world}/mastodon",
        "SOCIAL_MEDIA_MASTODON_TOKEN": TOKEN,
        "SOCIAL_MEDIA_BLUESKY_URL": f"{world}/bluesky",
        "SOCIAL_MEDIA_BLUESKY_HANDLE": "autodmca.example",
        "SOCIAL_MEDIA_BLUESKY_PASSWORD": TOKEN,
        "SOCIAL_MEDIA_ALLOWED_NETWORKS": "127.0.0.1",
        "SOCIAL_MEDIA_CALL_SECONDS": "2",
        "SOCIAL_MEDIA_BREAKER_SECONDS": "0.2",
        "SOCIAL_MEDIA_POLL_SECONDS": "0.4",
        "SOCIAL_MEDIA_RETRY_SECONDS": "0.2",
    }
