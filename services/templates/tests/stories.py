"""One user's templates under the model alone, and short ways to tell a story to it.

Every command is applied twice, the second time as another replica reads it, and must give the same bytes.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from autodmca_events import encode, envelope
from autodmca_kafka import Context, Decision, Model, RecordPosition
from autodmca_service.commands import Actor, Outcome
from autodmca_service.once import once
from autodmca_service.receipts import Limits
from autodmca_templates import model
from autodmca_templates.answers import answered, is_final
from autodmca_templates.commands import (
    AnyCommand,
    Create,
    Edit,
    Move,
    Render,
    Resolve,
    Transition,
    Validate,
)
from autodmca_templates.report import Report
from autodmca_templates.state import Content, Entity, Template

OWNER: Final = 7
AUTHOR: Final = Actor(OWNER)
ACTORS: Final = (
    AUTHOR,
    Actor(OWNER, ("reviewer",)),
    Actor(8),
    Actor(9, ("reviewer",)),
    Actor(10, ("admin",)),
)
REVIEWER: Final = ACTORS[3]
ID: Final = "tpl_7_aaaaaaaaaaaaaaaaaaaa"
apply: Final[Model[Entity, AnyCommand, Outcome]] = once(model.apply, answered, Limits(), is_final=is_final)
LISTED: Final = {
    ("draft", "in_review"),
    ("in_review", "approved"),
    ("in_review", "changes_requested"),
    ("in_review", "rejected"),
    ("changes_requested", "draft"),
    ("rejected", "draft"),
    ("rejected", "in_appeal"),
    ("in_appeal", "approved"),
    ("in_appeal", "rejected"),
    ("approved", "deprecated"),
    ("deprecated", "archived"),
    ("approved", "draft"),  # editing starts a new version
}
TRANSITIONS: Final[tuple[Transition, ...]] = (
    "submit", "approve", "request-changes", "reject", "appeal", "deprecate", "archive"
)  # fmt: skip


def content(text: str) -> Content:
    return Content(name=f"Template {text}", kind="takedown", body=text)


class Log:
    """One user's entities and what a sequence of commands makes of them."""

    def __init__(self) -> None:
        self.entities: dict[str, Entity] = {}
        self.events: list[Any] = []
        self._offset = 0

    def __call__(self, command: AnyCommand) -> Outcome:
        context = Context(OWNER, 1_700_000_000_000 + self._offset, RecordPosition("inputs", 0, self._offset))
        self._offset += 1
        before = dict(self.entities)
        decision = apply(self.entities, command, context)
        assert self.entities == before, "a model changes nothing it is given"
        assert wire(decision, context) == wire(apply(dict(before), again(command), context), context)
        if decision.refused:
            assert not decision.changes
            assert not decision.events
        for key, entity in decision.changes.items():
            assert entity is not None
            self.entities[key] = entity
        self.events += [emission.payload for emission in decision.events]
        return decision.outcome

    @property
    def template(self) -> Template:
        found = self.entities[ID]
        assert isinstance(found, Template)
        return found


def again(command: AnyCommand) -> AnyCommand:
    """The command as another replica reads it from the log."""
    read: AnyCommand = msgspec.json.decode(msgspec.json.encode(command), type=AnyCommand)
    return read


def wire(decision: Decision[Entity, Outcome], context: Context) -> tuple[bytes, ...]:
    """Everything that leaves for Kafka."""
    events = [
        encode(envelope(each.payload, user_id=OWNER, timestamp_ms=context.now_ms, id=context.new_id(index)))
        for index, each in enumerate(decision.events)
    ]
    states = [msgspec.json.encode(entity) for entity in decision.changes.values()]
    return (*events, *states, msgspec.json.encode(decision.outcome))


def drafted(*steps: Transition | Edit) -> Log:
    """A valid template, as far as these steps take it."""
    log = Log()
    log(Create(template_id=ID, actor=AUTHOR, content=content("0")))
    found_valid(log)
    for step in steps:
        command: AnyCommand
        if isinstance(step, Edit):
            command = step
        else:
            actor = REVIEWER if step in ("approve", "reject", "request-changes") else AUTHOR
            command = Move(template_id=ID, actor=actor, transition=step)
        assert log(command).refusal is None
        if isinstance(step, Edit):
            found_valid(log)
    return log


def found_valid(log: Log) -> None:
    digest = log.template.current.content.digest
    log(Validate(template_id=ID, actor=AUTHOR, digest=digest, report=Report(valid=True, score=1.0)))


def edit(text: str) -> Edit:
    return Edit(template_id=ID, actor=AUTHOR, content=content(text))


def refused(outcome: Outcome) -> str:
    assert outcome.refusal is not None
    return outcome.refusal.code


def use(log: Log, submission: str, *outcomes: Any) -> None:
    version = log.template.usable
    assert version is not None
    command = Render(
        template_id=ID, actor=AUTHOR, version=version.number, submission_id=submission, rendered_length=5
    )
    assert log(command).refusal is None
    for outcome in outcomes:
        resolve = Resolve(template_id=ID, actor=AUTHOR, submission_id=submission, outcome=outcome)
        assert log(resolve).refusal is None
