"""Requests that are sent again under their Idempotency-Key: the first answer, whatever happened since."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest
from autodmca_kafka import Context, RecordPosition
from autodmca_service.commands import Outcome
from autodmca_service.receipts import Answer, Limits, Receipts, Request, answer_of, changed, digest_of, keep
from autodmca_service.testing import Site
from autodmca_templates.commands import Create
from autodmca_templates.state import Entity

from .stories import AUTHOR, ID, OWNER, apply, content
from .test_http import ADA, BOB, CONTENT, RUTH, approved, created, problem

VALUES = {"url": "https://example.com/x"}


def same(first: httpx.Response, second: httpx.Response) -> None:
    assert (second.status_code, second.content) == (first.status_code, first.content)
    kept, given = dict(first.headers), dict(second.headers)
    assert kept.pop("x-request-id") != given.pop("x-request-id")
    assert given == kept


async def renewed(site: Site, one: str, body: str) -> None:
    """A newer version of the template is approved."""
    assert (await site(ADA, "PUT", one, {**CONTENT, "body": body})).status_code == 200
    for step in ("validate", "submit"):
        assert (await site(ADA, "POST", f"{one}/{step}")).status_code == 200
    assert (await site(RUTH, "POST", f"{one}/approve", None, "reviewer")).status_code == 200


async def test_a_rendering_is_given_again_after_a_newer_version_is_in_use(site: Site) -> None:
    one = await approved(site)
    first = await site(ADA, "POST", f"{one}/render", {"values": VALUES}, idempotency_key="k")
    assert first.status_code == 200
    await renewed(site, one, "I take back what I said about {{ url }}.")
    told = len(site.log.events)
    same(first, await site(ADA, "POST", f"{one}/render", {"values": VALUES}, idempotency_key="k"))
    assert len(site.log.events) == told
    other = await site(ADA, "POST", f"{one}/render", {"values": {"url": "y"}}, idempotency_key="k")
    assert problem(other, 422).type.endswith(":idempotency-key-reused")
    assert site.counted("autodmca_templates_receipts_total", what="repeated") == 1
    assert site.counted("autodmca_templates_receipts_total", what="reused") == 1


async def test_a_validation_is_given_again_after_an_edit(site: Site) -> None:
    one = await created(site)
    first = await site(ADA, "POST", f"{one}/validate", idempotency_key="k")
    assert first.json()["valid"]
    await site(ADA, "PUT", one, {**CONTENT, "body": "{% if %}"})
    same(first, await site(ADA, "POST", f"{one}/validate", {}, idempotency_key="k"))


async def test_every_command_repeats_its_answer_after_the_template_moved_on(site: Site) -> None:
    steps: list[tuple[int, str, str, Any, tuple[str, ...]]] = [
        (ADA, "POST", "/v1/templates", CONTENT, ()),
        (ADA, "PUT", "{one}", {**CONTENT, "name": "B"}, ()),
        (ADA, "POST", "{one}/validate", None, ()),
        (ADA, "POST", "{one}/submit", {"comment": "Please."}, ()),
        (ADA, "POST", "{one}/approve", None, ()),  # 403: it is her own
        (ADA, "PUT", "{one}", CONTENT, ()),  # 409: it is in review
        (RUTH, "POST", "{one}/approve", None, ("reviewer",)),
        (ADA, "POST", "{one}/render", {"values": VALUES, "submissionId": "s"}, ()),
        (ADA, "POST", "{one}/outcome", {"submissionId": "s", "outcome": "accepted"}, ()),
        (ADA, "POST", "{one}/outcome", {"submissionId": "s", "outcome": "rejected"}, ()),  # 409
        (ADA, "POST", "{one}/deprecate", None, ()),
        (ADA, "POST", "{one}/archive", None, ()),
    ]
    one = ""
    answers = []
    for number, (user, method, path, body, roles) in enumerate(steps):
        answer = await site(user, method, path.format(one=one), body, *roles, idempotency_key=f"k{number}")
        one = one or answer.headers["location"]
        answers.append(answer)
    assert [each.status_code for each in answers] == [
        201, 200, 200, 200, 403, 409, 200, 200, 200, 409, 200, 200
    ]  # fmt: skip
    told = len(site.log.events)
    for number, (user, method, path, body, roles) in enumerate(steps):
        again = await site(user, method, path.format(one=one), body, *roles, idempotency_key=f"k{number}")
        same(answers[number], again)
    assert len(site.log.events) == told


async def test_a_template_that_had_to_be_stopped_is_told_so_again(site: Site) -> None:
    one = await created(site, body="{{ ''.__class__ }}")
    first = await site(ADA, "POST", f"{one}/validate", idempotency_key="k")
    assert problem(first, 422).type.endswith(":template-unsafe")
    await site(ADA, "PUT", one, CONTENT)
    same(first, await site(ADA, "POST", f"{one}/validate", idempotency_key="k"))
    assert site.counted("autodmca_templates_problems_total", type="template-unsafe") == 2


async def test_a_key_belongs_to_one_person_and_one_request(site: Site) -> None:
    one = await created(site)
    other = await created(site, name="Other")
    edited = {**CONTENT, "name": "B"}
    assert (await site(ADA, "PUT", one, edited, idempotency_key="k")).status_code == 200
    reordered = dict(reversed(edited.items()))
    assert (await site(ADA, "PUT", one, reordered, idempotency_key="k")).status_code == 200
    for method, path, body in (
        ("PUT", one, CONTENT),
        ("PUT", other, edited),
        ("POST", f"{one}/submit", None),
        ("POST", "/v1/templates", edited),
    ):
        told = problem(await site(ADA, method, path, body, idempotency_key="k"), 422)
        assert "another method, path or body" in told.detail
    assert (await site(BOB, "POST", "/v1/templates", edited, idempotency_key="k")).status_code == 201


async def test_what_never_reached_the_log_may_be_sent_again(site: Site) -> None:
    one = await approved(site)
    problem(await site(ADA, "POST", f"{one}/render", {}, idempotency_key="k"), 422)
    answer = await site(ADA, "POST", f"{one}/render", {"values": VALUES}, idempotency_key="k")
    assert answer.status_code == 200


async def test_an_answer_too_large_to_be_kept_is_given_once_and_the_request_done_once(
    site: Site,
) -> None:
    noise = "".join(digest_of("x", str(number), b"") for number in range(6_000))
    first = await site(ADA, "POST", "/v1/templates", {**CONTENT, "body": noise}, idempotency_key="k")
    assert (first.status_code, first.json()["body"]) == (201, noise)
    again = await site(ADA, "POST", "/v1/templates", {**CONTENT, "body": noise}, idempotency_key="k")
    assert problem(again, 409).type.endswith(":answer-not-kept")
    one = await approved(site)
    values = {"url": noise}
    first = await site(ADA, "POST", f"{one}/render", {"values": values}, idempotency_key="r")
    assert noise in first.json()["text"]
    problem(await site(ADA, "POST", f"{one}/render", {"values": values}, idempotency_key="r"), 409)
    assert (await site(ADA, "GET", one)).json()["usage"]["usageCount"] == 1


async def test_an_answer_is_forgotten_at_its_age(site: Site) -> None:
    one = await created(site)
    edited = {**CONTENT, "name": "B"}
    await site(ADA, "PUT", one, edited, idempotency_key="k")
    site.log.now_ms += site.log.limits.age_ms + 1
    assert (await site(ADA, "PUT", one, CONTENT, idempotency_key="k")).status_code == 200


def kept(limits: Limits, answers: list[Answer], every_ms: int = 1) -> tuple[dict[str, object], int]:
    """The entities after these answers were kept under k0, k1 and so on; and how many were dropped."""
    entities: dict[str, object] = {}
    dropped = 0
    for number, answer in enumerate(answers):
        request = Request(key=f"k{number}", digest="d", path="/")
        changes = keep(entities, request, answer, number * every_ms, limits)
        dropped += changed(changes)["dropped"]
        for name, value in changes.items():
            if value is None:
                del entities[name]
            else:
                entities[name] = value
    return entities, dropped


@pytest.mark.parametrize(
    ("limits", "every_ms", "left"),
    [
        (Limits(number=3), 1, 3),
        (Limits(total_bytes=1_000), 1, 7),
        (Limits(age_ms=4), 2, 3),
    ],
)
def test_receipts_have_bounds_and_the_oldest_go_first(limits: Limits, every_ms: int, left: int) -> None:
    answers = [answer_of(200, b"x" * 10, {"content-type": "application/json"})] * 20
    entities, dropped = kept(limits, answers, every_ms)
    index = entities.pop("receipts")
    assert isinstance(index, Receipts)
    assert [entry.key for entry in index.entries] == [f"k{number}" for number in range(20 - left, 20)]
    assert set(entities) == {f"receipt:{entry.key}" for entry in index.entries}
    assert dropped == 20 - left


def test_a_model_gives_the_same_bytes_when_it_repeats_an_answer() -> None:
    command = Create(
        template_id=ID, actor=AUTHOR, content=content("0"), request=Request(key="k", digest="d", path="/t")
    )
    entities: dict[str, Entity] = {}

    def told(offset: int) -> Outcome:
        decision = apply(entities, command, Context(OWNER, 1, RecordPosition("i", 0, offset)))
        assert decision == apply(entities, command, Context(OWNER, 1, RecordPosition("i", 0, offset)))
        entities.update({name: value for name, value in decision.changes.items() if value is not None})
        return decision.outcome

    first, again = told(0), told(1)
    assert again.replayed
    assert first.answer == again.answer is not None
    assert msgspec.json.decode(first.answer.body if first.answer else b"")["id"] == ID
