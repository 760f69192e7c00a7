"""The console's own ways: views by keyboard and to axe, activity beside the log, figures, what is lost."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from autodmca_kafka import EventProducer
from autodmca_service.testing.caller import token
from playwright.async_api import expect

from tests.brokers import Broker
from tests.integration.console_site import WAIT_MS, Console, console, faults
from tests.integration.edge_site import usage

VIEWS = (
    "Profiles",
    "Detections",
    "Submissions",
    "Notifications",
    "Preferences",
    "Activity",
    "Health",
    "Dead letters",
)


@pytest.fixture
async def site(embedded_broker: Broker) -> AsyncIterator[Console]:
    async with console(embedded_broker, {}) as made:
        yield made


@pytest.fixture
async def producer(embedded_broker: Broker) -> AsyncIterator[EventProducer]:
    async with EventProducer(embedded_broker.bootstrap_servers, client_id="test") as made:
        yield made


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
async def test_every_view_is_reached_by_keyboard_and_axe_finds_nothing(
    site: Console, width: int, scheme: Any
) -> None:
    page = await site.page(
        "Operator", "health", viewport={"width": width, "height": 844}, color_scheme=scheme
    )
    assert await faults(page) == []
    for name in VIEWS:
        if width < 900:
            await page.get_by_role("button", name="Menu").focus()
            await page.keyboard.press("Enter")
        await page.get_by_role("navigation", name="Views").get_by_role("link", name=name, exact=True).focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
        await expect(page.get_by_text("Loading", exact=False)).to_have_count(0)
        assert await faults(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, name


async def test_activity_shows_what_the_log_has_and_the_command_hears_the_same(
    site: Console, producer: EventProducer
) -> None:
    page = await site.page("Author", "activity")
    table = page.get_by_role("table", name="Events")
    for number in (1, 2, 3):
        await producer.send(usage(f"template {number}", usage_count=10 * number), user_id=site.author)
    await expect(table.get_by_text("template 3")).to_be_visible(timeout=WAIT_MS)

    await page.get_by_role("button", name="Add a condition").click()
    await page.get_by_label("Field").select_option("usageCount")
    await page.get_by_label("Operator").select_option("gte")
    await page.get_by_label("Value").fill("20")
    await expect(table.get_by_role("row")).to_have_count(3)  # its head, and two
    await page.get_by_label("Search in events").fill("TEMPLATE 2")
    await expect(table.get_by_role("row")).to_have_count(2)
    await table.get_by_role("button").click()
    one = page.get_by_role("region", name="One event")
    payload = json.loads(await one.get_by_role("region", name="Payload").inner_text())
    assert (payload["name"], payload["usageCount"]) == ("template 2", 20)
    assert await faults(page) == []
    await page.get_by_label("Search in events").fill("")

    await page.get_by_role("button", name="Pause").click()
    await producer.send(usage("while paused", usage_count=40), user_id=site.author)
    await expect(page.get_by_role("button", name="Paused, 1 more")).to_be_visible(timeout=WAIT_MS)
    await expect(table.get_by_text("while paused")).to_have_count(0)
    await page.get_by_role("button", name="Paused").click()
    await expect(table.get_by_text("while paused")).to_be_visible()

    command = await page.get_by_role("button", name="Copy as autodmca listen").get_attribute("title")
    assert command is not None
    program = str(Path(sys.executable).parent / "autodmca")
    listening = await asyncio.create_subprocess_exec(
        program,
        *shlex.split(command)[1:],
        *("--since", "10m", "--count", "3", "--json"),
        env={**os.environ, "AUTODMCA_TOKEN": token(site.author)},
        stdout=subprocess.PIPE,
    )
    async with asyncio.timeout(WAIT_MS / 1000):
        said, _ = await listening.communicate()
    names = [json.loads(line)["payload"]["name"] for line in said.splitlines()]
    assert names == ["template 2", "template 3", "while paused"]


async def test_the_figures_of_nodes_are_shown_to_operators_and_to_nobody_else(site: Console) -> None:
    page = await site.page("Operator", "health")
    nodes = page.get_by_role("table", name="Nodes").get_by_role("row")
    await expect(nodes.nth(1)).to_contain_text("Ready", timeout=WAIT_MS)
    await expect(nodes.nth(2)).to_contain_text("No answer")
    await expect(page.locator("[data-points='3']").first).to_be_visible(timeout=WAIT_MS)
    other = await site.page("Author", "health")
    await expect(other.get_by_text("For operators")).to_be_visible()


async def test_the_token_is_kept_nowhere_and_a_reload_signs_in_again(site: Console) -> None:
    page = await site.page("Author", "activity")
    kept = await page.evaluate(
        "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])"
    )
    assert "eyJ" not in kept
    await page.reload()
    await expect(page.get_by_role("button", name="Live")).to_be_visible(timeout=WAIT_MS)
    await page.get_by_role("button", name="Sign out").click()
    await page.reload()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_a_page_says_that_the_edge_is_gone(site: Console) -> None:
    page = await site.page("Author", "profiles")
    site.edge.kill()
    await expect(page.get_by_text("Live updates are interrupted")).to_be_visible(timeout=WAIT_MS)
    assert await faults(page) == []
    site.complaints.clear()  # the browser's, about the connection
