"""What the dashboard remembers: a mark of each thing that it has counted, and the sums over all marks.

A mark holds what is known of one profile, scan, incident, request or match, so that an event that comes
again, or after a newer one, changes nothing. Times are ms since the Unix epoch, days are counted since then
in UTC. Decides nothing.
"""

from __future__ import annotations

from typing import Final, Literal

from autodmca_events import DashboardStatsUpdate
from msgspec import Struct, field

from autodmca_accounts.entity import Kept

BOARD: Final = "dashboard"
Kind = Literal["profile", "scan", "incident", "match", "request"]


class Standing(Struct, frozen=True, array_like=True, order=True):
    """How a thing stands: by the event of the moment `at`, and of several of one moment the one whose status
    has the highest `rank`. `counts`: it is not set aside; `removed` of `decided` targets are gone."""

    at: int
    rank: int = 0
    active: bool = False
    counts: bool = True
    removed: int = 0
    decided: int = 0


class Mark(Kept, frozen=True, kw_only=True, tag="mark"):
    """`place`: its platform, or its engine. `born`: when it began; `sent`: when a takedown first went out."""

    kind: Kind
    place: str = ""
    standing: Standing
    born: int
    sent: int | None = None


class Figures(Struct, frozen=True, array_like=True):
    """Sums. `scans`: those that go on."""

    profiles: int = 0
    scans: int = 0
    infringements: int = 0
    takedowns: int = 0
    removed: int = 0
    decided: int = 0


class Day(Struct, frozen=True, array_like=True):
    """What began on one day."""

    profiles: int = 0
    scans: int = 0
    infringements: int = 0
    takedowns: int = 0


class Board(Kept, frozen=True, kw_only=True, tag="dashboard"):
    """The sums over every mark, those that are `forgotten` among them.

    `kept`: how many marks there are of a kind; `forgotten`: up to which `born` they may have been given up.
    `shown`: the figures that were told last, at `told_at`. `due_at`: when they are told next, by `run`.
    """

    totals: Figures = Figures()
    platforms: dict[str, Figures] = field(default_factory=dict)
    engines: dict[str, Figures] = field(default_factory=dict)
    days: dict[int, Day] = field(default_factory=dict)
    kept: dict[Kind, int] = field(default_factory=dict)
    forgotten: dict[Kind, int] = field(default_factory=dict)
    shown: DashboardStatsUpdate | None = None
    told_at: int = 0
    due_at: int | None = None
    run: int = 0


DashboardEntity = Board | Mark
