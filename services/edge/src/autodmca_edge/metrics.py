"""Everything that a scrape of a node shows.

Owns the name and the meaning of each metric, and the registry: the node's own counts, its producer's, its
process's, and which build this is. Counts nothing itself: the numbers are asked for when somebody scrapes. No
label names a user or a connection. The table in docs/metrics.md is made from here.
"""

import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

from autodmca_kafka import ProducerMetrics
from autodmca_runtime.metrics import TOKEN_KEYS
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    Exemplar,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from autodmca_edge.admission.pressure import Pressure
from autodmca_edge.control.control import Control
from autodmca_edge.counts import Counts, FallbackCounts, Histogram, ReplayCounts, Stages
from autodmca_edge.fanout.treatment import Treatments
from autodmca_edge.node import EdgeNode

__all__ = [
    "Build",
    "Exposition",
    "FallbackMetrics",
    "NodeMetrics",
    "of_experiments",
    "of_fallback",
    "of_stages",
]

PREFIX = "autodmca_edge_"


class Exposition:
    """The registry of one node."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.producer = ProducerMetrics(self.registry)
        self.collectors: list[Collector] = list(vars(self.producer).values())
        """What is our own."""
        ProcessCollector(registry=self.registry)  # where there is a /proc: not among our own
        for each in (Build(), *TOKEN_KEYS):
            self.show(each)

    def show(self, counts: Collector) -> None:
        """Show these too."""
        self.registry.register(counts)
        self.collectors.append(counts)


class Build(Collector):
    """Which code runs."""

    def collect(self) -> Iterable[Metric]:
        """One sample, always 1."""
        running = {"version": version("autodmca-edge"), "python": platform.python_version()}
        yield InfoMetricFamily(f"{PREFIX}build", "The version of this node and of Python.", running)


class NodeMetrics(Collector):
    """The metrics of one node."""

    def __init__(self, node: EdgeNode) -> None:
        self._node = node

    def collect(self) -> Iterable[Metric]:
        """All metrics. Costs at most a walk over the blocked sockets, the gates and the partitions."""
        node = self._node
        yield from _measured(node)
        yield from _counted(node.counts)
        yield _by(
            "events_malformed",
            "Records skipped because they are no events: the value is no JSON object, the type is not its "
            "topic's or not the header's, the payload is no object, the user is not the key's, the partition "
            "is not the key's.",
            "reason",
            node.rejects.counts,
        )
        yield from _of_replays(node.counts.replays)
        lag = _gauges("lag_records", "Records of the log not yet handed out.", "topic", "partition")
        for partition, behind in node.lags():
            lag.add_metric([partition.topic, str(partition.number)], behind)
        yield lag
        yield _by(
            "handshakes",
            "Handshakes let in at once or after they waited, left while waiting, or turned away: queue full.",
            "outcome",
            node.admission.outcomes,
        )
        yield from _of_load(node.pressure)
        yield from of_stages(node.counts.stages)
        yield from _of_control(node.control)
        yield from of_experiments(node.treatments)


class FallbackMetrics(Collector):
    """The metrics of a node's fallback."""

    def __init__(self, counts: FallbackCounts) -> None:
        self._counts = counts

    def collect(self) -> Iterable[Metric]:
        """For Prometheus."""
        return of_fallback(self._counts)


def _measured(node: EdgeNode) -> Iterable[Metric]:
    """What is measured when somebody asks."""
    blocked = [*node.wire.congested]
    for name, text, value in (
        ("connections", "Open WebSockets, and requests to the fallback.", len(node.sessions)),
        (
            "connections_blocked",
            "Connections whose socket takes no bytes now.",
            sum(each.unsent for each in blocked),
        ),
        (
            "outbox_bytes",
            "Bytes that wait for blocked connections: in outboxes, and at most so many in their transports.",
            sum(each.size + each.spilled for each in blocked),
        ),
        ("subscriptions", "Standing subscriptions.", node.hub.subscriptions),
        ("users", "Users with a subscription here.", node.hub.users),
        ("replays_running", "Replays begun and not ended, catch-ups included.", node.replayer.running),
        (
            "replays_waiting",
            "Replays that wait for an earlier one of their connection.",
            node.replayer.waiting,
        ),
        (
            "gates_open",
            "Partitions, over all connections, that hold live events back until a replay has caught up.",
            sum(len(each) for each in node.hub.gates.values()),
        ),
        ("partitions", "Partitions that this node reads.", sum(each.followed for each in node.log)),
        ("actions_waiting", "Clients' messages not yet in the log.", node.actions.waiting),
        ("window_bytes", "Bytes of recent records in memory, about.", node.log.window_size),
        (
            "window_records",
            "How far the memory of recent records reaches back, in offsets over all partitions.",
            sum(each.position - each.oldest for each in node.log),
        ),
        ("handshakes_waiting", "Handshakes that wait for their turn.", node.admission.waiting),
        ("unauthenticated", "Open WebSockets that are not authenticated yet.", node.limits.waiting),
    ):
        yield GaugeMetricFamily(PREFIX + name, text, value=value)


def _counted(counts: Counts) -> Iterable[Metric]:
    for name, text, value in (
        ("events", "Records read from the log.", counts.events),
        ("deliveries", "Events written to connections.", counts.deliveries),
        ("sent_bytes", "Bytes handed to sockets.", counts.bytes),
        ("polls", "Polls of the log that brought records.", counts.polls),
        ("connections_opened", "WebSockets opened.", counts.opened),
        ("actions_accepted", "Clients' messages that the log has.", counts.actions_accepted),
        (
            "events_deferred",
            "Events left to the log, as the connection was too slow.",
            counts.deferred_events,
        ),
    ):
        yield _counter(name, text, value)
    for name, text, label, tally in (
        ("events_dropped", "Events not delivered.", "reason", counts.dropped_events),
        ("closes", "Connections closed by this node.", "code", counts.closes),
        ("refusals", "Errors answered to clients.", "code", counts.refusals),
        ("turned_away", "Connections closed as they came, by reason.", "reason", counts.turned_away),
        ("handshakes_refused", "Requests answered before an upgrade.", "status", counts.handshakes_refused),
        (
            "partition_changes",
            "Partitions that this node began, or ceased, to read.",
            "change",
            counts.partition_changes,
        ),
    ):
        yield _by(name, text, label, tally)


def _of_replays(counts: ReplayCounts) -> Iterable[Metric]:
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


def _of_load(load: Pressure) -> Iterable[Metric]:
    """The load that decides on newcomers."""
    for name, text, value in (
        ("overloaded", "1 while newcomers are turned away for lag, memory or files.", load.pressed()),
        ("open_files", "Files open, connections among them.", load.open_files),
        ("open_files_limit", "Open files over which that happens; 0: any.", load.max_files),
        ("memory_limit_bytes", "Memory over which that happens; 0: any.", load.max_bytes or 0),
    ):
        yield GaugeMetricFamily(PREFIX + name, text, value=value)
    yield HistogramMetricFamily(
        f"{PREFIX}loop_lag_seconds",
        "How late the event loop came to a pulse, four times a second.",
        buckets=load.lags.buckets(),
        sum_value=load.lags.sum,
    )


def of_stages(stages: Stages) -> Iterable[Metric]:
    """How long events take: classic buckets, as Prometheus's text format has no native ones."""
    yield HistogramMetricFamily(
        f"{PREFIX}delivery_latency_seconds",
        "From the record's timestamp (whole ms) until its poll is written to all sockets, per event "
        "delivered.",
        buckets=_exemplified(stages.whole),
        sum_value=stages.whole.sum,
    )
    family = HistogramMetricFamily(
        f"{PREFIX}delivery_stage_seconds",
        "The same by stage: polled (from the record's timestamp, whole ms, until the hub has it), routed "
        "(until it is known which users' connections get it), written (until every socket was written "
        "to; who gets what is for everybody is decided here).",
        labels=["stage"],
    )
    for stage, each in (
        ("polled", stages.to_poll),
        ("routed", stages.to_route),
        ("written", stages.to_write),
    ):
        family.add_metric([stage], buckets=_exemplified(each), sum_value=each.sum)
    yield family


def _of_control(control: Control) -> Iterable[Metric]:
    waiting = _gauges(
        "control_waiting", "Requests about connections that wait for their answer, by whose they are.", "of"
    )
    waiting.add_metric(["operators"], control.quota.operators)
    waiting.add_metric(["users"], control.quota.users)
    yield waiting
    asked = "Requests about connections, by what became of them."
    yield _by("control_asks", asked, "outcome", control.asks)
    revoked = "Users and tokens that are cut off."
    yield GaugeMetricFamily(f"{PREFIX}revocations", revoked, value=len(control.revocations))
    forgotten = "Revocations that did not fit."
    yield _counter("revocations_forgotten", forgotten, control.revocations.forgotten)
    yield _by("control_records", "Records of edge-control, by kind or trouble.", "kind", control.records)


def of_experiments(treatments: Treatments) -> Iterable[Metric]:
    """What was delivered by experiment and variant."""
    labels = ["experiment", "variant"]
    prefix = f"{PREFIX}experiment"
    connections = GaugeMetricFamily(f"{prefix}_connections", "Connections open.", labels=labels)
    deliveries = CounterMetricFamily(f"{prefix}_deliveries", "Events written.", labels=labels)
    size = CounterMetricFamily(f"{prefix}_bytes", "Bytes of events written.", labels=labels)
    conflated = CounterMetricFamily(
        f"{prefix}_conflated", "States left out, as a newer one came in time.", labels=labels
    )
    held = HistogramMetricFamily(
        f"{prefix}_held_seconds", "How long an event waited for others to leave with.", labels=labels
    )
    for names, arm in treatments.arms.items():
        connections.add_metric(names, arm.connections)
        deliveries.add_metric(names, arm.deliveries)
        size.add_metric(names, arm.bytes)
        conflated.add_metric(names, arm.conflated)
        held.add_metric(names, arm.held.buckets(), arm.held.sum)
    return connections, deliveries, size, conflated, held


def of_fallback(counts: FallbackCounts) -> Iterable[Metric]:
    """Requests to the fallback."""
    gauge = _gauges("fallback_open", "Polls and event streams being served.", "kind")
    for kind, count in counts.open.items():
        gauge.add_metric([kind], count)
    yield gauge
    counter = CounterMetricFamily(
        f"{PREFIX}fallback_requests",
        "Requests to the fallback by what came of them: events, nothing, an HTTP status, gone (the "
        "client hung up), of an event stream the close code.",
        labels=["kind", "outcome"],
    )
    for (kind, outcome), count in sorted(counts.ends.items()):
        counter.add_metric([kind, outcome], count)
    yield counter


def _counter(name: str, text: str, value: int) -> Metric:
    return CounterMetricFamily(PREFIX + name, text, value=value)


def _gauges(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(PREFIX + name, text, labels=labels)


def _by(name: str, text: str, label: str, tally: Mapping[Any, int]) -> Metric:
    family = CounterMetricFamily(PREFIX + name, text, labels=[label])
    for key, count in sorted(tally.items()):
        family.add_metric([str(key)], count)
    return family


def _exemplified(histogram: Histogram) -> list[tuple[str, float] | tuple[str, float, Exemplar]]:
    """Its buckets, with the newest event of a sampled trace where there is one."""
    return [
        bucket
        if (seen := histogram.newest.get(number)) is None
        else (*bucket, Exemplar({"trace_id": seen.trace_id}, seen.seconds, seen.at))
        for number, bucket in enumerate(histogram.buckets())
    ]
