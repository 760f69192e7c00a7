"""The HTTP application of a service: a route for each operation, the document, and who may call from where.

Owns the order: CORS before routes, routes before what Starlette refuses. Opens nothing and runs nothing; the
service's wiring serves what `http_app` returns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from autodmca_service.control.revocations import Verifier
from autodmca_service.http.endpoint import Door, Peers, unrouted
from autodmca_service.http.metrics import HttpMetrics
from autodmca_service.http.openapi import document
from autodmca_service.http.operations import Operation
from autodmca_service.http.problems import ProblemOf
from autodmca_service.http.spool import Spool

EXPOSED: Final = ("As-Of", "ETag", "Location", "Retry-After", "X-Request-Id")
"""Headers of answers that a page on another origin may read."""
PREFLIGHT_S: Final = 600


def http_app(
    operations: Sequence[Operation],
    verifier: Verifier,
    metrics: HttpMetrics,
    *,
    problem_of: ProblemOf,
    title: str,
    description: str,
    version: str,
    origins: Sequence[str] = (),
    routes: Sequence[BaseRoute] = (),
    peers: Peers | None = None,
    spool: Spool | None = None,
) -> Starlette:
    """The application. `problem_of` maps the service's own exceptions, `routes` are served beside. With
    `peers`, what another replica owns is forwarded to it. `spool`: the room for forms with files.

    `origins`: whose pages may call it from a browser, or `*`; tokens say who calls, never cookies.
    """
    door = Door(verifier, metrics, problem_of, peers, spool)
    described = msgspec.json.encode(
        document(operations, title=title, description=description, version=version)
    )

    async def openapi(_request: Request) -> Response:
        return Response(described, media_type="application/json")

    middleware = []
    if origins:
        allowed = Middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["*"],  # none of them grants anything: the token does
            expose_headers=list(EXPOSED),
            max_age=PREFLIGHT_S,
        )
        middleware.append(allowed)
    listed = (Route(each.path, door.endpoint(each), methods=[each.method]) for each in operations)
    return Starlette(
        routes=[*listed, Route("/openapi.json", openapi), *routes],
        exception_handlers={HTTPException: unrouted},
        middleware=middleware,
    )
