"""What is due is done: the service on a log in memory, its real adapters, and the sandbox over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from autodmca_events import SocialMediaIncident, SocialMediaPlatformStatus, SocialMediaScanStatus
from autodmca_events.partitions import user_key
from autodmca_service.testing import Site, perform_due
from autodmca_social_media.matching.scoring import scorer
from autodmca_social_media.work import Worker

from services.social_media.tests.site import PLATFORMS, memory_log, social_site
from services.social_media.tests.world import ALONE_S, Outside, outside

ADA = 11
each_network = pytest.mark.parametrize("name", PLATFORMS)


class Life:
    """A user whose profile is one of the sandbox's persons, and the time that passes for both."""

    def __init__(self, site: Site, at: Outside, person: Any) -> None:
        self.site = site
        self.at = at
        self.log = site.log
        self.person = person
        self._sent = 0
        self.restart()

    def restart(self) -> None:
        """Another replica, which has looked at nothing."""
        platforms = {name: self.at.platform(name) for name in PLATFORMS}
        self.worker = Worker(self.log.table, platforms, scorer(), self.at.metrics)

    async def work(self, rounds: int = 1, seconds: float = 0) -> None:
        """Do what is due, `rounds` times, `seconds` apart."""
        for _ in range(rounds):
            self.at.clock.pass_s(seconds)
            self.log.now_ms = max(self.log.now_ms, self.at.clock())
            await perform_due(self.log, self.worker.due, self.worker.perform)
            self._deliver()

    def _deliver(self) -> None:
        """What was sent to user 0 arrives there."""
        (sent,) = self.log.sends.values() if self.log.sends else ([],)
        for key, value, _ in sent[self._sent :]:
            assert key == user_key(0)
            self.log.write(key, value, {})
        self._sent = len(sent)

    async def watch(self, *platforms: str, budget: int = 30, posts: list[str] | None = None) -> None:
        body = {
            "posts": posts or [],
            "handles": [self.person["handle"]],
            "names": [self.person["name"]],
            "bio": self.person["bio"],
            "followers": self.person["followers"],
            "own": [self.person["handle"]],
            "platforms": platforms,
            "budget": budget,
        }
        answer = await self.site(ADA, "PUT", "/v1/watches/42", body)
        assert answer.status_code in (200, 201), answer.text

    async def scan(self) -> None:
        assert (await self.site(ADA, "POST", "/v1/scans", {"profileId": 42})).status_code == 202

    async def all(self, what: str) -> list[Any]:
        answer = await self.site(ADA, "GET", f"/v1/{what}?limit=200")
        items: list[Any] = answer.json()["items"]
        return items

    async def incident(self, name: str, kind: str = "impersonator") -> Any:
        """An incident about an account of this kind."""
        ids = {each["id"] for each in await self.accounts(name, kind)}
        return next(
            each for each in await self.all("incidents") if each["accountId"].removeprefix("did:plc:") in ids
        )

    async def accounts(self, name: str, kind: str) -> list[Any]:
        accounts = (await self.at.truth())["accounts"][name]
        return [each for each in accounts if (each["person"], each["kind"]) == (self.person["number"], kind)]

    async def decide(self, incident: Any, deed: str, status: int = 200) -> Any:
        answer = await self.site(ADA, "POST", f"/v1/incidents/{incident['id']}/{deed}", {})
        assert answer.status_code == status, answer.text
        return answer.json()

    def told(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.log.events if isinstance(event, kind)]


@asynccontextmanager
async def living(**options: Any) -> AsyncIterator[Life]:
    async with outside(**options) as at, social_site(memory_log()) as site:
        yield Life(site, at, (await at.truth())["persons"][0])


@each_network
async def test_a_scan_finds_who_passes_themselves_off_and_nobody_else_and_again_nothing_new(
    name: str,
) -> None:
    async with living() as life:
        await life.watch(name)
        await life.scan()
        await life.work()
        (scan,) = await life.all("scans")
        assert (scan["status"], scan["progress"]) == ("completed", 100)
        found = {each["accountId"].removeprefix("did:plc:") for each in await life.all("incidents")}
        guilty = {each["id"] for each in await life.accounts(name, "impersonator")}
        assert len(found & guilty) >= len(guilty) - 1
        assert len(found - guilty) <= 1
        assert scan["incidentsFound"] == len(found)
        assert all(each["signals"] and each["parts"] for each in await life.all("incidents"))
        await life.scan()
        await life.work()
        assert len(await life.all("incidents")) == len(found)
        assert len(life.told(SocialMediaIncident)) == len(found)


async def test_a_scheduled_scan_begins_by_itself_and_again_after_its_interval() -> None:
    async with living() as life:
        body = {"names": [life.person["name"]], "intervalSeconds": 60, "budget": 1, "platforms": ["bluesky"]}
        await life.site(ADA, "PUT", "/v1/watches/42", body)
        await life.work()
        assert len(await life.all("scans")) == 1
        await life.work(seconds=61)
        assert len(await life.all("scans")) == 2


@each_network
async def test_a_scan_waits_for_a_used_up_rate_limit_and_goes_on_by_itself_without_reading_a_page_again(
    name: str,
) -> None:
    async with living(rate=5, window_s=60) as life:
        await life.watch(name, budget=12)
        await life.scan()
        await life.work()
        (scan,) = await life.all("scans")
        assert scan["status"] == "rate_limited"
        assert scan["resumeAt"]
        await life.work(rounds=20, seconds=61)
        (scan,) = await life.all("scans")
        assert scan["status"] == "completed"
        states = [each.status for each in life.told(SocialMediaPlatformStatus)]
        assert states[-1] == "operational"
        assert "rate_limited" in states
        assert {each.status for each in life.told(SocialMediaScanStatus)} >= {
            "queued",
            "running",
            "rate_limited",
        }


@each_network
async def test_another_replica_goes_on_behind_the_last_page_and_reads_none_again(name: str) -> None:
    async with living() as life:
        await life.watch(name, budget=10)
        await life.scan()
        await life.at.fault(kind="status", place=name, operation="search", times=1, chance=0.2)
        for _ in range(30):
            await life.work(seconds=5)
            life.restart()
        (scan,) = await life.all("scans")
        assert (scan["status"], scan["searches"]) == ("completed", 10)
        lines = (await life.at.world.get("/sandbox/received", params={"operation": "search"})).json()["lines"]
        pages = [event.accounts_checked for event in life.told(SocialMediaScanStatus)]
        assert len([line for line in lines if line["status"] == 200]) <= len(pages)


@each_network
async def test_posts_that_copy_the_persons_are_seen_told_and_weighed(name: str) -> None:
    async with living() as life:
        posts = (await life.accounts(name, "person"))[0]["posts"]
        await life.watch(name, posts=posts)
        await life.scan()
        await life.work()
        others = [*await life.accounts(name, "impersonator"), *await life.accounts(name, "fan")]
        copying = {each["id"] for each in others if each["copies"]}
        incidents = await life.all("incidents")
        told = {each["accountId"].removeprefix("did:plc:"): each for each in incidents if "postUrl" in each}
        assert told
        assert set(told) <= copying
        assert all("content_match" in each["signals"] for each in told.values())
        assert {event.post_url for event in life.told(SocialMediaIncident)} >= {
            each["postUrl"] for each in told.values()
        }
        (scan,) = await life.all("scans")
        assert scan["postsChecked"] >= len(told)


async def test_both_platforms_away_for_a_minute_end_no_scan_and_lose_nothing() -> None:
    async with living() as life:
        await life.watch()
        await life.scan()
        for name in PLATFORMS:
            await life.at.fault(kind="drop", place=name, times=None)
        await life.work(rounds=12, seconds=5)
        shown = (await life.site(ADA, "GET", "/v1/platforms")).json()
        assert {each["status"] for each in shown} == {"down"}
        await life.at.world.delete("/sandbox/faults")
        await asyncio.sleep(2 * ALONE_S)  # what the breaker counts is real time
        for _ in range(30):
            await life.work(seconds=5)
            if {scan["status"] for scan in await life.all("scans")} == {"completed"}:
                break
        assert {scan["status"] for scan in await life.all("scans")} == {"completed"}
        assert len({each["platform"] for each in await life.all("incidents")}) == 2


@each_network
async def test_an_impersonator_is_reported_once_and_followed_until_the_account_is_gone(name: str) -> None:
    async with living() as life:
        await life.watch(name)
        await life.scan()
        await life.work()
        incident = await life.incident(name)
        assert (await life.decide(incident, "report"))["status"] == "reported"
        await life.work(rounds=12, seconds=2)
        shown = (await life.site(ADA, "GET", f"/v1/incidents/{incident['id']}")).json()
        assert shown["status"] == "resolved"
        told = [each.status for each in life.told(SocialMediaIncident) if each.incident_id == incident["id"]]
        assert told == ["detected", "reported", "reported", "under_review", "resolved"]
        assert list((await life.at.filed(name)).values()) == [1]


@each_network
@pytest.mark.parametrize("fault", ["lost", "cut", "garbage", "drop", "status"])
async def test_a_report_is_filed_once_whatever_becomes_of_the_answer(name: str, fault: str) -> None:
    async with living() as life:
        await life.watch(name, budget=4)
        await life.scan()
        await life.work()
        await life.at.fault(kind=fault, place=name, operation="file")
        await life.decide(await life.incident(name), "report")
        await life.work(rounds=10, seconds=2)
        assert list((await life.at.filed(name)).values()) == [1]
        assert (await life.incident(name))["reportId"]


@each_network
async def test_a_replica_that_died_between_intent_and_report_leaves_it_to_the_next_one(name: str) -> None:
    async with living() as life:
        await life.watch(name, budget=4)
        await life.scan()
        await life.work()
        await life.decide(await life.incident(name), "report")

        class Died(Exception):
            pass

        async def die(*_: object) -> str | None:
            raise Died

        life.worker._platforms[name].report = die  # type: ignore[assignment, method-assign]
        with pytest.raises(Died):
            await life.work()
        assert await life.at.filed(name) == {}
        life.restart()
        await life.work(rounds=3, seconds=2)
        assert list((await life.at.filed(name)).values()) == [1]


@each_network
async def test_whether_a_lost_report_was_filed_is_left_to_a_person_where_the_platform_does_not_tell(
    name: str,
) -> None:
    async with living() as life:
        await life.watch(name, budget=4)
        await life.scan()
        await life.work()
        await life.at.fault(kind="lost", place=name, operation="file")
        await life.at.fault(kind="status", place=name, operation="reports", times=None, status=404)
        await life.decide(await life.incident(name), "report")
        await life.work(rounds=6, seconds=2)
        shown = await life.incident(name)
        assert shown["needsPerson"] is True
        assert "not known" in shown["reason"]
        assert list((await life.at.filed(name)).values()) == [1]


async def test_tokens_that_end_in_a_scan_are_auth_required_until_they_work_again() -> None:
    async with living() as life:
        await life.watch("bluesky", budget=6)
        await life.scan()
        await life.at.steer(network="bluesky", ended=True)
        await life.work(rounds=3, seconds=5)
        states = [each.status for each in life.told(SocialMediaPlatformStatus)]
        assert states == ["auth_required"]
        await life.at.steer(network="bluesky", ended=False)
        await life.work(rounds=6, seconds=5)
        assert (await life.all("scans"))[0]["status"] == "completed"


async def test_what_is_set_aside_or_has_ended_is_not_reported() -> None:
    async with living() as life:
        await life.watch("bluesky", budget=4)
        await life.scan()
        await life.work()
        incident = await life.incident("bluesky")
        await life.decide(incident, "escalate", 409)
        await life.decide(incident, "resolve", 409)
        assert (await life.decide(incident, "false-positive"))["status"] == "false_positive"
        await life.decide(incident, "report", 409)
        await life.work(rounds=3, seconds=5)
        assert await life.at.filed("bluesky") == {}


async def test_a_paused_scan_reads_nothing_until_it_is_resumed() -> None:
    async with living() as life:
        await life.watch("mastodon", budget=3)
        await life.scan()
        (scan,) = await life.all("scans")
        await life.site(ADA, "POST", f"/v1/scans/{scan['id']}/pause", {})
        await life.work(rounds=2, seconds=5)
        assert await life.at.reached("search") == 0
        await life.site(ADA, "POST", f"/v1/scans/{scan['id']}/resume", {})
        await life.work()
        assert (await life.all("scans"))[0]["status"] == "completed"
