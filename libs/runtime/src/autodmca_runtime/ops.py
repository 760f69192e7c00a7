"""The three routes that operators and Prometheus ask: `/healthz`, `/readyz`, `/metrics`.

Owns their answers, not what they report. `/readyz` answers 503 and names the failing checks; `/metrics`
says the same beside the registry's metrics, and speaks the classic text format or OpenMetrics (which carries
exemplars), as the scraper's `Accept` asks. None of them needs a token: keep them off the public address.
"""

from __future__ import annotations

from typing import cast

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .health import Health
from .metrics import Readiness, Shown

_FRESH = {"cache-control": "no-store"}


def ops_routes(health: Health, registry: CollectorRegistry = REGISTRY) -> list[Route]:
    """The routes, for a Starlette application's list.

    Rendering the metrics takes the event loop for about a millisecond per thousand series.
    """

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "alive"}, headers=_FRESH)

    async def readyz(_request: Request) -> Response:
        failing = health.failing()
        status = "draining" if health.draining else "unready" if failing else "ready"
        checks = dict.fromkeys(health.names, "ok") | failing
        code = 200 if status == "ready" else 503
        return JSONResponse({"status": status, "checks": checks}, code, headers=_FRESH)

    async def metrics(request: Request) -> Response:
        # Prometheus may send several Accept headers; together they mean one list (RFC 9110, section 5.3).
        encode, content_type = choose_encoder(",".join(request.headers.getlist("accept")))
        wanted = request.query_params.getlist("name[]")
        source = Shown(Readiness(health), registry, frozenset(wanted))
        body = encode(cast("CollectorRegistry", source))  # collect() is all that it asks for
        return Response(body, headers={"content-type": content_type, **_FRESH})

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]
