"""What templates and delisting answer to a submission's questions, and how it goes on. Pure.

An answer to a question that was given up changes nothing, but that a request which was made nonetheless is
taken back.
"""

from __future__ import annotations

from typing import Final

from autodmca_events.requests import Examined, Rendered, RequestMade
from autodmca_events.requests.templates import RenderTemplate
from autodmca_service.errors import refuse
from msgspec import structs

from autodmca_accounts import ids
from autodmca_accounts.asking import AnswerHeard, Asked, asked_id
from autodmca_accounts.changes import Changes
from autodmca_accounts.submissions import following
from autodmca_accounts.submissions.parts import withdraw
from autodmca_accounts.submissions.settling import keep, move, part_of, settle, with_part
from autodmca_accounts.submissions.state import Link, Material, Part, Rules, Submission
from autodmca_accounts.submissions.trail import note

LONGEST_NOTICE: Final = 100_000
"""Characters that a request to an engine takes."""


def heard(changes: Changes, about: Asked, command: AnswerHeard, rules: Rules) -> None:
    """Take in an answer. Raises CommandRefused."""
    changes.put(asked_id(command.name), None)
    submission = changes.need(about.submission_id or "", Submission)
    step, _, rest = about.step.partition(":")
    if step in ("make", "resubmit"):
        engine, _, attempt = rest.partition(":")
        _of_part(changes, submission, part_of(submission, engine), int(attempt), command, rules)
        return
    if submission.ask != command.name:
        return
    submission = structs.replace(submission, ask=None, deadline=None)
    if command.refused is not None:
        _failed(changes, submission, command.refused)
    elif step == "validate" and isinstance(command.result, Examined):
        _examined(changes, submission, command.result, rules)
    elif step == "render" and isinstance(command.result, Rendered):
        _rendered(changes, submission, command.result)
    else:
        _failed(changes, submission, f"templates answered {step} without a result")


def _failed(changes: Changes, submission: Submission, reason: str) -> None:
    keep(changes, move(changes, submission, "failed", by="templates", reason=reason))


def _examined(changes: Changes, submission: Submission, result: Examined, rules: Rules) -> None:
    if not result.valid:
        lacking = ", ".join(result.missing_elements)
        more = f": it lacks {lacking}" if lacking else ""
        _failed(changes, submission, f"version {result.version} of the template is not valid{more}")
        return
    submission = note(changes, submission, "templates", f"version {result.version} is valid")
    submission = move(changes, submission, "processing", by="accounts")
    material = changes.need(ids.material_id(submission.id), Material)
    request = RenderTemplate(
        actor=changes.actor,
        template_id=submission.template_id,
        submission_id=submission.id,
        values=material.values,
    )
    name = changes.ask("templates", request, Asked(submission_id=submission.id, step="render"))
    deadline = changes.now + rules.answer_ms
    keep(changes, structs.replace(submission, stage="rendering", ask=name, deadline=deadline))


def _rendered(changes: Changes, submission: Submission, result: Rendered) -> None:
    if len(result.text) > LONGEST_NOTICE or not result.text.strip():
        reason = f"the notice has {len(result.text):,} characters; engines take 1 to {LONGEST_NOTICE:,}"
        _failed(changes, submission, reason)
        return
    material = changes.need(ids.material_id(submission.id), Material)
    changes.put(ids.material_id(submission.id), structs.replace(material, notice=result.text))
    said = f"rendered version {result.version}: {len(result.text):,} characters"
    submission = note(changes, submission, "templates", said)
    keep(changes, structs.replace(submission, stage="queueing", template_version=result.version))


def _of_part(
    changes: Changes, submission: Submission, part: Part, attempt: int, command: AnswerHeard, rules: Rules
) -> None:
    """`attempt`: which of the part's attempts was asked for."""
    made = command.result if isinstance(command.result, RequestMade) else None
    if attempt != part.attempt:
        raise refuse("conflict", "late", "another attempt is under way by now")
    if part.ask != command.name:
        _late(changes, submission, part, made, rules)
        return
    if submission.status == "cancelled":
        _late(changes, submission, structs.replace(part, ask=None), made, rules)
        return
    part = structs.replace(part, ask=None)
    if part.stage != "asked":
        changes.put(submission.id, with_part(submission, part))  # words that came before say how it stands
        return
    if command.refused is not None or (made is None and part.request_id is None):
        reason = command.refused or "delisting answered without a request"
        submission = note(changes, submission, "delisting", f"refused: {reason}", engine=part.engine)
        part = structs.replace(part, stage="failed", error=reason, deadline=None)
        settle(changes, with_part(submission, part))
        return
    part = structs.replace(part, stage="going", deadline=changes.now + rules.decision_ms)
    if made is not None:
        submission, part = _named(changes, submission, part, made)
    settle(changes, following.caught_up(changes, with_part(submission, part), part, rules))


def _named(
    changes: Changes, submission: Submission, part: Part, made: RequestMade
) -> tuple[Submission, Part]:
    """The part's request has a name from now on."""
    changes.put(ids.link_id(made.request_id), Link(submission_id=submission.id, engine=part.engine))
    counts = structs.replace(part.counts, total=made.urls, pending=made.urls)
    dropped = f", {made.dropped} dropped" if made.dropped else ""
    said = f"request {made.request_id} was made for {made.urls} URLs{dropped}"
    submission = note(changes, submission, "delisting", said, engine=part.engine, request_id=made.request_id)
    return submission, structs.replace(part, request_id=made.request_id, counts=counts)


def _late(
    changes: Changes, submission: Submission, part: Part, made: RequestMade | None, rules: Rules
) -> None:
    """Nobody waits for it any more. A request that nobody wants is withdrawn; one that is asked for again is
    the one that was made."""
    if made is None or part.request_id is not None or part.stage in ("waiting", "asked"):
        return
    part = structs.replace(part, request_id=made.request_id)
    changes.put(ids.link_id(made.request_id), Link(submission_id=submission.id, engine=part.engine))
    submission = following.caught_up(changes, with_part(submission, part), part, rules)
    keep(changes, withdraw(changes, submission, part))
