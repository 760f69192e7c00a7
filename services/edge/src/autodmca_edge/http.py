"""The edge's HTTP endpoints beside the WebSocket: health, readiness, metrics."""

from autodmca_runtime import Health, ops_routes
from prometheus_client import CollectorRegistry
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

__all__ = ["routes"]


async def _websocket_only(_request: Request) -> Response:
    """RFC 9110, section 15.5.22: what to ask for instead."""
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    return PlainTextResponse("this is a WebSocket\n", status_code=426, headers=headers)


def routes(health: Health, registry: CollectorRegistry) -> list[BaseRoute]:
    """All routes."""
    return [
        *ops_routes(health, registry),
        Route("/ws", _websocket_only),
        Route("/ws/{family}", _websocket_only),
    ]
