"""Which statuses of an incident follow which. Pure."""

from __future__ import annotations

from typing import Final

from autodmca_events.social_media import IncidentStatus
from autodmca_service.errors import CommandRefused, refuse

NEXT: Final[dict[IncidentStatus, frozenset[IncidentStatus]]] = {
    "detected": frozenset({"reported", "false_positive"}),
    "reported": frozenset({"under_review", "resolved"}),
    "under_review": frozenset({"escalated", "resolved", "false_positive"}),
    "escalated": frozenset({"resolved", "under_review"}),
    "resolved": frozenset({"reported"}),
    "false_positive": frozenset(),
}
ENDED: Final[frozenset[IncidentStatus]] = frozenset({"resolved", "false_positive"})


def illegal(old: IncidentStatus, new: IncidentStatus) -> CommandRefused:
    """A transition that is not listed changes nothing."""
    allowed = ", ".join(sorted(NEXT[old])) or "none: it has ended"
    return refuse("conflict", "illegal-transition", f"{new} does not follow {old}; allowed: {allowed}")
