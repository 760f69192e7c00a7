"""An input that follows from another record is applied once, however often and by whomever it is written."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import pytest
from autodmca_events.partitions import user_key
from autodmca_events.topics import inputs_topic
from autodmca_kafka import Context, Decision
from autodmca_kafka.consequences import REQUEST, position_of
from autodmca_kafka.decision import Send
from autodmca_kafka.ledger import Ledger
from autodmca_kafka.partition_work import Block, PartitionWork
from autodmca_kafka.sources import SOURCE, Source
from hypothesis import given, settings
from hypothesis import strategies as st

TOPIC = "autodmca.notes-inputs.v1"
EVENTS = "autodmca.templates.v1"


class Note(msgspec.Struct, frozen=True):
    texts: tuple[str, ...]


class Put(msgspec.Struct, frozen=True):
    text: str


class Ask(msgspec.Struct, frozen=True, tag="ask"):
    text: str


class Written(NamedTuple):
    offset: int
    key: bytes | None = b"7"
    value: bytes | None = b'{"text":"hello"}'
    headers: Sequence[tuple[str, bytes]] = ()
    timestamp: int = 1_700_000_000_000


Result = Decision[Note, Any]


def keep(notes: Mapping[str, Note], request: Put, context: Context) -> Result:
    if request.text == "break":
        raise RuntimeError("on purpose")
    if request.text == "refuse":
        return Decision(outcome=None, refused=True)
    before = notes.get("a", Note(()))
    sends = (Send("delisting", Ask(request.text)), Send("accounts", Ask("other"), user_id=9))
    return Decision(
        outcome=context.send_id(0),
        changes={"a": Note((*before.texts, request.text))},
        sends=sends if request.text == "send" else (),
    )


def work(ledger: Ledger[Note] | None = None, incarnation: str = "abcdef") -> PartitionWork[Note, Put, Any]:
    return PartitionWork(
        TOPIC,
        0,
        incarnation=incarnation,
        partitions=1,
        model=keep,
        decode=msgspec.json.Decoder(Put).decode,
        ledger=ledger or Ledger(msgspec.json.Decoder(Note).decode),
        next_offset=0,
        max_bytes=10_000,
    )


def sourced(offset: int, source: Source, text: str = "hello", user: int = 7) -> Written:
    value = msgspec.json.encode(Put(text))
    return Written(offset, user_key(user), value, [(SOURCE, source.header), (REQUEST, b"r%d" % offset)])


def observe(ledger: Ledger[Note], block: Block) -> None:
    for group in block.states:
        for key, value, headers in group:
            ledger.observe(key or b"", position_of(headers), value)


def test_a_source_is_what_its_header_says() -> None:
    source = Source(EVENTS, "Zm9v-_", 3, 2**62, 5)
    assert Source.parse(source.header) == source
    assert Source.parse(b"a#/0/0/0") == Source("a", "", 0, 0, 0)


@pytest.mark.parametrize("header", [b"", b"a", b"a#b/0/0", b"a#b/-1/0/0", b"a#b/0/0/0/0", b"a b#c/0/0/0"])
def test_a_header_that_is_no_source_makes_a_dead_letter(header: bytes) -> None:
    block = work().apply([Written(0, headers=[(SOURCE, header)])])
    assert (block.applied, len(block.dead_letters)) == (0, 1)


def test_a_send_is_an_input_of_the_other_service_with_its_source_and_its_name() -> None:
    block = work().apply([sourced(4, Source(EVENTS, "x", 0, 1), "send")])
    [(key, value, about)] = block.sends[inputs_topic("delisting")]
    assert (key, value) == (b"7", b'{"type":"ask","text":"send"}')
    headers = dict(about)
    assert Source.parse(headers[SOURCE] or b"") == Source(TOPIC, "abcdef", 0, 4, 0)
    assert msgspec.json.decode(block.outcomes[0][1] or b"") == (headers[REQUEST] or b"").decode()
    [(other, _, about)] = block.sends[inputs_topic("accounts")]
    assert other == b"9"
    assert Source.parse(dict(about)[SOURCE] or b"").nth == 1


def test_sends_are_the_same_bytes_when_an_input_is_applied_again() -> None:
    again = sourced(4, Source(EVENTS, "x", 0, 1), "send")
    assert work().apply([again]).sends == work().apply([again]).sends


def test_what_was_applied_is_passed_over_whether_the_log_shows_it_yet_or_not() -> None:
    ledger = Ledger(msgspec.json.Decoder(Note).decode)
    under_test = work(ledger)
    first = under_test.apply([sourced(0, Source(EVENTS, "x", 0, 5)), sourced(1, Source(EVENTS, "x", 0, 5))])
    assert (first.applied, first.repeated) == (1, 1)
    observe(ledger, first)
    second = under_test.apply([sourced(2, Source(EVENTS, "x", 0, 4)), sourced(3, Source(EVENTS, "x", 0, 6))])
    assert (second.applied, second.repeated) == (1, 1)
    observe(ledger, second)
    assert ledger.of_user(7) == {"a": Note(("hello", "hello"))}


def test_inputs_that_follow_from_one_record_are_told_apart() -> None:
    block = work().apply([sourced(n, Source(EVENTS, "x", 0, 5, n)) for n in range(3)])
    assert (block.applied, block.repeated) == (3, 0)


def test_users_partitions_topics_and_incarnations_count_by_themselves() -> None:
    places = ((EVENTS, "x", 0, 5), (EVENTS, "x", 1, 5), (EVENTS, "y", 0, 0), ("other", "x", 0, 1))
    sources = [Source(*place) for place in places]
    inputs = [sourced(n, source) for n, source in enumerate(sources)]
    block = work().apply([*inputs, sourced(9, Source(EVENTS, "x", 0, 5), user=8)])
    assert (block.applied, block.repeated) == (5, 0)


def test_a_source_stands_with_the_state_that_it_made_or_by_itself() -> None:
    block = work().apply(
        [
            sourced(0, Source(EVENTS, "x", 0, 1)),
            sourced(1, Source(EVENTS, "x", 0, 2), "refuse"),
            sourced(2, Source(EVENTS, "x", 0, 3), "break"),
        ]
    )
    marker = b"7/" + Source(EVENTS, "x", 0, 0).marker.encode()
    assert [[key for key, _, _ in group] for group in block.states] == [[b"7/a", marker], [marker], [marker]]
    assert (block.applied, block.refused, len(block.dead_letters)) == (2, 1, 1)


def test_a_dead_letter_stands_once() -> None:
    source = Source(EVENTS, "x", 0, 1)
    block = work().apply([sourced(0, source, "break"), sourced(1, source, "break")])
    assert (len(block.dead_letters), block.repeated) == (1, 1)


def test_a_marker_is_no_entity_and_no_model_may_write_one() -> None:
    ledger = Ledger(msgspec.json.Decoder(Note).decode)
    observe(ledger, work(ledger).apply([sourced(0, Source(EVENTS, "x", 0, 1))]))
    assert list(ledger.of_user(7)) == ["a"]
    assert [entity for _, entity, _ in ledger.entities()] == ["a"]
    reserved = PartitionWork(
        TOPIC,
        0,
        partitions=1,
        model=lambda _notes, _request, _context: Decision(outcome=None, changes={"~source/x": None}),
        decode=msgspec.json.Decoder(Put).decode,
        ledger=ledger,
        next_offset=0,
        max_bytes=10_000,
    )
    [(_, _, about)] = reserved.apply([Written(1)]).dead_letters
    assert b"reserved" in (dict(about)["error"] or b"")


def test_a_marker_that_a_late_owner_has_overwritten_is_written_again() -> None:
    ledger = Ledger(msgspec.json.Decoder(Note).decode)
    owner = work(ledger)
    observe(ledger, owner.apply([sourced(n, Source(EVENTS, "x", 0, n)) for n in range(3)]))
    marker = b"7/" + Source(EVENTS, "x", 0, 0).marker.encode()
    assert owner.unseen_users == 0
    ledger.observe(marker, 1, b"[1,0]")
    assert [(key, value) for key, value, _ in owner.repairs()] == [(marker, b"[2,0]")]
    assert ledger.place(marker) == (2, 0)


def test_a_refused_input_sends_nothing() -> None:
    with pytest.raises(ValueError, match="sends nothing"):
        Decision(outcome=None, refused=True, sends=[Send("delisting", Ask("x"))])


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 30))
def test_however_often_a_relay_begins_again_each_record_is_applied_once_and_in_order(
    seed: int, count: int
) -> None:
    """A relay reads on from somewhere before where it was, and two of them overlap."""
    rng = random.Random(seed)
    written: list[Written] = []
    reached = 0  # nobody begins after what has not been written yet
    while reached < count:
        begin = rng.randrange(reached + 1)
        end = min(begin + rng.randrange(1, 9), count)
        for offset in range(begin, end):
            written.append(sourced(len(written), Source(EVENTS, "x", 0, offset), f"t{offset}"))
        reached = max(reached, end)
    ledger = Ledger(msgspec.json.Decoder(Note).decode)
    under_test, rest = work(ledger), written
    while rest:
        size = rng.randrange(1, 6)
        block = under_test.apply(rest[:size])
        rest = rest[size:]
        if rng.random() < 0.2:  # the owner dies, and the next one has read what stands in the log
            observe(ledger, block)
            committed = rng.randint(ledger.applied + 1, under_test.next_offset)
            under_test = work(ledger)
            under_test.next_offset = committed
            rest = written[committed:]
        else:
            observe(ledger, block)
    assert ledger.of_user(7)["a"].texts == tuple(f"t{n}" for n in range(count))
