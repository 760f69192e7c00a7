"""What is due is done: the service on a log in memory, its real adapters, and the sandbox over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from autodmca_delisting.engines.interface import Engine
from autodmca_delisting.work import Worker
from autodmca_events.delisting import EngineResponse, VisibilityChange
from autodmca_service.testing import Site, perform_due

from services.delisting.tests.world import Outside, outside

ADA = 11
URLS = [f"https://copies.example.com/{number}" for number in range(6)]
NOTICE = {"text": "They copy my book.", "work": "Alpine Lakes"}


class Life:
    """One request, and the time that passes for it and for the world."""

    def __init__(self, site: Site, at: Outside, engine: Engine, *, lumen: bool = False) -> None:
        self.site = site
        self.at = at
        self.log = site.log
        archive = at.lumen() if lumen else None
        self.worker = Worker(self.log.table, dict.fromkeys(("google", "yandex"), engine), archive)
        self.path = ""

    async def begin(self, engine: str = "google", urls: list[str] = URLS, **more: Any) -> None:
        self.log.now_ms = self.at.clock.ms
        body = {"engine": engine, "urls": urls, "notice": NOTICE, **more}
        created = await self.site(ADA, "POST", "/v1/requests", body)
        assert created.status_code == 201, created.text
        self.path = created.headers["location"]

    async def work(self, seconds: float = 0.0) -> None:
        """Let time pass, and do what is due then."""
        self.at.clock.pass_s(seconds)
        self.log.now_ms = max(self.log.now_ms, self.at.clock.ms)
        await perform_due(self.log, self.worker.due, self.worker.requests)

    async def look(self, seconds: float = 0.0) -> None:
        """Let time pass, and look where URLs are."""
        self.at.clock.pass_s(seconds)
        self.log.now_ms = max(self.log.now_ms, self.at.clock.ms)
        await perform_due(self.log, self.worker.look_due, self.worker.look)

    async def shown(self) -> dict[str, Any]:
        shown: dict[str, Any] = (await self.site(ADA, "GET", self.path)).json()
        return shown

    def seen(self) -> list[tuple[str, str, bool]]:
        return [
            (event.previous_visibility, event.new_visibility, event.relisted)
            for event in self.log.events
            if isinstance(event, VisibilityChange)
        ]


@pytest_asyncio.fixture
async def at() -> AsyncIterator[Outside]:
    async with outside() as found:
        outcomes = ["no_action", *["removed"] * 5]
        rules = [
            {"engine": engine, "url": url, "outcome": outcome, "reason": "so"}
            for engine in ("google", "yandex")
            for url, outcome in zip(URLS, outcomes, strict=True)
        ]
        (await found.world.post("/sandbox/rules", json=rules)).raise_for_status()
        yield found


async def test_a_request_is_submitted_polled_appealed_and_decided(site: Site, at: Outside) -> None:
    life = Life(site, at, at.engine())
    await life.begin()
    await life.work()
    assert (await life.shown())["status"] == "submitted"
    await life.work(61)
    done = await life.shown()
    assert (done["status"], done["urlsRemoved"], done["urlsNoAction"]) == ("partially_approved", 5, 1)
    await site(ADA, "POST", f"{life.path}/appeal", {"text": "it is a copy"})
    await life.work(1)
    assert (await life.shown())["status"] == "under_review"
    await life.work(61)
    assert (await life.shown())["status"] == "partially_approved"
    assert await at.filed("google") == dict.fromkeys(URLS, 1)
    codes = [event.response_code for event in site.log.events if isinstance(event, EngineResponse)]
    assert set(codes) == {"accepted"}
    assert site.log.dead_letters == []


@pytest.mark.parametrize("kind", ["drop", "lost", "cut", "garbage"])
async def test_an_engine_without_keys_is_asked_what_it_has(site: Site, at: Outside, kind: str) -> None:
    life = Life(site, at, at.engine("yandex", "lookup"))
    await life.begin("yandex")
    await at.fault(kind=kind, place="yandex", operation="submit")
    await life.work()
    shown = await life.shown()
    assert (shown["status"], shown["parts"][0]["stage"]) == ("queued", "sending")
    await life.work(29)
    assert await at.reached("lookup") == 0, "it may still be at work on what it got"
    await life.work(31)
    await life.work(5)
    assert (await life.shown())["status"] in ("submitted", "partially_approved")
    assert await at.filed("yandex") == dict.fromkeys(URLS, 1)
    assert await at.reached("submit") == (2 if kind == "drop" else 1)


async def test_an_engine_that_cannot_say_leaves_it_to_a_person(site: Site, at: Outside) -> None:
    life = Life(site, at, at.engine("yandex", "never"))
    await life.begin("yandex")
    await at.fault(kind="lost", place="yandex", operation="submit")
    await life.work()
    await life.work(31)
    shown = await life.shown()
    assert shown["status"] == "queued"
    assert "not known" in shown["needsPerson"]
    for _ in range(3):
        await life.work(3600)
    assert await at.reached("submit") == 1, "never a second submission"
    params = {"reference": shown["parts"][0]["reference"]}
    (found,) = (await at.world.get("/yandex/v1/removals", params=params)).json()["items"]
    report = {"progress": "submitted", "externalReference": found["id"]}
    assert (await site(ADA, "POST", f"{life.path}/report", report)).json()["status"] == "submitted"
    await life.work(1)
    assert (await life.shown())["status"] == "partially_approved"


async def test_retry_after_is_waited_for(site: Site, at: Outside) -> None:
    life = Life(site, at, at.engine())
    await life.begin()
    await at.fault(kind="status", status=429, retryAfter="120", place="google", operation="submit")
    await life.work()
    await life.work(119)
    assert await at.reached("submit") == 1
    await life.work(2)
    assert (await life.shown())["status"] == "submitted"


async def test_a_refused_request_goes_out_anew_when_it_is_queued_again(site: Site, at: Outside) -> None:
    life = Life(site, at, at.engine())
    await life.begin()
    await at.fault(kind="status", status=422, place="google", operation="submit")
    await life.work()
    failed = await life.shown()
    assert failed["status"] == "failed"
    await site(ADA, "POST", f"{life.path}/resubmit", {})
    await life.work(1)
    again = await life.shown()
    assert again["status"] == "submitted"
    assert again["parts"][0]["reference"] != failed["parts"][0]["reference"]


async def test_what_is_cancelled_is_taken_back(site: Site, at: Outside) -> None:
    life = Life(site, at, at.engine())
    await life.begin()
    await life.work()
    await site(ADA, "POST", f"{life.path}/cancel", {})
    await life.work(1)
    shown = await life.shown()
    assert (shown["status"], shown["parts"][0]["stage"]) == ("cancelled", "stopped")
    external = shown["externalReference"]
    assert (await at.world.get(f"/google/v1/removals/{external}")).json()["status"] == "cancelled"


async def test_lumen_gets_one_copy_also_when_its_answer_is_lost(site: Site, at: Outside) -> None:
    life = Life(site, at, at.engine(), lumen=True)
    await life.begin()
    await at.fault(kind="lost", place="lumen", operation="file")
    await life.work()
    await life.work(31)
    shown = await life.shown()
    assert shown["parts"][0]["lumen"].startswith(at.base)
    assert await at.filed("lumen") == dict.fromkeys(URLS, 1)
    await life.work(3600)
    assert await at.reached("file") == 1


async def test_urls_are_seen_listed_removed_and_listed_again(site: Site, at: Outside) -> None:
    pages = [{"url": url, "title": "alpine lake dawn"} for url in URLS]
    (await at.world.post("/sandbox/pages", json=pages)).raise_for_status()
    life = Life(site, at, at.engine())
    await site(ADA, "PUT", "/v1/delisting/preferences", {"resubmitRelisted": True})
    await life.begin(query="alpine lake dawn")
    await life.look()
    assert life.seen() == [("unknown", "visible", False)] * 6
    await life.work()
    await life.work(61)
    await life.look()
    assert life.seen()[6:] == [("visible", "not_indexed", False)] * 5
    (await at.world.post("/sandbox/relist", json=[{"engine": "google", "url": URLS[3]}])).raise_for_status()
    await life.look(3 * 3600)
    assert ("not_indexed", "visible", True) in life.seen()
    page = (await site(ADA, "GET", "/v1/requests")).json()["items"]
    assert [item["status"] for item in page] == ["queued", "partially_approved"]
    assert f"/v1/requests/{page[0]['follows']}" == life.path
    await life.work(1)
    assert (await at.filed("google"))[URLS[3]] == 2, "a new request about it"


async def test_an_engine_that_is_away_is_looked_at_later(site: Site, at: Outside) -> None:
    life = Life(site, at, at.engine())
    await life.begin()
    await at.fault(kind="drop", place="google", operation="search", times=None)
    await life.look()
    assert life.seen() == []
    await at.world.delete("/sandbox/faults")
    await life.look(60)
    assert len(life.seen()) == 6


async def test_time_runs_out(site: Site, at: Outside) -> None:
    life = Life(site, at, at.engine())
    await life.begin()
    await at.fault(kind="status", status=503, place="google", times=None)
    await life.work()
    await life.work(31 * 86_400)
    shown = await life.shown()
    assert (shown["status"], shown["reason"]) == ("failed", "no decision came in time")
