"""What work that takes time shows to Prometheus. Labels hold the service and the name of the work, never a
user, a key or an id."""

from __future__ import annotations

from typing import Any, Final

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

LATE_BUCKETS_S: Final = (0.01, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 3600.0, 86400.0)
_LABELS: Final = ("service", "work")


class WorkMetrics:
    """One object a registry: Prometheus refuses a name twice. `registry` None keeps them unregistered."""

    def __init__(self, registry: CollectorRegistry | None = REGISTRY) -> None:
        # prometheus_client takes None for "register nowhere", though its types do not say so.
        place: Any = registry

        def counter(name: str, documentation: str) -> Counter:
            return Counter(f"autodmca_work_{name}_total", documentation, _LABELS, registry=place)

        self.waiting = Gauge(
            "autodmca_work_waiting", "Jobs that wait for their time.", _LABELS, registry=place
        )
        self.ready = Gauge(
            "autodmca_work_ready",
            "Jobs whose time has come and that wait for a slot.",
            _LABELS,
            registry=place,
        )
        self.running = Gauge("autodmca_work_running", "Jobs that are performed.", _LABELS, registry=place)
        self.performed = counter("performed", "Performances that ended and whose checkpoints were accepted.")
        self.failed = counter("failed", "Performances that raised, or of which no checkpoint was accepted.")
        self.superseded = counter(
            "superseded", "Performances cancelled because the state went on without them."
        )
        self.interrupted = counter("interrupted", "Performances cancelled because their partition was lost.")
        self.stuck = counter("stuck", "Performances that did not end in time when their partition was lost.")
        self.checkpoints = counter("checkpoints", "Checkpoints that the log has taken.")
        self.unclear = counter(
            "unclear", "Entities passed over because nobody could say what is due for them."
        )
        self.clock_steps = counter(
            "clock_steps", "Times the wall clock was set and the new time was believed."
        )
        self.late_seconds = Histogram(
            "autodmca_work_late_seconds",
            "From when a job is due to when it is begun.",
            _LABELS,
            buckets=LATE_BUCKETS_S,
            registry=place,
        )


class Series:
    """The series of one work."""

    def __init__(self, metrics: WorkMetrics, service: str, work: str) -> None:
        labels = service, work
        self.waiting = metrics.waiting.labels(*labels)
        self.ready = metrics.ready.labels(*labels)
        self.running = metrics.running.labels(*labels)
        self.performed = metrics.performed.labels(*labels)
        self.failed = metrics.failed.labels(*labels)
        self.superseded = metrics.superseded.labels(*labels)
        self.interrupted = metrics.interrupted.labels(*labels)
        self.stuck = metrics.stuck.labels(*labels)
        self.checkpoints = metrics.checkpoints.labels(*labels)
        self.unclear = metrics.unclear.labels(*labels)
        self.clock_steps = metrics.clock_steps.labels(*labels)
        self.late_seconds = metrics.late_seconds.labels(*labels)
