"""What follows from how a submission's parts stand: its status, what is due next, and what is told. Pure."""

from __future__ import annotations

from autodmca_events import SubmissionProgress, SubmissionStatusChange, rfc3339
from autodmca_events.accounts import SubmissionStatus
from autodmca_events.requests.templates import Resolve
from autodmca_service.errors import refuse
from msgspec import structs

from autodmca_accounts.changes import Changes
from autodmca_accounts.submissions import progress
from autodmca_accounts.submissions.state import Pace, Part, Submission
from autodmca_accounts.submissions.trail import note

PACE = "pace"


def move(
    changes: Changes, submission: Submission, status: SubmissionStatus, *, by: str, reason: str | None = None
) -> Submission:
    """Take one step of the workflow; the submission is still to be kept. Raises CommandRefused."""
    if status not in progress.NEXT[submission.status]:
        raise refuse("conflict", "illegal-transition", f"it is {submission.status}, and cannot be {status}")
    before = submission.status
    submission = structs.replace(submission, status=status, reason=reason)
    submission = structs.replace(submission, progress=progress.percent(submission))
    changes.tell(
        SubmissionStatusChange(
            id=submission.id,
            previous_status=before,
            status=status,
            progress=submission.progress,
            title=submission.title,
            reason=reason,
            changed_at=rfc3339(changes.now),
        )
    )
    said = f"{before} -> {status}" + (f": {reason}" if reason else "")
    return note(changes, submission, by, said)


def settle(changes: Changes, submission: Submission) -> Submission:
    """Draw the conclusions of how the parts stand, and keep the submission."""
    if submission.status in ("processing", "active") and submission.stage not in ("validating", "rendering"):
        parts = tuple(structs.replace(part, reached=progress.reached(part)) for part in submission.parts)
        submission = structs.replace(submission, parts=parts, stage=progress.stage_of(parts))
        if submission.status == "processing" and submission.stage != "queueing":
            submission = _out_of_the_queue(changes, submission)
        if submission.status == "active":
            submission = _ended(changes, submission)
        submission = _resolved(changes, submission)
    return keep(changes, submission)


def keep(changes: Changes, submission: Submission) -> Submission:
    """Keep it, with what is due next, and tell how far it is."""
    submission = structs.replace(
        submission,
        progress=progress.percent(submission),
        revision=submission.revision + 1,
        updated_at=changes.now,
        next_at=_next_at(changes, submission),
        run=changes.run,
    )
    changes.put(submission.id, submission)
    pace = changes.find(PACE, Pace) or Pace()
    changes.tell(
        SubmissionProgress(
            id=submission.id,
            status=submission.status,
            stage=submission.stage,
            progress=submission.progress,
            urls_total=sum(part.counts.total for part in submission.parts),
            urls_processed=sum(map(progress.processed, submission.parts)),
            urls_failed=sum(map(progress.failed, submission.parts)),
            eta_seconds=progress.eta_s(submission, pace.ms, changes.now),
        )
    )
    return submission


def with_part(submission: Submission, part: Part) -> Submission:
    """With this in place of what was known of the part."""
    parts = tuple(part if each.engine == part.engine else each for each in submission.parts)
    return structs.replace(submission, parts=parts)


def part_of(submission: Submission, engine: str) -> Part:
    return next(part for part in submission.parts if part.engine == engine)


def _out_of_the_queue(changes: Changes, submission: Submission) -> Submission:
    """Every part is a request by now, or has failed."""
    if any(part.stage in ("going", "done") for part in submission.parts):
        return move(changes, submission, "active", by="accounts")
    return move(changes, submission, "failed", by="accounts", reason=_why(submission))


def _ended(changes: Changes, submission: Submission) -> Submission:
    if any(part.stage in ("waiting", "asked", "going") for part in submission.parts):
        return submission
    if all(part.stage == "done" for part in submission.parts):
        return move(changes, submission, "completed", by="accounts")
    return move(changes, submission, "failed", by="accounts", reason=_why(submission))


def _why(submission: Submission) -> str:
    bad = [part for part in submission.parts if part.stage in ("failed", "cancelled")]
    return "; ".join(f"{part.engine}: {part.error or part.stage}" for part in bad)[:1_000]


def _resolved(changes: Changes, submission: Submission) -> Submission:
    """Let the template know what became of its use, once each."""
    news = submission.resolved
    if news is None and any(part.sent for part in submission.parts):
        news = "sent"
    if submission.status == "completed":
        removed = any(part.counts.removed or part.counts.not_in_index for part in submission.parts)
        news = "accepted" if removed else "rejected"
    if news is None or news == submission.resolved:
        return submission
    if submission.resolved is None and news != "sent":
        _resolve(changes, submission, "sent")
    _resolve(changes, submission, news)
    return structs.replace(submission, resolved=news)


def _resolve(changes: Changes, submission: Submission, outcome: str) -> None:
    request = Resolve(
        actor=changes.actor,
        template_id=submission.template_id,
        submission_id=submission.id,
        outcome=outcome,  # type: ignore[arg-type]
    )
    changes.send("templates", request)


def _next_at(changes: Changes, submission: Submission) -> int | None:
    """When work has to go on with it: at once where a part waits, else when something is given up."""
    if submission.status not in ("pending", "processing", "active"):
        return None
    if submission.stage == "queueing" and any(part.stage == "waiting" for part in submission.parts):
        return changes.now
    times = [part.deadline for part in submission.parts if part.stage in ("asked", "going")]
    return min((at for at in (*times, submission.deadline) if at is not None), default=None)
