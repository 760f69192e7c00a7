"""The statuses of a request: which may follow which, and which follows from how its parts stand. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from autodmca_events.delisting import DelistingStatus

from autodmca_delisting.model.state import Counts, Part

NEXT: Final[dict[DelistingStatus, frozenset[DelistingStatus]]] = {
    "draft": frozenset({"queued"}),
    "queued": frozenset({"submitted", "cancelled", "failed"}),
    "submitted": frozenset({"under_review", "cancelled", "failed"}),
    "under_review": frozenset({"approved", "partially_approved", "denied", "expired", "cancelled"}),
    "approved": frozenset(),
    "partially_approved": frozenset({"appealed"}),
    "denied": frozenset({"appealed"}),
    "expired": frozenset(),
    "appealed": frozenset({"under_review"}),
    "cancelled": frozenset(),
    "failed": frozenset({"queued"}),
}
"""Every transition that there is."""


def counted(parts: Sequence[Part]) -> Counts:
    """How many URLs of these parts have which outcome."""
    tally = {"removed": 0, "not_in_index": 0, "no_action": 0, "pending": 0, "duplicate": 0}
    for part in parts:
        for url in part.urls:
            tally[url.outcome] += 1
    return Counts(total=sum(tally.values()), **tally)


def following(status: DelistingStatus, parts: Sequence[Part]) -> DelistingStatus:
    """The status that follows next from how the parts stand; the same when none does.

    One step: what stands two steps on is reached by asking again, so that no transition is left out.
    """
    stages = [part.stage for part in parts]
    out = all(stage in ("sent", "appealing", "decided", "stopped") or _is_out(part) for stage, part in
              zip(stages, parts, strict=True))  # fmt: skip
    match status:
        case "queued" if out:
            return "failed" if "stopped" in stages else "submitted"
        case "submitted" if "stopped" in stages and out:
            return "failed"
        case "submitted" if all(part.progress in ("under_review", "decided") for part in parts):
            return "under_review"
        case "appealed" if "appealing" not in stages:
            return "under_review"
        case "under_review" if all(stage == "decided" for stage in stages):
            return verdict(counted(parts))
    return status


def verdict(counts: Counts) -> DelistingStatus:
    """What it comes to when every URL is decided."""
    if not counts.no_action:
        return "approved"
    return "denied" if counts.no_action == counts.total else "partially_approved"


def _is_out(part: Part) -> bool:
    """Whether a part that is with a person has been submitted by them."""
    return part.stage == "person" and part.progress is not None
