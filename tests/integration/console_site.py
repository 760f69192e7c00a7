"""The console in a real Chromium on a real edge and real services, and what axe says of a page.

The console serves in the test's own loop; the page reaches edge and services on their own ports, as with
`make run`. Every test has people of its own, so that what others left in the topics does not matter.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, NamedTuple

import httpx
import pytest
from autodmca_console.app import console_app
from autodmca_console.config import ConsoleSettings
from autodmca_console.page import Page as Files
from autodmca_runtime import Secret, TokenSettings, TokenVerifier
from autodmca_service.testing import Process
from autodmca_service.testing.caller import SECRET
from playwright.async_api import Browser, ConsoleMessage, Page, expect

from services.sandbox.tests.world import served
from tests.brokers import Broker
from tests.integration.browser import chromium
from tests.integration.edge_site import Edge, edge_node
from tests.unit.repository import ROOT

ANY_ORIGIN = "*"
"""Whose pages may call the services: the console's port is not known before they run."""
WAIT_MS = 60_000
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
_users = itertools.count(8_300_000 + os.getpid() * 10, 3)


class Console(NamedTuple):
    """Where it is, who may sign in, and what its pages have complained of."""

    url: str
    edge: Edge
    browser: Browser
    author: int
    reviewer: int
    complaints: list[str]

    async def blank(self, **options: Any) -> Page:
        """A page of a person of its own, on which nothing is open yet."""
        context = await self.browser.new_context(locale="en-GB", **options)
        page = await context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self._hear(said))
        return page

    async def page(self, person: str, path: str = "", **options: Any) -> Page:
        """A page on which `Author`, `Reviewer` or `Operator` has signed in."""
        page = await self.blank(**options)
        await page.goto(f"{self.url}{path}")
        await page.get_by_role("button", name=person).click()
        await expect(page.get_by_role("button", name="Live")).to_be_visible(timeout=WAIT_MS)
        return page

    def _hear(self, said: ConsoleMessage) -> None:
        # What a service refuses is an error to the browser, and part of what is tested.
        if said.type == "error" and "Failed to load resource" not in said.text:
            self.complaints.append(said.text)


@asynccontextmanager
async def console(
    broker: Broker,
    services: Mapping[str, Process],
    *,
    port: int = 0,
    edge_environ: Mapping[str, Any] | None = None,
    **told: Any,
) -> AsyncIterator[Console]:
    """The console on these services, and an edge; fails when a page complained of an error or the policy.

    `port`, 0 for any free one, is the console's; `edge_environ` adds to what the edge is told, `told` to what
    the console is.
    """
    files = Files()
    if not files.is_built:
        reason = "the console's page is not built: make console"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    author = next(_users)
    with edge_node(broker.bootstrap_servers, **{"JWT_SECRET": SECRET, **(edge_environ or {})}) as edge:
        people = (f"{author}=Author", f"{author + 1}=Reviewer=reviewer", f"{author + 2}=Operator=admin")
        settings = ConsoleSettings(
            **{
                "tokens": TokenSettings(secret=Secret(SECRET)),
                "edge_url": edge.url,
                "service_urls": tuple(f"{name}={each.http.base_url}" for name, each in services.items()),
                "nodes": (f"edge=http://127.0.0.1:{edge.port}", "gone=http://127.0.0.1:1"),
                "people": people,
                **told,
            }
        )
        async with AsyncExitStack() as stack:
            http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
            app = console_app(settings, files, TokenVerifier(settings.tokens), http)
            url = await stack.enter_async_context(served(app, port))
            browser = await stack.enter_async_context(chromium())
            made = Console(f"{url}/console/", edge, browser, author, author + 1, [])
            yield made
            assert made.complaints == []


async def faults(page: Page) -> list[str]:
    """What axe finds on the page, once it has its heading."""
    await page.get_by_role("heading", level=1).first.wait_for()
    await page.evaluate(AXE.read_text())
    found: list[str] = await page.evaluate(
        """async () => (await axe.run(document)).violations.map(
            ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ").slice(0, 500)}`)"""
    )
    return found


async def sure(page: Page, button: str, note: str = "") -> None:
    """Press a button that asks again, and say yes."""
    await page.get_by_role("button", name=button, exact=True).click()
    dialog = page.get_by_role("dialog").filter(has=page.get_by_role("button", name="Go back"))
    if note:
        await dialog.get_by_role("textbox").fill(note)
    await dialog.get_by_role("button").last.click()
