"""The library's Prometheus metrics. Labels hold topics and reasons, never a user, a key or an id."""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

ACKNOWLEDGE_BUCKETS_S = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
    60.0,
)


class ProducerMetrics:
    """What a process's producers deliver. One object a registry, which refuses a name twice; None: unseen."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        # prometheus_client takes None for "register nowhere", though its types do not say so.
        place: Any = registry
        self.delivered = Counter(
            "autodmca_producer_records_delivered_total",
            "Records acknowledged by all in-sync replicas.",
            ["topic"],
            registry=place,
        )
        self.bytes = Counter(
            "autodmca_producer_value_bytes_total",
            "Bytes of the values of records acknowledged.",
            ["topic"],
            registry=place,
        )
        self.failed = Counter(
            "autodmca_producer_records_failed_total",
            "Records given up, by the name of the error their sender got.",
            ["reason"],
            registry=place,
        )
        self.waiting = Gauge(
            "autodmca_producer_records_waiting",
            "Records handed over and not acknowledged yet.",
            registry=place,
        )
        self.latency = Histogram(
            "autodmca_producer_acknowledge_seconds",
            "From handing a record over to its acknowledgement.",
            buckets=ACKNOWLEDGE_BUCKETS_S,
            registry=place,
        )
