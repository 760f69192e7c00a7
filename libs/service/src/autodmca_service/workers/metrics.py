"""What the worker pools of a process show to Prometheus, each under its name.

Base units; no user and no job in a label. Made once a process, for all of its pools.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class WorkerMetrics:
    """Every metric of the pools, registered on `registry`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._jobs = Counter(
            "autodmca_worker_jobs_total",
            "Jobs by kind and result: done, cpu_time, memory, crash (stopped), failed (a mistake of ours), "
            "again (its worker was lost, it is done once more), lost (so was the second)",
            ["pool", "job", "result"],
            registry=registry,
        )
        self._refused = Counter(
            "autodmca_worker_jobs_refused_total",
            "Jobs refused: user_queue, queue, bytes, too_large, patience (nobody waits for them any longer)",
            ["pool", "reason"],
            registry=registry,
        )
        self._ended = Counter(
            "autodmca_workers_ended_total",
            "Workers that ended or were ended, and were replaced: crash, cpu_time, memory, failed, stall, "
            "confused (no answer to the job), recycled",
            ["pool", "reason"],
            registry=registry,
        )
        self._alive = Gauge("autodmca_workers", "Workers that are there now", ["pool"], registry=registry)
        self._queued = Gauge(
            "autodmca_worker_jobs_queued", "Jobs that wait for a worker", ["pool"], registry=registry
        )
        self._bytes = Gauge(
            "autodmca_worker_jobs_bytes",
            "Bytes of jobs that wait or are being done",
            ["pool"],
            registry=registry,
        )
        self._isolated = Gauge(
            "autodmca_worker_isolation",
            "1 where workers are kept apart from the rest of the machine in this respect, 0 where this "
            "system does not allow it",
            ["pool", "part"],
            registry=registry,
        )

    def job(self, pool: str, kind: str, result: str) -> None:
        """One job has an answer, or lost its worker."""
        self._jobs.labels(pool, kind, result).inc()

    def refused(self, pool: str, reason: str) -> None:
        """One job was turned away."""
        self._refused.labels(pool, reason).inc()

    def ended(self, pool: str, reason: str) -> None:
        """One worker is gone and will be replaced."""
        self._ended.labels(pool, reason).inc()

    def alive(self, pool: str, workers: int) -> None:
        """So many workers are there."""
        self._alive.labels(pool).set(workers)

    def queued(self, pool: str, jobs: int, size: int) -> None:
        """So many jobs wait; so many bytes are held for these and those being done."""
        self._queued.labels(pool).set(jobs)
        self._bytes.labels(pool).set(size)

    def isolated(self, pool: str, part: str, *, had: bool) -> None:
        """Whether workers are kept apart in one respect."""
        self._isolated.labels(pool, part).set(had)
