"""Impersonators in the console: somebody is watched and scanned, and each incident is decided on."""

from __future__ import annotations

import re
from itertools import groupby

from autodmca_events import SocialMediaIncident
from autodmca_sandbox.engines.engine import Pace
from autodmca_sandbox.platforms.population import persons
from autodmca_service.testing import Person, events_of
from playwright.async_api import Page, expect

from tests.brokers import Broker
from tests.integration.console_site import ANY_ORIGIN, WAIT_MS, Console, console, faults, sure
from tests.integration.social_media_site import Site
from tests.integration.social_media_site import site as social_media_site

UNDECIDED = Pace(0.3, 600, 600)
"""The platforms look at a report at once, and do not decide on it."""


async def test_impersonators_are_found_and_decided_on(embedded_broker: Broker) -> None:
    async with (
        social_media_site(embedded_broker, pace=UNDECIDED, SERVICE_ALLOWED_ORIGINS=ANY_ORIGIN) as site,
        console(embedded_broker, {"social_media": site.replicas[0]}) as made,
    ):
        page = await made.page("Author", "social/watches")
        await watched(page)
        await page.get_by_role("button", name="Scan now").click()
        await page.get_by_role("link", name="Scans").click()
        scans = page.get_by_role("table", name="Scans").get_by_text("Completed")
        await expect(scans).to_have_count(2, timeout=WAIT_MS)
        assert await faults(page) == []
        await page.get_by_role("link", name="Incidents").click()
        await expect(page.get_by_role("table", name="Incidents").get_by_role("link").first).to_be_visible()
        assert await faults(page) == []

        held = await incidents(site, made)
        moment = max(each["detectedAt"] for each in held)
        await page.get_by_role("link", name="Overview", exact=True).click()
        newest = page.get_by_role("region", name="Newest impersonators").get_by_role("link").nth(1)
        handles = [each["accountHandle"] for each in held if each["detectedAt"] == moment]
        await expect(newest).to_have_text(re.compile("|".join(map(re.escape, handles))))
        await decided(page, made, held[0]["id"], "No impersonator", "False positive")
        await decided(page, made, held[1]["id"], "Report account", "Under review")
        await decided(page, made, held[1]["id"], "Escalate", "Escalated", "Under review")
        await decided(page, made, held[1]["id"], "Resolve", "Resolved")
        # The page shows it at once; the service has it when it has answered.
        author = Person(made.author)
        for each in held[:2]:
            await author.until(site.replicas[0], f"/v1/incidents/{each['id']}", is_over)
        told = [
            event.payload.status
            for event in await events_of(embedded_broker.bootstrap_servers, "social_media", made.author)
            if isinstance(event.payload, SocialMediaIncident) and event.payload.incident_id == held[1]["id"]
        ]
        assert [status for status, _ in groupby(told)][:4] == [
            "detected", "reported", "under_review", "escalated",
        ]  # fmt: skip
        assert told[-1] == "resolved"
        await page.goto(f"{made.url}social/platforms")
        await expect(page.get_by_role("table", name="Platforms").get_by_text("Bluesky")).to_be_visible()


def is_over(incident: dict[str, str]) -> bool:
    return incident["status"] in ("false_positive", "resolved")


async def watched(page: Page) -> None:
    """Have the sandbox's first person watched; a number that is none is said at its field."""
    someone = persons(7, 1)[0]
    await page.get_by_role("button", name="Watch somebody").click()
    await page.get_by_label("Names").fill(someone.name)
    await page.get_by_label("Handles").fill(someone.handle)
    await page.get_by_label("Bio").fill(someone.bio)
    await page.get_by_label("Own accounts").fill(someone.handle)
    number = page.get_by_label("Profile", exact=True)
    await number.fill("none")
    await page.get_by_role("button", name="Save").click()
    await expect(number).to_have_attribute("aria-invalid", "true")
    assert await faults(page) == []
    await number.fill("1")
    await page.get_by_role("button", name="Save").click()


async def incidents(site: Site, made: Console) -> list[dict[str, str]]:
    found = await Person(made.author).get(site.replicas[0], "GET", "/v1/incidents?limit=100")
    items: list[dict[str, str]] = found["items"]
    return items


async def decided(page: Page, made: Console, incident_id: str, button: str, *statuses: str) -> None:
    """Press a button on an incident; its status becomes one of these, and nothing is said to be wrong."""
    await page.goto(f"{made.url}social/incidents/{incident_id}")
    await sure(page, button)
    status = page.locator("header.head .badge").nth(1)
    await expect(status).to_have_text(re.compile("|".join(statuses)), timeout=WAIT_MS)
    await expect(page.get_by_role("alert")).to_have_count(0)
