"""The world as one application: its places, and the hidden hand that steers them under `/sandbox`.

`POST /sandbox/faults` sets faults, `GET /sandbox/received` tells what came, `POST /sandbox/pages`, `/rules`
and `/relist` steer the index and the engines. A new place is one more entry of `places`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Protocol

import msgspec
from msgspec import Meta, Struct
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from autodmca_sandbox.engines.engine import Engine, Outcome, Pace
from autodmca_sandbox.engines.http import EngineSite, search
from autodmca_sandbox.engines.index import Web
from autodmca_sandbox.engines.lumen import LumenSite
from autodmca_sandbox.engines.manners import FORM_ONLY, WITH_API, Manners
from autodmca_sandbox.images.gallery import Gallery
from autodmca_sandbox.images.host import ImageHost
from autodmca_sandbox.people import AUTHORS
from autodmca_sandbox.platforms.hand import Networks
from autodmca_sandbox.platforms.network import Review
from autodmca_sandbox.world.faults import Fault
from autodmca_sandbox.world.server import World


class Place(Protocol):
    """A part of the world with routes of its own."""

    def routes(self) -> Sequence[BaseRoute]: ...


class Published(Struct, forbid_unknown_fields=True):
    url: str
    title: str = ""


class Rule(Struct, forbid_unknown_fields=True):
    engine: str
    url: str
    outcome: Outcome
    reason: str | None = None


class Relisting(Struct, forbid_unknown_fields=True):
    engine: str
    url: str


class Told(Struct, forbid_unknown_fields=True, rename="camel"):
    """What may be said in one call; every list may be empty."""

    faults: list[Fault] = []
    pages: Annotated[list[Published], Meta(max_length=10_000)] = []
    rules: list[Rule] = []
    relist: list[Relisting] = []


class Searches:
    """Searching on an engine that has no API for removals."""

    def __init__(self, engine: Engine, world: World) -> None:
        self._engine = engine
        self._world = world

    def routes(self) -> list[Route]:
        name = self._engine.manners.name

        async def work(request: Request) -> Any:
            return search(self._engine, request, self._world.now_ms())

        return [Route(f"/{name}/v1/search", self._world.endpoint(name, "search", work), methods=["GET"])]


class Hand:
    """What `/sandbox` offers."""

    def __init__(self, world: World, web: Web, engines: dict[str, Engine]) -> None:
        self._world = world
        self._web = web
        self._engines = engines

    def routes(self) -> list[Route]:
        return [
            Route("/sandbox/received", self._received, methods=["GET"]),
            Route("/sandbox/received", self._forget, methods=["DELETE"]),
            Route("/sandbox/pages", self._pages, methods=["GET"]),
            Route("/sandbox/faults", self._faults, methods=["GET"]),
            Route("/sandbox/faults", self._mend, methods=["DELETE"]),
            Route("/sandbox/{what:str}", self._tell, methods=["POST"]),
        ]

    async def _received(self, request: Request) -> Response:
        place, operation = request.query_params.get("place"), request.query_params.get("operation")
        book = self._world.book
        return _json(
            {"lines": book.lines(place, operation), "forgotten": book.forgotten, "filed": book.filed()}
        )

    async def _forget(self, _request: Request) -> Response:
        self._world.book.clear()
        return Response(status_code=204)

    async def _pages(self, request: Request) -> Response:
        pages = self._web.pages()[: int(request.query_params.get("limit", "100"))]
        return _json([{"url": page.url, "title": page.title} for page in pages])

    async def _faults(self, _request: Request) -> Response:
        return _json({"set": self._world.faults.listed(), "met": self._world.faults.met})

    async def _mend(self, _request: Request) -> Response:
        self._world.faults.clear()
        return Response(status_code=204)

    async def _tell(self, request: Request) -> Response:
        """The body of `/sandbox/faults` is a list of faults, and so on."""
        what = request.path_params["what"]
        try:
            told = msgspec.convert({what: msgspec.json.decode(await request.body())}, Told)
            self._world.faults.add(told.faults)
            for page in told.pages:
                self._web.publish(page.url, page.title)
            for rule in told.rules:
                self._engine(rule.engine).rule(rule.url, rule.outcome, rule.reason)
            for each in told.relist:
                self._engine(each.engine).relist(each.url, self._world.now_ms())
        except (ValueError, msgspec.MsgspecError) as error:
            return _json({"error": str(error)}, 422)
        return Response(status_code=204)

    def _engine(self, name: str) -> Engine:
        if name not in self._engines:
            raise ValueError(f"engine: one of {', '.join(self._engines)}")
        return self._engines[name]


def world_app(
    world: World,
    *,
    token: str,
    pace: Pace,
    drift_s: float = 60.0,
    patience: int = 1,
    network_rate: int = 300,
    network_window_s: float = 300.0,
) -> Starlette:
    """Every place of the world, on one application. `token` is the API key of all of them; `patience`: how
    many times their usual rate engines allow; a social network takes `network_rate` requests in
    `network_window_s`."""
    review = Review(pace.shortest_s, pace.longest_s)
    web = Web(world.seed, drift_s)
    with_api = [
        Engine(manners._replace(rate=manners.rate * patience), web, world.seed, pace) for manners in WITH_API
    ]
    by_form = [
        Engine(Manners(name, keys=False, lookup=False, most_urls=0, rate=600, window_s=60, later="seconds"),
               web, world.seed, pace)
        for name in FORM_ONLY
    ]  # fmt: skip
    engines = {engine.manners.name: engine for engine in (*with_api, *by_form)}
    places: list[Place] = [
        *(EngineSite(engine, world, token) for engine in with_api),
        *(Searches(engine, world) for engine in by_form),
        LumenSite(world, token),
        Networks(world, token, review, network_rate, network_window_s),
        ImageHost(Gallery(world.seed, len(AUTHORS)), world),
        Hand(world, web, engines),
    ]
    return Starlette(routes=[route for place in places for route in place.routes()])


def _json(body: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")
