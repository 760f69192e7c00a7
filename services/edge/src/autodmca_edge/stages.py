"""How long events take on their way through this node, stage by stage.

Owns four histograms over events delivered: produced to polled, polled to routed, routed to written, and the
whole way. The hub says when a poll has come, when writing begins and when all is written: three looks at
the clock a poll and a few additions, none per event or delivery. Record timestamps are whole milliseconds, so
what begins there is no finer than that; a clock behind the producer's counts as no time at all.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from time import time
from typing import Final

from prometheus_client.core import HistogramMetricFamily, Metric

__all__ = ["BUCKETS_S", "Histogram", "Stages"]

BUCKETS_S: Final = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
    1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
)  # fmt: skip
"""Of a poll handed out on an idle machine (0.1 ms) up to what a client takes for a dead connection."""


class Histogram:
    """Counts of durations by bucket."""

    __slots__ = ("counts", "sum")

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS_S) + 1)
        self.sum = 0.0

    def add(self, seconds: float, events: int) -> None:
        """So many events took that long."""
        self.counts[bisect_left(BUCKETS_S, seconds)] += events
        self.sum += seconds * events

    def buckets(self) -> list[tuple[str, float]]:
        """As Prometheus wants them: cumulative, by their upper bound."""
        total, buckets = 0, []
        for bound, count in zip((*BUCKETS_S, None), self.counts, strict=True):
            total += count
            buckets.append(("+Inf" if bound is None else str(bound), float(total)))
        return buckets


class Stages:
    """The way of one poll after the other; each is `polled`, `routed`, `written` before the next comes."""

    def __init__(self, clock: Callable[[], float] = time) -> None:
        self._clock = clock
        self._polled_at = self._routed_at = 0.0
        self._to_poll, self._to_route, self._to_write, self._whole = (Histogram() for _ in range(4))

    def polled(self) -> None:
        """A poll's records are with the hub."""
        self._polled_at = self._routed_at = self._clock()

    def routed(self) -> None:
        """It is known who gets which of the users' events: writing begins."""
        self._routed_at = self._clock()

    def written(self, stamps: Mapping[int, int]) -> None:
        """Every socket has been written to; `stamps`: when delivered events were produced (ms), how many."""
        if not stamps:
            return
        now, delivered = self._clock(), 0
        for stamp, count in stamps.items():
            delivered += count
            self._to_poll.add(max(self._polled_at - stamp / 1000, 0.0), count)
            self._whole.add(max(now - stamp / 1000, 0.0), count)
        self._to_route.add(self._routed_at - self._polled_at, delivered)
        self._to_write.add(now - self._routed_at, delivered)

    def collect(self) -> Iterable[Metric]:
        """The histograms, for Prometheus: classic buckets, as its text format has no native ones."""
        yield HistogramMetricFamily(
            "autodmca_edge_delivery_latency_seconds",
            "From the record's timestamp (whole ms) until its poll is written to all sockets, per event "
            "delivered.",
            buckets=self._whole.buckets(),
            sum_value=self._whole.sum,
        )
        family = HistogramMetricFamily(
            "autodmca_edge_delivery_stage_seconds",
            "The same by stage: polled (from the record's timestamp, whole ms, until the hub has it), routed "
            "(until it is known which users' connections get it), written (until every socket was written "
            "to; who gets what is for everybody is decided here).",
            labels=["stage"],
        )
        for stage, each in (
            ("polled", self._to_poll),
            ("routed", self._to_route),
            ("written", self._to_write),
        ):
            family.add_metric([stage], buckets=each.buckets(), sum_value=each.sum)
        yield family
