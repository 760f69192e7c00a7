"""Subscriptions over HTTP: `POST /ws/subscribe`, `DELETE /ws/subscribe/{id}`.

Owns the addresses, the body and the answers. Whether the connection is here or on another node is
control/control.py's business, what may be subscribed session/subscribe.py's. Limited in rate per user, as
messages are.
"""

from contextlib import suppress
from urllib.parse import quote

import msgspec
from autodmca_events import user_key
from autodmca_runtime import Claims
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from autodmca_edge.admission.allowances import BYTES, LOOK_BACK, REQUEST
from autodmca_edge.control.control import Control, NobodyHolds
from autodmca_edge.protocol import Refusal, SubscriptionConfig, SubscriptionId
from autodmca_edge.server.answers import json_response
from autodmca_edge.server.requests import RefusedRequest, body_of, claims_of, refusing
from autodmca_edge.session.actions import Rates
from autodmca_edge.session.identifiers import checked_connection_id, checked_subscription_id
from autodmca_edge.session.ports import Node

__all__ = ["subscription_routes"]


class _Wanted(msgspec.Struct, frozen=True, rename="camel"):
    """The body of a POST."""

    connection_id: str
    subscription_id: SubscriptionId
    config: SubscriptionConfig


def subscription_routes(node: Node, control: Control, *, a_second_of_user: float) -> list[Route]:
    """The two routes."""
    rates = Rates(a_second_of_user)

    async def claims_within_rate(request: Request) -> Claims:
        claims = await claims_of(node, request)
        node.allowances.require(user_key(claims.user_id), REQUEST, node.clock())
        if not rates.take(claims.user_id, node.clock()):
            raise Refusal("rate_limited", "too many requests", retryable=True)
        return claims

    async def subscribe(request: Request) -> Response:
        claims = await claims_within_rate(request)
        wanted = await body_of(request, _Wanted, node.max_message_bytes)
        price = request.state.body_bytes / BYTES + (LOOK_BACK if wanted.config.looks_back else 0)
        node.allowances.require(user_key(claims.user_id), price, node.clock())
        connection_id = checked_connection_id(wanted.connection_id, "connectionId")
        try:
            made = await control.subscribe(claims, connection_id, wanted.subscription_id, wanted.config)
        except NobodyHolds:
            absent = Refusal("bad_message", "no node holds this connection", field="connectionId")
            raise RefusedRequest(404, absent) from None
        name = f"{connection_id}.{wanted.subscription_id}"
        made.pop("subscriptionId", None)
        return json_response({"id": name, **made}, 201, {"location": f"/ws/subscribe/{quote(name)}"})

    async def unsubscribe(request: Request) -> Response:
        claims = await claims_within_rate(request)
        connection, _, name = str(request.path_params["id"]).partition(".")
        connection_id = checked_connection_id(connection, "id")
        subscription_id = checked_subscription_id(name, "id")
        with suppress(NobodyHolds):  # it went with its connection
            await control.unsubscribe(claims, connection_id, subscription_id)
        return Response(status_code=204)

    return [
        Route("/ws/subscribe", refusing(node, subscribe), methods=["POST"]),
        Route("/ws/subscribe/{id:path}", refusing(node, unsubscribe), methods=["DELETE"]),
    ]
