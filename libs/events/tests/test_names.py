"""Timestamps, ids and topic names: the small strings that everything agrees on."""

import re

import pytest
from autodmca_events import InvalidTimestamp, derived_id, ms_of, new_id, rfc3339, topics
from hypothesis import given, settings
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
    [("2023-12-07T10:30:00Z", 0), ("2023-12-07T10:30:00.5Z", 500), ("2023-12-07T10:30:00.123Z", 123)],
)
def test_fewer_digits_are_read_too(text: str, ms: int) -> None:
    assert ms_of(text) == 1701945000000 + ms


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Z",
        "now",
        "2023-12-07T10:30:00",
        "2023-12-07T10:30:00+01:00",
        "2023-02-30T10:30:00Z",
        "2023-12-07T24:30:00Z",
        "2023-12-07Z",
        "20231207T103000Z",
        "2023-W49-4T10:30:00Z",
        "2023-12-07 10:30:00Z",
        "2023-12-07T10:30:00.1234Z",
        "2023-12-07T10:30:00Z\n",
    ],
)
def test_anything_else_is_no_timestamp(text: str) -> None:
    with pytest.raises(InvalidTimestamp):
        ms_of(text)


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
