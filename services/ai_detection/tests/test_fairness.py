"""Who is looked at next: batches share the slots, and single detections never wait for a batch.

The rules, the work and its turns are the service's own; what takes time, fetching and looking, lasts as long
as a test says.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest
from autodmca_ai_detection.batches import of_urls
from autodmca_ai_detection.config import AiDetectionSettings
from autodmca_ai_detection.model.commands import AnyCommand, Detect, FillBatch, OpenBatch, StartBatch
from autodmca_ai_detection.model.model import model
from autodmca_ai_detection.model.state import Batch, Detection, Entity, Finding, Rules, Sent
from autodmca_ai_detection.work import ITEMS_A_TURN, Worker
from autodmca_events.partitions import partition_for, user_key
from autodmca_runtime import ConfigError, KafkaSettings, Secret, TokenSettings
from autodmca_service.commands import Actor
from autodmca_service.work import Work
from autodmca_service.workers.settings import WorkerSettings

from tests.integration.parcels import HOME, PARTITIONS, Log, Site

USERS: Final = [user for user in range(1, 100) if partition_for(user_key(user), PARTITIONS) == HOME]
PROFILE: Final = 1


def settings(**more: Any) -> AiDetectionSettings:
    kafka = KafkaSettings(bootstrap_servers="localhost:1")
    return AiDetectionSettings(kafka=kafka, tokens=TokenSettings(secret=Secret("s" * 32)), **more)


class Looks:
    """Looks at content; of `slow` users' batches that never ends, and `busy` are those. `order`: whose was
    looked at, one after the other."""

    def __init__(self, *slow: int) -> None:
        self.order: list[int] = []
        self.busy: list[int] = []
        self._slow = frozenset(slow)

    async def fetched(self, user_id: int, profile_id: int, url: str, *, text: bool = False) -> Finding:
        assert (profile_id, text) == (PROFILE, False)
        if user_id in self._slow and "/single" not in url:
            self.busy.append(user_id)
            await asyncio.Event().wait()
        for _ in range(3):  # others have their turn meanwhile
            await asyncio.sleep(0)
        self.order.append(user_id)
        return Finding(verdict="no_match", method="told", model_version="1")

    async def kept(self, user_id: int, profile_id: int, sent: Sent) -> Finding:
        raise AssertionError("nothing was uploaded")


@asynccontextmanager
async def at_work(looks: Looks) -> AsyncIterator[Site]:
    """The work of a replica as `app` wires it, without a broker."""
    site = Site(Log(), model=model(Rules(most_detections=10_000)), state=Entity, command=AnyCommand)
    nobody: Any = None
    worker = Worker(site.table, looks, nobody)
    bounds = settings()
    works: list[Work[Entity]] = [
        Work(site, worker.due, worker.detections, at_once=bounds.at_once),
        Work(site, worker.batch_due, worker.batches, at_once=bounds.batch_at_once),
    ]
    site.own(HOME)
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(each.run()) for each in works]
        yield site
        for task in running:
            task.cancel()


async def batch(site: Site, user: int, items: int) -> str:
    """Start one of so many URLs."""
    name, actor = f"batch_{user}", Actor(user)
    parts = of_urls([f"https://copies.example.com/{n}" for n in range(items)])
    await site.log.order(user, OpenBatch(actor=actor, batch_id=name, profile_id=PROFILE))
    at = 0
    for number, each in enumerate(parts, 1):
        fill = FillBatch(actor=actor, batch_id=name, number=number, first=at, items=each)
        await site.log.order(user, fill)
        at += len(each)
    await site.log.order(user, StartBatch(actor=actor, batch_id=name, parts=len(parts), total=items))
    return name


def done(site: Site, user: int, name: str) -> bool:
    found = site.table.get(user, name)
    return isinstance(found, Batch) and found.status == "completed"


async def test_a_batch_that_never_gets_on_keeps_no_single_detection_and_no_other_batch_waiting() -> None:
    stuck, other, single = USERS[:3]
    looks = Looks(stuck)
    async with at_work(looks) as site:
        await batch(site, stuck, 1_000)
        await site.until(lambda: len(looks.busy) == settings().batch_at_once // 2)
        name = await batch(site, other, 40)
        for user in (single, stuck):
            url = f"https://copies.example.com/single/{user}"
            await site.log.order(user, Detect(actor=Actor(user), profile_id=PROFILE, content_url=url))
        await site.until(lambda: done(site, other, name))
        await site.until(lambda: {single, stuck} <= set(looks.order))
        assert looks.order.count(stuck) == 1
        assert len(looks.busy) == settings().batch_at_once // 2
        found = [
            each
            for user in (single, stuck)
            for each in site.table.of_user(user).values()
            if isinstance(each, Detection) and each.finding is not None
        ]
        assert len(found) == 2


async def test_a_small_batch_among_large_ones_is_through_after_its_share_of_turns() -> None:
    large, small = USERS[:3], USERS[3]
    looks = Looks()
    async with at_work(looks) as site:
        for user in large:
            await batch(site, user, 600)
        await site.until(lambda: len(looks.order) > 100)
        began = len(looks.order)
        name = await batch(site, small, 20)
        await site.until(lambda: done(site, small, name))
        meanwhile = looks.order[began : len(looks.order) - looks.order[::-1].index(small)]
    assert meanwhile.count(small) == 20
    for user in large:
        # As many as the small one has at the same time, but for turns that had begun.
        assert meanwhile.count(user) <= 20 + 2 * ITEMS_A_TURN * settings().batch_at_once // 2
        assert meanwhile.count(user) > 0


def test_what_is_due_leaves_each_user_jobs_for_uploads_or_the_settings_are_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="WORKER_JOBS_PER_USER"):
        settings(batch_at_once=64)
    assert settings(batch_at_once=64, workers=WorkerSettings(per_user=64)).batch_at_once == 64
