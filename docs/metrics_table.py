"""The table of the metrics that an edge node shows, from the collectors that a node registers.

Builds a node without a broker and asks it as Prometheus would: what is not in the code is not in the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from autodmca_edge.config import EdgeSettings
from autodmca_edge.log.broker import Broker
from autodmca_edge.metrics import Exposition, FallbackMetrics, NodeMetrics
from autodmca_edge.node import EdgeNode
from autodmca_edge.server.fallback.endpoint import Fallback
from autodmca_runtime import Health, TokenVerifier, load
from autodmca_runtime.metrics import Readiness
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

UNUSED: Final = {"KAFKA_BOOTSTRAP_SERVERS": "unused:9092", "JWT_SECRET": "unused, but of 32 bytes and more"}
SUFFIXES: Final = {"counter": "_total", "info": "_info"}


def edge_metrics() -> Iterator[tuple[Metric, tuple[str, ...]]]:
    """Each metric and its labels."""
    settings = load(EdgeSettings, UNUSED)
    exposition = Exposition()
    node = EdgeNode(settings, Broker(settings.kafka, exposition.producer), TokenVerifier(settings.tokens))
    exposition.show(NodeMetrics(node))
    exposition.show(FallbackMetrics(Fallback(node).counts))
    for collector in (Readiness(Health()), *exposition.collectors):
        for metric in collector.collect():
            yield metric, labels(collector, metric)


def labels(collector: Collector, metric: Metric) -> tuple[str, ...]:
    """Its labels, which prometheus_client keeps with the family or with the metric that makes it."""
    found: tuple[str, ...] = getattr(metric, "_labelnames", ()) or getattr(collector, "_labelnames", ())
    named = [name for sample in metric.samples for name in sample.labels if name != "le"]
    return found or tuple(dict.fromkeys(named))


def edge_metrics_table() -> str:
    """Every metric of an edge node."""
    return metrics_table(edge_metrics())


def metrics_table(metrics: Iterable[tuple[Metric, tuple[str, ...]]]) -> str:
    """Of each metric its name in a scrape, its type, its labels, what it says."""
    named = {metric.name + SUFFIXES.get(metric.type, ""): (metric, its) for metric, its in metrics}
    rows = ["| metric | type | labels | what |", "| --- | --- | --- | --- |"]
    for name, (metric, its) in sorted(named.items()):
        listed = ", ".join(f"`{each}`" for each in its)
        rows.append(f"| `{name}` | {metric.type} | {listed} | {metric.documentation.rstrip('.')}. |")
    return "\n".join(rows) + "\n"
