"""What a real Prometheus has of the system, as the console's server asks it; and one that does not answer."""

from __future__ import annotations

import itertools
import os
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from autodmca_console.prometheus import POINTS, STEP_S, Prometheus, Unanswered
from autodmca_kafka.embedded import free_port
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from services.console.tests.conftest import Asked
from services.console.tests.test_nodes import bearer
from services.sandbox.tests.world import served
from tests.integration.edge_site import until
from tests.server_process import ServerProcess

DEADLINE_S = 120
CONFIG = """\
global: {{scrape_interval: 1s}}
scrape_configs:
- {{job_name: edge, static_configs: [{{targets: ["{edge}", "127.0.0.1:9"]}}]}}
"""


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    """A Prometheus that looks each second at an edge that delivers, and at one that is down."""
    program = shutil.which("prometheus")
    if program is None:
        reason = "no Prometheus: deploy/local/system-packages promtool, as root on Debian, installs it"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    looks = itertools.count(1)

    async def metrics(_request: Request) -> Response:
        seen = next(looks)
        return PlainTextResponse(
            "# TYPE autodmca_ready gauge\nautodmca_ready 1\n"
            "# TYPE autodmca_edge_connections gauge\nautodmca_edge_connections 3\n"
            f"# TYPE autodmca_edge_events counter\nautodmca_edge_events_total {seen * 10}\n"
            "# TYPE autodmca_edge_delivery_stage_seconds histogram\n"
            f'autodmca_edge_delivery_stage_seconds_bucket{{stage="polled",le="0.1"}} {seen}\n'
            f'autodmca_edge_delivery_stage_seconds_bucket{{stage="polled",le="+Inf"}} {seen}\n'
            "# TYPE autodmca_edge_secret gauge\nautodmca_edge_secret 1\n"
        )

    async with served(Starlette(routes=[Route("/metrics", metrics)])) as edge:
        config, port = tmp_path / "prometheus.yml", free_port()
        config.write_text(CONFIG.format(edge=edge.removeprefix("http://")))
        command = [
            program, f"--config.file={config}", f"--storage.tsdb.path={tmp_path / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]  # fmt: skip
        server = ServerProcess("prometheus", port, command, tmp_path / "prometheus.log")
        server.start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.close()


async def test_the_course_and_each_node_s_figures_are_those_of_a_real_prometheus(url: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        prometheus = Prometheus(url, http)
        ends = time.monotonic() + DEADLINE_S
        course = await prometheus.course(time.time())
        while course["lines"].get("stage polled", [None])[-1] is None:
            assert time.monotonic() < ends, course
            course = await prometheus.course(time.time())
        times, lines = course["times"], course["lines"]
        assert len(times) == POINTS
        assert times[-1] - times[0] == (POINTS - 1) * STEP_S
        assert {len(line) for line in lines.values()} == {POINTS}
        assert lines["connections"][-1] == 3
        assert lines["connections"][0] is None  # it was not there a quarter of an hour ago
        assert 0 < lines["events"][-1] < 20
        assert 0 < lines["stage polled"][-1] <= 0.1
        assert "p99" not in lines  # nothing was delivered

        figures = {each.name: each for each in await prometheus.figures()}
        down, edge = figures.pop("edge 127.0.0.1:9"), figures.popitem()[1]
        assert (down.error, down.samples, figures) == ("Down", [], {})
        assert edge.error is None
        assert ("autodmca_edge_connections", {}, 3.0) in edge.samples
        assert "autodmca_edge_secret" not in {name for name, _, _ in edge.samples}


async def test_operators_alone_are_answered_and_only_what_is_fixed(asked: Asked) -> None:
    queries: list[tuple[str, str]] = []

    async def answer(request: Request) -> Response:
        queries.append((request.url.path, request.query_params["query"]))
        return PlainTextResponse("overloaded", 503)

    others = Starlette(routes=[Route("/{path:path}", answer)])
    async with asked(prometheus_url="http://prometheus:9090", others=others) as console:
        assert (await console.get("/console/course")).status_code == 401
        assert (await console.get("/console/course", headers=bearer("reviewer"))).status_code == 403
        assert queries == []
        wrong = await console.get("/console/course?query=up", headers=bearer("admin"))
        assert (await console.get("/console/nodes", headers=bearer("admin"))).status_code == 502
        assert (await console.get("/console/config.json")).json()["course"]
    assert wrong.status_code == 502
    assert wrong.json()["detail"] == "Prometheus does not answer as it should: HTTPStatusError"
    await until(lambda: len(queries) >= 2, "the fixed queries")
    assert ("/api/v1/query_range", "up") not in queries


@pytest.mark.parametrize("body", ["", "{}", '{"data": {"result": 1}}'])
async def test_what_is_no_answer_of_prometheus_is_said(body: str) -> None:
    async def answer(_request: Request) -> Response:
        return PlainTextResponse(body)

    app = Starlette(routes=[Route("/{path:path}", answer)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as http:
        with pytest.raises(Unanswered, match="does not answer as it should"):
            await Prometheus("http://prometheus:9090/", http).course(time.time())
