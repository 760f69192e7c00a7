"""The rules, taken apart by machine: whatever is asked in whatever order, only listed transitions happen."""

from __future__ import annotations

from typing import Any

from autodmca_events import TemplateApproval
from autodmca_service.commands import Actor, Outcome
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
from autodmca_templates.state import Use
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.templates.tests.stories import (
    ACTORS,
    AUTHOR,
    ID,
    LISTED,
    OWNER,
    TRANSITIONS,
    Log,
    content,
)


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
