"""A page with the web package on it, served on an origin of its own, for a real browser to open."""

from __future__ import annotations

import asyncio
import functools
import http.server
import shutil
import subprocess
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, Page

from tests.integration.edge_site import DEADLINE_S
from tests.integration.test_web_client import PACKAGE, node_program

CONNECTED = "app.health()?.state == 'connected' && app.ready"


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def page_origin(folder: Path) -> Iterator[str]:
    """Where the page is served: bundled into `folder`, with its looks."""
    esbuild = PACKAGE.parents[1] / "node_modules" / "esbuild" / "bin" / "esbuild"
    command = [
        node_program(), str(esbuild), "tests/browser/app.tsx", "--bundle", "--format=esm", "--jsx=automatic",
        f"--outfile={folder}/app.js", "--log-level=warning", '--define:process.env.NODE_ENV="production"',
    ]  # fmt: skip
    subprocess.run(command, cwd=PACKAGE, check=True)
    shutil.copy(PACKAGE / "src" / "components.css", folder)
    (folder / "index.html").write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>page</title>'
        '<meta name="color-scheme" content="light dark">'
        '<link rel="stylesheet" href="components.css"><script type="module" src="app.js"></script>'
    )
    handler = functools.partial(Silent, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def opened_page(
    context: BrowserContext,
    origin: str,
    url: str,
    types: Iterable[str],
    new_token: Callable[[], str],
    *,
    before: str = "",
    **wishes: Any,
) -> Page:
    """A page whose client has been told to connect; `before` runs in it before anything else."""
    page = await context.new_page()
    await page.expose_function("newToken", new_token)
    if before:
        await page.add_init_script(before)
    await page.goto(origin)
    await page.wait_for_function("window.app")
    await page.evaluate("wishes => { app.listen(wishes); }", {"url": url, "types": [*types], **wishes})
    return page


@asynccontextmanager
async def tasks_of(page: Page) -> AsyncIterator[list[float]]:
    """Milliseconds of processor time of each task of the page's main thread, once the block is left.

    Of processor time, since what else the machine does is not the page's.
    """
    session = await page.context.new_cdp_session(page)
    traced: list[dict[str, Any]] = []
    complete = asyncio.Event()
    session.on("Tracing.dataCollected", lambda part: traced.extend(part["value"]))
    session.on("Tracing.tracingComplete", lambda _: complete.set())
    categories = "-*,toplevel,disabled-by-default-devtools.timeline,__metadata"
    await session.send("Tracing.start", {"categories": categories, "transferMode": "ReportEvents"})
    found: list[float] = []
    yield found
    await session.send("Tracing.end")
    async with asyncio.timeout(DEADLINE_S):
        await complete.wait()
    mains = {
        (each["pid"], each["tid"])
        for each in traced
        if each["name"] == "thread_name" and each["args"]["name"] == "CrRendererMain"
    }
    found += [
        each["tdur"] / 1000
        for each in traced
        if each["name"].endswith("RunTask") and "tdur" in each and (each["pid"], each["tid"]) in mains
    ]


async def until(page: Page, condition: str, seconds: float = DEADLINE_S) -> None:
    """Until an expression is true on the page."""
    await page.wait_for_function(condition, timeout=seconds * 1000)
