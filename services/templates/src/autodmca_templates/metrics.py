"""The service's figures for Prometheus: requests, refusals, and what becomes of the workers.

Base units, no user or template in a label. Takes its registry, so that tests and services never share one.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from autodmca_templates.jobs import Answer, Job, Stopped


class Metrics:
    """Every metric of the service, registered on `registry`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "autodmca_templates_requests_total",
            "HTTP requests by operation and status",
            ["operation", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "autodmca_templates_request_seconds",
            "From the request's head to the last byte of its answer",
            ["operation"],
            registry=registry,
        )
        self._refused = Counter(
            "autodmca_templates_refused_total",
            "Requests refused before they reached a model or a worker, by reason",
            ["reason"],
            registry=registry,
        )
        self._problems = Counter(
            "autodmca_templates_problems_total", "Problem answers by type", ["type"], registry=registry
        )
        self._jobs = Counter(
            "autodmca_templates_jobs_total",
            "Jobs of workers by kind and result",
            ["job", "result"],
            registry=registry,
        )
        self._killed = Counter(
            "autodmca_templates_workers_lost_total",
            "Workers killed, or found dead, by reason",
            ["reason"],
            registry=registry,
        )
        self.queued = Gauge(
            "autodmca_templates_jobs_queued", "Jobs that wait for a worker", registry=registry
        )

    def request(self, operation: str, status: int, seconds: float) -> None:
        """One request has been answered."""
        self._requests.labels(operation, str(status)).inc()
        self._seconds.labels(operation).observe(seconds)

    def refused(self, reason: str) -> None:
        """One request was turned away."""
        self._refused.labels(reason).inc()

    def problem(self, code: str) -> None:
        """One request was answered with a problem of this type."""
        self._problems.labels(code).inc()

    def job(self, job: Job, answer: Answer) -> None:
        """One job has its answer."""
        kind = type(job).__name__.removesuffix("Job").lower()
        self._jobs.labels(kind, answer.code if isinstance(answer, Stopped) else "done").inc()

    def killed(self, reason: str) -> None:
        """One worker is gone and will be replaced."""
        self._killed.labels(reason).inc()
