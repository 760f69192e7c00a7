"""What is counted about newcomers, and about the load that decides on them.

Owns the counter of those who were turned away after their handshake, by reason, and shows what admission.py,
limits.py and pressure.py know. Asked at a scrape only.
"""

from collections import Counter
from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from autodmca_edge.admission import Admission
from autodmca_edge.limits import Limits
from autodmca_edge.pressure import Pressure

__all__ = ["Arrivals"]


class Arrivals(Collector):
    """The metrics of who comes in."""

    def __init__(self, admission: Admission, limits: Limits, pressure: Pressure) -> None:
        self._admission, self._limits, self._pressure = admission, limits, pressure
        self.turned_away: Counter[str] = Counter()

    def collect(self) -> Iterable[Metric]:
        """All of them, for Prometheus."""
        for name, text, value in (
            ("handshakes_waiting", "Handshakes that wait for their turn.", self._admission.waiting),
            ("unauthenticated", "Open WebSockets that are not authenticated yet.", self._limits.waiting),
            ("overloaded", "1 while newcomers are turned away for lag or memory.", self._pressure.pressed()),
            ("memory_limit_bytes", "Memory over which that happens; 0: any.", self._pressure.max_bytes or 0),
        ):
            yield GaugeMetricFamily(f"autodmca_edge_{name}", text, value=value)
        yield _by(
            "handshakes",
            "Handshakes let in at once or after they waited, left while waiting, or turned away: queue full.",
            "outcome",
            self._admission.outcomes,
        )
        yield _by("turned_away", "Connections closed as they came, by reason.", "reason", self.turned_away)
        yield HistogramMetricFamily(
            "autodmca_edge_loop_lag_seconds",
            "How late the event loop came to a pulse, four times a second.",
            buckets=self._pressure.lags.buckets(),
            sum_value=self._pressure.lags.sum,
        )


def _by(name: str, text: str, label: str, counts: Counter[str]) -> Metric:
    family = CounterMetricFamily(f"autodmca_edge_{name}", text, labels=[label])
    for key, count in sorted(counts.items()):
        family.add_metric([key], count)
    return family
