"""The work of rooms that need nothing from outside: when their time has come, they are told so."""

from __future__ import annotations

from typing import Any, Final

from autodmca_service.commands import Actor
from autodmca_service.replica import Replica
from autodmca_service.work import Checkpoint, Job, Work

from autodmca_accounts.dashboard import model as dashboard
from autodmca_accounts.dashboard.commands import Tell
from autodmca_accounts.notifications import inbox, system
from autodmca_accounts.notifications.commands import TellHeld, Turn
from autodmca_accounts.profiles import telling
from autodmca_accounts.profiles.commands import TellScan

_AT_ONCE: Final = 64


async def tell_dashboard(job: Job[Any], checkpoint: Checkpoint) -> None:
    """Have the figures told."""
    await checkpoint(Tell(actor=Actor(job.user_id)))


async def tell_scan(job: Job[Any], checkpoint: Checkpoint) -> None:
    """Have told how the next scan stands."""
    await checkpoint(TellScan(actor=Actor(job.user_id)))


async def tell_held(job: Job[Any], checkpoint: Checkpoint) -> None:
    """Have what is held told."""
    await checkpoint(TellHeld(actor=Actor(job.user_id)))


async def turn_announcement(job: Job[Any], checkpoint: Checkpoint) -> None:
    """Have an announcement begin, or end."""
    await checkpoint(Turn(actor=Actor(job.user_id), announcement_id=job.state.id))


def clocked(replica: Replica[Any, Any, Any]) -> list[Work[Any]]:
    """What is due by the clock alone, room by room."""
    return [
        Work(replica, dashboard.due, tell_dashboard, at_once=_AT_ONCE),
        Work(replica, telling.due, tell_scan, at_once=_AT_ONCE),
        Work(replica, inbox.due, tell_held, at_once=_AT_ONCE),
        Work(replica, system.due, turn_announcement),
    ]
