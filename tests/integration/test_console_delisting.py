"""Requests in the console: made, followed to each URL's end, appealed, cancelled; beside the service."""

from __future__ import annotations

import io
import zipfile

from autodmca_sandbox.engines.engine import Pace
from autodmca_service.testing import Person
from playwright.async_api import expect

from tests.brokers import Broker
from tests.integration.console_site import ANY_ORIGIN, WAIT_MS, console, faults, sure
from tests.integration.delisting_site import site as delisting_site

STAYS = "https://stays.example.com/page"
GOES = "https://goes.example.org/page"


async def test_a_request_is_followed_to_its_end_and_appealed(embedded_broker: Broker) -> None:
    async with (
        delisting_site(embedded_broker, pace=Pace(0.2, 0.5, 600), SERVICE_ALLOWED_ORIGINS=ANY_ORIGIN) as site,
        console(embedded_broker, {"delisting": site.replicas[0]}) as made,
    ):
        await site.told(
            "rules", [{"engine": "google", "url": STAYS, "outcome": "no_action", "reason": "news"}]
        )
        await site.told("rules", [{"engine": "google", "url": GOES, "outcome": "removed"}])
        page = await made.page("Author", "delisting")
        await page.get_by_role("button", name="New request").click()
        await page.get_by_role("button", name="Submit request").click()
        urls = page.get_by_label("URLs, or a notice that holds them")
        await expect(urls).to_have_attribute("aria-invalid", "true")
        await expect(urls).to_be_focused()
        assert await faults(page) == []
        await urls.fill(f"See hxxps://stays.example[.]com/page and {GOES}")
        await page.get_by_role("button", name="Submit request").click()

        head = page.get_by_role("heading", level=1)
        await expect(head).to_have_text("Google: 2 URLs", timeout=WAIT_MS)
        state = page.get_by_role("region", name="State")
        await expect(state.get_by_text("Partially approved")).to_be_visible(timeout=WAIT_MS)
        await page.get_by_label("Still up (1)").check()
        rows = page.get_by_role("table", name="URLs").get_by_role("row")
        await expect(rows).to_have_count(2)
        await expect(rows.last).to_contain_text(STAYS)
        await expect(rows.last).to_contain_text("No action")
        await expect(rows.last).to_contain_text("news")
        assert await faults(page) == []

        await site.told("rules", [{"engine": "google", "url": STAYS, "outcome": "removed"}])
        await sure(page, "Appeal", "It is a copy of the whole work.")
        await expect(state.get_by_text("Approved", exact=True)).to_be_visible(timeout=WAIT_MS)
        request_id = page.url.rpartition("/")[2]
        held = await Person(made.author).get(site.replicas[0], "GET", f"/v1/requests/{request_id}")
        assert (held["status"], held["urlsRemoved"]) == ("approved", 2)


async def test_what_waits_for_a_person_has_its_packet_and_can_be_cancelled(embedded_broker: Broker) -> None:
    async with (
        delisting_site(embedded_broker, SERVICE_ALLOWED_ORIGINS=ANY_ORIGIN) as site,
        console(embedded_broker, {"delisting": site.replicas[0]}) as made,
    ):
        author = Person(made.author)
        page = await made.page("Author", "delisting")
        await expect(page.get_by_text("No requests yet")).to_be_visible()
        body = {"engine": "duckduckgo", "urls": [GOES], "notice": {"text": "It copies my page."}}
        asked = await author.get(site.replicas[0], "POST", "/v1/requests", body)
        await page.get_by_role("link", name="DuckDuckGo, 1 URL").click()  # it came by its event
        await expect(page.get_by_text("A person is needed")).to_be_visible(timeout=WAIT_MS)
        async with page.expect_download() as downloading:
            await page.get_by_role("button", name="Download packet").click()
        download = await downloading.value
        assert download.suggested_filename == f"{asked['id']}.zip"
        packed = zipfile.ZipFile(io.BytesIO((await download.path()).read_bytes()))
        assert any(GOES.encode() in packed.read(name) for name in packed.namelist())
        await sure(page, "Cancel request")
        await expect(page.get_by_role("region", name="State").get_by_text("Cancelled")).to_be_visible(
            timeout=WAIT_MS
        )

        def is_cancelled(held: dict[str, str]) -> bool:
            return held["status"] == "cancelled"

        # The page shows it at once; the service has it when it has answered.
        await author.until(site.replicas[0], f"/v1/requests/{asked['id']}", is_cancelled)
        await expect(page.get_by_role("alert")).to_have_count(0)
