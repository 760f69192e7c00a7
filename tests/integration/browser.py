"""A real Chromium, Debian's, driven by Playwright, and a page for it on an origin of its own.

Playwright's own browsers are never downloaded. Without Chromium a test is skipped by name; with CI=true it
fails.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, async_playwright

__all__ = ["chromium", "page_server"]

PAGE = b"""<!doctype html><meta charset="utf-8"><title>events</title><script>
const heard = [], said = [], subscribed = [];
const source = new EventSource(decodeURIComponent(location.hash.slice(1)));
source.onmessage = event => heard.push(JSON.parse(event.data));
for (const name of ["open", "error", "lost", "close"]) source.addEventListener(name, () => said.push(name));
source.addEventListener("subscribed", event => subscribed.push(JSON.parse(event.data)));
</script>"""


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser that nobody sees."""
    program = shutil.which("chromium")
    if program is None:
        reason = "no Chromium: deploy/local/system-packages browser, as root on Debian, installs it"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=["--no-proxy-server"])
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def page_server() -> AsyncIterator[int]:
    """Serves a page that makes an EventSource of the address after its `#`; the port.

    The page has what it `heard` as `message` events, and `subscribed`; what else happened is in `said`.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(PAGE)}\r\n"
            writer.write(f"{head}Connection: close\r\n\r\n".encode() + PAGE)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # a browser opens connections that it does not need
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
