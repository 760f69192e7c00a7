"""The edge's HTTP endpoints beside the WebSocket: the fallback, subscriptions, health, readiness, metrics."""

from collections.abc import Collection, Iterable

from autodmca_runtime import Health, ops_routes
from prometheus_client import CollectorRegistry
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

__all__ = ["cross_origin", "routes"]


async def _websocket_only(_request: Request) -> Response:
    """RFC 9110, section 15.5.22: what to ask for instead."""
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    return PlainTextResponse("this is a WebSocket\n", status_code=426, headers=headers)


def cross_origin(origins: Collection[str]) -> Middleware:
    """Browsers may ask from these origins, from any when there are none, as they may open WebSockets.

    With any header: libraries add theirs (`traceparent`, `x-requested-with`), and none gives a right here but
    the token, which no browser adds by itself.
    """
    return Middleware(
        CORSMiddleware,
        allow_origins=origins or ("*",),
        allow_methods=("GET", "POST", "DELETE"),
        allow_headers=("*",),
        expose_headers=("Retry-After",),
    )


def routes(
    health: Health, registry: CollectorRegistry, fallback: ASGIApp, subscriptions: Iterable[BaseRoute]
) -> list[BaseRoute]:
    """All routes."""
    return [
        *ops_routes(health, registry),
        Route("/events", fallback, methods=["GET", "HEAD"]),
        *subscriptions,
        Route("/ws", _websocket_only),
        Route("/ws/{family}", _websocket_only),
    ]
