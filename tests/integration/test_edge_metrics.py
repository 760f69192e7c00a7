"""What a real node tells Prometheus: every metric of docs/metrics.md, and figures that traffic explains."""

import asyncio
import re

import msgspec
from autodmca_edge.fanout.records import REASONS
from autodmca_edge.testing import client_frame, upgrade_request
from autodmca_kafka import EventProducer
from prometheus_client.parser import text_string_to_metric_families as parsed

from tests.brokers import Broker
from tests.integration.edge_site import Edge, edge_node, heard, listening, token, until, usage
from tests.unit.repository import ROOT

USAGE = "template_usage"
USER, SLOW = 9_400_001, 9_400_002
DOCUMENTED = re.compile(r"^\| `(autodmca_\w+)` \| (\w+) \| (.*?) \|", re.MULTILINE)
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]

AGAIN = 4
"""Events that a second subscription of the first listener has replayed to it."""


async def scrape(edge: Edge) -> tuple[dict[str, str], Samples]:
    """The type of each metric by its name in the text format, and all samples."""
    status, text = await asyncio.to_thread(edge.get, "/metrics")
    assert status == 200
    assert str(USER) not in text, "a label names a user"
    types = dict(re.findall(r"^# TYPE (\S+) (\w+)$", text, re.MULTILINE))
    samples = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in parsed(text)
        for sample in family.samples
    }
    return types, samples


def value(samples: Samples, name: str, **labels: str) -> float:
    """Of one sample; 0 when there is none yet."""
    return samples.get((f"autodmca_{name}", frozenset(labels.items())), 0)


async def test_every_documented_metric_is_there_and_known_traffic_is_counted(
    embedded_broker: Broker,
) -> None:
    servers = embedded_broker.bootstrap_servers
    with edge_node(servers, EDGE_OUTBOX_BYTES=65_536) as edge:
        async with EventProducer(servers, client_id="test") as producer:
            await _traffic(edge, producer)


async def _traffic(edge: Edge, producer: EventProducer) -> None:
    async with listening(edge, USER) as listener:
        await listener.subscribe(USAGE)
        for number in range(5):
            await producer.send(usage(f"u{number}"), user_id=USER)
        await heard(listener, 5)
        first = listener.events()[0]["cursor"]
        await listener.subscribe(USAGE, name="again", resume=[first])
        await listener.say(action="subscribe", subscriptionId="bad", config={"types": ["no_such_type"]})
        await until(listener.errors, "an error")
        types, samples = await scrape(edge)

        table = (ROOT / "docs" / "metrics.md").read_text().split("\n## Domain services\n")[0]
        documented = {name: (kind, labels) for name, kind, labels in DOCUMENTED.findall(table)}
        assert documented.keys() >= {"autodmca_edge_connections", "autodmca_edge_build_info"}
        shown = {name: "gauge" if kind == "info" else kind for name, (kind, _) in documented.items()}
        assert {name: types.get(name) for name in documented} == shown
        assert {name for name in types if name.startswith("autodmca_") and not name.endswith("_created")} == (
            documented.keys()
        )

        for name, expected in {
            "edge_connections": 1,
            "edge_connections_opened_total": 1,
            "edge_connections_blocked": 0,
            "edge_outbox_bytes": 0,
            "edge_users": 1,
            "edge_subscriptions": 2,
            "edge_replays_running": 0,
            "edge_replays_waiting": 0,
            "edge_gates_open": 0,
            "edge_events_total": 5,
            "edge_deliveries_total": 5,
            "edge_delivery_latency_seconds_count": 5,
        }.items():
            assert value(samples, name) == expected, name
        for reason in REASONS:
            assert samples["autodmca_edge_events_malformed_total", frozenset({("reason", reason)})] == 0
        stages = ("polled", "routed", "written")
        sums = [value(samples, "edge_delivery_stage_seconds_sum", stage=stage) for stage in stages]
        for stage in stages:
            assert value(samples, "edge_delivery_stage_seconds_count", stage=stage) == 5
        assert all(each > 0 for each in sums)
        assert abs(sum(sums) - value(samples, "edge_delivery_latency_seconds_sum")) < 0.001
        assert value(samples, "edge_replays_total", outcome="recovered") == 1
        assert value(samples, "edge_replay_reads_total", source="window") >= 1
        assert value(samples, "edge_replayed_events_total", source="window") == AGAIN
        assert value(samples, "edge_refusals_total", code="unknown_type") == 1
        assert 1 <= value(samples, "edge_polls_total") <= 5
        assert value(samples, "edge_window_records") == 5
        assert value(samples, "edge_window_bytes") > 5 * 100
        lags = {labels: lag for (name, labels), lag in samples.items() if name == "autodmca_edge_lag_records"}
        assert {"autodmca.templates.v1", "autodmca.broadcast.v1"} <= {dict(each)["topic"] for each in lags}
        assert not any(lags.values())
        assert value(samples, "producer_records_waiting") == 0

    await _a_slow_connection(edge, producer)


async def _a_slow_connection(edge: Edge, producer: EventProducer) -> None:
    """A client that does not read, until events wait for it; then it reads all of them."""
    config = {"types": [USAGE]}
    message = {
        "type": "connection_established",
        "payload": {"action": "subscribe", "subscriptionId": "s", "config": config},
    }
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.port, limit=1024)
    try:
        head = upgrade_request(f"/ws?token={token(SLOW)}")
        writer.write(head + client_frame(msgspec.json.encode(message)))
        async with asyncio.timeout(30):
            while value((await scrape(edge))[1], "edge_users") != 1:
                await asyncio.sleep(0.02)
        sent = 0
        async with asyncio.timeout(60):
            while not value((samples := (await scrape(edge))[1]), "edge_gates_open"):
                for _ in range(100):
                    await producer.send(usage("x" * 20_000, template_id=f"t{sent}"), user_id=SLOW)
                    sent += 1
        assert value(samples, "edge_connections_blocked") == 1
        assert 0 < value(samples, "edge_outbox_bytes") < sent * 25_000
        assert value(samples, "edge_catch_ups_total") >= 1
        assert value(samples, "edge_events_deferred_total") >= 1
        last, data = f'"templateId":"t{sent - 1}"'.encode(), b""
        async with asyncio.timeout(60):
            while last not in data:
                data = data[-100_000:] + await reader.read(1 << 20)
        async with asyncio.timeout(30):
            while value((samples := (await scrape(edge))[1]), "edge_gates_open"):
                await asyncio.sleep(0.02)
        replayed = sum(
            value(samples, "edge_replayed_events_total", source=source) for source in ("window", "log")
        )
        size = sum(value(samples, "edge_replayed_bytes_total", source=source) for source in ("window", "log"))
        assert 1 <= replayed - AGAIN <= sent
        assert size >= (replayed - AGAIN) * 20_000
        assert value(samples, "edge_connections_blocked") == value(samples, "edge_outbox_bytes") == 0
        await producer.flush()
    finally:
        writer.close()
