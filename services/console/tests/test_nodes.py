"""The figures of nodes: for administrators, whole of those that answer, and what is wrong with the others."""

from __future__ import annotations

import time

import jwt
import pytest
from autodmca_console.nodes import parsed
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from services.console.tests.conftest import SECRET, Asked

METRICS = """\
# TYPE autodmca_edge_connections gauge
autodmca_edge_connections 3.0
# TYPE autodmca_edge_delivery_latency_seconds histogram
autodmca_edge_delivery_latency_seconds_bucket{le="0.005"} 2.0
autodmca_edge_delivery_latency_seconds_bucket{le="+Inf"} 4.0
# TYPE process_cpu_seconds counter
process_cpu_seconds_total 1.0
# TYPE autodmca_odd gauge
autodmca_odd NaN
"""
NODES = ("edge-1=http://edge-1:9090", "edge-2=http://edge-2:9090", "odd=http://odd:9090")


async def metrics(request: Request) -> Response:
    if request.url.hostname == "edge-2":
        return PlainTextResponse("overloaded", 503)
    return PlainTextResponse("{ what" if request.url.hostname == "odd" else METRICS)


OTHERS = Starlette(routes=[Route("/metrics", metrics)])


def bearer(*roles: str, secret: str = SECRET) -> dict[str, str]:
    claims = {"sub": "1", "roles": list(roles), "exp": int(time.time()) + 60}
    return {"authorization": f"Bearer {jwt.encode(claims, secret, algorithm='HS256')}"}


async def test_an_administrator_sees_each_node_and_what_is_wrong_with_it(asked: Asked) -> None:
    async with asked(nodes=NODES, others=OTHERS) as console:
        answer = await console.get("/console/nodes", headers=bearer("admin"))
    first, second, odd = answer.json()["nodes"]
    assert first == {
        "name": "edge-1",
        "error": None,
        "samples": [
            ["autodmca_edge_connections", {}, 3.0],
            ["autodmca_edge_delivery_latency_seconds_bucket", {"le": "0.005"}, 2.0],
            ["autodmca_edge_delivery_latency_seconds_bucket", {"le": "+Inf"}, 4.0],
        ],
    }
    assert (second["error"], second["samples"]) == ("HTTPStatusError", [])
    assert odd["error"] == "ValueError"


@pytest.mark.parametrize(
    ("roles", "secret", "status"),
    [
        (None, SECRET, 401),
        (("admin",), "another secret, as long as the first one is", 401),
        ((), SECRET, 403),
        (("reviewer",), SECRET, 403),
    ],
)
async def test_nobody_else_does(
    asked: Asked, roles: tuple[str, ...] | None, secret: str, status: int
) -> None:
    headers = {} if roles is None else bearer(*roles, secret=secret)
    async with asked(nodes=NODES, others=OTHERS) as console:
        answer = await console.get("/console/nodes", headers=headers)
    assert answer.status_code == status
    assert "nodes" not in answer.json()


def test_what_is_no_number_is_left_out() -> None:
    assert "autodmca_odd" not in {name for name, _, _ in parsed(METRICS)}
