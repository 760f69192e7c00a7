"""What is done about one part of a submission: it is asked for, tried again, given up or taken back. Pure.

Each function returns the submission with the part as it is then, which is still to be kept.
"""

from __future__ import annotations

from autodmca_events.requests.delisting import Cancel, MakeRequest, Notice, Resubmit
from msgspec import structs

from autodmca_accounts import ids
from autodmca_accounts.asking import Asked
from autodmca_accounts.changes import Changes
from autodmca_accounts.submissions.progress import none_yet
from autodmca_accounts.submissions.settling import with_part
from autodmca_accounts.submissions.state import Material, Part, Rules, Submission
from autodmca_accounts.submissions.trail import note

DELISTING = "delisting"


def ask_for(changes: Changes, submission: Submission, part: Part, rules: Rules) -> Submission:
    """Have delisting make the part's request. The same attempt is the same request, however often it is asked
    for."""
    material = changes.need(ids.material_id(submission.id), Material)
    request = MakeRequest(
        actor=changes.actor,
        reference=ids.reference(submission.id, part.engine, part.attempt),
        engine=part.engine,
        urls=material.urls,
        notice=Notice(
            text=material.notice or "",
            work=material.work,
            work_urls=material.work_urls,
            sender=material.sender,
        ),
        query=material.query,
    )
    about = Asked(submission_id=submission.id, step=f"make:{part.engine}:{part.attempt}")
    name = changes.ask(DELISTING, request, about)
    said = f"asked delisting for request {request.reference}"
    submission = note(changes, submission, "accounts", said, engine=part.engine)
    return with_part(submission, _asked(changes, part, name, rules))


def again(changes: Changes, submission: Submission, part: Part, rules: Rules) -> Submission:
    """Try a part again that failed or was cancelled; another is left as it is.

    A request that no engine has taken is queued again by its name; one that was never made, or of which
    nothing was heard, is asked for by the same reference; one that was taken back is another attempt.
    """
    if part.stage not in ("failed", "cancelled"):
        return submission
    part = structs.replace(part, reached=0.0, error=None, sent=False)
    if part.request_id is not None and part.status == "failed":
        request = Resubmit(actor=changes.actor, request_id=part.request_id)
        about = Asked(submission_id=submission.id, step=f"resubmit:{part.engine}:{part.attempt}")
        name = changes.ask(DELISTING, request, about)
        said = f"asked delisting to queue {part.request_id} again"
        submission = note(
            changes, submission, "accounts", said, engine=part.engine, request_id=part.request_id
        )
        return with_part(submission, _asked(changes, part, name, rules))
    attempt = part.attempt if part.request_id is None else part.attempt + 1
    return with_part(submission, Part(engine=part.engine, attempt=attempt, counts=none_yet(submission.urls)))


def given_up(changes: Changes, submission: Submission, part: Part, rules: Rules) -> Submission:
    """Its time is over. What there is of it is taken back."""
    if part.stage == "asked":
        error = f"delisting has not answered within {rules.answer_ms // 1000} s"
    else:
        error = f"{part.engine} has not decided within {rules.decision_ms // 86_400_000} days"
    submission = note(changes, submission, "accounts", f"gave up: {error}", engine=part.engine)
    submission = withdraw(changes, submission, part)
    return with_part(submission, structs.replace(part, stage="failed", error=error, ask=None, deadline=None))


def take_back(changes: Changes, submission: Submission, part: Part) -> Submission:
    """The submission is cancelled: what is not decided is not wanted any more."""
    if part.stage not in ("waiting", "asked", "going"):
        return submission
    submission = withdraw(changes, submission, part)
    return with_part(submission, structs.replace(part, stage="cancelled", deadline=None))


def withdraw(changes: Changes, submission: Submission, part: Part) -> Submission:
    """Have the part's request cancelled, where one is known; what is answered later is withdrawn then."""
    if part.request_id is None:
        return submission
    changes.send(DELISTING, Cancel(actor=changes.actor, request_id=part.request_id))
    said = f"asked delisting to cancel {part.request_id}"
    return note(changes, submission, "accounts", said, engine=part.engine, request_id=part.request_id)


def _asked(changes: Changes, part: Part, name: str, rules: Rules) -> Part:
    return structs.replace(
        part, stage="asked", ask=name, asked_at=changes.now, deadline=changes.now + rules.answer_ms
    )
