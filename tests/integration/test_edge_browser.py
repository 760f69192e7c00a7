"""`GET /events` as a browser reads it: a real Chromium's `EventSource`, on a page of another origin."""

import itertools
import os
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from autodmca_kafka import EventProducer
from playwright.async_api import Browser, Page

from tests.brokers import Broker
from tests.integration.browser import chromium, page_server
from tests.integration.edge_site import DEADLINE_S, Edge, edge_node, token, usage

USAGE = "template_usage"
_users = itertools.count(9_600_000 + os.getpid())


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


async def opened(page: Page, origin: str, edge: Edge, user: int) -> None:
    query = urlencode({"token": token(user), "types": USAGE})
    await page.goto(f"{origin}/#{quote(f'http://127.0.0.1:{edge.port}/events?{query}')}")


async def until(page: Page, condition: str) -> None:
    await page.wait_for_function(condition, timeout=DEADLINE_S * 1000)


@pytest.mark.protocol("Without WebSockets: subscribed")
async def test_a_browser_comes_back_by_itself_and_gets_what_it_missed_exactly_once(
    browser: Browser, embedded_broker: Broker
) -> None:
    """Nothing on the page does anything for it: `Last-Event-ID` is the browser's own."""
    servers, user = embedded_broker.bootstrap_servers, next(_users)
    async with page_server() as port, EventProducer(servers, client_id="test") as producer:
        origin = f"http://127.0.0.1:{port}"
        settings: dict[str, Any] = {"EDGE_ORIGINS": origin}
        page = await browser.new_page()
        with edge_node(servers, **settings) as edge:
            await opened(page, origin, edge, user)
            await until(page, "subscribed.length == 1")
            await producer.send(usage("before"), user_id=user)
            await until(page, "heard.length == 1")
            edge.kill()
            await until(page, "said.includes('error') && source.readyState == EventSource.CONNECTING")
        missed = [f"missed {number}" for number in range(5)]
        for name in missed:
            await producer.send(usage(name), user_id=user)
        with edge_node(servers, EDGE_PORT=edge.port, **settings):
            await until(page, "subscribed.length == 2")
            await producer.send(usage("after"), user_id=user)
            await until(page, "heard.length >= 7")
            heard = await page.evaluate("heard")
            assert [each["payload"]["name"] for each in heard] == ["before", *missed, "after"]
            assert len({each["id"] for each in heard}) == 7
            assert [(each["recovered"], each["replayed"]) for each in await page.evaluate("subscribed")] == [
                (True, 0),
                (True, 5),
            ]
            said = await page.evaluate("said")
            assert said.count("open") - said.count("close") == 2, "but when it was not ready yet"
            assert "lost" not in said


@pytest.mark.protocol("Without WebSockets: close")
async def test_a_browser_that_is_turned_away_comes_back_by_itself(
    browser: Browser, embedded_broker: Broker
) -> None:
    """To a 429 or 503 no EventSource would."""
    user = next(_users)
    async with page_server() as port:
        origin = f"http://127.0.0.1:{port}"
        settings: dict[str, Any] = {"EDGE_ORIGINS": origin, "EDGE_USER_CONNECTIONS": 1}
        with edge_node(embedded_broker.bootstrap_servers, **settings) as edge:
            first, second = await browser.new_page(), await browser.new_page()
            await opened(first, origin, edge, user)
            await until(first, "subscribed.length == 1")
            await opened(second, origin, edge, user)
            await until(second, "said.includes('close')")
            assert edge.metric('fallback_requests_total{kind="stream",outcome="429"}') >= 1
            await first.close()
            await until(second, "subscribed.length == 1")


async def test_a_page_of_an_origin_that_is_not_allowed_gets_nothing(
    browser: Browser, embedded_broker: Broker
) -> None:
    user = next(_users)
    async with page_server() as port:
        with edge_node(embedded_broker.bootstrap_servers, EDGE_ORIGINS=f"http://127.0.0.1:{port}") as edge:
            page = await browser.new_page()
            await opened(page, f"http://localhost:{port}", edge, user)
            await until(page, "source.readyState == EventSource.CLOSED")
            assert await page.evaluate("[said, heard, subscribed]") == [["error"], [], []]
            assert edge.metric('fallback_requests_total{kind="stream",outcome="403"}') == 1
