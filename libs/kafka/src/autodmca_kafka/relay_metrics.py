"""What a service's relay counts. Labels hold the service and a reason, never a user, a key or an id."""

from __future__ import annotations

from typing import Any

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge

from autodmca_kafka.relayed import Relayed

REASONS = ("no_user", "misplaced")


class RelayMetrics:
    """One object a registry: Prometheus refuses a name twice. `registry` None keeps them unregistered."""

    def __init__(self, registry: CollectorRegistry | None = REGISTRY) -> None:
        # prometheus_client takes None for "register nowhere", though its types do not say so.
        place: Any = registry

        def counter(name: str, documentation: str, *labels: str) -> Counter:
            return Counter(
                f"autodmca_relay_{name}_total", documentation, ["service", *labels], registry=place
            )

        self.records = counter("records", "Records of others that were read.")
        self.inputs = counter("inputs", "Inputs that they were turned into, those written again among them.")
        self.dead_letters = counter("dead_letters", "Records that could not be turned into inputs.")
        self.passed_over = counter("passed_over", "Records that are no user's, or misplaced.", "reason")
        self.lost = counter("lost", "Records that retention deleted before they were relayed.")
        self.restarts = counter("restarts", "Times relaying stopped on an error and began anew.")
        self.lag = Gauge(
            "autodmca_relay_lag_records",
            "Records in the log and not relayed yet.",
            ["service"],
            registry=place,
        )

    def begin(self, service: str) -> None:
        """Show the service's series, at 0, before there is anything to count."""
        for metric in (self.records, self.inputs, self.dead_letters, self.lost, self.restarts, self.lag):
            metric.labels(service)
        for reason in REASONS:
            self.passed_over.labels(service, reason)

    def observe(self, service: str, relayed: Relayed) -> None:
        """Count what was relayed in one turn."""
        self.records.labels(service).inc(relayed.records)
        self.inputs.labels(service).inc(sum(map(len, relayed.inputs.values())))
        self.dead_letters.labels(service).inc(sum(map(len, relayed.dead_letters.values())))
        for reason, records in relayed.passed_over.items():
            self.passed_over.labels(service, reason).inc(records)
