"""The web package in Chromium on `make run`: real work, real edges, and what a browser may meet.

What a page heard is compared with what the Python SDK heard meanwhile on a connection of its own, topic by
topic: from the page's first event on it has every one, in the same order, once.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import pytest
from autodmca_client import Client, Subscription
from autodmca_client.development import development_token
from autodmca_events import CATALOGUE
from playwright.async_api import BrowserContext, Page

from tests.e2e.local_system import NOT_INHERITED, descendants, free_ports
from tests.e2e.test_make_run import PORTS
from tests.integration.browser import chromium
from tests.integration.middlebox import middlebox
from tests.integration.web_page import CONNECTED, opened_page, page_origin, until
from tests.unit.repository import ROOT

SECRET = "a secret of tests, which has 32 bytes and more"
USER = 12345  # for whom the sandbox's people work
START_S = 120
SOME = 12  # events, enough for several kinds of them
Heard = dict[str, list[str]]


class System(NamedTuple):
    """`make run`, and where its page is."""

    process: subprocess.Popen[bytes]
    port: int
    origin: str

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    def kill_edge(self) -> None:
        below = descendants(self.process.pid)
        os.kill(next(pid for pid, command in below.items() if "-m autodmca_edge" in command), signal.SIGKILL)

    async def page(self, context: BrowserContext, *, url: str = "", ttl_s: int = 3600, **wishes: Any) -> Page:
        """A page that has heard something."""

        def new_token() -> str:
            return development_token(SECRET, USER, ttl_s=ttl_s)

        page = await opened_page(context, self.origin, url or self.url, CATALOGUE, new_token, **wishes)
        await until(page, CONNECTED)
        await until(page, f"app.heard.length >= {SOME}")
        return page


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("page")
    with page_origin(folder) as origin, (folder / "output").open("w+b") as output:
        ports = free_ports(*PORTS)
        environ = {key: value for key, value in os.environ.items() if key not in NOT_INHERITED}
        environ |= {**ports, "SANDBOX_PACE_SECONDS": "1", "XDG_STATE_HOME": str(folder)}
        environ |= {"JWT_SECRET": SECRET, "EDGE_ORIGINS": origin}
        process = subprocess.Popen(
            ["make", "run"],
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _until_up(process, output)
            yield System(process, int(ports["EDGE_PORT"]), origin)
        finally:
            _stop(process)


def _until_up(process: subprocess.Popen[bytes], output: IO[bytes]) -> None:
    ends = time.monotonic() + START_S
    while b"AUTODMCA_TOKEN=" not in (said := Path(output.name).read_bytes()):
        assert process.poll() is None, said.decode()
        assert time.monotonic() < ends, said.decode()
        time.sleep(0.1)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class Witness:
    """What the Python SDK hears, by topic."""

    def __init__(self) -> None:
        self.heard: Heard = {}

    async def listen(self, events: Subscription) -> None:
        async for event in events:
            self.heard.setdefault(CATALOGUE[event.type].topic, []).append(event.id)


@pytest.fixture
async def witness(system: System) -> AsyncIterator[Witness]:
    witness = Witness()
    async with Client(system.url, token=development_token(SECRET, USER)) as client:
        events = client.subscribe(CATALOGUE)
        await events.ready()
        listening = asyncio.create_task(witness.listen(events))
        yield witness
        assert client.counters.gaps == 0
        listening.cancel()
        await asyncio.wait([listening])


@pytest.fixture
async def context() -> AsyncIterator[BrowserContext]:
    async with chromium() as browser:
        yield await browser.new_context()


async def heard_by(page: Page) -> Heard:
    found: Heard = {}
    for kind, event_id in await page.evaluate("app.heard.map(event => [event.type, event.id])"):
        found.setdefault(CATALOGUE[kind].topic, []).append(event_id)
    return found


async def more(page: Page) -> None:
    """Until work has gone on for a while."""
    count = await page.evaluate("app.heard.length")
    await until(page, f"app.heard.length >= {count + SOME}", seconds=60)


async def assert_nothing_missed(page: Page, witness: Witness) -> None:
    """Waits for the page to have what the witness has by now, and holds it against that."""
    expected = {topic: [*ids] for topic, ids in witness.heard.items()}
    async with asyncio.timeout(60):
        while True:
            heard = await heard_by(page)
            shared = [topic for topic in heard if topic in expected and heard[topic][0] in expected[topic]]
            after = {topic: expected[topic][expected[topic].index(heard[topic][0]) :] for topic in shared}
            if shared and all(len(heard[topic]) >= len(after[topic]) for topic in shared):
                break
            await asyncio.sleep(0.1)
    assert {topic: heard[topic][: len(after[topic])] for topic in shared} == after
    assert sum(map(len, after.values())) >= SOME
    assert await page.evaluate("app.health().gaps") == 0


async def test_a_page_hears_real_work_and_misses_nothing_when_its_edge_is_killed(
    system: System, context: BrowserContext, witness: Witness
) -> None:
    page = await system.page(context)
    system.kill_edge()
    await until(page, "app.states.includes('reconnecting')")
    await until(page, CONNECTED)
    await more(page)
    await assert_nothing_missed(page, witness)
    assert len(await heard_by(page)) > 1


async def test_a_page_without_a_network_misses_nothing_once_it_is_back(
    system: System, context: BrowserContext, witness: Witness
) -> None:
    page = await system.page(context)
    await context.set_offline(True)
    await until(page, "!navigator.onLine")
    count = sum(map(len, witness.heard.values()))
    async with asyncio.timeout(60):
        while sum(map(len, witness.heard.values())) < count + SOME:
            await asyncio.sleep(0.1)
    await context.set_offline(False)
    await more(page)
    await assert_nothing_missed(page, witness)


async def test_a_token_s_end_is_passed_over_without_another_connection(
    system: System, context: BrowserContext, witness: Witness
) -> None:
    """An edge warns a minute before; what comes after the second at which the first token ended is heard."""
    page = await system.page(context, ttl_s=63)
    await until(page, "app.tokens > 1", seconds=30)
    await until(page, "Date.now() > app.began + 64000", seconds=90)
    await more(page)
    await assert_nothing_missed(page, witness)
    assert await page.evaluate("app.states") == ["connecting", "connected"]


async def test_two_tabs_have_one_socket_and_the_one_that_is_left_goes_on(
    system: System, context: BrowserContext, witness: Witness
) -> None:
    async with _counted(system) as (url, sockets):
        first = await system.page(context, url=url, shared=True)
        second = await system.page(context, url=url, shared=True)
        assert sockets() == 1
        await first.close()
        await more(second)
        await assert_nothing_missed(second, witness)
        assert sockets() == 2
        assert "reconnecting" not in await second.evaluate("app.states")


@asynccontextmanager
async def _counted(system: System) -> AsyncIterator[tuple[str, Callable[[], int]]]:
    async with middlebox(system.port) as box:
        box.websockets = "pass"
        yield box.url, lambda: box.seen["websocket"]


async def test_a_page_goes_on_without_web_sockets_and_takes_one_when_it_can_be_had(
    system: System, context: BrowserContext, witness: Witness
) -> None:
    async with middlebox(system.port) as box:
        page = await system.page(context, url=box.url, upgradeAfter=500)
        assert await page.evaluate("app.health().transport") == "fallback"
        system.kill_edge()
        await until(page, "app.states.includes('reconnecting')")
        await until(page, f"{CONNECTED} && app.health().transport == 'fallback'", seconds=60)
        await more(page)
        box.websockets = "pass"
        await until(page, f"{CONNECTED} && app.health().transport == 'websocket'", seconds=60)
        await more(page)
        await assert_nothing_missed(page, witness)
        assert box.seen["stream"] > 0
