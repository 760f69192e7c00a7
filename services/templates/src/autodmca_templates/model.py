"""The rules: what a command does to a user's templates, and which events follow. Pure.

`apply` gets the user's entities, one command and the context of its input record, and answers with
changes, events and an outcome; it reads no clock and draws no random number, so the same input gives
the same bytes on any replica. What may not be is refused: nothing changes and nothing is emitted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from autodmca_events import Payload, requests
from autodmca_kafka import Context, Decision, Emission
from autodmca_service.commands import FieldError, Outcome
from autodmca_service.errors import CommandRefused, refuse
from msgspec import structs

from autodmca_templates import orders, payloads
from autodmca_templates.commands import (
    AnyCommand,
    Create,
    Deed,
    Done,
    Edit,
    Move,
    Ordered,
    Render,
    Resolve,
    Validate,
)
from autodmca_templates.state import Entity, Template, Use, Verdict, Version, use_key
from autodmca_templates.workflow import EDITABLE, NEXT_OUTCOMES, STEPS, begins_version

MAX_TEMPLATES_PER_USER: Final = 1_000


class _Change(NamedTuple):
    template: Template
    events: tuple[Payload, ...] = ()
    use: Use | None = None


def apply(entities: Mapping[str, Entity], command: AnyCommand, context: Context) -> Decision[Entity, Outcome]:
    """Decide on one command of the user `context.user_id`, the owner. Raises CommandRefused."""
    if isinstance(command, Ordered):
        return orders.take(entities, command, context)
    if isinstance(command, Done):
        return orders.settle(apply, entities, command, context)
    held = entities.get(command.template_id)
    template = held if isinstance(held, Template) else None
    change = _decide(entities, template, command, context)
    if change.template is template:
        return Decision(outcome=Outcome(revision=template.revision))
    revision = change.template.revision + 1
    after = structs.replace(change.template, revision=revision, updated_at=context.now_ms)
    changes: dict[str, Entity | None] = {after.id: after}
    if change.use is not None:
        changes[use_key(after.id, change.use.submission_id)] = change.use
    return Decision(
        changes=changes,
        events=tuple(Emission(payload) for payload in change.events),
        outcome=Outcome(revision=after.revision),
    )


def _decide(
    entities: Mapping[str, Entity], template: Template | None, command: Deed, context: Context
) -> _Change:
    now = context.now_ms
    owner = context.user_id
    if isinstance(command, Create):
        return _create(entities, template, command, owner, now)
    if template is None:
        raise refuse("not_found", "no-such-template", f"there is no template {command.template_id}")
    match command:
        case Edit():
            return _edit(template, command, owner, now)
        case Validate():
            return _validate(template, command, owner, now)
        case Move():
            return _move(template, command, owner, now)
        case Render():
            held = entities.get(use_key(template.id, command.submission_id))
            return _render(template, held if isinstance(held, Use) else None, command, owner, now)
        case Resolve():
            held = entities.get(use_key(template.id, command.submission_id))
            return _resolve(template, held if isinstance(held, Use) else None, command, owner, now)


def _create(
    entities: Mapping[str, Entity], template: Template | None, command: Create, owner: int, now: int
) -> _Change:
    _only_author(command, owner)
    if template is not None:
        raise refuse("conflict", "template-exists", f"there is a template {template.id} already")
    if sum(isinstance(entity, Template) for entity in entities.values()) >= MAX_TEMPLATES_PER_USER:
        raise refuse("conflict", "too-many-templates", f"a user has {MAX_TEMPLATES_PER_USER} at most")
    first = Version(number=1, content=command.content)
    return _Change(
        Template(
            id=command.template_id, revision=0, status="draft", current=first, created_at=now, updated_at=now
        )
    )


def _edit(template: Template, command: Edit, owner: int, now: int) -> _Change:
    _only_author(command, owner)
    expected = command.expected_revision
    if expected is not None and expected != template.revision:
        raise refuse(
            "precondition", "revision-changed", f"revision is {template.revision}, If-Match says {expected}"
        )
    if template.status not in EDITABLE:
        raise _illegal(template, "edit")
    if command.content == template.current.content:
        return _Change(template)
    previous = template.status
    number = template.current.number + (1 if begins_version(previous) else 0)
    edited = structs.replace(
        template, status="draft", current=Version(number=number, content=command.content)
    )
    if previous == "draft":
        return _Change(edited)
    verdict = Verdict(status="draft", version=number, actor_id=command.actor.user_id, at=now)
    edited = structs.replace(edited, verdict=verdict)
    return _Change(edited, (payloads.approval(edited, previous, now),))


def _validate(template: Template, command: Validate, owner: int, now: int) -> _Change:
    if command.actor.user_id != owner and not command.actor.is_reviewer:
        raise refuse("forbidden", "not-yours", "only the author or a reviewer may validate a template")
    if command.digest != template.current.content.digest:
        raise refuse(
            "conflict", "content-changed", "the template was edited while it was examined; ask again"
        )
    version = structs.replace(template.current, report=command.report, validated_at=now)
    event = payloads.validation(template.id, version, command.report, now)
    return _Change(structs.replace(template, current=version), (event,))


def _move(template: Template, command: Move, owner: int, now: int) -> _Change:
    step = STEPS[command.transition]
    actor = command.actor
    if step.who == "reviewer":
        if not actor.is_reviewer:
            raise refuse("forbidden", "not-a-reviewer", "only a reviewer may decide on a template")
        if actor.user_id == owner:
            raise refuse("forbidden", "own-template", "the reviewer of a template is not its author")
    elif not (step.who == "author_or_admin" and actor.is_admin):
        _only_author(command, owner)
    if template.status not in step.sources:
        raise _illegal(template, command.transition)
    if command.version is not None and command.version != template.current.number:
        raise refuse("conflict", "version-changed", f"the version under review is {template.current.number}")
    if command.transition == "submit":
        _require_valid(template.current)
    verdict = Verdict(
        status=step.to,
        version=template.current.number,
        actor_id=actor.user_id,
        at=now,
        comment=command.comment,
    )
    usable = template.current if step.to == "approved" else template.usable
    moved = structs.replace(template, status=step.to, verdict=verdict, usable=usable)
    reviewer_id = actor.user_id if step.who == "reviewer" else None
    event = payloads.approval(moved, template.status, now, reviewer_id=reviewer_id, comment=command.comment)
    return _Change(moved, (event,))


def _require_valid(version: Version) -> None:
    if version.report is None:
        raise refuse(
            "conflict", "not-validated", f"version {version.number} has not been validated as it stands"
        )
    if not version.report.valid:
        errors = tuple(
            FieldError(field="body", reason=finding.reason, line=finding.line)
            for finding in version.report.errors
        )
        raise refuse("conflict", "not-valid", f"version {version.number} is not valid", errors)


def _render(template: Template, use: Use | None, command: Render, owner: int, now: int) -> _Change:
    if not command.actor.is_admin:
        _only_author(command, owner)
    if template.usable is None or template.status == "archived":
        raise refuse("conflict", "not-usable", f"a template that is {template.status} has no version for use")
    if command.version != template.usable.number:
        raise refuse("conflict", "version-changed", f"the version in use is {template.usable.number}")
    if use is not None and use.outcome != "rendered":
        raise refuse("conflict", "already-sent", f"submission {use.submission_id} is {use.outcome}")
    rendered = Use(
        template_id=template.id,
        submission_id=command.submission_id,
        version=command.version,
        rendered_length=command.rendered_length,
        outcome="rendered",
        used_at=now,
    )
    # Rendering again for a submission that has not gone out is the same use, not another one.
    counted = structs.replace(template, usage_count=template.usage_count + (1 if use is None else 0))
    return _Change(counted, (payloads.usage(counted, rendered, now),), rendered)


def _resolve(template: Template, use: Use | None, command: Resolve, owner: int, now: int) -> _Change:
    if not command.actor.is_admin:
        _only_author(command, owner)
    if use is None:
        raise refuse(
            "not_found", "no-such-use", f"this template was not rendered for {command.submission_id}"
        )
    if command.outcome not in NEXT_OUTCOMES[use.outcome]:
        raise refuse(
            "conflict", "illegal-transition", f"a use that is {use.outcome} cannot be {command.outcome}"
        )
    resolved = structs.replace(use, outcome=command.outcome, used_at=now)
    counted = structs.replace(
        template,
        accepted_count=template.accepted_count + (1 if command.outcome == "accepted" else 0),
        rejected_count=template.rejected_count + (1 if command.outcome == "rejected" else 0),
    )
    return _Change(counted, (payloads.usage(counted, resolved, now),), resolved)


def _only_author(command: requests.Command, owner: int) -> None:
    if command.actor.user_id != owner:
        raise refuse("forbidden", "not-yours", "only the template's author may do that")


def _illegal(template: Template, what: str) -> CommandRefused:
    return refuse("conflict", "illegal-transition", f"a template that is {template.status} cannot: {what}")
