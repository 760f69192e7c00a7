"""What one node counts, as plain numbers.

Owns the counts and the histograms; the hot path adds to them once per poll, write or reading, never per
event. No count is kept per user or connection. metrics.py shows them to Prometheus.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import time
from typing import Final, NamedTuple

__all__ = ["BUCKETS_S", "Counts", "FallbackCounts", "Histogram", "ReplayCounts", "Seen", "Stages"]

BUCKETS_S: Final = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
    1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
)  # fmt: skip
"""Of a poll handed out on an idle machine (0.1 ms) up to what a client takes for a dead connection."""


class Seen(NamedTuple):
    """The newest event of a trace in a bucket: which trace, how long it took, when it was seen."""

    trace_id: str
    seconds: float
    at: float


class Histogram:
    """Counts of durations by bucket."""

    __slots__ = ("counts", "newest", "sum")

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS_S) + 1)
        self.newest: dict[int, Seen] = {}
        """By the number of the bucket."""
        self.sum = 0.0

    def add(self, seconds: float, events: int) -> None:
        """So many events took that long."""
        self.counts[bisect_left(BUCKETS_S, seconds)] += events
        self.sum += seconds * events

    def exemplify(self, seconds: float, trace_id: str, now: float) -> None:
        """An event of this trace took that long."""
        self.newest[bisect_left(BUCKETS_S, seconds)] = Seen(trace_id, seconds, now)

    def buckets(self) -> list[tuple[str, float]]:
        """As Prometheus wants them: cumulative, by their upper bound."""
        total, buckets = 0, []
        for bound, count in zip((*BUCKETS_S, None), self.counts, strict=True):
            total += count
            buckets.append(("+Inf" if bound is None else str(bound), float(total)))
        return buckets


class Stages:
    """How long events take on their way through this node: produced to polled, polled to routed, routed to
    written, and the whole way.

    Each poll is `polled`, `routed`, `written` before the next one comes: three looks at the clock a poll and
    a few additions. Record timestamps are whole milliseconds, so what begins there is no finer than that; a
    clock behind the producer's counts as no time at all.
    """

    def __init__(self, clock: Callable[[], float] = time) -> None:
        self._clock = clock
        self._polled_at = self._routed_at = 0.0
        self.to_poll, self.to_route, self.to_write, self.whole = (Histogram() for _ in range(4))

    def polled(self) -> None:
        """A poll's records are with the hub."""
        self._polled_at = self._routed_at = self._clock()

    def routed(self) -> None:
        """It is known who gets which of the users' events: writing begins."""
        self._routed_at = self._clock()

    def written(self, stamps: Mapping[int, int], traced: Sequence[tuple[int, str]] = ()) -> None:
        """Every socket has been written to; `stamps`: when delivered events were produced (ms), how many.
        `traced`: when those of sampled traces were, and of which trace each is."""
        if not stamps:
            return
        now, delivered = self._clock(), 0
        for stamp, count in stamps.items():
            delivered += count
            self.to_poll.add(max(self._polled_at - stamp / 1000, 0.0), count)
            self.whole.add(max(now - stamp / 1000, 0.0), count)
        self.to_route.add(self._routed_at - self._polled_at, delivered)
        self.to_write.add(now - self._routed_at, delivered)
        for stamp, trace_id in traced:
            self.to_poll.exemplify(max(self._polled_at - stamp / 1000, 0.0), trace_id, now)
            self.to_route.exemplify(self._routed_at - self._polled_at, trace_id, now)
            self.to_write.exemplify(now - self._routed_at, trace_id, now)
            self.whole.exemplify(max(now - stamp / 1000, 0.0), trace_id, now)


class ReplayCounts:
    """What replays have come to since the node began. A source is `window` (memory) or `log` (Kafka)."""

    __slots__ = ("bytes", "catch_ups", "conflated", "ended", "events", "places", "reads")

    def __init__(self) -> None:
        self.events: Counter[str] = Counter()
        self.bytes: Counter[str] = Counter()
        """Of frames handed out."""
        self.reads: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()
        """By outcome: `recovered`, or the reason why it could not be."""
        self.places: Counter[str] = Counter()
        """In the queue for the log: `kept`, and of these `taken` again, `lapsed`, `forgotten`."""
        self.catch_ups = 0
        self.conflated = 0

    def served(self, source: str, events: int, size: int, conflated: int) -> None:
        """One reading was handed out to all who waited for it."""
        self.reads[source] += 1
        self.events[source] += events
        self.bytes[source] += size
        self.conflated += conflated

    def finished(self, reason: str | None) -> None:
        """The replay of a subscription has been answered; `reason`: why it is not complete."""
        self.ended[reason or "recovered"] += 1

    def caught_up_later(self) -> None:
        """A connection was too slow for live events and gets them from the log."""
        self.catch_ups += 1


class FallbackCounts:
    """Requests to the fallback by kind (`poll`, `stream`) and by how they ended; and those that are open."""

    def __init__(self) -> None:
        self.ends: Counter[tuple[str, str]] = Counter()
        self.open = Counter({"poll": 0, "stream": 0})

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


class Counts:
    """The counts of one node that no part of it keeps itself."""

    def __init__(self) -> None:
        self.events = 0
        """Records read from the log."""
        self.deliveries = 0
        self.bytes = 0
        """Handed to sockets."""
        self.deferred_events = 0
        """Left to the log, as the connection was too slow."""
        self.actions_accepted = 0
        self.polls = 0
        self.opened = 0
        """WebSockets."""
        self.dropped_events: Counter[str] = Counter()
        self.closes: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.handshakes_refused: Counter[str] = Counter()
        self.turned_away: Counter[str] = Counter()
        """Connections after their handshake, by reason."""
        self.partition_changes: Counter[str] = Counter()
        self.replays = ReplayCounts()
        self.stages = Stages()

    def polled(self) -> None:
        """A poll's records are with the hub."""
        self.stages.polled()

    def writing(self) -> None:
        """It is known who gets which of the users' events."""
        self.stages.routed()

    def routed(
        self,
        events: int,
        deliveries: int,
        size: int,
        stamps: Counter[int],
        traced: Sequence[tuple[int, str]],
    ) -> None:
        """A poll was handed out; `stamps`: when the delivered events were produced (ms), how many each;
        `traced`: those of sampled traces."""
        self.polls += 1
        self.events += events
        self.deliveries += deliveries
        self.bytes += size
        self.stages.written(stamps, traced)
