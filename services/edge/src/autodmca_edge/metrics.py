"""What the edge counts.

Owns every metric of this service. The hot path adds to plain integers once per poll or write; they
become Prometheus metrics when somebody scrapes. No label names a user or a connection.
"""

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Mapping
from time import time
from typing import Any, Final

import structlog
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from autodmca_edge.log import Partition
from autodmca_edge.replay_counts import ReplayCounts
from autodmca_edge.stages import Stages

__all__ = ["Metrics"]

LOGGED_A_SECOND: Final = 10  # lines about malformed records

log = structlog.get_logger()


class Metrics(Collector):
    """The counts of one node. `gauges` are asked when somebody scrapes."""

    def __init__(self, gauges: Mapping[str, tuple[str, Callable[[], float]]]) -> None:
        self._gauges = gauges
        self.events = 0
        self.deliveries = 0
        self.bytes = 0
        self.malformed_events = 0
        self.deferred_events = 0
        self.actions_accepted = 0
        self.polls = 0
        self.opened = 0
        self.dropped_events: Tally[str] = Tally()
        self.closes: Tally[str] = Tally()
        self.refusals: Tally[str] = Tally()
        self.handshakes_refused: Tally[str] = Tally()
        self.replays = ReplayCounts()
        self.partition_changes: Tally[str] = Tally()
        self.lag: Callable[[], Iterable[tuple[Partition, int]]] = list
        self._stages = Stages()
        self._log_second = 0
        self._logged = 0

    def polled(self) -> None:
        """A poll's records are with the hub."""
        self._stages.polled()

    def writing(self) -> None:
        """It is known who gets which of the users' events."""
        self._stages.routed()

    def routed(self, events: int, deliveries: int, size: int, stamps: Tally[int]) -> None:
        """A poll was handed out; `stamps`: when the delivered events were produced (ms), how many each."""
        self.polls += 1
        self.events += events
        self.deliveries += deliveries
        self.bytes += size
        self._stages.written(stamps)

    def malformed(self, partition: Partition, offset: int, reason: str) -> None:
        """A record that is no event was skipped."""
        self.malformed_events += 1
        second = int(time())
        if second != self._log_second:
            self._log_second, self._logged = second, 0
        self._logged += 1
        if self._logged <= LOGGED_A_SECOND:
            log.warning(
                "record skipped",
                topic=partition.topic,
                partition=partition.number,
                offset=offset,
                reason=reason,
            )

    def collect(self) -> Iterable[Metric]:
        """All metrics, for Prometheus."""
        for name, (text, ask) in self._gauges.items():
            yield GaugeMetricFamily(f"autodmca_edge_{name}", text, value=ask())
        yield _counter("events", "Records read from the log.", self.events)
        yield _counter("deliveries", "Events written to connections.", self.deliveries)
        yield _counter("sent_bytes", "Bytes handed to sockets.", self.bytes)
        yield _counter("polls", "Polls of the log that brought records.", self.polls)
        yield _counter("connections_opened", "WebSockets opened.", self.opened)
        yield _counter(
            "events_malformed", "Records skipped because they are no events.", self.malformed_events
        )
        yield _counter("actions_accepted", "Clients' messages that the log has.", self.actions_accepted)
        yield _counter(
            "events_deferred", "Events left to the log, as the connection was too slow.", self.deferred_events
        )
        yield _by("events_dropped", "Events not delivered.", "reason", self.dropped_events)
        yield _by("closes", "Connections closed by this node.", "code", self.closes)
        yield _by("refusals", "Errors answered to clients.", "code", self.refusals)
        yield _by(
            "handshakes_refused", "Requests answered before an upgrade.", "status", self.handshakes_refused
        )
        yield from self._replays()
        yield _by(
            "partition_changes",
            "Partitions that this node began, or ceased, to read.",
            "change",
            self.partition_changes,
        )
        lag = GaugeMetricFamily(
            "autodmca_edge_lag_records",
            "Records of the log not yet handed out.",
            labels=["topic", "partition"],
        )
        for partition, behind in self.lag():
            lag.add_metric([partition.topic, str(partition.number)], behind)
        yield lag
        yield from self._stages.collect()

    def _replays(self) -> Iterable[Metric]:
        counts = self.replays
        yield _by("replays", "Replays ended, by outcome.", "outcome", counts.ended)
        source = "by source: memory (window) or Kafka (log)"
        yield _by("replayed_events", f"Events of replays and catch-ups, {source}.", "source", counts.events)
        yield _by("replayed_bytes", f"Bytes of their frames, {source}.", "source", counts.bytes)
        yield _by("replay_reads", f"Readings that replays shared, {source}.", "source", counts.reads)
        yield _by(
            "replay_places",
            "Places in the line for the log of clients that went away, by what became of them: kept, and of "
            "these taken again, lapsed, or forgotten as there were too many.",
            "outcome",
            counts.places,
        )
        yield _counter("catch_ups", "Times that a connection was too slow for live events.", counts.catch_ups)
        yield _counter("states_conflated", "States left out of a catch-up for a newer one.", counts.conflated)


def _counter(name: str, text: str, value: int) -> Metric:
    return CounterMetricFamily(f"autodmca_edge_{name}", text, value=value)


def _by(name: str, text: str, label: str, tally: Mapping[Any, int]) -> Metric:
    family = CounterMetricFamily(f"autodmca_edge_{name}", text, labels=[label])
    for key, count in sorted(tally.items()):
        family.add_metric([str(key)], count)
    return family
