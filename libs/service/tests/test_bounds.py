"""How much a user may have: who asks for more is refused, and may still change and delete."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest
import structlog
from autodmca_events.partitions import user_key
from autodmca_kafka import Asked, Context, Decision, Held, RecordPosition
from autodmca_kafka.consequences import REQUEST
from autodmca_kafka.partition_work import RUN
from autodmca_service.bounds import EVERYBODY, Bounds, StateFull, bounded
from autodmca_service.commands import Actor, Command, Outcome
from autodmca_service.errors import CommandRefused
from autodmca_service.metrics import state_full
from autodmca_service.receipts import Receipt, Receipts, Request
from autodmca_service.testing import MemoryLog
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from prometheus_client import CollectorRegistry

USER = 7
HEADERS = {REQUEST: b"r"}


class Note(Struct, frozen=True, tag_field="entity", tag="note"):
    text: str


class Put(Command, frozen=True, kw_only=True, tag="put"):
    """Keep these texts by name; None: forget."""

    texts: dict[str, str | None]


Entity = Note | Receipt | Receipts


def apply(_notes: Mapping[str, Entity], command: Put, _context: Context) -> Decision[Entity, Outcome]:
    changes = {name: None if text is None else Note(text) for name, text in command.texts.items()}
    return Decision(outcome=Outcome(), changes=changes)


def log(bounds: Bounds) -> MemoryLog[Entity, Put, Outcome]:
    return MemoryLog("notes", model=apply, answer=lambda *_: None, state=Entity, command=Put, bounds=bounds)


def put(
    notes: MemoryLog[Entity, Put, Outcome],
    texts: Mapping[str, str | None],
    *,
    user: int = USER,
    headers: Mapping[str, bytes] = HEADERS,
) -> str:
    """The code with which it is refused, or nothing."""
    command = Put(actor=Actor(user), texts=dict(texts))
    block, _ = notes.write(user_key(user), msgspec.json.encode(command), headers)
    assert not block.dead_letters
    for _, value, _ in block.outcomes:
        refusal = msgspec.json.decode(value or b"", type=Outcome).refusal
        return "" if refusal is None else refusal.code
    return ""


def test_a_user_with_all_entities_that_one_may_have_changes_and_replaces_and_adds_none() -> None:
    notes = log(Bounds(entities=3))
    assert put(notes, {"a": "1", "b": "2", "c": "3"}) == ""
    assert put(notes, {"d": "4"}) == "state-full"
    assert put(notes, {"a": "1, at length"}) == ""
    assert put(notes, {"a": None, "d": "4"}) == ""
    assert put(notes, {"b": None}) == ""
    assert put(notes, {"e": "5"}) == ""
    assert sorted(notes.table.of_user(USER)) == ["c", "d", "e"]
    assert put(notes, {"d": "4"}, user=USER + 1) == ""


def test_bytes_are_those_of_the_records() -> None:
    notes = log(Bounds(bytes=1_000))
    assert put(notes, {"a": "x" * 950}) == ""
    assert put(notes, {"b": "y" * 100}) == ""  # the last one may go beyond
    assert put(notes, {"c": ""}) == "state-full"
    assert put(notes, {"a": ""}) == ""
    assert put(notes, {"c": ""}) == ""


def test_what_is_nobodys_has_no_bound() -> None:
    notes = log(Bounds(entities=1))
    assert put(notes, {"a": "1", "b": "2"}, user=EVERYBODY) == ""
    assert put(notes, {"c": "3"}, user=EVERYBODY) == ""
    assert len(notes.table.of_user(EVERYBODY)) == 3


@pytest.mark.parametrize("headers", [{RUN: b"0"}, {}], ids=["checkpoint", "relayed"])
def test_what_nobody_asks_for_uses_the_reserve_and_is_not_lost_beyond_it(headers: dict[str, bytes]) -> None:
    notes = log(Bounds(entities=4, reserve=0.5))
    assert put(notes, dict.fromkeys("abcd", "asked")) == ""
    assert put(notes, {"e": "asked"}) == "state-full"
    for name in "ef":
        assert put(notes, {name: "unasked"}, headers=headers) == ""
    command = Put(actor=Actor(USER), texts={"g": "unasked"})
    block, _ = notes.write(user_key(USER), msgspec.json.encode(command), headers)
    assert sorted(notes.table.of_user(USER)) == [*"abcdef"]
    assert (block.refused, len(block.dead_letters)) == ((1, 0) if headers else (0, 1))
    if not headers:  # it says why, and holds all of the input
        (_, value, about) = block.dead_letters[0]
        assert value == msgspec.json.encode(command)
        assert (dict(about)["error"] or b"").startswith(b"StateFull: a user has 4 entities here at most")
    assert put(notes, {"f": "changed"}, headers=headers) == ""
    assert put(notes, {"a": None}, headers=headers) == ""
    assert put(notes, {"g": "unasked"}, headers=headers) == ""
    assert sorted(notes.table.of_user(USER)) == [*"bcdefg"]


def test_a_refusal_is_given_again_though_there_is_no_room() -> None:
    notes = log(Bounds(entities=1))
    assert put(notes, {"a": "1"}) == ""
    for _ in range(2):
        command = Put(
            actor=Actor(USER), request=Request(key="k", digest="k", path="/v1/notes"), texts={"b": "2"}
        )
        block, _ = notes.write(user_key(USER), msgspec.json.encode(command), HEADERS)
        answer = msgspec.json.decode(block.outcomes[0][1] or b"", type=Outcome).answer
        assert answer is not None
        assert (answer.status, answer.problem) == (409, "state-full")


def context(entities: int, size: int, *, asked: bool = True, run: int | None = None) -> Context:
    who = Asked("r") if asked else None
    return Context(USER, 0, RecordPosition("inputs", 0, 0), run=run, asked=who, held=Held(entities, size))


def test_what_adds_beyond_the_bound_is_counted_by_its_fate_and_logged_once_a_user() -> None:
    registry = CollectorRegistry()
    decide = bounded(apply, Bounds(entities=4, bytes=40), tell=state_full("notes", registry))
    adds = Put(actor=Actor(USER), texts={"x": "y"})
    with structlog.testing.capture_logs() as logged:
        for held in ((4, 5), (0, 40)):
            with pytest.raises(CommandRefused):
                decide({}, adds, context(*held))
        decide({}, adds, context(0, 5))
        for _ in range(2):
            decide({}, adds, context(4, 5, asked=False))
        with pytest.raises(CommandRefused):
            decide({}, adds, context(0, 50, asked=False, run=1))
        with pytest.raises(StateFull):
            decide({}, adds, context(5, 5, asked=False))

    def count(what: str, fate: str) -> float | None:
        labels = {"service": "notes", "what": what, "fate": fate}
        return registry.get_sample_value("autodmca_state_full_total", labels)

    assert (count("entities", "refused"), count("bytes", "refused")) == (1, 1)
    assert (count("entities", "reserve"), count("bytes", "later")) == (2, 1)
    assert count("entities", "dead_letter") == 1
    assert [each["fate"] for each in logged] == ["reserve", "later", "dead_letter"]
    assert {each["user_id"] for each in logged} == {USER}


@given(
    st.lists(
        st.dictionaries(st.sampled_from("abcdef"), st.none() | st.text(max_size=9), min_size=1), max_size=20
    )
)
def test_what_the_log_says_that_a_user_has_is_what_a_recount_finds(puts: list[dict[str, str | None]]) -> None:
    notes = log(Bounds())
    for each in puts:
        put(notes, each)
    ledgers = [notes.table.ledger(partition) for partition in range(notes.table.partitions)]
    held = {ledger.held(USER) for ledger in ledgers if ledger.held(USER).entities}
    there = notes.table.of_user(USER)
    recount = (len(there), sum(len(msgspec.json.encode(each)) for each in there.values()))
    assert held == ({recount} if there else set())
