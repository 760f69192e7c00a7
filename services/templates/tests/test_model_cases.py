"""The rules, case by case."""

from __future__ import annotations

from autodmca_events import TemplateUsage, TemplateValidation
from autodmca_templates.commands import (
    Create,
    Edit,
    Move,
    Render,
    Resolve,
    Validate,
)
from autodmca_templates.model import MAX_TEMPLATES_PER_USER
from autodmca_templates.report import Report

from services.templates.tests.stories import (
    ACTORS,
    AUTHOR,
    ID,
    REVIEWER,
    Log,
    content,
    drafted,
    edit,
    refused,
    use,
)


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


def test_a_template_is_there_once() -> None:
    log = Log()
    log(Create(template_id=ID, actor=AUTHOR, content=content("0")))
    assert refused(log(Create(template_id=ID, actor=AUTHOR, content=content("1")))) == "template-exists"


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
