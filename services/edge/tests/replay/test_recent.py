"""The index of recent records: always what the window holds, by user, and no more than its bound."""

import pytest
from autodmca_edge.fanout.subscriptions import EVERYONE
from autodmca_edge.log.event_log import EventLog, Partition
from autodmca_edge.replay import recent
from autodmca_edge.replay.recent import KEPT_S, MOST_BEHIND, REFUSED_S, Recent
from autodmca_edge.testing import StoredBatch, StoredRecord
from autodmca_edge.timers import TimerWheel
from autodmca_events.topics import USER_EVENT_TOPICS
from hypothesis import given
from hypothesis import strategies as st

TOPIC = USER_EVENT_TOPICS[0]


class Site:
    """A log of one topic and its index; time is told."""

    def __init__(self, window_bytes: int = 1 << 24) -> None:
        self.now = 1000.0
        self.log = EventLog(window_bytes)
        self.log.open(TOPIC, "epoch", {0: 0, 1: 0})
        self.wheel = TimerWheel()
        self.recent = Recent(self.wheel, lambda: self.now)

    def partition(self, number: int = 0) -> Partition:
        found = self.log.get(TOPIC, number)
        assert found is not None
        return found

    def poll(self, count: int, users: int = 3, number: int = 0) -> None:
        partition = self.partition(number)
        start = partition.position
        records = [
            StoredRecord(offset, 0, b"%d" % (offset % users), b"x" * 50, ())
            for offset in range(start, start + count)
        ]
        self.log.append(partition, StoredBatch(records), start + count)

    def offsets(self, *keys: bytes, since: int, number: int = 0) -> list[int] | None:
        found = self.recent.of(self.partition(number), keys, since)
        return None if found is None else [record.offset for record in found]


def test_a_user_gets_its_own_and_an_administrator_everything() -> None:
    site = Site()
    site.poll(10)
    assert site.offsets(b"1", since=2) == [4, 7]
    assert site.offsets(b"1", b"0", since=5) == [6, 7, 9]
    assert site.offsets(EVERYONE, since=7) == [7, 8, 9]
    assert site.offsets(b"9", since=0) == []


def test_further_back_than_the_window_or_the_bound_is_for_a_scan() -> None:
    site = Site(window_bytes=3000)
    for _ in range(40):
        site.poll(1)
    oldest = site.partition().oldest
    assert oldest > 0
    assert site.offsets(b"0", since=oldest - 1) is None
    assert site.offsets(b"0", since=oldest) is not None
    site = Site()
    site.poll(MOST_BEHIND + 1)
    assert site.offsets(b"0", since=0) is None
    assert site.offsets(b"0", since=1) is not None


def test_what_nobody_asks_about_is_forgotten() -> None:
    site = Site()
    site.poll(10)
    site.offsets(b"0", since=5)
    site.now += KEPT_S - 1
    site.wheel.advance(site.now)
    site.offsets(b"0", since=5)
    site.now += KEPT_S - 1
    site.wheel.advance(site.now)
    assert site.recent.size == 10
    site.now += KEPT_S
    site.wheel.advance(site.now)
    assert site.recent.size == 0
    assert site.offsets(b"0", since=5) == [6, 9]


def test_what_is_over_its_bound_is_left_to_scans_and_not_made_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recent, "MOST_RECORDS", 25)
    site = Site()
    for number in (0, 1):
        site.poll(20, number=number)
    assert site.offsets(EVERYONE, since=0, number=0) == list(range(20))
    assert site.offsets(EVERYONE, since=0, number=1) is None
    assert site.offsets(EVERYONE, since=19, number=1) is None, "it was looked at again"
    assert site.offsets(EVERYONE, since=0, number=0) == list(range(20))
    site.poll(6, number=0)
    assert site.offsets(EVERYONE, since=20, number=0) is None
    assert site.recent.size == 0
    site.now += REFUSED_S
    assert site.offsets(EVERYONE, since=0, number=1) == list(range(20))
    assert site.recent.size == 20


def test_an_index_that_is_asked_for_all_the_time_does_not_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "MOST_BEHIND", 50)
    monkeypatch.setattr(recent, "MARGIN", 5)
    site = Site()
    for _ in range(60):
        site.poll(10)
        end = site.partition().position
        assert site.offsets(EVERYONE, since=end - 10) == list(range(end - 10, end))
        assert site.recent.size <= 110


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("poll"), st.integers(0, 8)),
            st.tuples(st.just("ask"), st.integers(0, 30)),
            st.tuples(st.just("skip"), st.integers(0, 5)),
        ),
        max_size=40,
    )
)
def test_it_never_differs_from_the_window(steps: list[tuple[str, int]]) -> None:
    site = Site(window_bytes=4000)
    for what, number in steps:
        partition = site.partition()
        if what == "poll":
            site.poll(number)
        elif what == "skip":
            site.log.skip(partition, partition.position + number)
        else:
            since = max(partition.position - number, 0)
            found = site.offsets(b"1", since=since)
            if since < partition.oldest:
                assert found is None
            else:
                assert found == [each.offset for each in partition.recent(since) if each.key == b"1"]
