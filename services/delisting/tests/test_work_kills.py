"""Lives of requests whose owner dies again and again, at any moment between the engine and the log.

A death here is the end of a performance before or after anything that it does outside or writes; the log,
the model, the adapters and the engines are the real ones. DELISTING_LIVES sets how many lives there are of
each engine, DELISTING_SEED what is random about them. (`tests/integration/test_delisting_kills.py` kills
processes on Apache Kafka.)
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from autodmca_delisting.engines.interface import Engine
from autodmca_delisting.model.state import Entity
from autodmca_events.delisting import DelistingRequestStatus, EngineResponse
from autodmca_service.testing import Site, perform_due
from autodmca_service.work import Checkpoint, Job

from services.delisting.tests.test_work import Life
from services.delisting.tests.world import Outside, outside

LIVES = int(os.environ.get("DELISTING_LIVES", "25"))
SEED = int(os.environ.get("DELISTING_SEED") or random.SystemRandom().randrange(2**32))
DYING = 0.12
OUTCOMES = ("no_action", "removed", "removed", "not_in_index", "removed")
FAULTS = [
    {"kind": "drop", "chance": 0.08},
    {"kind": "lost", "chance": 0.08},
    {"kind": "cut", "chance": 0.08},
    {"kind": "garbage", "chance": 0.05},
    {"kind": "status", "chance": 0.05, "status": 503, "retryAfter": "30"},
    {"kind": "status", "chance": 0.05, "status": 500},
    {"kind": "status", "chance": 0.05, "status": 429, "retryAfter": "date:30"},
]
EVERY = {"after submit", "before checkpoint", "after checkpoint"}
"""Moments at which somebody is to die, however many lives it takes."""
END = ["queued", "submitted", "under_review", "partially_approved"]


class Died(BaseException):
    """The owner's process is gone."""


class Mortal:
    """Dies, by chance, before or after what is done."""

    def __init__(self, chosen: random.Random) -> None:
        self._chosen = chosen
        self.deaths: Counter[str] = Counter()

    async def run(self, what: str, deed: Callable[[], Awaitable[Any]]) -> Any:
        self._fate(f"before {what}")
        done = await deed()
        self._fate(f"after {what}")
        return done

    def _fate(self, moment: str) -> None:
        if self._chosen.random() < DYING:
            self.deaths[moment] += 1
            raise Died(moment)


class MortalEngine:
    """An engine whose caller may die around each call."""

    def __init__(self, engine: Engine, mortal: Mortal) -> None:
        self._engine = engine
        self._mortal = mortal

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._engine, name)
        if not callable(found):
            return found

        async def call(*args: Any) -> Any:
            return await self._mortal.run(name, lambda: found(*args))

        return call


@pytest_asyncio.fixture
async def at() -> AsyncIterator[Outside]:
    async with outside() as found:
        yield found


async def _live(life: Life, mortal: Mortal) -> dict[str, Any]:
    """Work until the request has ended, whoever dies meanwhile."""

    async def perform(job: Job[Entity], checkpoint: Checkpoint) -> None:
        async def told(command: msgspec.Struct) -> None:
            await mortal.run("checkpoint", lambda: checkpoint(command))

        await life.worker.requests(job, told)

    for _ in range(5_000):  # what fails again and again is tried ever less often
        life.at.clock.pass_s(31)
        life.log.now_ms = max(life.log.now_ms, life.at.clock.ms)
        while True:
            try:
                await perform_due(life.log, life.worker.due, perform)
                break
            except Died:
                continue
        shown = await life.shown()
        if shown["status"] not in ("queued", "submitted", "under_review"):
            return shown
    raise AssertionError(f"it does not end: {shown}")


@pytest.mark.parametrize(("name", "repeats"), [("google", "key"), ("yandex", "lookup")])
async def test_whoever_dies_each_url_is_filed_once_and_the_end_is_the_same(
    site: Site, at: Outside, name: str, repeats: str
) -> None:
    print(f"DELISTING_SEED={SEED} DELISTING_LIVES={LIVES}")
    mortal = Mortal(random.Random(SEED))
    engine: Any = MortalEngine(at.engine(name, repeats, alone_s=0.05), mortal)
    life = Life(site, at, engine)
    await at.world.post("/sandbox/faults", json=[{**fault, "times": None, "place": name} for fault in FAULTS])
    filed = 0
    number = -1
    while (number := number + 1) < LIVES or (LIVES >= 25 and not mortal.deaths.keys() >= EVERY):
        assert number < 10 * LIVES, f"nobody died at one of {EVERY}: {mortal.deaths}"
        wanted = {
            f"https://copies.example.com/{number}/{each}": outcome for each, outcome in enumerate(OUTCOMES)
        }
        rules = [{"engine": name, "url": url, "outcome": outcome} for url, outcome in wanted.items()]
        (await at.world.post("/sandbox/rules", json=rules)).raise_for_status()
        before = len(site.log.envelopes)
        await life.begin(name, list(wanted))
        shown = await _live(life, mortal)
        assert shown["status"] == "partially_approved", shown
        events = [each.payload for each in site.log.envelopes[before:]]
        moves = [each.status for each in events if isinstance(each, DelistingRequestStatus)]
        assert moves == END
        told: dict[str, str] = {}
        for each in events:
            if isinstance(each, EngineResponse):
                told.update({item.url: item.outcome for item in each.url_outcomes})
        assert told == wanted
        filed += len(wanted)
    counts = await at.filed(name)
    assert (len(counts), set(counts.values())) == (filed, {1})
    ids = [each.id for each in site.log.envelopes]
    assert len(set(ids)) == len(ids)
    assert site.log.dead_letters == []
    print(f"{number} lives on {name}: {mortal.deaths.total()} deaths, {dict(mortal.deaths)}")
