"""Timestamps, ids and topic names: the small strings that everything agrees on."""

import json
import re
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest
from autodmca_events import (
    InvalidEvent,
    InvalidTimestamp,
    decode,
    derived_id,
    ms_of,
    new_id,
    rfc3339,
    topics,
)
from autodmca_events.example import example_json
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st

YEAR_1_MS, YEAR_9999_MS = -62135596800000, 253402300799999


@settings(deadline=None)
@given(st.integers(YEAR_1_MS, YEAR_9999_MS))
def test_a_timestamp_reads_back_to_the_millisecond(ms: int) -> None:
    assert ms_of(rfc3339(ms)) == ms


@settings(deadline=None)
@given(st.integers(YEAR_1_MS, YEAR_9999_MS), st.integers(YEAR_1_MS, YEAR_9999_MS))
def test_timestamps_sort_as_the_moments_they_name(one: int, other: int) -> None:
    assert (rfc3339(one) < rfc3339(other)) == (one < other)


def test_a_timestamp_always_has_three_digits_of_a_second() -> None:
    assert rfc3339(1701945000000) == "2023-12-07T10:30:00.000Z"


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2023-12-07T10:30:00Z", 0),
        ("2023-12-07T10:30:00.5Z", 500),
        ("2023-12-07T10:30:00.123Z", 123),
        ("2023-12-07T10:30:00+00:00", 0),  # Python's isoformat()
        ("2023-12-07T10:30:00.123456+00:00", 123),
        ("2023-12-07T10:30:00.123999999Z", 123),  # Go's RFC3339Nano: cut off, lest `since` skips an event
        ("2023-12-07T11:30:00+01:00", 0),
        ("2023-12-07T05:00:00-05:30", 0),
        ("2023-12-07T10:30:00-00:00", 0),
        ("2023-12-08T10:29:00+23:59", 0),
        ("2023-12-07t10:30:00z", 0),
        ("2023-12-07 10:30:00Z", 0),
        ("2023-12-07T10:30:00.0000000000001Z", 0),
    ],
)
def test_a_moment_is_read_in_every_form_of_the_rfc(text: str, ms: int) -> None:
    assert ms_of(text) == 1701945000000 + ms


@pytest.mark.parametrize(
    "text", ["2016-12-31T23:59:60Z", "1990-12-31T15:59:60-08:00", "2016-12-31T23:59:60.25+00:00"]
)
def test_a_leap_second_is_read_as_unix_time_counts_it(text: str) -> None:
    before = ms_of(text.replace(":60", ":59"))
    assert ms_of(text) == before + 1000


@settings(deadline=None)
@given(st.datetimes(timezones=st.timezones() | st.none()))
def test_what_python_prints_is_read_as_python_means_it(moment: datetime) -> None:
    moment = moment.replace(tzinfo=moment.tzinfo or UTC)
    text = moment.isoformat()
    try:
        expected = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
        assume(YEAR_1_MS <= expected <= YEAR_9999_MS)
    except OverflowError:
        reject()
    assume(len(text.rpartition("T")[2].rpartition("+" if "+" in text else "-")[2]) == 5)  # no seconds
    assert ms_of(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Z",
        "now",
        "2023-12-07T10:30:00",
        "2023-12-07T10:30Z",
        "2023-02-30T10:30:00Z",
        "2023-13-01T10:30:00Z",
        "2023-12-07T24:30:00Z",
        "2023-12-07T10:60:00Z",
        "2023-12-07T10:30:61Z",
        "2023-12-07T10:30:60Z",  # a leap second is the last of a month
        "2023-12-30T23:59:60Z",
        "2023-12-31T23:59:60+01:00",
        "2023-12-07Z",
        "20231207T103000Z",
        "2023-W49-4T10:30:00Z",
        "2023-12-07T10:30:00.Z",
        "2023-12-07T10:30:00,5Z",
        "2023-12-07T10:30:00+24:00",
        "2023-12-07T10:30:00+00:60",
        "2023-12-07T10:30:00+0100",
        "2023-12-07T10:30:00+01",
        "2023-12-07T10:30:00\u221201:00",
        "\u0662023-12-07T10:30:00Z",
        "2023-12-07T10:30:00Z\n",
        " 2023-12-07T10:30:00Z",
        "2023-12-07T10:30:00." + "0" * 100 + "Z",
        # The calendar's ends, which an offset may step over.
        "0000-12-31T23:00:00-02:00",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "9999-12-31T23:59:60Z",
    ],
)
def test_anything_else_is_no_timestamp(text: str) -> None:
    with pytest.raises(InvalidTimestamp) as caught:
        ms_of(text)
    assert len(str(caught.value)) < 200


def test_events_carry_the_one_form_that_is_written() -> None:
    event = json.loads(example_json("template_usage"))
    for written, good in [("2023-12-07T10:30:00.000Z", True), ("2023-12-07T10:30:00+00:00", False)]:
        value = json.dumps({**event, "timestamp": written})
        with nullcontext() if good else pytest.raises(InvalidEvent):
            decode(value)


def test_a_moment_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(InvalidTimestamp):
        rfc3339(YEAR_9999_MS + 1)


def test_new_ids_differ_and_have_the_known_form() -> None:
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(re.fullmatch(r"msg_[0-9]+_[a-z2-7]{16}", each) for each in ids)


def test_a_derived_id_depends_on_its_origin_alone() -> None:
    origin = ("autodmca.templates-inputs.v1", 3, 42, 1701944200123, 0)
    assert derived_id(*origin) == derived_id(*origin) == "msg_1701944200_2lg6aefiuav3crqy"


@pytest.mark.parametrize(
    "other",
    [
        ("autodmca.delisting-inputs.v1", 3, 42, 1701944200123, 0),
        ("autodmca.templates-inputs.v1", 4, 42, 1701944200123, 0),
        ("autodmca.templates-inputs.v1", 3, 43, 1701944200123, 0),
        ("autodmca.templates-inputs.v1", 3, 42, 1701944200124, 0),
        ("autodmca.templates-inputs.v1", 3, 42, 1701944200123, 1),
    ],
)
def test_another_origin_gives_another_id(other: tuple[str, int, int, int, int]) -> None:
    assert derived_id(*other) != derived_id("autodmca.templates-inputs.v1", 3, 42, 1701944200123, 0)


def test_topics_of_a_service_are_written_with_dashes() -> None:
    assert topics.events_topic("ai_detection") == "autodmca.ai-detection.v1"
    assert topics.inputs_topic("social-media") == "autodmca.social-media-inputs.v1"
    assert topics.outcomes_topic("templates") == "autodmca.templates-outcomes.v1"
    assert topics.state_topic("templates") == "autodmca.templates-state.v1"
    assert topics.dead_letters_topic("templates") == "autodmca.templates-dead-letters.v1"


def test_every_service_has_its_event_topic() -> None:
    assert len(set(topics.USER_EVENT_TOPICS)) == 5
    assert topics.BROADCAST not in topics.USER_EVENT_TOPICS


@pytest.mark.parametrize("name", ["", "Templates", "a b", "templates.v1", "_templates", "x/y"])
def test_a_name_that_is_no_service_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no service name"):
        topics.events_topic(name)
