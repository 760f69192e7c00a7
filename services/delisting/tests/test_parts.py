"""Requests of many parts, drafts, and copies of parts."""

from __future__ import annotations

import pytest
from autodmca_delisting import ids
from autodmca_delisting.model.commands import Add, Cancel, Create, Filed, Proceed, Queue, Sending
from autodmca_delisting.model.state import Copy, Notice
from autodmca_service.commands import Actor

from services.delisting.tests.asking import ACTOR, ID, Desk, some


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_what_is_done_to_many_parts_is_done_a_few_at_a_time(desk: Desk) -> None:
    """A hundred parts of a hundred URLs; no input changes more than a few."""
    desk.queued(parts=100, urls=100)
    assert desk.request.status == "queued"
    assert (desk.part(1).stage, desk.part(100).stage) == ("waiting", "draft")
    assert 2 < desk.proceed() < 100
    assert desk.part(100).stage == "waiting"
    assert desk.refusal(Proceed(request_id=ID, actor=ACTOR), run=desk.request.run) == "nothing-to-do"
    desk.answered("submit", 1, external_reference="g", progress="submitted")
    desk.ask(Cancel(request_id=ID, actor=ACTOR))
    assert desk.status() == "cancelled"
    assert desk.part(100).stage == "waiting"
    desk.proceed()
    assert (desk.part(1).stage, desk.part(100).stage) == ("cancelling", "stopped")


def test_drafts_are_made_again_without_harm_and_only_by_their_owner(desk: Desk) -> None:
    create = Create(request_id=ID, actor=ACTOR, engine="bing", notice=Notice(text="x"))
    desk.ask(create)
    before = dict(desk.entities)
    desk.ask(create)
    assert desk.entities == before
    add = Add(request_id=ID, actor=ACTOR, number=1, urls=some(1, 2))
    desk.ask(add)
    before = dict(desk.entities)
    desk.ask(add)
    assert desk.entities == before
    other = Actor(8)
    assert desk.refusal(Queue(request_id=ID, actor=other, parts=1)) == "not-yours"
    assert desk.refusal(Queue(request_id=ID, actor=ACTOR, parts=2)) == "no-such-part"
    desk.ask(Queue(request_id=ID, actor=ACTOR, parts=1))
    assert desk.refusal(create) == "request-exists"
    assert desk.refusal(add) == "illegal-transition"


def test_a_copy_is_filed_once_for_what_was_accepted(desk: Desk) -> None:
    desk.queued()
    desk.answered("submit", http_status=503, code="server_error", copy=True)
    copy_id = ids.copy_id(ID, 1)
    assert copy_id not in desk.entities
    desk.answered("submit", external_reference="g", progress="submitted", copy=True)
    copy = desk.entities[copy_id]
    assert isinstance(copy, Copy)
    desk.ask(Sending(request_id=ID, actor=ACTOR, number=1, copy=True), run=copy.run)
    copy = desk.entities[copy_id]
    assert isinstance(copy, Copy)
    desk.ask(Filed(request_id=ID, actor=ACTOR, number=1, location="https://lumen.example/1"), run=copy.run)
    copy = desk.entities[copy_id]
    assert isinstance(copy, Copy)
    assert (copy.stage, copy.next_at) == ("sent", None)
