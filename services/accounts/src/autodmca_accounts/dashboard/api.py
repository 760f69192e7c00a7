"""The dashboard as it is shown over HTTP."""

from __future__ import annotations

from datetime import date, timedelta

from autodmca_events import rfc3339
from msgspec import Struct

from autodmca_accounts.dashboard.state import Board, Day, Figures
from autodmca_accounts.dashboard.summing import rate, shown, week


class PlaceView(Struct, frozen=True, kw_only=True, rename="camel"):
    """The figures of one platform, or of one engine. `targets`: accounts and URLs that were decided on."""

    active_scans: int
    infringements_found: int
    takedowns_sent: int
    targets_removed: int
    targets_decided: int
    success_rate_percent: float | None


class DayView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What began on a day (`YYYY-MM-DD`, in UTC)."""

    day: str
    profiles: int
    scans: int
    infringements: int
    takedowns: int


class DashboardView(Struct, frozen=True, kw_only=True, rename="camel"):
    """Each change compares the last seven days, today among them, with the seven before, in UTC. `days`:
    these seven, oldest first."""

    total_profiles: int
    active_scans: int
    infringements_found: int
    takedowns_sent: int
    profiles_change: int
    scans_change: int
    infringements_change: int
    takedowns_change: int
    success_rate_percent: float | None
    by_platform: dict[str, PlaceView]
    by_engine: dict[str, PlaceView]
    days: tuple[DayView, ...]
    last_updated: str


def view(board: Board, now: int) -> DashboardView:
    """The figures at this moment."""
    figures = shown(board, now)
    return DashboardView(
        total_profiles=figures.total_profiles,
        active_scans=figures.active_scans,
        infringements_found=figures.infringements_found,
        takedowns_sent=figures.takedowns_sent,
        profiles_change=figures.profiles_change or 0,
        scans_change=figures.scans_change or 0,
        infringements_change=figures.infringements_change or 0,
        takedowns_change=figures.takedowns_change or 0,
        success_rate_percent=figures.success_rate_percent,
        by_platform=_places(board.platforms),
        by_engine=_places(board.engines),
        days=tuple(_day(day, began) for day, began in week(board, now)),
        last_updated=rfc3339(now),
    )


def _day(day: int, began: Day) -> DayView:
    return DayView(
        day=(date(1970, 1, 1) + timedelta(days=day)).isoformat(),
        profiles=began.profiles,
        scans=began.scans,
        infringements=began.infringements,
        takedowns=began.takedowns,
    )


def _places(places: dict[str, Figures]) -> dict[str, PlaceView]:
    return {
        name: PlaceView(
            active_scans=each.scans,
            infringements_found=each.infringements,
            takedowns_sent=each.takedowns,
            targets_removed=each.removed,
            targets_decided=each.decided,
            success_rate_percent=rate(each),
        )
        for name, each in sorted(places.items())
    }
