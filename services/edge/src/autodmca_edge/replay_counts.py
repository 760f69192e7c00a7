"""What replays have come to, counted.

Owns plain counts that replays add to once per reading or at their end; metrics.py shows them. Never a count
per connection.
"""

from collections import Counter

__all__ = ["ReplayCounts"]


class ReplayCounts:
    """Counts since the node began. A source is `window` (memory) or `log` (Kafka)."""

    __slots__ = ("bytes", "catch_ups", "conflated", "ended", "events", "places", "reads")

    def __init__(self) -> None:
        self.events: Counter[str] = Counter()
        self.bytes: Counter[str] = Counter()
        """Of frames handed out."""
        self.reads: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()
        """By outcome: `recovered`, or the reason why it could not be."""
        self.places: Counter[str] = Counter()
        """In the line for the log: `kept`, and of these `taken` again, `lapsed`, `forgotten`."""
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
