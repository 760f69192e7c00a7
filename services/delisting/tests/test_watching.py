"""What is seen of watched URLs, and what follows."""

from __future__ import annotations

import pytest
from autodmca_delisting import ids
from autodmca_delisting.model.commands import Prefer, Seen, Sight
from autodmca_delisting.model.state import Request
from autodmca_events.delisting import VisibilityChange

from services.delisting.tests.asking import ACTOR, ID, USER, Desk, decided


@pytest.fixture
def desk() -> Desk:
    return Desk()


def seen(desk: Desk, *sights: Sight, wait_ms: int | None = None) -> None:
    command = Seen(request_id=ID, actor=ACTOR, number=1, sights=sights, wait_ms=wait_ms)
    desk.ask(command, run=desk.watch().run)


def changes(desk: Desk) -> list[tuple[str, str, bool]]:
    return [
        (event.previous_visibility, event.new_visibility, event.relisted)
        for event in desk.events
        if isinstance(event, VisibilityChange)
    ]


def test_what_is_seen_is_told_when_it_changes_and_looked_for_less_often_when_not(desk: Desk) -> None:
    desk.queued()
    seen(desk, Sight(0, "visible", 3), Sight(1, "demoted", 30), Sight(2, "not_indexed"))
    assert len(changes(desk)) == 3
    first = desk.watch().interval_ms
    seen(desk, Sight(0, "visible", 5), Sight(1, "demoted", 39), Sight(2, "not_indexed"))
    assert len(changes(desk)) == 3
    assert desk.watch().interval_ms == 2 * first
    seen(desk, Sight(1, "demoted", 50))
    assert len(changes(desk)) == 4
    assert desk.watch().interval_ms == first
    seen(desk, wait_ms=60_000)
    assert desk.watch().next_at == desk.now + 60_000
    seen(desk, Sight(0, "unknown"), Sight(99, "visible"))
    assert len(changes(desk)) == 4


@pytest.mark.parametrize("resubmit", [False, True])
def test_a_relisting_is_told_and_opens_a_request_where_wanted(desk: Desk, *, resubmit: bool) -> None:
    desk.queued()
    desk.ask(Prefer(request_id="", actor=ACTOR, resubmit=resubmit))
    seen(desk, Sight(0, "visible"), Sight(1, "visible"), Sight(2, "visible"))
    outcomes = decided({0: "removed", 1: "removed", 2: "no_action"})
    desk.answered("submit", external_reference="g", progress="decided", outcomes=outcomes)
    assert [url.removed for url in desk.watch().urls] == [True, True], "what stays is not watched"
    assert desk.watch().next_at == desk.now
    seen(desk, Sight(0, "not_indexed"), Sight(1, "not_indexed"))
    seen(desk, Sight(0, "visible"), Sight(1, "not_indexed"))
    assert changes(desk)[-1] == ("not_indexed", "visible", True)
    requests = [entity for entity in desk.entities.values() if isinstance(entity, Request)]
    assert len(requests) == (2 if resubmit else 1)
    if resubmit:
        follower = requests[-1]
        assert (follower.follows, follower.status, follower.counts.total) == (ID, "queued", 1)
        assert ids.owner_of(follower.id) == USER
