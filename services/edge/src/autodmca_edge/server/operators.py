"""The operators' listener: an address of its own for Prometheus, probes and what server/admin.py serves.

Owns how it is opened. A connection to it meets the bounds that one to the clients' listener meets: its head
has at most so many bytes and seconds, it serves one request, and who is refused is counted with the others.
Nothing becomes a WebSocket there. Without a port there is no such listener.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from autodmca_runtime import Background, Health, ops_routes, serve_beside
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from autodmca_edge.config import AdminSettings
from autodmca_edge.control.control import Control
from autodmca_edge.server.admin import admin_routes
from autodmca_edge.server.entrance import Entrance
from autodmca_edge.server.ports import Gateway
from autodmca_edge.session.ports import Node

__all__ = ["OperatorsEntrance", "operators_listener"]


class OperatorsEntrance(Entrance):
    """Takes every head for that of a request, and needs no turn for it in a storm of handshakes."""

    __slots__ = ()

    def _decide(self, head: bytearray) -> None:
        self._ask()


def operators_listener(
    node: Node,
    gateway: Gateway,
    control: Control,
    health: Health,
    registry: CollectorRegistry,
    settings: AdminSettings,
    drain: Callable[[], object],
) -> dict[str, Background]:
    """The background work that it is, by its name; none without a port. `drain` begins to drain this node."""
    if not settings.port:
        return {}
    revoke_s = settings.revocation_seconds
    app = Starlette(
        routes=[
            *ops_routes(health, registry),
            *admin_routes(node, control, settings.token, drain, revoke_s=revoke_s),
        ]
    )
    http = cast("Any", partial(OperatorsEntrance, gateway))
    return {"admin": partial(serve_beside, app, host=settings.host, port=settings.port, http=http)}
