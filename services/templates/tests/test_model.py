"""The rules, taken apart by machine: whatever is asked in whatever order, only listed transitions happen."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from autodmca_events import TemplateApproval, TemplateUsage, TemplateValidation, encode, envelope
from autodmca_kafka import Context, Decision, RecordPosition
from autodmca_templates.commands import (
    Actor,
    AnyCommand,
    Create,
    Edit,
    Move,
    Outcome,
    Render,
    Resolve,
    Transition,
    Validate,
)
from autodmca_templates.model import MAX_RECEIPTS, MAX_TEMPLATES_PER_USER, apply
from autodmca_templates.report import Report
from autodmca_templates.state import Content, Entity, Template, Use
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

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


class AnyOrder(RuleBasedStateMachine):
    """Everybody asks for everything, all the time."""

    def __init__(self) -> None:
        super().__init__()
        self.log = Log()
        self.log(Create(template_id=ID, actor=AUTHOR, content=content("0")))

    def do(self, command: AnyCommand) -> Outcome:
        before = self.log.template
        told = len(self.log.events)
        outcome = self.log(command)
        after = self.log.template
        fresh = self.log.events[told:]
        if before.status != after.status:
            assert (before.status, after.status) in LISTED
            (event,) = fresh
            assert isinstance(event, TemplateApproval)
            assert (event.previous_status, event.status) == (before.status, after.status)
        else:
            assert not any(isinstance(event, TemplateApproval) for event in fresh)
        assert after.current.number - before.current.number in (0, 1)
        if before.status != "draft" and before.current.content != after.current.content:
            assert after.current.number == before.current.number + 1
        return outcome

    @rule(actor=st.sampled_from(ACTORS), transition=st.sampled_from(TRANSITIONS))
    def move(self, actor: Actor, transition: Transition) -> None:
        before = self.log.template
        outcome = self.do(Move(template_id=ID, actor=actor, transition=transition))
        if outcome.refusal is None:
            if transition in ("approve", "request-changes", "reject"):
                assert actor.user_id != OWNER
                assert actor.is_reviewer
            if transition == "submit":
                assert before.current.report is not None
                assert before.current.report.valid

    @rule(actor=st.sampled_from(ACTORS), text=st.sampled_from("0123"))
    def edit(self, actor: Actor, text: str) -> None:
        outcome = self.do(Edit(template_id=ID, actor=actor, content=content(text)))
        assert actor.user_id == OWNER or outcome.refusal is not None

    @rule(actor=st.sampled_from(ACTORS), text=st.sampled_from("0123"), valid=st.booleans())
    def validate(self, actor: Actor, text: str, valid: bool) -> None:
        report = Report(valid=valid, score=float(valid))
        self.do(Validate(template_id=ID, actor=actor, digest=content(text).digest, report=report))

    @rule(version=st.integers(0, 3), submission=st.sampled_from("abc"))
    def render(self, version: int, submission: str) -> None:
        self.do(
            Render(template_id=ID, actor=AUTHOR, version=version, submission_id=submission, rendered_length=5)
        )

    @rule(submission=st.sampled_from("abc"), outcome=st.sampled_from(["sent", "accepted", "rejected"]))
    def resolve(self, submission: str, outcome: Any) -> None:
        self.do(Resolve(template_id=ID, actor=AUTHOR, submission_id=submission, outcome=outcome))

    @invariant()
    def what_is_or_was_reviewed_was_valid(self) -> None:
        template = self.log.template
        if template.status not in ("draft",):
            assert template.current.validated_at is not None
        if template.status in ("approved", "deprecated", "archived"):
            assert template.usable is not None
            assert template.usable.number == template.current.number

    @invariant()
    def counts_are_those_of_the_uses(self) -> None:
        template = self.log.template
        outcomes = [use.outcome for use in self.log.entities.values() if isinstance(use, Use)]
        assert template.usage_count == len(outcomes)
        assert template.accepted_count == outcomes.count("accepted")
        assert template.rejected_count == outcomes.count("rejected")


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


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


def test_an_edited_draft_must_be_validated_again() -> None:
    log = drafted(edit("1"))
    log(edit("2"))
    assert refused(log(Move(template_id=ID, actor=AUTHOR, transition="submit"))) == "not-validated"
    assert log.template.current.number == 1


def test_a_report_on_another_text_is_refused() -> None:
    log = drafted()
    late = Validate(
        template_id=ID, actor=AUTHOR, digest=content("9").digest, report=Report(valid=True, score=1.0)
    )
    assert refused(log(late)) == "content-changed"


def test_the_approved_version_stays_in_use_until_the_next_one_is_approved() -> None:
    log = drafted("submit", "approve", edit("1"), "submit", "reject", edit("2"))
    assert log.template.usable is not None
    assert log.template.usable.number == 1
    assert log.template.current.number == 3
    use(log, "a")
    assert log.events[-1].template_version == 1
    assert log.events[-1].name == "Template 0"
    for transition, actor in (("submit", AUTHOR), ("approve", REVIEWER)):
        log(Move(template_id=ID, actor=actor, transition=transition))  # type: ignore[arg-type]
    assert log.template.usable.number == 3


def test_a_deprecated_template_renders_and_an_archived_one_does_not() -> None:
    log = drafted("submit", "approve", "deprecate")
    use(log, "a")
    log(Move(template_id=ID, actor=AUTHOR, transition="archive"))
    late = Render(template_id=ID, actor=AUTHOR, version=1, submission_id="b", rendered_length=5)
    assert refused(log(late)) == "not-usable"
    told = Resolve(template_id=ID, actor=AUTHOR, submission_id="a", outcome="accepted")
    assert log(told).refusal is None


def test_an_author_who_is_a_reviewer_still_does_not_decide_on_his_own_template() -> None:
    log = drafted("submit")
    himself = Move(template_id=ID, actor=ACTORS[1], transition="approve")
    assert refused(log(himself)) == "own-template"


def test_a_reviewer_who_has_read_another_version_is_told() -> None:
    log = drafted("submit", "approve", edit("1"), "submit")
    stale = Move(template_id=ID, actor=REVIEWER, transition="approve", version=1)
    assert refused(log(stale)) == "version-changed"


def test_usage_counts_and_the_acceptance_rate() -> None:
    log = drafted("submit", "approve")
    use(log, "a", "sent", "accepted")
    use(log, "b", "accepted")
    use(log, "c", "sent", "rejected")
    use(log, "d")
    use(log, "d")
    usage = [event for event in log.events if isinstance(event, TemplateUsage)]
    assert [(each.usage_count, each.outcome, each.acceptance_rate_percent) for each in usage] == [
        (1, "rendered", None),
        (1, "sent", None),
        (1, "accepted", 100.0),
        (2, "rendered", 100.0),
        (2, "accepted", 100.0),
        (3, "rendered", 100.0),
        (3, "sent", 100.0),
        (3, "rejected", 66.67),
        (4, "rendered", 66.67),
        (4, "rendered", 66.67),
    ]
    final = Resolve(template_id=ID, actor=AUTHOR, submission_id="a", outcome="rejected")
    assert refused(log(final)) == "illegal-transition"
    unknown = Resolve(template_id=ID, actor=AUTHOR, submission_id="z", outcome="rejected")
    assert refused(log(unknown)) == "no-such-use"


def test_a_request_that_is_sent_again_is_answered_and_not_done_twice() -> None:
    log = drafted("submit", "approve")
    command = Render(template_id=ID, actor=AUTHOR, key="k", version=1, submission_id="a", rendered_length=5)
    first, told = log(command), len(log.events)
    second = log(command)
    assert second.replayed
    assert second.revision == first.revision
    assert len(log.events) == told
    other = Move(template_id=ID, actor=AUTHOR, key="k", transition="deprecate")
    assert refused(log(other)) == "idempotency-key-reused"


def test_creating_again_with_the_same_key_finds_the_first_one() -> None:
    log = Log()
    command = Create(template_id=ID, actor=AUTHOR, key="k", content=content("0"))
    log(command)
    assert log(command).replayed
    differs = Create(template_id=ID, actor=AUTHOR, key="k", content=content("1"))
    assert refused(log(differs)) == "idempotency-key-reused"
    assert refused(log(Create(template_id=ID, actor=AUTHOR, content=content("1")))) == "template-exists"


def test_only_the_newest_keys_are_remembered() -> None:
    log = drafted("submit", "approve")
    for number in range(MAX_RECEIPTS + 5):
        command = Render(
            template_id=ID,
            actor=AUTHOR,
            key=f"k{number}",
            version=1,
            submission_id=f"s{number}",
            rendered_length=5,
        )
        assert log(command).refusal is None
    assert len(log.template.receipts) == MAX_RECEIPTS


def test_writing_the_same_content_again_changes_nothing() -> None:
    log = drafted("submit", "approve")
    before = log.template
    assert log(edit("0")).refusal is None
    assert log.template == before


def test_an_edit_of_another_revision_than_the_one_read_is_refused() -> None:
    log = drafted()
    stale = Edit(template_id=ID, actor=AUTHOR, content=content("1"), expected_revision=1)
    assert refused(log(stale)) == "revision-changed"


def test_a_user_has_a_bounded_number_of_templates() -> None:
    log = Log()
    for number in range(MAX_TEMPLATES_PER_USER):
        assert log(Create(template_id=f"t{number}", actor=AUTHOR, content=content("0"))).refusal is None
    assert (
        refused(log(Create(template_id="more", actor=AUTHOR, content=content("0")))) == "too-many-templates"
    )


def test_a_validation_tells_what_was_found() -> None:
    log = drafted()
    (event,) = log.events
    assert isinstance(event, TemplateValidation)
    assert (event.template_id, event.template_version, event.valid, event.score) == (ID, 1, True, 1.0)


def test_what_is_not_there_is_not_found() -> None:
    assert refused(Log()(Move(template_id=ID, actor=AUTHOR, transition="submit"))) == "no-such-template"
