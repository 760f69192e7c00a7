"""A replica of the parcels service with work to do, and what became of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from autodmca_service.work import Checkpoint, Due, Job, Work
from autodmca_service.work.clock import Clock
from autodmca_service.work.job import Perform

from tests.integration.parcels import PARTITIONS, USER, Carried, Parcel, Site, due

EVERY = tuple(range(PARTITIONS))


async def carry_once(job: Job[Parcel], checkpoint: Checkpoint) -> None:
    await checkpoint(Carried(job.entity_id))


@dataclass
class Carrier:
    """A replica with work; `deed` is what it does for a job once `gate` is open. `reached` counts by key."""

    site: Site
    now_s: float = 1_000.0
    at_once: int = 4
    reached: Counter[str] = field(default_factory=Counter)
    most: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    deed: Perform[Parcel] = carry_once
    due: Callable[[int, str, Parcel], Due | None] = due

    def __post_init__(self) -> None:
        clock = Clock(lambda: self.now_s, lambda: self.now_s)
        self.work: Work[Parcel] = Work(self.site, self.due, self.perform, at_once=self.at_once, clock=clock)
        self.gate.set()
        self.performing = 0

    async def perform(self, job: Job[Parcel], checkpoint: Checkpoint) -> None:
        self.reached[job.key] += 1
        self.performing += 1
        self.most = max(self.most, self.performing)
        try:
            await self.gate.wait()
            await self.deed(job, checkpoint)
        finally:
            self.performing -= 1

    def count(self, name: str) -> float:
        labels = {"service": "parcels", "work": "perform"}
        value = self.site.registry.get_sample_value(f"autodmca_work_{name}", labels)
        assert value is not None
        return value

    def left(self, parcel: str = "a", user_id: int = USER) -> int | None:
        state = self.site.table.get(user_id, parcel)
        return None if state is None else state.left


@asynccontextmanager
async def working(*carriers: Carrier) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(carrier.work.run()) for carrier in carriers]
        yield
        for task in tasks:
            task.cancel()
