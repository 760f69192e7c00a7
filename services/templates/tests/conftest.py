"""A templates service without a broker: the real HTTP side, model and workers on a log in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from autodmca_service.commands import Outcome
from autodmca_service.testing import MemoryLog, Site, memory_site
from autodmca_service.workers.metrics import WorkerMetrics
from autodmca_service.workers.pool import WorkerPool
from autodmca_service.workers.settings import WorkerSettings
from autodmca_templates.answers import answered, is_final
from autodmca_templates.commands import AnyCommand
from autodmca_templates.model import apply
from autodmca_templates.operations import operations
from autodmca_templates.problems import problem_of
from autodmca_templates.rendering import WORKER, Renderer
from autodmca_templates.service import Templates
from autodmca_templates.state import Entity
from prometheus_client import CollectorRegistry


@pytest.fixture
def worker_settings() -> WorkerSettings:
    return WorkerSettings(workers=2, cpu_s=1.0, stall_s=30.0, queue=8, per_user=4, patience_s=60.0)


@pytest.fixture
async def pool(worker_settings: WorkerSettings, registry: CollectorRegistry) -> AsyncIterator[WorkerPool]:
    """Real workers."""
    workers = WorkerPool("templates", WORKER, worker_settings, WorkerMetrics(registry))
    task = asyncio.create_task(workers.run())
    yield workers
    task.cancel()
    await asyncio.wait([task])


@pytest.fixture
def renderer(pool: WorkerPool) -> Renderer:
    return Renderer(pool, 1_000_000)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
async def site(renderer: Renderer, registry: CollectorRegistry) -> AsyncIterator[Site]:
    """The service on a log in memory, with real workers."""
    log: MemoryLog[Entity, AnyCommand, Outcome] = MemoryLog(
        "templates", model=apply, answer=answered, is_final=is_final, state=Entity, command=AnyCommand
    )
    async with memory_site(
        log, lambda desk: operations(Templates(desk, renderer)), problems=problem_of, registry=registry
    ) as site:
        yield site


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], Any]:
    """Wait for a condition, at most a minute."""

    async def wait(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not condition():
                await asyncio.sleep(0.01)

    return wait
