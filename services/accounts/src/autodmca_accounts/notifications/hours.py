"""Times of day in a time zone: when quiet hours end, and when the next digest is due. Pure.

The rules of time zones are those of the package `tzdata`, and not the machine's, so that every replica has
the same.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import lru_cache
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo

import tzdata

from autodmca_accounts.notifications.state import Quiet

_ZONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+_-]{0,31}(/[A-Za-z0-9+_-]{1,32}){0,2}", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)


@lru_cache(maxsize=1_000)
def zone_of(name: str) -> ZoneInfo:
    """The IANA time zone of this name. Raises ValueError."""
    parts = name.split("/") if _ZONE.fullmatch(name) else ("unknown",)
    try:
        with files(tzdata).joinpath("zoneinfo", *parts).open("rb") as data:
            return ZoneInfo.from_file(data, name)
    except (OSError, ValueError) as error:
        raise ValueError(f"{name!r} is no IANA time zone, as Europe/Berlin is") from error


def quiet_until(quiet: Quiet | None, zone: str, now: int) -> int | None:
    """When the quiet hours end that `now` is in; None where it is in none."""
    if quiet is None:
        return None
    here = _local(now, _known(zone)).time()
    begins, ends = time.fromisoformat(quiet.begins), time.fromisoformat(quiet.ends)
    inside = begins <= here < ends if begins < ends else here >= begins or here < ends
    return _following(quiet.ends, zone, now, (0, 1)) if inside else None


def following(clock: str, zone: str, now: int) -> int:
    """The next moment after `now` at which clocks in the zone show `HH:MM`, once a day. A time that is left
    out when clocks are set forward comes as much later; of one that comes twice when they are set back, the
    first counts."""
    return _following(clock, zone, now, (0,))


def _following(clock: str, zone: str, now: int, folds: tuple[int, ...]) -> int:
    """`folds`: which of the two moments count, where a time comes twice."""
    there = _known(zone)
    day = _local(now, there).date()
    while True:
        wall = datetime.combine(day, time.fromisoformat(clock), there)
        first, *second = ((wall.replace(fold=fold).astimezone(UTC) - _EPOCH) // _MS for fold in folds)
        for moment in (first, *(each for each in second if each > first)):
            if moment > now:
                return moment
        day += timedelta(days=1)


def _known(name: str) -> tzinfo:
    """The zone; UTC for one that another version of the rules had."""
    try:
        return zone_of(name)
    except ValueError:
        return UTC


def _local(now: int, zone: tzinfo) -> datetime:
    return (_EPOCH + timedelta(milliseconds=now)).astimezone(zone)
