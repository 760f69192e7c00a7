"""KeptCursors, cursors and the window of recent records."""

import pytest
from autodmca_edge.log.cursors import NUMBERS
from autodmca_edge.log.errors import BadCursor
from autodmca_edge.log.event_log import TOPICS, EventLog, Partition
from autodmca_edge.testing import StoredBatch, StoredRecord
from autodmca_events import partition_for, user_key
from autodmca_events.topics import BROADCAST, USER_EVENT_TOPICS
from hypothesis import given
from hypothesis import strategies as st

TOPIC = USER_EVENT_TOPICS[2]


def log(window_bytes: int = 1 << 20, *, position: int = 0, partitions: int = 3) -> EventLog:
    event_log = EventLog(window_bytes)
    for topic in TOPICS:
        event_log.open(
            topic, "epoch-one", dict.fromkeys(range(1 if topic == BROADCAST else partitions), position)
        )
    return event_log


def at(event_log: EventLog, number: int = 0, topic: str = TOPIC) -> Partition:
    partition = event_log.get(topic, number)
    assert partition is not None
    return partition


def records(first: int, count: int, size: int = 400) -> StoredBatch:
    return StoredBatch(
        [StoredRecord(offset, 0, b"7", b"x" * size, ()) for offset in range(first, first + count)]
    )


def reason(event_log: EventLog, cursor: str) -> str:
    with pytest.raises(BadCursor) as refused:
        event_log.locate(cursor)
    return refused.value.reason


def test_a_cursor_leads_back_to_the_next_offset() -> None:
    event_log = log(position=41)
    for partition in event_log:
        assert event_log.locate(partition.cursor()) == (partition, 41, None)
        assert event_log.locate(f"{partition.prefix}:41") == (partition, 42, None)


def test_a_cursor_of_an_empty_partition_leads_to_its_beginning() -> None:
    event_log = log()
    assert event_log.locate(at(event_log).cursor()) == (at(event_log), 0, None)


def test_prefixes_name_topic_partition_and_epoch() -> None:
    event_log = log()
    prefixes = [each.prefix for each in event_log]
    assert len(set(prefixes)) == len(prefixes) == 16
    event_log.open(TOPIC, "epoch-two", {0: 0})
    assert at(event_log).prefix not in prefixes


def test_a_topics_number_in_cursors_is_fixed_by_its_name() -> None:
    """Clients hold cursors for days: a number that moved would lead them into another topic's log."""
    assert NUMBERS == {
        "autodmca.ai-detection.v1": 0,
        "autodmca.social-media.v1": 1,
        "autodmca.templates.v1": 2,
        "autodmca.delisting.v1": 3,
        "autodmca.accounts.v1": 4,
        "autodmca.broadcast.v1": 5,
    }, "add a line here for a new topic; never change one"
    assert set(TOPICS) <= set(NUMBERS), "a topic of the log has no number: give it the next one"
    assert len(set(NUMBERS.values())) == len(NUMBERS), "two topics share a number"


@pytest.mark.parametrize("place", range(len(TOPICS) + 1))
def test_one_more_topic_moves_no_other_topics_number(monkeypatch: pytest.MonkeyPatch, place: int) -> None:
    before = [each.prefix for each in log()]
    monkeypatch.setattr("autodmca_edge.log.event_log.TOPICS", (*TOPICS[:place], "another", *TOPICS[place:]))
    assert [each.prefix for each in log()] == before


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        ":",
        "x",
        "2.0.epoch-one",
        "2.0:5",
        "2.0.:5",
        "2:5",
        "a.0.epoch-one:5",
        "2.b.epoch-one:5",
        "2.0.epoch-one:",
        "2.0.epoch-one:c",
        "2.0.epoch-one:5.5",
        "2.0.epoch-one: 5",
        "2.0.epoch-one:--5",
        "2.0.epoch-one:-2",
        "2.0.epoch-one:-0",
        "2.0.epoch-one:-01",
        "2.0.epoch-one:9223372036854775807",
        "2.0.epoch-one:9999999999999999999",
        "2.0.epoch-one:\u00b2",
        "2.0.epoch-one:\u0665",
        "2.0.epoch-one:" + "9" * 5000,
        "99.0.epoch-one:5",
        "-1.0.epoch-one:5",
        "2.99.epoch-one:5",
        "2.-1.epoch-one:5",
        "9" * 5000 + ".0.epoch-one:5",
        "\x00" * 50,
    ],
)
def test_a_cursor_without_sense_is_told_from_one_of_another_epoch(cursor: str) -> None:
    assert reason(log(), cursor) == "cursor"


def test_a_cursor_of_another_incarnation_of_the_topic_is_refused() -> None:
    event_log = log()
    cursor = at(event_log).cursor()
    event_log.open(TOPIC, "epoch-two", dict.fromkeys(range(3), 0))
    assert reason(event_log, cursor) == "epoch"


@given(st.text(max_size=40))
def test_no_text_is_worse_than_a_bad_cursor(cursor: str) -> None:
    assert reason(log(), cursor) in {"cursor", "epoch"}


def test_the_window_gives_the_records_from_an_offset() -> None:
    event_log = log(position=10)
    partition = at(event_log)
    event_log.append(partition, records(10, 5), 15)
    event_log.append(partition, records(15, 5), 20)
    assert (partition.oldest, partition.position) == (10, 20)
    for offset in (10, 12, 15, 19):
        assert [each.offset for each in partition.recent(offset)] == list(range(offset, 20))
    assert list(partition.recent(20)) == []


def test_offsets_without_records_are_covered_too() -> None:
    """Transactions' markers and compaction leave holes."""
    event_log = log()
    partition = at(event_log)
    event_log.append(partition, records(0, 2), 5)
    event_log.append(partition, records(5, 0), 8)
    event_log.append(partition, records(9, 1), 12)
    assert (partition.oldest, partition.position) == (0, 12)
    assert [each.offset for each in partition.recent(3)] == [9]


def test_the_window_is_bounded_over_all_partitions_and_drops_the_oldest() -> None:
    event_log = log(10_000)
    for turn in range(50):
        for number in range(3):
            partition = at(event_log, number)
            event_log.append(partition, records(turn, 1), turn + 1)
            assert event_log.window_size <= 10_000
    assert [at(event_log, number).position for number in range(3)] == [50, 50, 50]
    oldest = [at(event_log, number).oldest for number in range(3)]
    assert max(oldest) - min(oldest) <= 1
    assert 40 < min(oldest) < 50


def test_polls_without_records_are_bounded_too() -> None:
    event_log = log(10_000)
    partition = at(event_log)
    for offset in range(1000):
        event_log.append(partition, records(offset, 0), offset + 1)
    assert partition.oldest > 0


def test_a_window_of_nothing_holds_nothing() -> None:
    event_log = log(0)
    partition = at(event_log)
    event_log.append(partition, records(0, 3), 3)
    assert (partition.oldest, partition.position, event_log.window_size) == (3, 3, 0)
    assert list(partition.recent(3)) == []


def test_a_poll_larger_than_the_window_passes_through() -> None:
    event_log = log(1000)
    partition = at(event_log)
    event_log.append(partition, records(0, 3, size=5000), 3)
    assert (partition.oldest, partition.position, event_log.window_size) == (3, 3, 0)


def test_skipping_what_retention_took_forgets_the_window() -> None:
    event_log = log()
    partition = at(event_log)
    event_log.append(partition, records(0, 3), 3)
    event_log.skip(partition, 100)
    assert (partition.oldest, partition.position, event_log.window_size) == (100, 100, 0)
    event_log.append(partition, records(100, 1), 101)
    assert [each.offset for each in partition.recent(100)] == [100]


def test_cursors_of_an_end_that_the_log_lost_are_of_another_epoch() -> None:
    event_log = log()
    before = at(event_log)
    before.demand.need()
    event_log.append(before, records(0, 10), 10)
    event_log.lose_end(before, 7)
    after = at(event_log)
    assert after is not before, "where a replay or a subscription stands on it means nothing any more"
    assert (after.prefix, after.position, after.oldest, after.followed) == (before.prefix, 7, 7, True)
    assert (after.demand.count, event_log.window_size) == (1, 0)
    assert [*event_log.of_user(b"1", (TOPIC,))] == [at(event_log, partition_for(b"1", 3))]
    assert event_log.locate(f"{after.prefix}:6") == (after, 7, None)
    assert {reason(event_log, f"{after.prefix}:{offset}") for offset in (7, 8, 9)} == {"epoch"}
    event_log.append(after, records(7, 8), 15)
    assert event_log.locate(f"{after.prefix}:12") == (after, 13, None)
    event_log.lose_end(after, 12)
    assert [*at(event_log).lost] == [*range(7, 15)]


def test_a_topic_made_again_begins_anew() -> None:
    event_log = log()
    before = at(event_log)
    event_log.append(before, records(0, 3), 3)
    event_log.open(TOPIC, "epoch-two", dict.fromkeys(range(3), 0))
    assert at(event_log) is not before
    assert (at(event_log).position, event_log.window_size) == (0, 0)
    assert len(list(event_log)) == 16


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 6), st.booleans()), max_size=60))
def test_the_window_never_lies(steps: list[tuple[int, int, bool]]) -> None:
    """Whatever is appended, skipped and dropped: from `oldest` on nothing is missing."""
    event_log = log(4000)
    written: dict[int, list[int]] = {number: [] for number in range(3)}
    for number, count, skip in steps:
        partition = at(event_log, number)
        start = partition.position
        if skip:
            event_log.skip(partition, start + count)
        else:
            event_log.append(partition, records(start, count), start + count)
            written[number] += range(start, start + count)
        for each in range(3):
            kept = at(event_log, each)
            found = [record.offset for record in kept.recent(kept.oldest)]
            assert found == [offset for offset in written[each] if offset >= kept.oldest]
        assert event_log.window_size <= 4000


def test_a_users_partitions_are_the_same_number_of_every_topic() -> None:
    event_log = log(partitions=3)
    key = user_key(7)
    found = event_log.of_user(key, (*USER_EVENT_TOPICS, BROADCAST, "unknown"))
    number = partition_for(key, 3)
    assert [(each.topic, each.number) for each in found] == [
        *((topic, number) for topic in USER_EVENT_TOPICS),
        (BROADCAST, 0),
    ]
