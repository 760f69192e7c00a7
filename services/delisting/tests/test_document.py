"""docs/delisting.md: the engine that it adds works, from a request to its decision, over HTTP."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio
from autodmca_delisting.engines.adapters import ADAPTERS, Adapter, Site
from autodmca_delisting.engines.interface import Engine
from autodmca_delisting.metrics import Metrics
from autodmca_service.testing import Site as Service
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.delisting.tests.test_work import Life
from services.delisting.tests.world import Outside, outside
from services.sandbox.tests.world import served

DOCUMENT = Path(__file__).parents[3] / "docs/delisting.md"
URLS = [f"https://copies.example.com/{number}" for number in range(6)]


class Tickets:
    """An engine that takes tickets, and decides when it is asked the second time."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.links: list[list[str]] = []
        self.asked = 0

    def app(self) -> Starlette:
        one = "/tickets/{number:int}"
        return Starlette(
            routes=[
                Route("/tickets", self.open, methods=["POST"]),
                Route(one, self.read, methods=["GET", "PATCH", "DELETE"]),
                Route("/search", self.search),
            ]
        )

    async def open(self, request: Request) -> Response:
        body = await request.json()
        if body["key"] not in self.numbers:
            self.numbers[body["key"]] = len(self.links)
            self.links.append(body["links"])
        return self._shown(self.numbers[body["key"]], is_open=True)

    async def read(self, request: Request) -> Response:
        self.asked += 1
        return self._shown(request.path_params["number"], is_open=self.asked < 2)

    async def search(self, _request: Request) -> Response:
        return JSONResponse([])

    def _shown(self, number: int, *, is_open: bool) -> Response:
        first, *others = self.links[number]
        gone, kept = ([], []) if is_open else (others, [first])
        return JSONResponse({"number": number, "open": is_open, "gone": gone, "kept": kept})


@pytest_asyncio.fixture
async def at() -> AsyncIterator[Outside]:
    async with outside() as found:
        yield found


async def test_the_engine_of_the_document_takes_a_request_to_its_decision(site: Service, at: Outside) -> None:
    names: dict[str, Any] = {"ADAPTERS": dict(ADAPTERS), "Adapter": Adapter}
    for block in re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL):
        exec(compile(block, str(DOCUMENT), "exec"), names)  # noqa: S102 - our own document
    tickets = Tickets()
    async with served(tickets.app()) as base:
        adapter = names["ADAPTERS"]["tickets"]
        place = Site(base, "", at.gate("bing"), Metrics(CollectorRegistry()))
        engine: Engine = adapter.make(place, adapter.manners(50))
        life = Life(site, at, engine)
        await life.begin(urls=URLS)
        await life.work()
        await life.work(61)
        await life.work(121)
        shown = await life.shown()
        assert (shown["status"], shown["urlsRemoved"], shown["urlsNoAction"]) == ("partially_approved", 5, 1)
        await life.look()
        assert tickets.links == [URLS]
        assert {new for _, new, _ in life.seen()} == {"not_indexed"}
