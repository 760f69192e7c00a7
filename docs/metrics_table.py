"""The table of the metrics that an edge node shows, from the collectors that a node registers.

Builds a node without a broker and asks it as Prometheus would: what is not in the code is not in the table.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from autodmca_edge.app import EdgeNode
from autodmca_edge.broker import Broker
from autodmca_edge.config import EdgeSettings
from autodmca_edge.exposition import Exposition
from autodmca_edge.fallback import Fallback
from autodmca_runtime import TokenVerifier, load
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

UNUSED: Final = {"KAFKA_BOOTSTRAP_SERVERS": "unused:9092", "JWT_SECRET": "unused, but of 32 bytes and more"}
SUFFIXES: Final = {"counter": "_total", "info": "_info"}


def edge_metrics() -> Iterator[tuple[str, Metric, tuple[str, ...]]]:
    """Of each metric its name in a scrape, the metric, and its labels."""
    settings = load(EdgeSettings, UNUSED)
    exposition = Exposition()
    node = EdgeNode(settings, Broker(settings.kafka, exposition.producer), TokenVerifier(settings.tokens))
    node.show(exposition)
    exposition.show(Fallback(node).counts)
    for collector in exposition.collectors:
        for metric in collector.collect():
            yield metric.name + SUFFIXES.get(metric.type, ""), metric, labels(collector, metric)


def labels(collector: Collector, metric: Metric) -> tuple[str, ...]:
    """Its labels, which prometheus_client keeps with the family or with the metric that makes it."""
    found: tuple[str, ...] = getattr(metric, "_labelnames", ()) or getattr(collector, "_labelnames", ())
    named = [name for sample in metric.samples for name in sample.labels if name != "le"]
    return found or tuple(dict.fromkeys(named))


def edge_metrics_table() -> str:
    """Every metric: its type, its labels, what it says."""
    rows = ["| metric | type | labels | what |", "| --- | --- | --- | --- |"]
    for name, metric, named in sorted(edge_metrics()):
        listed = ", ".join(f"`{each}`" for each in named)
        rows.append(f"| `{name}` | {metric.type} | {listed} | {metric.documentation} |")
    return "\n".join(rows) + "\n"
