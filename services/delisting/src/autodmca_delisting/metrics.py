"""The service's own figures for Prometheus: what engines and Lumen were asked, and how that went.

Base units, no user and no URL in a label. Takes its registry, so that tests and services never share one.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter


class Metrics:
    """Every metric of the service beside those of its library, registered on `registry`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "autodmca_delisting_engine_requests_total",
            "Requests to engines, Lumen by operation and result: a status, an error, held back, breaker open",
            ["engine", "operation", "result"],
            registry=registry,
        )
        self._retries = Counter(
            "autodmca_delisting_engine_retries_total",
            "Requests that were sent again at once",
            ["engine", "operation"],
            registry=registry,
        )
        self._dropped = Counter(
            "autodmca_delisting_urls_dropped_total",
            "What was pasted and is no URL that can be delisted, by reason",
            ["reason"],
            registry=registry,
        )
        self._strange = Counter(
            "autodmca_delisting_engine_answers_unread_total",
            "Answers that are not what the interface says",
            ["engine", "operation"],
            registry=registry,
        )

    def request(self, engine: str, operation: str, result: str) -> None:
        """One request was answered, or was not sent."""
        self._requests.labels(engine, operation, result).inc()

    def retried(self, engine: str, operation: str) -> None:
        """One request is sent again."""
        self._retries.labels(engine, operation).inc()

    def dropped(self, reason: str) -> None:
        """One candidate in what a user pasted was dropped."""
        self._dropped.labels(reason).inc()

    def strange(self, engine: str, operation: str) -> None:
        """One answer could not be read."""
        self._strange.labels(engine, operation).inc()
