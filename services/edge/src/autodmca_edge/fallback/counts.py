"""What the fallback counts: requests by kind and by how they ended, and those that are open."""

from collections import Counter as Tally
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

__all__ = ["Counts"]


class Counts(Collector):
    """Kinds are `poll` and `stream`."""

    def __init__(self) -> None:
        self.ends: Tally[tuple[str, str]] = Tally()
        self.open = Tally({"poll": 0, "stream": 0})

    @contextmanager
    def opened(self, kind: str) -> Iterator[None]:
        """For as long as a request is being served."""
        self.open[kind] += 1
        try:
            yield
        finally:
            self.open[kind] -= 1

    def ended(self, kind: str, outcome: str) -> None:
        """A request was answered, or given up by its client."""
        self.ends[kind, outcome] += 1

    def collect(self) -> Iterable[Metric]:
        """For Prometheus."""
        gauge = GaugeMetricFamily(
            "autodmca_edge_fallback_open", "Polls and event streams being served.", labels=["kind"]
        )
        for kind, count in self.open.items():
            gauge.add_metric([kind], count)
        yield gauge
        counter = CounterMetricFamily(
            "autodmca_edge_fallback_requests",
            "Requests to the fallback by what came of them: events, nothing, an HTTP status, gone (the "
            "client hung up), of an event stream the close code.",
            labels=["kind", "outcome"],
        )
        for (kind, outcome), count in sorted(self.ends.items()):
            counter.add_metric([kind, outcome], count)
        yield counter
