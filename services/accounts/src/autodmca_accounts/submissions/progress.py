"""How far a submission is: its stage, status and figures, from how its parts stand. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from autodmca_events.accounts import SubmissionStage, SubmissionStatus
from autodmca_events.delisting import DelistingStatus

from autodmca_accounts.submissions.state import Counts, Part, Submission

NEXT: Final[dict[SubmissionStatus, frozenset[SubmissionStatus]]] = {
    "pending": frozenset({"processing", "failed", "cancelled"}),
    "processing": frozenset({"active", "failed", "cancelled"}),
    "active": frozenset({"completed", "failed", "cancelled"}),
    "completed": frozenset(),
    "failed": frozenset({"pending"}),
    "cancelled": frozenset(),
}
"""Every transition that there is."""
_SHARE: Final[dict[DelistingStatus, float]] = {"draft": 0.1, "queued": 0.2, "submitted": 0.4}
_BEFORE_PARTS: Final[dict[SubmissionStage, float]] = {"validating": 0, "rendering": 10}
_PARTS_FROM: Final = 20.0


def stage_of(parts: tuple[Part, ...]) -> SubmissionStage:
    """Where the parts are, once there is a notice."""
    open_ = [part for part in parts if part.stage in ("waiting", "asked", "going")]
    if any(part.stage != "going" for part in open_):
        return "queueing"
    return "sending" if any(not part.sent for part in open_) else "confirming"


def reached(part: Part) -> float:
    """How far a part is, 0-1; never less than it was."""
    if part.stage == "done":
        return 1.0
    if part.status is None:
        return part.reached
    decided = processed(part) / part.counts.total if part.counts.total else 0.0
    return max(part.reached, _SHARE.get(part.status, 0.6 + 0.35 * decided))


def processed(part: Part) -> int:
    """How many of its URLs the engine has decided on."""
    counts = part.counts
    return counts.removed + counts.not_in_index + counts.no_action + counts.duplicate


def failed(part: Part) -> int:
    """How many of its URLs stay where they are, as far as is known."""
    if part.stage in ("failed", "cancelled"):
        return part.counts.total - part.counts.removed - part.counts.not_in_index - part.counts.duplicate
    return part.counts.no_action + (part.counts.pending if part.stage == "done" else 0)


def percent(submission: Submission) -> float:
    """0-100; of a submission that failed, how far it came."""
    if submission.status == "completed":
        return 100.0
    if submission.stage in _BEFORE_PARTS:
        return max(submission.progress, _BEFORE_PARTS[submission.stage])
    share = sum(part.reached for part in submission.parts) / len(submission.parts)
    return max(submission.progress, round(min(99.0, _PARTS_FROM + (100 - _PARTS_FROM) * share), 1))


def eta_s(submission: Submission, pace: Mapping[str, int], now: int) -> int | None:
    """Seconds until the slowest open part is decided, by what its engine took of late; None where that is not
    known."""
    if submission.status not in ("processing", "active"):
        return None
    open_ = [part for part in submission.parts if part.stage in ("waiting", "asked", "going")]
    if not open_ or any(part.engine not in pace for part in open_):
        return None
    return max(max(0, pace[part.engine] - (now - (part.asked_at or now))) for part in open_) // 1000


def none_yet(urls: int) -> Counts:
    """Of a part that nothing is known of yet."""
    return Counts(total=urls, pending=urls)
