"""Everything that a scrape of a node shows.

Owns the registry: the node's own counts, its producer's, its process's, and which build this is. Knows no
figure itself; the table in docs/metrics.md is made from here.
"""

import platform
from collections.abc import Iterable
from importlib.metadata import version

from autodmca_kafka import ProducerMetrics
from autodmca_runtime.metrics import JWKS_FETCHES
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import InfoMetricFamily, Metric
from prometheus_client.registry import Collector

__all__ = ["Build", "Exposition"]


class Build(Collector):
    """Which code runs."""

    def collect(self) -> Iterable[Metric]:
        """One sample, always 1."""
        running = {"version": version("autodmca-edge"), "python": platform.python_version()}
        yield InfoMetricFamily("autodmca_edge_build", "The version of this node and of Python.", running)


class Exposition:
    """The registry of one node."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.producer = ProducerMetrics(self.registry)
        self.collectors: list[Collector] = list(vars(self.producer).values())
        """What is our own."""
        ProcessCollector(registry=self.registry)  # where there is a /proc: not among our own
        for each in (Build(), JWKS_FETCHES):
            self.show(each)

    def show(self, counts: Collector) -> None:
        """Show these too."""
        self.registry.register(counts)
        self.collectors.append(counts)
