"""Readiness, liveness and metrics, as a probe and a scraper see them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from autodmca_runtime import Health, ops_routes
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from starlette.applications import Starlette


@pytest.fixture
def health() -> Health:
    return Health()


@pytest.fixture
def registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    Counter("things_total", "Things.", registry=registry).inc(3)
    Histogram("wait_seconds", "Waiting.", registry=registry).observe(0.02, exemplar={"event": "msg_1"})
    return registry


@pytest.fixture
async def client(health: Health, registry: CollectorRegistry) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Starlette(routes=ops_routes(health, registry)))
    async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:
        yield client


async def test_without_checks_a_process_is_ready(client: httpx.AsyncClient, health: Health) -> None:
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "checks": {}})
    assert answer.headers["cache-control"] == "no-store"
    assert health.ready


async def test_failing_checks_are_named_with_their_reason(client: httpx.AsyncClient, health: Health) -> None:
    reason: list[str | None] = ["no leader"]
    health.add("kafka", lambda: reason[0])
    health.add("keys", lambda: None)
    health.fail("topics", "partition counts differ")
    answer = await client.get("/readyz")
    checks = {"kafka": "no leader", "keys": "ok", "topics": "partition counts differ"}
    assert (answer.status_code, answer.json()) == (503, {"status": "unready", "checks": checks})
    assert not health.ready
    reason[0] = None
    health.recover("topics")
    assert (await client.get("/readyz")).json() == {
        "status": "ready",
        "checks": {"kafka": "ok", "keys": "ok"},
    }
    health.remove("keys")
    assert health.names == ("kafka",)


async def test_a_check_that_raises_fails_and_does_not_break_the_probe(
    client: httpx.AsyncClient, health: Health
) -> None:
    def broken() -> None:
        raise LookupError("token=abcdefgh")

    health.add("broken", broken)
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"broken": "the check raised LookupError"}


async def test_draining_is_unready_for_good_and_alive(client: httpx.AsyncClient, health: Health) -> None:
    health.drain()
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "draining")
    assert health.draining
    assert not health.ready
    assert (await client.get("/healthz")).status_code == 200


async def test_metrics_speak_the_classic_format_by_default(client: httpx.AsyncClient) -> None:
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "things_total 3.0" in answer.text


@pytest.mark.parametrize(
    "accept", ["application/openmetrics-text; version=1.0.0", "application/openmetrics-text"]
)
async def test_metrics_speak_openmetrics_with_exemplars_when_asked(
    client: httpx.AsyncClient, accept: str
) -> None:
    answer = await client.get("/metrics", headers={"accept": f"{accept}, text/plain;q=0.5"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")
    parsed = text_string_to_metric_families(answer.text)  # type: ignore[no-untyped-call]
    families = {family.name: family for family in parsed}
    exemplars = [sample.exemplar for sample in families["wait_seconds"].samples if sample.exemplar]
    assert exemplars[0].labels == {"event": "msg_1"}


async def test_a_scraper_may_ask_for_some_metrics_only(client: httpx.AsyncClient) -> None:
    answer = await client.get("/metrics", params={"name[]": "things_total"})
    assert "things_total 3.0" in answer.text
    assert "wait_seconds" not in answer.text


async def test_only_get_is_answered(client: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert (await client.post(path)).status_code == 405


async def test_readiness_is_a_metric_too(client: httpx.AsyncClient, health: Health) -> None:
    health.add("keys", lambda: None)
    assert "autodmca_ready 1.0" in (await client.get("/metrics")).text
    health.fail("topics", "partition counts differ")
    text = (await client.get("/metrics")).text
    assert "autodmca_ready 0.0" in text
    assert 'autodmca_check_failing{check="topics"} 1.0' in text
    assert 'autodmca_check_failing{check="keys"} 0.0' in text
    health.recover("topics")
    health.drain()
    assert "autodmca_ready 0.0" in (await client.get("/metrics")).text


async def test_a_scrape_may_name_what_it_wants(client: httpx.AsyncClient) -> None:
    both = (await client.get("/metrics?name[]=autodmca_ready&name[]=things_total")).text
    assert "autodmca_ready 1.0" in both
    assert "things_total 3.0" in both
    assert "wait_seconds" not in both
    assert "autodmca_check_failing" not in both
