"""The service's own figures for Prometheus: what endpoints of users answered.

Base units, no user and no URL in a label. Takes its registry, so that tests and services never share one.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter


class Metrics:
    """Every metric of the service beside those of its library, registered on `registry`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._posts = Counter(
            "autodmca_accounts_webhook_posts_total",
            "Deliveries that were tried, by the status that was answered: 2xx to 5xx; none",
            ["answer"],
            registry=registry,
        )

    def posted(self, status: int | None) -> None:
        """A delivery was tried, and answered with this status, or (None) with nothing."""
        self._posts.labels("none" if status is None else f"{status // 100}xx").inc()
