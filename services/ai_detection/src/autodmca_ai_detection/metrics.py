"""The service's own figures for Prometheus: what was looked at, how long that took, what is kept for it.

Base units, no user and no URL in a label. Takes its registry, so that tests and services never share one.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_BUCKETS = (0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3, 6, 15, 30)


class Metrics:
    """Every metric of the service beside those of its library, registered on `registry`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._looked = Histogram(
            "autodmca_ai_detection_look_seconds",
            "From the first byte that was asked for to the verdict, by verdict",
            ["verdict"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self._unusable = Counter(
            "autodmca_ai_detection_unusable_total",
            "Content that could not be looked at, by reason",
            ["code"],
            registry=registry,
        )
        self._made = Counter(
            "autodmca_ai_detection_libraries_made_total",
            "Libraries of a profile's references made from state",
            registry=registry,
        )
        self._libraries = Gauge(
            "autodmca_ai_detection_libraries",
            "Libraries kept between searches",
            registry=registry,
        )
        self._references = Gauge(
            "autodmca_ai_detection_library_references",
            "References in the libraries that are kept",
            registry=registry,
        )

    def looked(self, verdict: str, seconds: float) -> None:
        """One piece of content was looked at."""
        self._looked.labels(verdict).observe(seconds)

    def unusable(self, code: str) -> None:
        """One piece of content could not be."""
        self._unusable.labels(code).inc()

    def library_made(self) -> None:
        """One library was made from state."""
        self._made.inc()

    def libraries(self, count: int, references: int) -> None:
        """So many are kept now, with so many references."""
        self._libraries.set(count)
        self._references.set(references)
