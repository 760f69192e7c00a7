"""The service over a log in memory, with real workers, and the sandbox's host of pictures on a real port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
from autodmca_ai_detection.answers import answered
from autodmca_ai_detection.app import FITTER, WORKER
from autodmca_ai_detection.judges import Judges
from autodmca_ai_detection.looking import Looker
from autodmca_ai_detection.metrics import Metrics
from autodmca_ai_detection.model.commands import AnyCommand
from autodmca_ai_detection.model.model import model
from autodmca_ai_detection.model.state import Entity, Rules
from autodmca_ai_detection.operations import operations
from autodmca_ai_detection.outcomes import Outcome
from autodmca_ai_detection.service import AiDetection
from autodmca_ai_detection.shelves import Shelves
from autodmca_ai_detection.trainer import Trainer
from autodmca_ai_detection.work import Worker
from autodmca_sandbox.images.gallery import Gallery, Item
from autodmca_sandbox.people import AUTHORS
from autodmca_service.outside import Fetcher, FetchLimits, networks
from autodmca_service.testing import MemoryLog, Site, memory_site, perform_due
from autodmca_service.testing.caller import token
from autodmca_service.workers.metrics import WorkerMetrics
from autodmca_service.workers.pool import WorkerPool
from autodmca_service.workers.settings import WorkerSettings
from msgspec import structs
from prometheus_client import CollectorRegistry

from services.sandbox.tests.world import Clock, listening

USER: Final = 7
PROFILE: Final = 42
GALLERY: Final = Gallery(7, len(AUTHORS))
"""What `listening` serves: its world has the same seed."""
PATIENT: Final = WorkerSettings(
    workers=1, memory_mb=1_536, cpu_s=20.0, stall_s=120.0, patience_s=240.0, start_s=240.0
)

FITTING: Final = structs.replace(PATIENT, memory_mb=3_072)


class At:
    """The service, and what it is asked of the pictures outside."""

    def __init__(self, site: Site, looker: Looker, trainer: Trainer, base: str) -> None:
        self.site = site
        self.log: MemoryLog[Entity, AnyCommand, Outcome] = site.log
        self.worker = Worker(self.log.table, looker, trainer)
        self.base = base

    def url(self, item: Item) -> str:
        return f"{self.base}/images/{item.name}"

    async def form(
        self,
        path: str,
        fields: dict[str, str],
        data: bytes | None = None,
        *,
        user: int = USER,
        **headers: str,
    ) -> httpx.Response:
        """A POST of a form, with a file if there are bytes of one."""
        parts: dict[str, Any] = {name: (None, text) for name, text in fields.items()}
        if data is not None:
            parts["file"] = ("picture", data, "application/octet-stream")
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.site.http.post(
            path, files=parts, headers={"authorization": f"Bearer {token(user)}", **named}
        )

    async def register(self, owner: int = 0, work: int = 0, *, user: int = USER, examples: int = 0) -> str:
        """A work as a reference of PROFILE; its id."""
        data = GALLERY.original(owner, work)
        fields = {"title": "w", "examples": str(examples)}
        answer = await self.form(f"/v1/profiles/{PROFILE}/references", fields, data, user=user)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def look(self) -> None:
        """Look at all URLs of detections that wait."""
        await perform_due(self.log, self.worker.due, self.worker.detections)

    async def detected(self, url: str, *, user: int = USER) -> Any:
        """A URL from the question to its finding, as it is shown then."""
        asked = await self.form("/v1/detections", {"profileId": str(PROFILE), "url": url}, user=user)
        assert (asked.status_code, asked.json()["status"]) == (202, "queued"), asked.text
        await self.look()
        return (await self.site(user, "GET", asked.headers["location"])).json()


@asynccontextmanager
async def workers(
    module: str, settings: WorkerSettings = PATIENT, *, there: bool = True
) -> AsyncIterator[WorkerPool]:
    """A pool; without its processes where it is not `there`."""
    pool = WorkerPool(module, module, settings, WorkerMetrics(CollectorRegistry()))
    if not there:
        yield pool
        return
    task = asyncio.create_task(pool.run())
    try:
        yield pool
    finally:
        task.cancel()
        await asyncio.wait([task])


@asynccontextmanager
async def detection_site(
    *, rules: Rules | None = None, allowed: Sequence[str] = ("127.0.0.1",), fits: bool = False
) -> AsyncIterator[At]:
    """The service with what it needs; `allowed` are the networks that it may fetch from, `fits`: whether
    there are workers that fit models, which take seconds to load."""
    registry = CollectorRegistry()
    log: MemoryLog[Entity, AnyCommand, Outcome] = MemoryLog(
        "ai_detection",
        model=model(rules or Rules()),
        answer=answered,
        state=Entity,
        command=AnyCommand,
        outcome=Outcome,
    )
    metrics = Metrics(registry)
    shelves = Shelves(log.table, metrics)
    async with (
        workers(WORKER) as pool,
        workers(FITTER, FITTING, there=fits) as fitters,
        listening(Clock()) as world,
    ):
        fetcher = Fetcher(FetchLimits(seconds=60.0), allowed=networks(allowed))
        judges = Judges(log.table)
        looker = Looker(fetcher, pool, shelves, judges, metrics)
        async with memory_site(
            log, lambda desk: operations(AiDetection(desk, looker)), registry=registry
        ) as site:
            try:
                yield At(site, looker, Trainer(fitters, judges), str(world.base_url).rstrip("/"))
            finally:
                shelves.close()


def copy_of(owner: int, work: int, how: str | None = None) -> Item:
    """The first address that has a copy of the work, made so."""
    return next(
        item
        for n in range(10_000)
        if (item := GALLERY.item(n)).kind == "copy"
        and (item.owner, item.work) == (owner, work)
        and how in (None, item.how)
    )


def other(kind: str = "other", how: str = "") -> Item:
    """The first address of that kind."""
    return next(
        item for n in range(10_000) if (item := GALLERY.item(n)).kind == kind and how in ("", item.how)
    )
