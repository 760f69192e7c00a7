"""The delisting service as child processes, the sandbox's engines, people who ask, and what Kafka says.

The world runs in the test's own loop, so that it outlives every process that is killed.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any, NamedTuple

import httpx
from autodmca_events import Envelope
from autodmca_sandbox.engines.engine import Pace
from autodmca_service.testing import processes
from autodmca_service.testing.processes import Process

from services.sandbox.tests.world import TOKEN, listening
from tests.brokers import Broker

PACE = Pace(0.2, 0.8, 1.5)
ENDED = {"approved", "partially_approved", "denied", "expired", "cancelled", "failed"}


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


def environment(world: str) -> dict[str, str]:
    """How a replica reaches the world, at a test's pace."""
    engines = (
        f"google=key:{world}/google",
        f"bing=key:{world}/bing",
        f"yandex=lookup:{world}/yandex",
        f"duckduckgo=packet:{world}/duckduckgo",
    )
    return {
        "DELISTING_ENGINES": ",".join(engines),
        "DELISTING_ENGINE_KEY": TOKEN,
        "DELISTING_ENGINE_RATE": "200",
        "DELISTING_ENGINE_SECONDS": "2",
        "DELISTING_BREAKER_SECONDS": "0.2",
        "DELISTING_POLL_SECONDS": "0.3",
        "DELISTING_WATCH_SECONDS": "1",
        "DELISTING_LONGEST_WATCH_SECONDS": "2",
    }


class Site(NamedTuple):
    replicas: list[Process]
    world: httpx.AsyncClient
    broker: Broker

    async def told(self, what: str, body: Any) -> None:
        """Steer the world."""
        (await self.world.post(f"/sandbox/{what}", json=body)).raise_for_status()

    async def filed(self, place: str) -> dict[str, int]:
        """How many times each URL was filed anew at a place."""
        counts: dict[str, int] = (await self.world.get("/sandbox/received")).json()["filed"].get(place, {})
        return counts


@asynccontextmanager
async def site(broker: Broker, count: int = 1, *, pace: Pace = PACE, **options: str) -> AsyncIterator[Site]:
    """The world and some replicas, ready."""
    async with listening(wall_ms, pace) as world:
        environ = {**environment(str(world.base_url).rstrip("/")), **options}
        async with processes("delisting", broker.bootstrap_servers, count, **environ) as running:
            yield Site(running, world, broker)


def statuses(events: list[Envelope], request_id: str) -> list[str]:
    """The statuses that a request went through, as its events tell."""
    moves = [
        (event.payload.previous_status, event.payload.status)  # type: ignore[attr-defined]
        for event in events
        if event.type == "delisting_request_status" and event.payload.request_id == request_id  # type: ignore[attr-defined]
    ]
    for (_, reached), (left, _) in pairwise(moves):
        assert reached == left, moves
    return [moves[0][0], *(status for _, status in moves)] if moves else []
