"""The sums over all marks, kept by what each change of a mark adds and takes away. Pure.

Days before the two periods that are compared are not kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeVar

from autodmca_events import DashboardStatsUpdate
from autodmca_events.accounts import PlaceStats
from msgspec import structs

from autodmca_accounts.dashboard.state import Board, Day, Figures, Mark

DAY_MS: Final = 86_400_000
PERIOD: Final = 7
"""Days of each of the two periods that are compared; the newer one ends with today."""
KEPT_DAYS: Final = 2 * PERIOD + 2
"""Two more than are read, as clocks may step back a little over midnight."""

N = TypeVar("N", Figures, Day)


def moved(board: Board, old: Mark | None, new: Mark, now: int) -> Board:
    """The board after a mark has changed."""
    platforms, engines = dict(board.platforms), dict(board.engines)
    totals = board.totals
    days = {day: each for day, each in board.days.items() if day > now // DAY_MS - KEPT_DAYS}
    for mark, sign in ((old, -1), (new, 1)):
        if mark is None:
            continue
        figures = _figures(mark)
        totals = _sum(totals, figures, sign)
        places = engines if mark.kind == "request" else platforms
        if mark.place:
            places[mark.place] = _sum(places.get(mark.place, Figures()), figures, sign)
        for day, began in _began(mark):
            if day > now // DAY_MS - KEPT_DAYS:
                days[day] = _sum(days.get(day, Day()), began, sign)
    return structs.replace(
        board,
        totals=totals,
        platforms={name: each for name, each in platforms.items() if each != Figures()},
        engines={name: each for name, each in engines.items() if each != Figures()},
        days={day: each for day, each in days.items() if each != Day()},
    )


def shown(board: Board, now: int) -> DashboardStatsUpdate:
    """The figures at this moment, which it does not say."""
    totals, newer, older = board.totals, _period(board, now, 0), _period(board, now, PERIOD)
    return DashboardStatsUpdate(
        total_profiles=totals.profiles,
        active_scans=totals.scans,
        infringements_found=totals.infringements,
        takedowns_sent=totals.takedowns,
        profiles_change=newer.profiles - older.profiles,
        scans_change=newer.scans - older.scans,
        infringements_change=newer.infringements - older.infringements,
        takedowns_change=newer.takedowns - older.takedowns,
        success_rate_percent=rate(totals),
        by_platform=_places(board.platforms),
        by_engine=_places(board.engines),
    )


def rate(figures: Figures) -> float | None:
    """Percent of the decided targets that are gone; None while nothing is decided."""
    return round(100 * figures.removed / figures.decided, 1) if figures.decided else None


def week(board: Board, now: int) -> Iterator[tuple[int, Day]]:
    """What began on each day of the newer period, oldest first, with the day's number since the epoch."""
    today = now // DAY_MS
    for day in range(today - PERIOD + 1, today + 1):
        yield day, board.days.get(day, Day())


def _places(places: Mapping[str, Figures]) -> tuple[PlaceStats, ...]:
    return tuple(
        PlaceStats(
            name=name,
            active_scans=each.scans,
            infringements_found=each.infringements,
            takedowns_sent=each.takedowns,
            success_rate_percent=rate(each),
        )
        for name, each in sorted(places.items())
    )


def _period(board: Board, now: int, ago: int) -> Day:
    """What began in the period that ended `ago` days ago."""
    last = now // DAY_MS - ago
    found = Day()
    for day, began in board.days.items():
        if last - PERIOD < day <= last:
            found = _sum(found, began, 1)
    return found


def _figures(mark: Mark) -> Figures:
    standing = mark.standing
    return Figures(
        profiles=int(mark.kind == "profile"),
        scans=int(mark.kind == "scan" and standing.active),
        infringements=int(_is_infringement(mark)),
        takedowns=int(mark.sent is not None),
        removed=standing.removed,
        decided=standing.decided,
    )


def _began(mark: Mark) -> Iterator[tuple[int, Day]]:
    yield (
        mark.born // DAY_MS,
        Day(int(mark.kind == "profile"), int(mark.kind == "scan"), int(_is_infringement(mark))),
    )
    if mark.sent is not None:
        yield mark.sent // DAY_MS, Day(takedowns=1)


def _is_infringement(mark: Mark) -> bool:
    return mark.kind in ("incident", "match") and mark.standing.counts


def _sum(one: N, other: N, sign: int) -> N:
    pairs = zip(structs.astuple(one), structs.astuple(other), strict=True)
    return type(one)(*(left + sign * right for left, right in pairs))
