"""The saga of a submission: a template is examined and rendered, then each engine is asked. Pure.

Every step is one input: what a person asks, what another service answered or told, and what work finds due. A
part that fails, or is never answered, leaves the others as they are; a request that is answered for after it
was given up is taken back.
"""

from __future__ import annotations

from collections.abc import Mapping

from autodmca_events.requests.templates import ValidateTemplate
from autodmca_kafka import Context, Decision
from autodmca_service.commands import Outcome
from autodmca_service.errors import refuse, refuse_field
from msgspec import structs

from autodmca_accounts import ids
from autodmca_accounts.asking import AnswerHeard, Asked
from autodmca_accounts.changes import Changes
from autodmca_accounts.profiles.state import Profile
from autodmca_accounts.state import Entity
from autodmca_accounts.submissions import answering, following, progress
from autodmca_accounts.submissions.commands import (
    CancelSubmission,
    EngineHeard,
    Proceed,
    RequestHeard,
    RetrySubmission,
    SubmissionCommand,
    Submit,
)
from autodmca_accounts.submissions.keeping import make_room
from autodmca_accounts.submissions.parts import again, ask_for, given_up, take_back
from autodmca_accounts.submissions.settling import keep, move, settle
from autodmca_accounts.submissions.state import Material, Part, Rules, Submission
from autodmca_accounts.submissions.trail import note


def decide(
    entities: Mapping[str, Entity], command: SubmissionCommand, context: Context, rules: Rules
) -> Decision[Entity, Outcome]:
    """Decide on one command about submissions. Raises CommandRefused."""
    changes = Changes(entities, context)
    match command:
        case Submit():
            return changes.decision(_submit(changes, command, rules))
        case CancelSubmission():
            return changes.decision(_cancel(changes, command))
        case RetrySubmission():
            return changes.decision(_retry(changes, command, rules))
        case Proceed():
            return changes.decision(_proceed(changes, command, rules))
        case RequestHeard():
            following.request(changes, command.word, rules)
        case EngineHeard():
            following.engine(changes, command)
    return changes.decision()


def answer(
    entities: Mapping[str, Entity], about: Asked, command: AnswerHeard, context: Context, rules: Rules
) -> Decision[Entity, Outcome]:
    """Go on with what another service answered. Raises CommandRefused."""
    changes = Changes(entities, context)
    answering.heard(changes, about, command, rules)
    return changes.decision()


def _submit(changes: Changes, command: Submit, rules: Rules) -> int:
    if changes.find(command.submission_id, Submission) is not None:
        raise refuse(
            "conflict", "submission-exists", f"there is a submission {command.submission_id} already"
        )
    if changes.find(ids.profile_id(command.profile_id), Profile) is None:
        raise refuse_field("profileId", f"there is no profile {command.profile_id}")
    make_room(changes)
    urls = len(command.urls)
    material = Material(
        urls=command.urls,
        values=command.values,
        query=command.query,
        work=command.work,
        work_urls=command.work_urls,
        sender=command.sender,
    )
    submission = Submission(
        id=command.submission_id,
        profile_id=command.profile_id,
        template_id=command.template_id,
        title=command.title,
        parts=tuple(Part(engine=engine, counts=progress.none_yet(urls)) for engine in command.engines),
        urls=urls,
        created_at=changes.now,
        updated_at=changes.now,
        revision=0,
    )
    changes.put(ids.material_id(submission.id), material)
    said = f"submitted {urls} URLs for {', '.join(command.engines)} with template {command.template_id}"
    submission = note(changes, submission, f"user {command.actor.user_id}", said)
    return keep(changes, _examined(changes, submission, rules)).revision


def _examined(changes: Changes, submission: Submission, rules: Rules) -> Submission:
    """Have the template examined; the saga goes on with the answer."""
    request = ValidateTemplate(actor=changes.actor, template_id=submission.template_id)
    name = changes.ask("templates", request, Asked(submission_id=submission.id, step="validate"))
    return structs.replace(submission, stage="validating", ask=name, deadline=changes.now + rules.answer_ms)


def _cancel(changes: Changes, command: CancelSubmission) -> int:
    submission = changes.need(command.submission_id, Submission)
    if submission.status == "cancelled":
        return submission.revision
    by = f"user {command.actor.user_id}"
    submission = move(changes, submission, "cancelled", by=by)
    submission = structs.replace(submission, ask=None, deadline=None)
    for part in submission.parts:
        submission = take_back(changes, submission, part)
    return keep(changes, submission).revision


def _retry(changes: Changes, command: RetrySubmission, rules: Rules) -> int:
    submission = changes.need(command.submission_id, Submission)
    by = f"user {command.actor.user_id}"
    submission = structs.replace(move(changes, submission, "pending", by=by), attempt=submission.attempt + 1)
    submission = structs.replace(submission, progress=0.0)
    material = changes.need(ids.material_id(submission.id), Material)
    if material.notice is None:
        return keep(changes, _examined(changes, submission, rules)).revision
    submission = structs.replace(submission, stage="queueing", ask=None, deadline=None)
    for part in submission.parts:
        submission = again(changes, submission, part, rules)
    submission = move(changes, submission, "processing", by="accounts")
    return settle(changes, submission).revision


def _proceed(changes: Changes, command: Proceed, rules: Rules) -> int:
    submission = changes.need(command.submission_id, Submission)
    if changes.context.is_late(submission.run if submission.next_at is not None else None):
        raise refuse("conflict", "overtaken", "the submission has gone on without this")
    now = max(changes.now, command.at)
    if submission.deadline is not None and submission.deadline <= now:
        reason = f"templates has not answered within {rules.answer_ms // 1000} s"
        submission = structs.replace(submission, ask=None, deadline=None)
        return keep(changes, move(changes, submission, "failed", by="accounts", reason=reason)).revision
    for part in submission.parts:
        if part.deadline is not None and part.deadline <= now and part.stage in ("asked", "going"):
            submission = given_up(changes, submission, part, rules)
    waiting = [part for part in submission.parts if part.stage == "waiting"]
    if submission.stage == "queueing" and waiting:
        submission = ask_for(changes, submission, waiting[0], rules)
    return settle(changes, submission).revision
