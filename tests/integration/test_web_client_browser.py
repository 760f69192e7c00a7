"""The web package in a real Chromium against real edges: losses, tabs, no WebSockets, no network, looks."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple

import pytest
from autodmca_client import Client
from autodmca_kafka import EventProducer
from playwright.async_api import Browser, BrowserContext, Page

from tests.brokers import Broker
from tests.integration.browser import chromium
from tests.integration.edge_site import Edge, edge_node, token, usage
from tests.integration.web_page import CONNECTED, opened_page, page_origin, tasks_of, until

USAGE = "template_usage"
NO_WEB_SOCKETS = """
    window.WebSocket = class {
        constructor() { setTimeout(() => this.onclose({ code: 1006, reason: "" })); }
        close() {}
    };
"""
_users = itertools.count(9_700_000 + os.getpid())


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with page_origin(tmp_path_factory.mktemp("page")) as address:
        yield address


@pytest.fixture
async def context() -> AsyncIterator[BrowserContext]:
    async with chromium() as browser:
        yield await in_english(browser)


async def in_english(browser: Browser) -> BrowserContext:
    return await browser.new_context(locale="en-GB")


class Site(NamedTuple):
    """A page's user on an edge, and what writes events for it."""

    edge: Edge
    producer: EventProducer
    user: int
    origin: str

    async def emit(self, *names: str, **fields: Any) -> None:
        for name in names:
            await self.producer.send(usage(name, **fields), user_id=self.user)

    async def page(
        self, context: BrowserContext, *, ttl_s: int = 3600, before: str = "", **wishes: Any
    ) -> Page:
        def new_token() -> str:
            return token(self.user, ttl_s=ttl_s)

        return await opened_page(
            context, self.origin, self.edge.url, [USAGE], new_token, before=before, **wishes
        )


@pytest.fixture
async def site(origin: str, embedded_broker: Broker) -> AsyncIterator[Site]:
    servers = embedded_broker.bootstrap_servers
    settings: dict[str, Any] = {"EDGE_ORIGINS": origin}
    with edge_node(servers, **settings) as edge:
        async with EventProducer(servers, client_id="test") as producer:
            yield Site(edge, producer, next(_users), origin)


async def names(page: Page) -> list[str]:
    found: list[str] = await page.evaluate("app.heard.map(event => event.payload.name)")
    return found


async def test_a_page_misses_nothing_of_what_the_sdk_hears_when_its_edge_is_killed(
    site: Site, context: BrowserContext, embedded_broker: Broker
) -> None:
    page = await site.page(context)
    await until(page, CONNECTED)
    await site.emit("before")
    await until(page, "app.heard.length == 1")
    site.edge.kill()
    await until(page, "app.health().state == 'reconnecting'")
    await site.emit("missed 1", "missed 2")
    origins: dict[str, Any] = {"EDGE_ORIGINS": site.origin}
    with edge_node(embedded_broker.bootstrap_servers, EDGE_PORT=site.edge.port, **origins) as edge:
        await site.emit("after")
        await until(page, "app.heard.length >= 4")
        async with Client(edge.url, token=token(site.user)) as client:
            heard = client.subscribe([USAGE], since="1970-01-01T00:00:00Z")
            expected = [await anext(heard) for _ in range(4)]
        assert await page.evaluate("app.heard.map(event => event.id)") == [each.id for each in expected]
        assert await names(page) == ["before", "missed 1", "missed 2", "after"]
        assert await page.evaluate("app.health().gaps") == 0


async def test_a_page_comes_back_when_its_network_does(site: Site, context: BrowserContext) -> None:
    page = await site.page(context)
    await until(page, CONNECTED)
    await context.set_offline(True)
    await until(page, "!navigator.onLine")
    await site.emit("meanwhile")
    await context.set_offline(False)
    await until(page, "app.heard.length == 1 && app.health().state == 'connected'")
    assert await names(page) == ["meanwhile"]


async def test_a_token_is_renewed_without_another_connection(site: Site, context: BrowserContext) -> None:
    """An edge warns a minute before."""
    page = await site.page(context, ttl_s=64)
    await until(page, CONNECTED)
    sockets = site.edge.metric("connections_opened_total")
    await page.wait_for_timeout(5_000)  # over the moment of the warning, which nothing on the page shows
    await site.emit("after")
    await until(page, "app.heard.length == 1")
    assert await page.evaluate("app.states") == ["connecting", "connected"]
    assert site.edge.metric("connections_opened_total") == sockets


async def test_two_tabs_have_one_socket_and_go_on_when_the_one_that_has_it_is_closed(
    site: Site, context: BrowserContext
) -> None:
    first = await site.page(context, shared=True)
    await until(first, CONNECTED)
    second = await site.page(context, shared=True)
    await until(second, CONNECTED)
    assert site.edge.metric("connections") == 1
    await site.emit("both")
    for page in (first, second):
        await until(page, "app.heard.length == 1")
    await first.close()
    await site.emit("while nobody has it", "after")
    await until(second, "app.heard.length == 3")
    assert await names(second) == ["both", "while nobody has it", "after"]
    assert "reconnecting" not in await second.evaluate("app.states")


async def test_a_page_without_web_sockets_gets_its_events_over_http(
    site: Site, context: BrowserContext, embedded_broker: Broker
) -> None:
    page = await site.page(context, before=NO_WEB_SOCKETS)
    await until(page, f"{CONNECTED} && app.health().transport == 'fallback'")
    await site.emit("before")
    await until(page, "app.heard.length == 1")
    site.edge.kill()
    await until(page, "app.health().state == 'reconnecting'")
    await site.emit("missed")
    origins: dict[str, Any] = {"EDGE_ORIGINS": site.origin}
    with edge_node(embedded_broker.bootstrap_servers, EDGE_PORT=site.edge.port, **origins):
        await site.emit("after")
        await until(page, "app.heard.length >= 3")
        assert await names(page) == ["before", "missed", "after"]


async def test_a_page_that_is_opened_without_its_edge_shows_what_the_last_one_knew(
    site: Site, context: BrowserContext
) -> None:
    page = await site.page(context, offlineUser=site.user)
    await until(page, CONNECTED)
    await site.emit("kept")
    await until(page, "app.heard.length == 1")
    await page.close(run_before_unload=True)
    site.edge.kill()
    later = await site.page(context, offlineUser=site.user)
    await until(later, "app.heard.length == 1")
    assert await names(later) == ["kept"]


async def test_a_thousand_events_a_second_make_no_long_task(site: Site, context: BrowserContext) -> None:
    """Two hundred rows, each drawn again with its own template's events."""
    page = await site.page(context)
    await until(page, CONNECTED)
    await page.evaluate("app.draw(Array.from({ length: 200 }, (_, index) => `t${index}`))")
    async with tasks_of(page) as tasks:
        clock = asyncio.get_running_loop().time
        began = clock()
        for number in range(4_000):
            if clock() < began + number / 1_000:
                await site.producer.flush()
                await asyncio.sleep(0.01)
            site.producer.enqueue(
                usage("used", template_id=f"t{number % 200}", usage_count=number), user_id=site.user
            )
        await site.producer.flush()
        await until(page, "app.heard.length == 4000")
        await until(page, "document.querySelector('[data-id=t199]')?.textContent == '3999'")
    assert len(tasks) > 100
    assert max(tasks) < 50


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_components_are_drawn_and_accessible(
    site: Site, context: BrowserContext, scheme: Any
) -> None:
    page = await site.page(context)
    await page.emulate_media(color_scheme=scheme)
    await until(page, CONNECTED)
    await page.evaluate("app.draw(['t1', 't2'])")
    await site.emit("used", template_id="t1", usage_count=77)
    await until(page, "document.querySelector('[data-id=t1]')?.textContent == '77'")
    assert await page.locator("[data-id=t2]").text_content() == "none"
    assert await page.evaluate("app.faults()") == []
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    assert await page.get_by_role("dialog").is_visible()
    assert await page.evaluate("app.faults()") == []
    await page.keyboard.press("Escape")
    assert not await page.get_by_role("dialog").is_visible()
    site.edge.kill()
    await page.get_by_text("Live updates are interrupted").wait_for()
    assert await page.evaluate("app.faults()") == []
