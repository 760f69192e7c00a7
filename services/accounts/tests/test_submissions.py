"""The saga of a submission, step by step: what goes well, what fails, what is never answered."""

from __future__ import annotations

import pytest
from autodmca_accounts.asking import Asked
from autodmca_accounts.changes import Changes
from autodmca_accounts.submissions.keeping import make_room
from autodmca_accounts.submissions.state import Early
from autodmca_events import EngineResponse, ProfileActivity
from autodmca_kafka import Context, RecordPosition
from autodmca_service.errors import CommandRefused
from autodmca_service.testing import Site

from services.accounts.tests.saga import AT, URLS, USER, Saga
from services.accounts.tests.site import RULES, tell


@pytest.fixture
def saga(site: Site) -> Saga:
    return Saga(site)


async def test_a_submission_goes_from_the_template_to_the_decision_of_every_engine(saga: Saga) -> None:
    name, questions = await saga.until_asked()
    assert [each.body["engine"] for each in questions] == ["google", "bing"]
    assert all(each.body["urls"] == URLS for each in questions)
    assert all(each.body["notice"]["text"] == "Dear engine, ..." for each in questions)
    for question in questions:
        saga.made(question)
    for engine in ("google", "bing"):
        saga.word(engine, "queued")
        saga.word(engine, "submitted")
    saga.word("google", "under_review")
    saga.word("google", "approved", removed=2)
    assert saga.kept(name).status == "active"
    saga.word("bing", "under_review")
    saga.word("bing", "denied", no_action=2)
    assert saga.moves() == ["processing", "active", "completed"]
    told = saga.progress()
    stages = list(dict.fromkeys(each.stage for each in told))
    assert stages == ["validating", "rendering", "queueing", "sending", "confirming"]
    shares = [each.progress for each in told]
    assert shares == sorted(shares)
    last = told[-1]
    assert (last.progress, last.urls_total, last.urls_processed, last.urls_failed) == (100, 4, 4, 2)
    resolved = [each.body["outcome"] for each in saga.asked() if each.command == "resolve"]
    assert resolved == ["sent", "accepted"]


async def test_what_was_sent_to_an_engine_is_a_line_of_the_profile(saga: Saga) -> None:
    await saga.until_made(engines=["google"])
    saga.word("google", "submitted")
    saga.word("google", "under_review")
    lines = [each for each in saga.site.log.events if isinstance(each, ProfileActivity)]
    assert [each.type for each in lines] == ["created", "takedown_sent"]


@pytest.mark.parametrize("valid", [True, False])
async def test_a_template_that_is_not_valid_or_does_not_run_fails_the_submission(
    saga: Saga, valid: bool
) -> None:
    name = await saga.begin()
    saga.examined(valid=valid)
    if valid:
        [question] = saga.asked()
        saga.answer(question, refused="a template that is draft has no version for use")
    assert saga.kept(name).status == "failed"
    assert ("no version for use" if valid else "signature") in (saga.kept(name).reason or "")
    assert saga.asked() == []


async def test_a_retry_after_a_failed_template_begins_anew(saga: Saga) -> None:
    name = await saga.begin()
    saga.examined(valid=False)
    await saga.site(USER, "POST", f"/v1/submissions/{name}/retry", {})
    saga.examined()
    saga.rendered()
    assert saga.moves() == ["failed", "pending", "processing"]


async def test_a_notice_that_no_engine_takes_fails_before_anything_is_sent(saga: Saga) -> None:
    name = await saga.begin()
    saga.examined()
    saga.rendered("x" * 100_001)
    saga.work()
    assert (saga.kept(name).status, saga.asked()) == ("failed", [])


async def test_templates_that_never_answers_fails_it_and_a_late_answer_changes_nothing(saga: Saga) -> None:
    name = await saga.begin()
    [question] = saga.asked()
    saga.work(after_ms=RULES.answer_ms)
    before = saga.kept(name)
    assert (before.status, before.reason) == ("failed", "templates has not answered within 10 s")
    saga.answer(question, refused="too late")
    assert saga.kept(name) == before
    assert not any(isinstance(each, Asked) and each.submission_id for each in _entities(saga))


async def test_a_part_that_is_refused_leaves_the_others_and_is_tried_again_alone(saga: Saga) -> None:
    name, (google, bing) = await saga.until_asked()
    saga.answer(google, refused="google is not set up")
    saga.made(bing)
    saga.word("bing", "submitted")
    saga.word("bing", "approved", removed=2)
    assert saga.kept(name).reason == "google: google is not set up"
    assert saga.moves()[-2:] == ["active", "failed"]
    saga.asked()
    retried = await saga.site(USER, "POST", f"/v1/submissions/{name}/retry", {})
    assert retried.json()["status"] == "processing"
    saga.work()
    [again] = saga.asked()
    assert (again.body["engine"], again.body["reference"]) == ("google", google.body["reference"])
    saga.made(again)
    saga.word("google", "submitted")
    saga.word("google", "approved", removed=2)
    assert saga.moves()[-4:] == ["pending", "processing", "active", "completed"]


async def test_a_request_that_no_engine_took_is_queued_again_by_its_name(saga: Saga) -> None:
    name = await saga.until_made(engines=["google"])
    saga.asked()
    saga.word("google", "queued")
    saga.word("google", "failed")
    assert saga.kept(name).status == "failed"
    await saga.site(USER, "POST", f"/v1/submissions/{name}/retry", {})
    [question] = saga.asked()
    assert (question.command, question.body["requestId"]) == ("resubmit", "dr_google")
    saga.word("google", "queued")  # the word may come before the answer
    saga.word("google", "submitted")
    saga.answer(question)
    saga.word("google", "approved", removed=2)
    assert saga.kept(name).status == "completed"


async def test_a_part_that_is_never_answered_is_given_up_and_taken_back_when_it_is_made_late(
    saga: Saga,
) -> None:
    name, (google, bing) = await saga.until_asked()
    saga.made(bing)
    saga.work(after_ms=RULES.answer_ms)
    saga.word("bing", "submitted")
    saga.word("bing", "approved", removed=2)
    assert saga.kept(name).reason == "google: delisting has not answered within 10 s"
    saga.asked()
    saga.made(google)
    assert [(each.command, each.body["requestId"]) for each in saga.asked()] == [("cancel", "dr_google")]
    saga.word("google", "cancelled")
    assert saga.kept(name).status == "failed"
    await saga.site(USER, "POST", f"/v1/submissions/{name}/retry", {})
    saga.work()
    [again] = saga.asked()
    assert again.body["reference"] != google.body["reference"], "what was taken back is not asked for again"


async def test_an_answer_that_comes_while_the_part_is_asked_for_again_is_the_request(saga: Saga) -> None:
    name, (google,) = await saga.until_asked(engines=["google"])
    saga.work(after_ms=RULES.answer_ms)
    await saga.site(USER, "POST", f"/v1/submissions/{name}/retry", {})
    saga.work()
    [again] = saga.asked()
    saga.made(google)
    saga.made(again)
    assert saga.asked() == [], "nothing is taken back"
    saga.word("google", "submitted")
    saga.word("google", "approved", removed=2)
    assert saga.kept(name).status == "completed"


async def test_a_request_that_is_queued_again_has_the_engine_s_time_whatever_comes_first(saga: Saga) -> None:
    name = await saga.until_made(engines=["google"])
    saga.word("google", "failed")
    saga.asked()
    await saga.site(USER, "POST", f"/v1/submissions/{name}/retry", {})
    [question] = saga.asked()
    saga.word("google", "queued")
    saga.answer(question)
    saga.work(after_ms=RULES.answer_ms)
    assert saga.kept(name).status == "active"
    saga.work(after_ms=RULES.decision_ms)
    assert saga.kept(name).status == "failed"


async def test_an_appeal_that_is_never_decided_is_given_up_as_well(saga: Saga) -> None:
    name = await saga.until_made()
    saga.word("google", "denied", no_action=2)
    saga.work(after_ms=RULES.decision_ms // 2)
    saga.word("google", "appealed", no_action=2)
    saga.word("bing", "approved", removed=2)
    assert saga.kept(name).status == "active"
    saga.work(after_ms=RULES.decision_ms // 2)
    assert saga.kept(name).status == "active", "its time began anew with the appeal"
    saga.work(after_ms=RULES.decision_ms // 2)
    assert saga.kept(name).status == "failed"
    assert (saga.kept(name).reason or "").startswith("google: google has not decided")


async def test_words_that_came_before_a_late_answer_are_taken_in_with_it(saga: Saga) -> None:
    name, (google,) = await saga.until_asked(engines=["google"])
    saga.word("google", "queued")
    saga.work(after_ms=RULES.answer_ms)
    saga.asked()
    saga.made(google)
    assert [each.command for each in saga.asked()] == ["cancel"]
    assert not any(isinstance(each, Early) for each in _entities(saga))
    assert saga.kept(name).parts[0].status == "queued"


async def test_the_oldest_submission_that_has_ended_makes_room_with_all_that_belongs_to_it(
    saga: Saga,
) -> None:
    first = await saga.until_made(engines=["google"])
    saga.word("google", "approved", removed=2)
    saga.asked()
    second = await saga.begin(engines=["bing"])
    changes = Changes(dict(saga.site.log.table.of_user(USER)), _context(saga))
    make_room(changes, most=2)
    gone = {name for name, each in changes.decision().changes.items() if each is None}
    about = {name for name in saga.site.log.table.of_user(USER) if name.startswith(first)}
    assert gone == about | {"link_dr_google"}
    assert len(about) > 3, "the trail, too"
    open_alone = {second: saga.kept(second)}
    with pytest.raises(CommandRefused, match="too-many-submissions"):
        make_room(Changes(open_alone, _context(saga)), most=1)


async def test_an_engine_that_never_decides_is_given_up(saga: Saga) -> None:
    name = await saga.until_made(engines=["google"])
    saga.word("google", "submitted")
    saga.asked()
    saga.work(after_ms=RULES.decision_ms)
    assert saga.kept(name).status == "failed"
    assert [each.command for each in saga.asked()] == ["cancel"]


async def test_words_that_come_before_the_answer_are_not_lost(saga: Saga) -> None:
    name, (google,) = await saga.until_asked(engines=["google"])
    saga.word("google", "queued")
    saga.word("google", "submitted")
    saga.word("google", "approved", removed=2)
    assert any(isinstance(each, Early) for each in _entities(saga))
    saga.made(google)
    assert saga.kept(name).status == "completed"
    assert not any(isinstance(each, Early) for each in _entities(saga))


async def test_words_of_requests_that_no_submission_has_made_are_not_kept(saga: Saga) -> None:
    await saga.until_made(engines=["google"])
    saga.word("yandex", "queued")
    assert not any(isinstance(each, Early) for each in _entities(saga))


@pytest.mark.parametrize("step", ["begun", "asked", "made", "sent"])
async def test_a_cancelled_submission_takes_back_what_there_is_now_and_what_comes_late(
    saga: Saga, step: str
) -> None:
    questions = []
    if step == "begun":
        name = await saga.begin(engines=["google"])
        questions = saga.asked()
    else:
        name, questions = await saga.until_asked(engines=["google"])
    if step in ("made", "sent"):
        saga.made(questions[0])
    if step == "sent":
        saga.word("google", "submitted")
    saga.asked()
    answer = await saga.site(USER, "POST", f"/v1/submissions/{name}/cancel", {})
    assert answer.json()["status"] == "cancelled"
    if step == "asked":
        assert saga.asked() == []
        saga.made(questions[0])
    elif step == "begun":
        saga.answer(questions[0], refused="whatever")
    cancelled = [each.body["requestId"] for each in saga.asked() if each.command == "cancel"]
    assert cancelled == ([] if step == "begun" else ["dr_google"])
    saga.word("google", "cancelled")
    assert saga.moves()[-1] == "cancelled"
    assert (await saga.site(USER, "POST", f"/v1/submissions/{name}/retry", {})).status_code == 409


async def test_the_eta_is_what_the_engine_took_of_late(saga: Saga) -> None:
    first = await saga.until_made(engines=["google"])
    assert saga.progress()[-1].eta_seconds is None
    saga.site.log.now_ms += 60_000
    saga.word("google", "submitted")
    saga.word("google", "approved", removed=2)
    assert saga.kept(first).status == "completed"
    saga.asked()
    second = await saga.begin(engines=["google"])
    saga.examined()
    saga.rendered()
    saga.work()
    assert saga.kept(second).stage == "queueing"
    assert 58 <= (saga.progress()[-1].eta_seconds or 0) <= 60
    saga.site.log.now_ms += 40_000
    assert 18 <= (await saga.shown(second))["etaSeconds"] <= 20


async def test_the_trail_says_who_sent_what_when_as_json_and_as_text(saga: Saga) -> None:
    name = await saga.until_made(engines=["google"])
    response = EngineResponse(
        request_id="dr_google",
        engine="google",
        http_status=200,
        response_code="accepted",
        message="thank you",
        external_reference="G-1",
        url_outcomes=(),
        attempt=1,
        received_at=AT,
    )
    tell(saga.site.log, USER, response)
    saga.word("google", "submitted")
    path = f"/v1/submissions/{name}/audit"
    trail = (await saga.site(USER, "GET", path)).json()
    assert trail["notice"] == "Dear engine, ..."
    assert trail["urls"] == URLS
    said = [(each["by"], each["said"]) for each in trail["entries"]]
    assert said[0] == (f"user {USER}", f"submitted 2 URLs for google with template tpl_{USER}_1")
    assert ("google", "answered accepted: thank you") in said
    assert [each["number"] for each in trail["entries"]] == list(range(1, len(said) + 1))
    text = await saga.site(USER, "GET", f"{path}.txt")
    assert text.headers["content-type"].startswith("text/plain")
    assert "google: answered accepted: thank you, reference G-1, HTTP 200" in text.text
    assert "Dear engine, ..." in text.text
    assert (await saga.site(USER + 1, "GET", path)).status_code == 404


async def test_a_repeated_request_is_one_submission(saga: Saga) -> None:
    name = await saga.begin()
    body = {"profileId": saga.kept(name).profile_id, "templateId": "tpl_7_2", "urls": URLS}
    first = await saga.site(USER, "POST", "/v1/submissions", body, idempotency_key="k")
    again = await saga.site(USER, "POST", "/v1/submissions", body, idempotency_key="k")
    assert first.content == again.content
    listed = (await saga.site(USER, "GET", "/v1/submissions?status=pending")).json()["items"]
    assert sorted(each["id"] for each in listed) == sorted([name, first.json()["id"]])


@pytest.mark.parametrize(
    ("changed", "status", "said"),
    [
        ({"urls": []}, 422, "urls"),
        ({"urls": ["  "]}, 422, "urls"),
        ({"urls": [f"https://x.example/{n}/{'y' * 1900}" for n in range(200)]}, 413, "urls"),
        ({"engines": ["altavista"]}, 422, "engines"),
        ({"profileId": 4}, 422, "profileId"),
        ({"value": {}}, 422, "value"),
        ({"values": {"a": "x" * 200_001}}, 413, "values"),
    ],
)
async def test_what_cannot_be_submitted_is_refused_by_name(
    site: Site, changed: dict[str, object], status: int, said: str
) -> None:
    profile = await site(USER, "POST", "/v1/profiles", {"name": "Ada"})
    body = {"profileId": profile.json()["id"], "templateId": "tpl_7_1", "urls": URLS, **changed}
    answer = await site(USER, "POST", "/v1/submissions", body)
    assert (answer.status_code, said in answer.text) == (status, True)


def _context(saga: Saga) -> Context:
    return Context(USER, saga.site.log.now_ms, RecordPosition("inputs", 0, 10**6))


def _entities(saga: Saga) -> list[object]:
    return list(saga.site.log.table.of_user(USER).values())
