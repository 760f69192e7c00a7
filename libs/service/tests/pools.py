"""Pools of real workers for tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from autodmca_service.workers.metrics import WorkerMetrics
from autodmca_service.workers.pool import WorkerPool
from autodmca_service.workers.settings import WorkerSettings
from msgspec.structs import replace
from prometheus_client import CollectorRegistry

TRIALS = "libs.service.tests.trials"
PATIENT = WorkerSettings(workers=1, cpu_s=30, stall_s=60, patience_s=60)
"""Nothing but what a test changes ends a job."""


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, at most a minute."""
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def pool_of(
    module: str = TRIALS,
    *,
    registry: CollectorRegistry | None = None,
    reads: Sequence[str] = (),
    **changes: Any,
) -> AsyncIterator[WorkerPool]:
    """A pool whose workers are all ready."""
    settings = replace(PATIENT, **changes)
    pool = WorkerPool("trials", module, settings, WorkerMetrics(registry or CollectorRegistry()), reads=reads)
    running = asyncio.create_task(pool.run())
    try:
        await until(lambda: pool.alive == settings.workers or running.done())
        yield pool
    finally:
        running.cancel()
        await asyncio.wait([running])
