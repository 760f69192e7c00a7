"""What this library shows to Prometheus by itself.

Owns the metrics of token keys, in the default registry until a process shows them in its own, and readiness
as a metric, which is looked at when somebody scrapes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from .health import Health

JWKS_FETCHES = Counter(
    "autodmca_jwks_fetches_total", "Fetches of the issuer's keys, by how they ended.", labelnames=("result",)
)
JWKS_FETCHED = Gauge(
    "autodmca_jwks_fetched_timestamp_seconds",
    "When the issuer's keys were last fetched, in Unix time; 0: never, or there is no issuer.",
)
TOKEN_KEYS: tuple[Collector, ...] = (JWKS_FETCHES, JWKS_FETCHED)


class Readiness(Collector):
    """What `/readyz` answers."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def collect(self) -> Iterable[Metric]:
        failing = self._health.failing()
        ready = not failing and not self._health.draining
        yield GaugeMetricFamily("autodmca_ready", "1 while /readyz answers 200.", int(ready))
        checks = GaugeMetricFamily(
            "autodmca_check_failing", "1 while this check keeps the process unready.", labels=["check"]
        )
        for name in {**dict.fromkeys(self._health.names), **failing}:
            checks.add_metric([name], int(name in failing))
        yield checks


class Shown:
    """What one scrape gets: readiness and a registry, or of them the samples named."""

    def __init__(self, readiness: Readiness, registry: CollectorRegistry, names: frozenset[str]) -> None:
        self._readiness = readiness
        self._registry = registry
        self._names = names

    def collect(self) -> Iterator[Metric]:
        if not self._names:
            yield from self._readiness.collect()
            yield from self._registry.collect()
            return
        yield from (metric for metric in self._readiness.collect() if metric.name in self._names)
        yield from self._registry.restricted_registry(self._names).collect()


def show_process(registry: CollectorRegistry) -> None:
    """Show the process's own figures, where there is a /proc, and its token keys."""
    ProcessCollector(registry=registry)
    for each in TOKEN_KEYS:
        registry.register(each)
