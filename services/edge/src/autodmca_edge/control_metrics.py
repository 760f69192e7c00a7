"""What the edge counts of `edge-control`: asks by outcome, records by kind. No label names a connection."""

from collections.abc import Iterable, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from autodmca_edge.control import Control

__all__ = ["ControlMetrics"]


class ControlMetrics(Collector):
    """Reads the counts when somebody scrapes."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def collect(self) -> Iterable[Metric]:
        """All metrics, for Prometheus."""
        control = self._control
        waiting = "Requests that wait for another node."
        yield GaugeMetricFamily("autodmca_edge_control_waiting", waiting, value=control.waiting)
        asked = "Requests about connections, by what became of them."
        yield _by("control_asks", asked, "outcome", control.asks)
        revoked = "Users and tokens that are cut off."
        yield GaugeMetricFamily("autodmca_edge_revocations", revoked, value=len(control.revocations))
        yield CounterMetricFamily(
            "autodmca_edge_revocations_forgotten",
            "Revocations that did not fit.",
            value=control.revocations.forgotten,
        )
        yield _by("control_records", "Records of edge-control, by kind or trouble.", "kind", control.records)


def _by(name: str, text: str, label: str, tally: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(f"autodmca_edge_{name}", text, labels=[label])
    for key, count in sorted(tally.items()):
        family.add_metric([key], count)
    return family
