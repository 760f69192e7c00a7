"""The edge node under its server.

The one place that sees every part: it makes a node, what it shows and the endpoints that clients and
operators reach it by, and runs all of it under uvicorn until told to stop; then clients are sent away spread
over the drain period.
"""

import asyncio
from functools import partial
from typing import Any, cast

from autodmca_runtime import Health, TokenVerifier, serve, settle_garbage_collector
from starlette.applications import Starlette

from autodmca_edge.config import EdgeSettings
from autodmca_edge.log.broker import Broker
from autodmca_edge.metrics import Exposition, FallbackMetrics, NodeMetrics
from autodmca_edge.node import EdgeNode
from autodmca_edge.server.entrance import Entrance
from autodmca_edge.server.fallback.endpoint import Fallback
from autodmca_edge.server.operators import operators_listener
from autodmca_edge.server.routes import cross_origin, routes
from autodmca_edge.server.subscriptions import subscription_routes
from autodmca_edge.server.websocket import CLOSE_TIMEOUT_S

__all__ = ["main"]


async def main(settings: EdgeSettings) -> None:
    """Run one node until it is told to stop."""
    verifier = TokenVerifier(settings.tokens)
    exposition = Exposition()
    broker = Broker(settings.kafka, exposition.producer)
    node = EdgeNode(settings, broker, verifier)
    health = Health()
    health.add("event log", node.tail.trouble)
    health.add("topics", broker.sizes.trouble)
    health.add("token keys", verifier.problem)
    health.add("load", node.pressure.problem)
    exposition.show(NodeMetrics(node))
    health.add("edge control", node.control_tail.trouble)
    health.add("writing", broker.producer.trouble)
    fallback = Fallback(node)
    exposition.show(FallbackMetrics(fallback.counts))
    over_http = subscription_routes(node, node.control, a_second_of_user=settings.user_messages_a_second)
    app = Starlette(
        routes=routes(health, exposition.registry, fallback, over_http),
        middleware=[cross_origin(settings.origins)],
    )

    stop = asyncio.Event()
    operators = operators_listener(
        node, node, node.control, health, exposition.registry, settings.admin, stop.set
    )

    async def follow() -> None:
        async with broker.reached():
            settle_garbage_collector()
            await node.run()

    await serve(
        app,
        host=settings.host,
        port=settings.port,
        health=health,
        http=cast("Any", partial(Entrance, node)),
        ws="none",
        proxy_headers=False,  # admission/limits.py decides whose word is taken
        drain_s=settings.drain_seconds + CLOSE_TIMEOUT_S + 2,  # a timer more, and some slack
        on_drain=partial(node.drain, settings.drain_seconds),
        stop=stop,
        background={
            **operators,
            "event log": follow,
            "topics": partial(broker.keep_topics, node.tail.gone),
            "token keys": verifier.run,
            "timers": node.keep_time,
        },
        backlog=4096,
    )
