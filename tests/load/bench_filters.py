"""What filters cost: CPU an event in a hub of this process, 0, 1 and 10 filtered subscriptions a connection.

1,000 connections of as many users, records of `social_media_incident` as producers encode them, polls of
1,000; the socket takes everything at once and costs nothing, so that routing, filters and frames are all that
there is. Of ten subscriptions only the one looked at last matches. Rejected: no filter matches, nothing is
framed. The reference is the same hub without filters, in turns.
"""

import itertools
import statistics
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from autodmca_edge.counts import Counts
from autodmca_edge.fanout.hub import Hub
from autodmca_edge.fanout.pacer import Pacer
from autodmca_edge.fanout.records import Malformed
from autodmca_edge.fanout.registry import Registry
from autodmca_edge.fanout.subscriptions import subscription
from autodmca_edge.fanout.treatment import Treatment
from autodmca_edge.log.event_log import TOPICS, EventLog, Partition
from autodmca_edge.protocol import SubscriptionConfig
from autodmca_edge.testing import StoredRecord
from autodmca_edge.wire.outbox import Outbox, Wire
from autodmca_events import user_key
from autodmca_runtime import Claims

from tests.load.events import FIRST_USER, TYPES, Template
from tests.load.tokens import pin

USERS: Final = 1_000
ROUNDS: Final = 30
TYPE: Final = "social_media_incident"
MATCHING: Final[Mapping[str, Any]] = {
    "platforms": ["tiktok", "x", "instagram"],
    "similarityScore": {"gte": 0.5},
}
REJECTING: Final[Mapping[str, Any]] = {"platforms": ["web"], "similarityScore": {"gte": 0.5}}
CASES: Final[Mapping[str, Sequence[Mapping[str, Any] | None]]] = {
    "none": [None],
    "1": [MATCHING],
    "10": [*[REJECTING] * 9, MATCHING],
    "1 rejecting": [REJECTING],
    "10 rejecting": [REJECTING] * 10,
}


class _Member:
    """A connection that takes everything."""

    def __init__(self, wire: Wire, handle: int) -> None:
        self.pending: list[bytes] | None = None
        self.treatment: Treatment | None = None
        self.pacer: Pacer | None = None
        self.outbox = Outbox(wire, handle, len, 1 << 20)

    def fell_behind(self, where: Mapping[Partition, int], events: int) -> None:
        raise AssertionError("the wire takes everything")


class _Case:
    """A hub with its members."""

    def __init__(self, filters: Sequence[Mapping[str, Any] | None]) -> None:
        self.counts = Counts()
        wire = Wire(lambda _handle, data: len(data))
        self._hub = Hub(self.counts, wire, _never)
        event_log = EventLog(0)
        for topic in TOPICS:
            event_log.open(topic, "bench1", {0: 0})
        template = Template(TYPES.index(TYPE))
        partition = event_log.get(template.topic, 0)
        assert partition is not None
        for user in range(USERS):
            standing = Registry()
            identity = Claims(FIRST_USER + user, frozenset(), 1 << 40, None, None)
            for number, each in enumerate(filters):
                config = SubscriptionConfig(types=[TYPE], filters=None if each is None else dict(each))
                wanted = subscription(f"s{number}", config, identity)
                standing.put(event_log, wanted, {}, {})
            standing.register(self._hub, _Member(wire, user))
        self._work = [(partition, [_records(template)])]

    def cpu_ns(self) -> float:
        """An event's, of one poll."""
        began = time.process_time_ns()
        self._hub.dispatch(self._work)
        return (time.process_time_ns() - began) / USERS


def _never(_partition: Partition, offset: int, fault: Malformed) -> None:
    raise AssertionError(f"record {offset} is an event: {fault}")


def _records(template: Template) -> list[StoredRecord]:
    now = int(time.time() * 1000)
    keys = (user_key(FIRST_USER + user) for user in range(USERS))
    made = ((key, *template.make(1, 0, time.monotonic_ns(), key)) for key in keys)
    return [
        StoredRecord(offset, now, key, value, (("type", template.type), ("id", name)))
        for offset, (key, name, value) in enumerate(made)
    ]


def main() -> None:
    """Measure and print the rows."""
    pin(0)
    cases = {name: _Case(filters) for name, filters in CASES.items()}
    taken: dict[str, list[float]] = {name: [] for name in cases}
    for number, (name, case) in itertools.product(range(ROUNDS + 1), cases.items()):
        spent = case.cpu_ns()
        if number:  # the first is for what is made on first use
            taken[name].append(spent)
    for name, case in cases.items():
        delivered = 0 if "rejecting" in name else (ROUNDS + 1) * USERS
        assert case.counts.deliveries == delivered, (name, case.counts.deliveries)
    medians = {name: statistics.median(spent) / 1000 for name, spent in taken.items()}
    bare = medians.pop("none")
    for name, spent in medians.items():
        count, _, rejected = name.partition(" ")
        what = f"event {'rejected by' if rejected else 'delivered past'} {count} filtered subscription"
        plural = "" if count == "1" else "s"
        print(
            f"| {what}{plural} a connection, CPU (less is better) | {spent:.2f} µs "
            f"| delivered unfiltered {bare:.2f} µs | {spent / bare:.2f} |"
        )


if __name__ == "__main__":
    main()
