"""The rules, input by input: transitions, outcomes, and what is never done twice."""

from __future__ import annotations

import pytest
from autodmca_delisting import ids
from autodmca_delisting.model.commands import (
    Appeal,
    Cancel,
    Expire,
    Postponed,
    Report,
    Resubmit,
    Sending,
    Unclear,
)
from autodmca_delisting.model.state import Rules
from autodmca_events.delisting import EngineResponse

from services.delisting.tests.asking import ACTOR, ID, USER, Desk, decided


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_request_goes_to_a_decision_part_by_part(desk: Desk) -> None:
    desk.queued(parts=2)
    desk.answered("submit", 1, http_status=201, external_reference="g-1", progress="submitted")
    assert desk.status() == "queued", "the other part is not out yet"
    desk.answered("submit", 2, http_status=201, external_reference="g-2", progress="submitted")
    assert desk.status() == "submitted"
    desk.answered("poll", 1, progress="under_review")
    desk.answered(
        "poll", 2, progress="decided", outcomes=decided({0: "removed", 1: "removed", 2: "duplicate"}, 2)
    )
    assert desk.status() == "under_review"
    desk.answered(
        "poll", 1, progress="decided", outcomes=decided({0: "removed", 1: "no_action", 2: "not_in_index"})
    )
    assert desk.status() == "partially_approved"
    assert desk.statuses() == ["queued", "submitted", "under_review", "partially_approved"]
    counts = desk.request.counts
    assert (counts.total, counts.removed, counts.no_action, counts.not_in_index, counts.duplicate) == (
        6,
        3,
        1,
        1,
        1,
    )
    assert desk.request.external_reference == "g-1"
    assert desk.part().next_at is None
    assert desk.request.expires_at is None


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        ({0: "removed", 1: "not_in_index", 2: "duplicate"}, "approved"),
        ({0: "no_action", 1: "no_action", 2: "no_action"}, "denied"),
        ({0: "no_action", 1: "removed", 2: "removed"}, "partially_approved"),
        ({0: "no_action", 1: "not_in_index", 2: "not_in_index"}, "partially_approved"),
    ],
)
def test_outcomes_make_the_verdict(desk: Desk, outcomes: dict[int, str], status: str) -> None:
    desk.queued()
    desk.answered("submit", external_reference="g-1", progress="decided", outcomes=decided(outcomes))
    assert desk.statuses() == ["queued", "submitted", "under_review", status]


def test_a_decision_without_every_outcome_is_none(desk: Desk) -> None:
    desk.queued()
    desk.answered("submit", external_reference="g", progress="decided", outcomes=decided({0: "removed"}))
    assert desk.status() == "under_review"
    assert desk.part().stage == "sent"


def test_a_refused_submission_fails_and_another_attempt_has_another_name(desk: Desk) -> None:
    desk.queued(parts=2)
    desk.answered("submit", 1, http_status=201, external_reference="g-1", progress="under_review")
    desk.answered("submit", 2, http_status=422, code="incomplete", message="notice.text: say more")
    assert desk.status() == "failed"
    assert desk.request.reason == "notice.text: say more"
    desk.ask(Resubmit(request_id=ID, actor=ACTOR))
    assert desk.status() == "queued"
    assert (desk.request.attempt, desk.part(1).attempt, desk.part(2).attempt) == (2, 1, 2)
    assert (desk.part(1).stage, desk.part(2).stage) == ("sent", "waiting"), "what is out is not sent again"
    desk.answered("submit", 2, http_status=201, external_reference="g-2", progress="under_review")
    assert desk.statuses() == ["queued", "failed", "queued", "submitted", "under_review"]


def test_what_may_be_out_keeps_its_name_however_often_it_is_tried(desk: Desk) -> None:
    desk = Desk(Rules(most_tries=2))
    desk.queued()
    for _ in range(3):
        run = desk.part().run
        desk.ask(Postponed(request_id=ID, actor=ACTOR, number=1, wait_ms=0, reason="no answer"), run=run)
    assert desk.status() == "failed"
    desk.ask(Resubmit(request_id=ID, actor=ACTOR))
    assert desk.part().attempt == 1


def test_retry_after_is_obeyed_and_pauses_grow(desk: Desk) -> None:
    desk.queued()
    desk.answered("submit", http_status=429, code="rate_limited", retry_after_s=90.0)
    assert desk.part().next_at == desk.now + 90_000
    waits = []
    for _ in range(3):
        desk.answered("submit", http_status=503, code="server_error")
        next_at = desk.part().next_at
        assert next_at is not None
        waits.append(next_at - desk.now)
    assert waits == sorted(waits)
    assert waits[0] < waits[-1]
    assert desk.part().stage == "waiting"
    responses = [event for event in desk.events if isinstance(event, EngineResponse)]
    assert [each.response_code for each in responses] == ["rate_limited", *["server_error"] * 3]
    assert responses[0].retry_after_seconds == 90
    assert desk.status() == "queued"


def test_being_held_back_is_no_try(desk: Desk) -> None:
    """An engine that asks us to wait again and again neither ends a request nor makes its pauses grow."""
    desk = Desk(Rules(most_tries=2))
    desk.queued()
    for _ in range(50):
        run = desk.part().run
        held_back = Postponed(
            request_id=ID, actor=ACTOR, number=1, wait_ms=1_000, reason="google asked to wait", asked=False
        )
        desk.ask(held_back, run=run)
        assert desk.part().next_at == desk.now + 2_000
    assert (desk.status(), desk.part().stage, desk.part().tries) == ("queued", "waiting", 0)


def test_polls_back_off_until_there_is_news(desk: Desk) -> None:
    desk.queued()
    desk.answered("submit", external_reference="g", progress="submitted")
    waits = []
    for _ in range(4):
        desk.answered("poll", progress="submitted")
        waits.append((desk.part().next_at or 0) - desk.now)
    assert waits == [120_000, 240_000, 480_000, 960_000]
    told = len(desk.events)
    desk.answered("poll", progress="under_review")
    assert (desk.part().next_at or 0) - desk.now == 60_000
    assert len(desk.events) == told + 2


def test_a_late_checkpoint_changes_nothing(desk: Desk) -> None:
    desk.queued()
    late = desk.part().run
    desk.answered("submit", external_reference="g", progress="submitted")
    command = Postponed(request_id=ID, actor=ACTOR, number=1, wait_ms=0, reason="no answer")
    assert desk.refusal(command, run=late) == "overtaken"


def test_an_intent_is_kept_until_it_is_clear_what_became_of_it(desk: Desk) -> None:
    desk.queued()
    about = {"request_id": ID, "actor": ACTOR, "number": 1}
    desk.ask(Sending(**about), run=desk.part().run)  # type: ignore[arg-type]
    desk.ask(Postponed(**about, wait_ms=0, reason="cut", lost=True), run=desk.part().run)  # type: ignore[arg-type]
    assert desk.part().stage == "sending"
    assert (desk.part().next_at or 0) >= desk.now + Rules().settle_ms
    desk.ask(Postponed(**about, wait_ms=0, reason="not there"), run=desk.part().run)  # type: ignore[arg-type]
    assert desk.part().stage == "waiting"
    desk.ask(Sending(**about), run=desk.part().run)  # type: ignore[arg-type]
    desk.answered("submit", http_status=500, code="server_error")
    assert desk.part().stage == "sending", "a 500 does not say that nothing was done"
    desk.ask(Unclear(**about, reason="look"), run=desk.part().run)  # type: ignore[arg-type]
    assert desk.request.needs_person == "look"
    assert desk.status() == "queued"
    assert desk.refusal(Report(**about, progress="submitted")) == "no-reference"  # type: ignore[arg-type]
    desk.ask(Report(**about, progress="submitted", external_reference="y-1"))  # type: ignore[arg-type]
    assert (desk.part().stage, desk.status()) == ("sent", "submitted")
    assert not desk.request.needs_person
    assert desk.request.notes[-1].user_id == USER
    assert desk.refusal(Report(**about, progress=None)) == "no-person-needed"  # type: ignore[arg-type]


def test_what_a_person_did_not_find_is_sent_again(desk: Desk) -> None:
    desk.queued()
    about = {"request_id": ID, "actor": ACTOR, "number": 1}
    desk.ask(Sending(**about), run=desk.part().run)  # type: ignore[arg-type]
    desk.ask(Unclear(**about, reason="look"), run=desk.part().run)  # type: ignore[arg-type]
    desk.ask(Report(**about, progress=None))  # type: ignore[arg-type]
    assert (desk.part().stage, desk.part().next_at) == ("waiting", desk.now)


def test_what_is_filed_by_hand_goes_on_by_reports(desk: Desk) -> None:
    desk.queued(by_hand=True)
    assert desk.request.needs_person == "to be filed by hand"
    about = {"request_id": ID, "actor": ACTOR, "number": 1}
    desk.ask(Report(**about, progress="submitted", external_reference="form 7"))  # type: ignore[arg-type]
    assert desk.status() == "submitted"
    assert desk.refusal(Report(**about, progress="decided", outcomes=decided({0: "removed"}))) == "undecided"  # type: ignore[arg-type]
    everything = decided({0: "removed", 1: "no_action", 2: "removed"})
    desk.ask(Report(**about, progress="decided", outcomes=everything))  # type: ignore[arg-type]
    assert desk.statuses() == ["queued", "submitted", "under_review", "partially_approved"]
    assert [note.said for note in desk.request.notes] == [
        "part 1: submitted form 7",
        "part 1: decided form 7",
    ]
    desk.ask(Appeal(request_id=ID, actor=ACTOR, text="look again"))
    assert desk.request.needs_person
    desk.ask(Report(**about, progress="decided", outcomes=decided({1: "removed"})))  # type: ignore[arg-type]
    assert desk.status() == "approved"


def test_an_appeal_reviews_what_stayed_and_is_told(desk: Desk) -> None:
    desk.queued()
    assert desk.refusal(Appeal(request_id=ID, actor=ACTOR, text="no")) == "illegal-transition"
    outcomes = decided({0: "no_action", 1: "removed", 2: "no_action"})
    desk.answered("submit", external_reference="g", progress="decided", outcomes=outcomes)
    desk.ask(Appeal(request_id=ID, actor=ACTOR, text="they are copies"))
    assert (desk.status(), desk.part().stage, desk.request.counts.pending) == (
        "appealed",
        "appealing",
        2,
    )
    pending = decided({0: "pending", 1: "removed", 2: "pending"})
    desk.answered("appeal", http_status=202, progress="under_review", outcomes=pending)
    assert desk.status() == "under_review"
    desk.answered("poll", progress="decided", outcomes=decided({0: "removed", 2: "no_action"}))
    assert desk.statuses()[-4:] == ["partially_approved", "appealed", "under_review", "partially_approved"]


def test_an_appeal_that_is_refused_leaves_the_decision(desk: Desk) -> None:
    desk.queued()
    outcomes = decided({0: "no_action", 1: "no_action", 2: "no_action"})
    desk.answered("submit", external_reference="g", progress="decided", outcomes=outcomes)
    desk.ask(Appeal(request_id=ID, actor=ACTOR, text="no"))
    desk.answered("appeal", http_status=409, code="rejected", message="too late")
    assert desk.statuses()[-3:] == ["appealed", "under_review", "denied"]
    assert desk.part().urls[0].reason == "too late"


def test_a_cancelled_request_is_taken_back_where_it_is_out(desk: Desk) -> None:
    desk.queued(parts=2)
    desk.answered("submit", 1, external_reference="g", progress="submitted")
    desk.ask(Cancel(request_id=ID, actor=ACTOR))
    assert desk.status() == "cancelled"
    assert (desk.part(1).stage, desk.part(2).stage) == ("cancelling", "stopped")
    desk.answered("cancel", 1, progress="decided")
    assert desk.part(1).stage == "stopped"
    assert desk.ask(Cancel(request_id=ID, actor=ACTOR)).revision == desk.request.revision
    assert desk.refusal(Resubmit(request_id=ID, actor=ACTOR)) == "illegal-transition"
    assert ids.watch_id(ID, 1) not in desk.entities, "nothing of it is watched"


def test_time_runs_out_under_review_and_before(desk: Desk) -> None:
    desk.queued()
    early = Expire(request_id=ID, actor=ACTOR)
    assert desk.refusal(early, run=desk.request.run) == "not-due"
    desk.answered("submit", external_reference="g", progress="under_review")
    desk.now += Rules().expiry_ms + 1
    desk.ask(early, run=desk.request.run)
    assert (desk.status(), desk.part().stage) == ("expired", "stopped")
    other = Desk()
    other.queued()
    other.now += Rules().expiry_ms + 1
    other.ask(early, run=other.request.run)
    assert other.status() == "failed"
