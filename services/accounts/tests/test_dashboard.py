"""The dashboard is exact: whatever comes, twice or late, the figures are those of a recount."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from autodmca_accounts.consequences import Consequences
from autodmca_accounts.dashboard.commands import Tell
from autodmca_accounts.dashboard.model import PAUSE_MS, decide, due, observe
from autodmca_accounts.dashboard.state import BOARD, Board, DashboardEntity
from autodmca_accounts.dashboard.summing import shown
from autodmca_accounts.listening import EventHeard, heard
from autodmca_accounts.work import tell_dashboard
from autodmca_events import DashboardStatsUpdate, Envelope, Payload, encode, envelope, event_type_of
from autodmca_kafka import Context, Decision, RecordPosition, Told
from autodmca_service.commands import Actor
from autodmca_service.testing import Site, perform_due
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from services.accounts.tests import histories
from services.accounts.tests.histories import BEGINNING, DAY_MS, USER
from services.accounts.tests.recount import recount
from services.accounts.tests.site import tell


class Life:
    """One user's dashboard; every state goes through its bytes."""

    def __init__(self, most: dict[Any, int] | None = None) -> None:
        self.entities: dict[str, Any] = {}
        self.events: list[Payload] = []
        self.told_at: list[int] = []
        self.now = BEGINNING
        self._offset = 0
        self._most = {"most": most} if most else {}

    def hear(self, event: Envelope) -> None:
        changes = Consequences(self.entities, self._context())
        observe(changes, self._through_the_relay(event), **self._most)
        self._apply(changes.decision())

    def work(self, until: int) -> None:
        """Let time pass, and tell whenever that is due."""
        while (next_ms := self._due()) is not None and next_ms[0] <= until:
            self.now = max(self.now, next_ms[0])
            self._apply(decide(self.entities, Tell(actor=Actor(USER)), self._context(run=next_ms[1])))
        self.now = max(self.now, until)

    @property
    def board(self) -> Board:
        board = self.entities.get(BOARD, Board())
        assert isinstance(board, Board)
        return board

    def _through_the_relay(self, event: Envelope) -> Envelope:
        """As another service's event comes here; one of this service's own is seen as it is made."""
        headers: dict[str, bytes | None] = {"type": event.type.encode()}
        topic = event_type_of(event.payload).topic
        inputs = list(heard(Told(topic, USER, self.now, encode(event), headers)))
        if not inputs:
            return event
        (told,) = inputs
        return msgspec.json.decode(msgspec.json.encode(told), type=EventHeard).envelope()

    def _due(self) -> tuple[int, int] | None:
        found = due(USER, BOARD, self.board)
        return None if found is None else (found.at_ms, found.run)

    def _context(self, run: int | None = None) -> Context:
        self._offset += 1
        return Context(USER, self.now, RecordPosition("inputs", 0, self._offset), run=run)

    def _apply(self, decision: Decision[Any, Any]) -> None:
        for entity_id, entity in decision.changes.items():
            if entity is None:
                del self.entities[entity_id]
            else:
                written = msgspec.json.encode(entity)
                self.entities[entity_id] = msgspec.json.decode(written, type=DashboardEntity)
        for emission in decision.events:
            self.events.append(emission.payload)
            self.told_at.append(self.now)


def numbers(update: Payload) -> tuple[float | None, ...]:
    assert isinstance(update, DashboardStatsUpdate)
    found: tuple[float | None, ...] = structs.astuple(update)[:9]
    return found


def compare(life: Life, told: Sequence[Envelope]) -> None:
    count = recount(told, life.now)
    board = life.board
    figures = shown(board, life.now)
    assert numbers(figures) == count.numbers
    told_places = (*(figures.by_platform or ()), *(figures.by_engine or ()))
    assert {each.name: each.takedowns_sent for each in told_places if each.takedowns_sent} == count.takedowns
    places = {**board.platforms, **board.engines}
    assert {name: each.takedowns for name, each in places.items() if each.takedowns} == count.takedowns
    found = {name: each.infringements for name, each in places.items() if each.infringements}
    assert found == count.infringements
    assert {name: each.scans for name, each in places.items() if each.scans} == count.scans


@settings(deadline=None, max_examples=150)
@given(histories.histories(), st.data())
def test_any_history_in_any_order_gives_the_figures_of_a_recount(
    made: list[Envelope], data: st.DataObject
) -> None:
    repeated = data.draw(st.lists(st.sampled_from(made), max_size=10))
    order = data.draw(st.one_of(st.just([*made, *repeated]), st.permutations([*made, *repeated])))
    life = Life()
    for number, event in enumerate(order, 1):
        life.work(life.now + data.draw(st.sampled_from([0, 1, PAUSE_MS, DAY_MS, 3 * DAY_MS])))
        life.hear(event)
        compare(life, order[:number])
    life.work(life.now + PAUSE_MS)
    if any(recount(order, life.now).numbers):
        assert numbers(life.events[-1]) == recount(order, life.now).numbers


@settings(deadline=None, max_examples=40)
@given(histories.histories(), st.integers(0, 2**32))
def test_the_order_does_not_matter(made: list[Envelope], seed: int) -> None:
    one, other = Life(), Life()
    for event in made:
        one.hear(event)
    shuffled = made * 2
    random.Random(seed).shuffle(shuffled)
    for event in shuffled:
        other.hear(event)
    for field in ("totals", "platforms", "engines", "days", "kept"):
        assert getattr(one.board, field) == getattr(other.board, field)
    assert {k: v for k, v in one.entities.items() if k != BOARD} == {
        k: v for k, v in other.entities.items() if k != BOARD
    }


def test_a_storm_is_told_a_few_times_a_second() -> None:
    life = Life()
    told: list[Envelope] = []
    for number in range(1_000):
        life.work(life.now + 2)
        event = envelope(
            histories.incident(f"inc_{number}", "detected", life.now),
            user_id=USER,
            timestamp_ms=life.now,
            id=f"msg_{number}",
        )
        told.append(event)
        life.hear(event)
    life.work(life.now + PAUSE_MS)
    pauses = [after - before for before, after in zip(life.told_at, life.told_at[1:], strict=False)]
    assert min(pauses) >= PAUSE_MS
    assert len(life.events) <= 2_000 // PAUSE_MS + 2
    assert numbers(life.events[-1]) == recount(told, life.now).numbers


def test_a_clock_that_was_set_back_delays_nothing() -> None:
    life = Life()
    for number in range(3):
        life.now -= DAY_MS // 24
        event = histories.incident(f"inc_{number}", "detected", life.now)
        life.hear(envelope(event, user_id=USER, timestamp_ms=life.now, id=f"msg_{number}"))
    life.work(life.now + PAUSE_MS)
    assert numbers(life.events[-1])[2] == 3


def test_days_that_go_by_are_told_without_any_event() -> None:
    life = Life()
    event = envelope(
        histories.incident("inc_1", "detected", life.now), user_id=USER, timestamp_ms=life.now, id="msg_1"
    )
    life.hear(event)
    life.work(life.now + 20 * DAY_MS)
    changes = [each.infringements_change for each in life.events if isinstance(each, DashboardStatsUpdate)]
    assert changes == [1, -1, 0]
    assert life.board.due_at is None or life.board.due_at > life.now


def test_marks_are_bounded_and_what_is_given_up_is_not_counted_again() -> None:
    life = Life(dict.fromkeys(("profile", "scan", "incident", "match", "request"), 100))
    told: list[Envelope] = []
    for number in range(500):
        life.now += 1_000
        name, at = f"inc_{number}", life.now
        for status in ("detected", "false_positive") if number % 3 == 0 else ("detected",):
            event = envelope(
                histories.incident(name, status, at),
                user_id=USER,
                timestamp_ms=life.now,
                id=f"msg_{len(told)}",
            )
            told.append(event)
            life.hear(event)
            life.now += 1
    assert len(life.entities) <= 101
    for event in told[:200]:
        life.hear(event)
    compare(life, told)


async def test_the_dashboard_is_read_over_http_with_its_platforms_and_engines(site: Site) -> None:
    tell(site.log, USER, histories.incident("inc_1", "detected", site.log.now_ms))
    at = site.log.now_ms
    tell(site.log, USER, histories.request("req_1", "approved", at, (3, 1, 0, 0), engine="bing"))
    body = {"name": "Ada", "handles": [{"platform": "bluesky", "handle": "ada"}]}
    assert (await site(USER, "POST", "/v1/profiles", body)).status_code == 201
    board = (await site(USER, "GET", "/v1/dashboard")).json()
    assert (board["totalProfiles"], board["infringementsFound"], board["takedownsSent"]) == (1, 1, 1)
    assert board["byPlatform"]["bluesky"]["infringementsFound"] == 1
    assert board["byEngine"]["bing"]["targetsRemoved"] == 3
    assert board["successRatePercent"] == 75.0
    today = datetime.fromtimestamp(site.log.now_ms / 1000, UTC).date()
    assert [each["day"] for each in board["days"]] == [
        str(today - timedelta(days=ago)) for ago in range(6, -1, -1)
    ]
    assert board["days"][-1] == {
        "day": str(today), "profiles": 1, "scans": 0, "infringements": 1, "takedowns": 1,
    }  # fmt: skip
    assert not any(each["takedowns"] for each in board["days"][:-1])
    site.log.now_ms += PAUSE_MS
    await perform_due(site.log, due, tell_dashboard)
    told = [each for each in site.log.events if isinstance(each, DashboardStatsUpdate)]
    assert told[-1].total_profiles == 1
    assert told[-1].success_rate_percent == 75.0
    nobody = (await site(USER + 1, "GET", "/v1/dashboard")).json()
    assert (nobody["totalProfiles"], nobody["byEngine"]) == (0, {})
