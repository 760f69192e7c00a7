"""Times of day in any zone, over days on which clocks are set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from autodmca_accounts.notifications.hours import following, quiet_until, zone_of
from autodmca_accounts.notifications.state import Quiet
from hypothesis import given
from hypothesis import strategies as st

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia")
HOUR_MS = 3_600_000
CLOCKS = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
MOMENTS = st.integers(1_700_000_000_000, 1_900_000_000_000)


def ms(text: str, zone: str) -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return int(moment.timestamp() * 1000)


@given(CLOCKS, st.sampled_from(ZONES), MOMENTS)
def test_the_next_time_of_day_shows_on_the_clock_there(clock: str, zone: str, now: int) -> None:
    moment = following(clock, zone, now)
    assert now < moment <= now + 26 * HOUR_MS
    shown = datetime.fromtimestamp(moment / 1000, ZoneInfo(zone))
    told = shown.strftime("%H:%M")
    left_out = shown.replace(fold=0).utcoffset() != (shown - timedelta(hours=3)).utcoffset()
    assert told == clock or left_out, (told, clock)


@given(CLOCKS, CLOCKS, st.sampled_from(ZONES), MOMENTS)
def test_quiet_hours_end_when_the_clock_there_says_so(begins: str, ends: str, zone: str, now: int) -> None:
    if begins == ends:
        return
    here = datetime.fromtimestamp(now / 1000, ZoneInfo(zone)).strftime("%H:%M")
    inside = begins <= here < ends if begins < ends else not ends <= here < begins
    until = quiet_until(Quiet(begins=begins, ends=ends), zone, now)
    assert (until is not None) == inside
    if until is not None:
        assert now < until <= following(ends, zone, now)


def test_clocks_that_are_set_are_followed() -> None:
    quiet = Quiet(begins="22:00", ends="07:00")
    evening = ms("2026-03-28T23:30:00", "Europe/Berlin")
    assert quiet_until(quiet, "Europe/Berlin", evening) == ms("2026-03-29T07:00:00", "Europe/Berlin")
    assert ms("2026-03-29T07:00:00", "Europe/Berlin") - evening == 6.5 * HOUR_MS
    assert following("02:30", "Europe/Berlin", evening) == ms("2026-03-29T03:30:00", "Europe/Berlin")
    assert quiet_until(quiet, "Europe/Berlin", ms("2026-03-29T12:00:00", "Europe/Berlin")) is None
    assert quiet_until(None, "Europe/Berlin", evening) is None


def test_quiet_hours_end_in_the_hour_that_comes_twice_and_a_digest_comes_once_in_it() -> None:
    quiet, zone = Quiet(begins="22:00", ends="02:30"), "Europe/Berlin"
    first = ms("2026-10-25T02:10:00", zone)
    assert quiet_until(quiet, zone, first) == first + 20 * 60_000
    again = first + HOUR_MS  # 02:10 once more
    assert quiet_until(quiet, zone, again) == again + 20 * 60_000
    assert following("02:30", zone, first) == first + 20 * 60_000
    assert following("02:30", zone, again) == ms("2026-10-26T02:30:00", zone)


def test_quiet_hours_whose_end_is_left_out_end_later_and_never_before() -> None:
    quiet, zone = Quiet(begins="22:00", ends="02:30"), "Europe/Berlin"
    night = ms("2026-03-29T01:10:00", zone)
    assert quiet_until(quiet, zone, night) == ms("2026-03-29T03:30:00", zone)


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus", "../../etc/passwd", "Europe/../Berlin", "zone.tab", "Europe"]
)
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no IANA time zone"):
        zone_of(name)


def test_a_zone_that_is_not_known_any_more_is_taken_for_utc() -> None:
    now = ms("2026-03-28T23:30:00", "UTC")
    assert following("07:00", "Mars/Olympus", now) == ms("2026-03-29T07:00:00", "UTC")
