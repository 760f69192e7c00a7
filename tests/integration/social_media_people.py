"""People whose profiles are scanned, who report what was found, and what they must have seen at the end.

What a scan is to find is what a scan of the same world found while nothing failed.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from autodmca_service.testing import Person, events_of, new_user

from tests.integration.social_media_site import Site

BUDGET: Final = 16
PATIENCE_S: Final = 240
ENDED: Final = {"completed", "failed", "cancelled"}
Found = frozenset[tuple[str, str]]
"""Accounts, each by its platform and its id there."""


class Watched:
    """One user with one watched profile; `expected`: whom its scans are to find."""

    def __init__(self, at: Site, who: Any, expected: Found = frozenset()) -> None:
        self.person = Person(new_user())
        self.profile_id = who["number"] + 1
        self.expected = expected
        self._at = at
        self._who = who

    async def watch(self) -> None:
        who = self._who
        body = {
            "handles": [who["handle"]],
            "names": [who["name"]],
            "bio": who["bio"],
            "followers": who["followers"],
            "own": [who["handle"]],
            "budget": BUDGET,
        }
        path = f"/v1/watches/{self.profile_id}"
        answer = await self.person.ask(self._at.replicas[0], "PUT", path, body)
        assert answer.is_success, answer.text

    async def scan(self) -> None:
        """Ask for a scan of each network."""
        body = {"profileId": self.profile_id}
        answer = await self.person.ask(self._at.replicas[1], "POST", "/v1/scans", body)
        assert answer.status_code == 202, answer.text

    async def scans(self, reached: Any) -> list[Any]:
        """The user's scans, once all of them are as `reached` wants."""
        page = await self.person.until(
            self._at.replicas[0],
            "/v1/scans?limit=200",
            lambda shown: shown["items"] and all(map(reached, shown["items"])),
            timeout_s=PATIENCE_S,
        )
        return list(page["items"])

    async def completed(self) -> list[Any]:
        """Every scan, which all end, and none of which fails."""
        scans = await self.scans(lambda scan: scan["status"] in ENDED)
        assert {scan["status"] for scan in scans} == {"completed"}, scans
        return scans

    async def incidents(self) -> list[Any]:
        page = await self.person.get(self._at.replicas[0], "GET", "/v1/incidents?limit=200")
        return list(page["items"])

    async def found(self) -> Found:
        return frozenset((each["platform"], each["accountId"]) for each in await self.incidents())

    async def report(self) -> None:
        """Report whatever was found, and close what moderators leave."""
        for incident in await self.incidents():
            left = incident["status"] == "under_review" and incident.get("needsPerson")
            if incident["status"] != "detected" and not left:
                continue
            path = f"/v1/incidents/{incident['id']}/{'resolve' if left else 'report'}"
            answer = await self.person.ask(self._at.replicas[0], "POST", path, {})
            assert answer.status_code in (200, 409), answer.text

    async def judge(self) -> None:
        """Once all of it is resolved: no incident is missing, none is there twice, and each was told."""
        await self.person.until(
            self._at.replicas[0],
            "/v1/incidents?limit=200",
            lambda shown: shown["items"] and all(each["status"] == "resolved" for each in shown["items"]),
            timeout_s=PATIENCE_S,
        )
        incidents = await self.incidents()
        found = Counter((each["platform"], each["accountId"]) for each in incidents)
        assert found == dict.fromkeys(self.expected, 1)
        told: dict[str, list[str]] = {}
        for event in await self.told("social_media_incident"):
            told.setdefault(event.incident_id, []).append(event.status)
        assert set(told) == {each["id"] for each in incidents}
        assert all(
            statuses.count("detected") >= 1 and statuses[-1] == "resolved" for statuses in told.values()
        )

    async def told(self, kind: str) -> list[Any]:
        """The payloads of the user's events of one type, in order."""
        events = await events_of(self._at.broker.bootstrap_servers, "social_media", self.person.user_id)
        return [event.payload for event in events if event.type == kind]


async def watched(at: Site, count: int) -> list[Watched]:
    """So many people, who know what there is to be found: others have looked while nothing failed."""
    who = (await at.truth())["persons"][:count]
    others = [Watched(at, each) for each in who]
    for other in others:
        await other.watch()
        await other.scan()
    for other in others:
        await other.completed()
    people = [Watched(at, each, await other.found()) for each, other in zip(who, others, strict=True)]
    for each in people:
        assert {platform for platform, _ in each.expected} == {"mastodon", "bluesky"}
        await each.watch()
    assert len(frozenset().union(*(each.expected for each in people))) == sum(
        len(each.expected) for each in people
    )
    return people


@asynccontextmanager
async def reporting(people: Sequence[Watched]) -> AsyncIterator[None]:
    """Everybody reports what was found, while the block lasts."""

    async def report() -> None:
        while True:
            for each in people:
                with suppress(TimeoutError):
                    await each.report()
            await asyncio.sleep(0.5)

    task = asyncio.create_task(report())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def judge(at: Site, people: Sequence[Watched]) -> None:
    """Everybody's incidents, and that each account is reported once."""
    for each in people:
        await each.completed()
    for each in people:
        await each.judge()
    filed = {
        (name, account): count for name, of in (await at.filed()).items() for account, count in of.items()
    }
    assert filed == {
        (platform, account.removeprefix("did:plc:")): 1
        for each in people
        for platform, account in each.expected
    }
