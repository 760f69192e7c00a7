"""Adapters on the sandbox's real HTTP server, whose clock the test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from autodmca_delisting.engines.gate import Gate
from autodmca_delisting.engines.http import HttpEngine
from autodmca_delisting.engines.interface import Manners
from autodmca_delisting.engines.lumen import Lumen
from autodmca_delisting.metrics import Metrics
from prometheus_client import CollectorRegistry

from services.sandbox.tests.world import TOKEN, Clock, listening


@dataclass
class Outside:
    """The world, and our adapters to it."""

    world: httpx.AsyncClient
    clock: Clock
    http: httpx.AsyncClient
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        self._metrics = Metrics(self.registry)

    @property
    def base(self) -> str:
        return str(self.world.base_url).rstrip("/")

    def gate(self, name: str, *, alone_s: float = 15.0) -> Gate:
        return Gate(
            name,
            self.http,
            self._metrics,
            per_s=1_000,
            alone_s=alone_s,
            now_s=lambda: self.clock.ms / 1000,
        )

    def engine(self, name: str = "google", repeats: Any = "key", **options: Any) -> HttpEngine:
        manners = Manners(1_000, repeats)
        return HttpEngine(f"{self.base}/{name}", TOKEN, self.gate(name, **options), self._metrics, manners)

    def lumen(self, token: str = TOKEN) -> Lumen:
        return Lumen(f"{self.base}/lumen", token, self.gate("lumen"))

    async def fault(self, **fault: Any) -> None:
        (await self.world.post("/sandbox/faults", json=[fault])).raise_for_status()

    async def reached(self, operation: str) -> int:
        """How many requests for an operation reached the world."""
        lines = (await self.world.get("/sandbox/received", params={"operation": operation})).json()["lines"]
        return len(lines)

    async def filed(self, place: str) -> dict[str, int]:
        counts: dict[str, int] = (await self.world.get("/sandbox/received")).json()["filed"].get(place, {})
        return counts

    def counted(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"autodmca_delisting_{name}", labels) or 0.0


@asynccontextmanager
async def outside(*, timeout_s: float = 5.0) -> AsyncIterator[Outside]:
    clock = Clock()
    async with listening(clock) as world, httpx.AsyncClient(timeout=timeout_s, trust_env=False) as http:
        yield Outside(world, clock, http)
