"""How the system is, for operators: from Prometheus where there is one, else from the nodes themselves."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
from autodmca_runtime import TokenVerifier
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from autodmca_console.behind import Edges
from autodmca_console.config import ConsoleSettings
from autodmca_console.nodes import Nodes
from autodmca_console.operators import FRESH, for_operators, refused
from autodmca_console.prometheus import Prometheus, Unanswered


def health_routes(
    root: str, settings: ConsoleSettings, verifier: TokenVerifier, http: httpx.AsyncClient
) -> Iterator[Route]:
    """What the settings tell enough for: `nodes`, `course`, `behind`."""
    prometheus = Prometheus(settings.prometheus_url, http) if settings.prometheus_url else None

    async def nodes(_request: Request) -> Response:
        try:
            if settings.places or prometheus is None:
                found = await Nodes(settings.places, http).figures()
            else:
                found = await prometheus.figures()
        except Unanswered as error:
            return refused(502, error.reason)
        return JSONResponse({"nodes": [each._asdict() for each in found]}, headers=FRESH)

    yield Route(f"{root}/nodes", for_operators(verifier, nodes))
    if prometheus is not None:

        async def course(_request: Request) -> Response:
            try:
                return JSONResponse(await prometheus.course(time.time()), headers=FRESH)
            except Unanswered as error:
                return refused(502, error.reason)

        yield Route(f"{root}/course", for_operators(verifier, course))
    if settings.edges and settings.admin_token is not None:
        edges = Edges(settings.edge_places, settings.admin_token, http)

        async def behind(_request: Request) -> Response:
            return JSONResponse(await edges.behind(), headers=FRESH)

        yield Route(f"{root}/behind", for_operators(verifier, behind))
