"""Templates in the console: written, found wanting, mended, reviewed, previewed; beside the log."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from autodmca_client import Client
from autodmca_service.testing import processes
from autodmca_service.testing.caller import token
from playwright.async_api import Page, expect

from tests.brokers import Broker
from tests.integration.console_site import ANY_ORIGIN, WAIT_MS, Console, console, faults, sure
from tests.integration.templates_site import COMPLETE, VARIABLES, WANTING, told

TYPES = ["template_validation", "template_approval"]


@pytest.fixture
async def site(embedded_broker: Broker) -> AsyncIterator[Console]:
    servers = embedded_broker.bootstrap_servers
    async with (
        processes("templates", servers, 1, SERVICE_ALLOWED_ORIGINS=ANY_ORIGIN) as (templates,),
        console(embedded_broker, {"templates": templates}) as made,
    ):
        yield made


async def saved(page: Page, body: str, verdict: str) -> None:
    await page.get_by_label("Body").fill(body)
    await page.get_by_role("button", name="Save and examine").click()
    await expect(page.locator("header.head").get_by_text(verdict, exact=True)).to_be_visible(timeout=WAIT_MS)


async def test_a_template_goes_from_a_draft_to_approval_on_two_people_s_pages(site: Console) -> None:
    page = await site.page("Author", "templates")
    await page.get_by_role("button", name="New template").click()
    await page.get_by_role("button", name="Start template").click()
    name = page.get_by_label("Name", exact=True)
    await expect(name).to_have_attribute("aria-invalid", "true")  # what the service says, at its field
    await name.fill("Photo takedown")
    await page.get_by_role("button", name="Start template").click()

    await page.get_by_label("Variables").fill(" ".join(VARIABLES))
    await saved(page, WANTING, "Not valid")
    # Why it is not valid: Templates, the template, what stands first.
    await page.get_by_role("link", name="Templates", exact=True).click()
    await page.get_by_role("link", name="Photo takedown").first.click()
    missing = page.locator(".findings li").filter(has_text="Missing element").first
    await expect(missing).to_be_visible()
    await missing.get_by_role("button", name="Line").click()
    await expect(page.get_by_label("Body")).to_be_focused()
    assert await page.locator(".gutter [data-tone=error]").count() > 0
    assert await faults(page) == []

    await saved(page, COMPLETE, "Valid")
    assert await page.locator(".gutter [data-tone=error]").count() == 0
    await page.get_by_role("button", name="Show the preview").click()
    await expect(page.get_by_role("region", name="Rendered text")).to_contain_text(
        "My copyrighted work is [work]"
    )

    await sure(page, "Submit for review")
    await expect(page.locator("header.head").get_by_text("In review")).to_be_visible()
    other = await site.page("Reviewer", "templates")
    await other.get_by_role("link", name="Photo takedown").first.click()
    await expect(other.get_by_label("Body")).to_have_attribute("readonly", "")
    await sure(other, "Approve", "Good.")
    for each in (other, page):  # nobody loads a page again
        await expect(each.locator("header.head").get_by_text("Approved")).to_be_visible(timeout=WAIT_MS)
    await expect(page.get_by_text("“Good.”")).to_be_visible(timeout=WAIT_MS)
    await saved(page, f"{COMPLETE}\nThank you.\n", "Valid")  # another version, beside the one in use
    changes = page.get_by_role("region", name="Version 2 beside 1, which is in use")
    await expect(changes.locator("[data-change=added]").last).to_contain_text("Thank you.", timeout=WAIT_MS)
    await expect(changes.locator("[data-change=gone]")).to_have_count(0)
    await expect(page.locator("header.head").get_by_text("Valid", exact=True)).to_be_visible(timeout=WAIT_MS)
    assert await faults(page) == []
    await sure(page, "Submit for review")
    await expect(page.locator("header.head").get_by_text("In review")).to_be_visible(timeout=WAIT_MS)
    other = await site.page("Reviewer", "templates")  # events tell authors alone
    await other.get_by_role("link", name="Photo takedown").first.click()
    await sure(other, "Approve", "Better.")
    await expect(page.get_by_text("“Better.”")).to_be_visible(timeout=WAIT_MS)
    await expect(changes).to_have_count(0)
    await sure(page, "Deprecate")
    await sure(page, "Archive")
    await expect(page.locator("header.head").get_by_text("Archived")).to_be_visible(timeout=WAIT_MS)

    async with Client(site.edge.url, token=token(site.author)) as client:
        heard = client.subscribe(TYPES, since="1970-01-01T00:00:00Z")
        payloads = [(await anext(heard)).payload for _ in range(10)]
    events = [told(each) for each in payloads if not isinstance(each, dict)]
    assert [event[-1] if event[0] == "approval" else event[2] for event in events] == [
        False, True, "in_review", "approved",
        "draft", True, "in_review", "approved", "deprecated", "archived",
    ]  # fmt: skip
