"""What a service's HTTP side shows to Prometheus: requests, how long they took, and problems.

Base units; no user, path or id in a label. Takes its registry, so that tests and services never share one.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram


class HttpMetrics:
    """Every metric of the HTTP side of `service`, registered on `registry`."""

    def __init__(self, service: str, registry: CollectorRegistry) -> None:
        prefix = f"autodmca_{service}"
        self._requests = Counter(
            f"{prefix}_requests_total",
            "HTTP requests by operation and status",
            ["operation", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            f"{prefix}_request_seconds",
            "From the request's head to the last byte of its answer",
            ["operation"],
            registry=registry,
        )
        self._problems = Counter(
            f"{prefix}_problems_total", "Problem answers by type", ["type"], registry=registry
        )

    def request(self, operation: str, status: int, seconds: float) -> None:
        """One request has been answered."""
        self._requests.labels(operation, str(status)).inc()
        self._seconds.labels(operation).observe(seconds)

    def problem(self, code: str) -> None:
        """One request was answered with a problem of this type."""
        self._problems.labels(code).inc()
