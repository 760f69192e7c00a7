"""What a table knows of a partition: the newest state by input position, whatever order records come in."""

from __future__ import annotations

import random

import msgspec
import pytest
from autodmca_events.partitions import entity_key
from autodmca_kafka.ledger import TRACES_KEPT, Ledger, Trace, split_key
from hypothesis import given
from hypothesis import strategies as st


class Note(msgspec.Struct, frozen=True):
    text: str


def ledger(tombstones_kept: int = 100) -> Ledger[Note]:
    return Ledger(msgspec.json.Decoder(Note).decode, tombstones_kept)


def note(text: str) -> bytes:
    return msgspec.json.encode(Note(text))


def test_a_record_made_from_an_older_input_is_ignored_and_remembered_as_stale() -> None:
    known = ledger()
    known.observe(b"7/a", 5, note("newer"))
    known.observe(b"7/a", 3, note("older"))
    assert known.of_user(7) == {"a": Note("newer")}
    assert known.stale == {b"7/a"}
    assert known.newest(b"7/a") == (5, Note("newer"))


def test_writing_the_newest_again_or_a_newer_one_repairs() -> None:
    known = ledger()
    for key in (b"7/a", b"7/b"):
        known.observe(key, 5, note("newer"))
        known.observe(key, 3, note("older"))
    known.observe(b"7/a", 5, note("newer"))
    known.observe(b"7/b", 9, note("newest"))
    assert known.stale == set()
    assert known.applied == 9


def test_an_older_record_does_not_revive_what_was_deleted() -> None:
    known = ledger()
    known.observe(b"7/a", 5, note("here"))
    known.observe(b"7/a", 8, None)
    known.observe(b"7/a", 6, note("revived"))
    assert known.of_user(7) == {}
    assert list(known.entities()) == []
    assert known.newest(b"7/a") == (8, None)
    assert known.stale == {b"7/a"}


def test_only_so_many_deletions_are_remembered() -> None:
    known = ledger(tombstones_kept=2)
    for position in range(5):
        known.observe(b"7/%d" % position, position, None)
    known.observe(b"7/0", 0, note("revived"))
    known.observe(b"7/4", 3, note("not revived"))
    assert known.of_user(7) == {"0": Note("revived")}


def test_stale_records_are_not_even_decoded() -> None:
    known = ledger()
    known.observe(b"7/a", 5, note("here"))
    known.observe(b"7/a", 4, b"no note")
    with pytest.raises(ValueError, match="malformed"):
        known.observe(b"7/a", 6, b"no note")


@pytest.mark.parametrize("key", [b"", b"7", b"/a", b"x/a", b"-7/a", b"7/\xff"])
def test_a_key_that_names_no_user_and_entity_is_refused(key: bytes) -> None:
    with pytest.raises(ValueError):
        ledger().observe(key, 1, note("here"))


@given(user_id=st.integers(0, 2**53), entity_id=st.text())
def test_keys_come_apart_as_they_were_put_together(user_id: int, entity_id: str) -> None:
    key = entity_key(user_id, entity_id.encode(errors="replace").decode())
    assert split_key(key) == (user_id, entity_id.encode(errors="replace").decode())


RECORDS = st.lists(
    st.tuples(st.sampled_from([b"1/a", b"1/b", b"2/a"]), st.integers(0, 20), st.booleans()), max_size=30
)


@given(records=RECORDS, order=st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_of_records_comes_to_the_same(
    records: list[tuple[bytes, int, bool]], order: random.Random
) -> None:
    """As the model is pure, a key and a position have one value."""
    values = {(key, position): None if gone else note(str(position)) for key, position, gone in records}
    log = [(key, position, values[key, position]) for key, position, _ in records]
    once, again = ledger(), ledger()
    for record in log:
        once.observe(*record)
    order.shuffle(shuffled := log + log[::2])
    for record in shuffled:
        again.observe(*record)
    assert sorted(map(repr, once.entities())) == sorted(map(repr, again.entities()))
    assert once.applied == again.applied


def test_the_trace_of_an_entity_is_that_of_its_newest_input_and_the_oldest_are_forgotten() -> None:
    known = ledger()
    known.observe(b"7/a", 5, note("one"), 1_000, b"trace")
    known.observe(b"7/a", 4, note("late"), 900, b"older")
    assert known.trace(b"7/a") == Trace(b"trace", 1_000)
    known.observe(b"7/a", 6, note("of no trace"), 1_100)
    assert known.trace(b"7/a") is None
    known.observe(b"7/a", 7, note("again"), 1_200, b"another")
    known.observe(b"7/a", 8, None, 1_300, b"deleted")
    assert known.trace(b"7/a") is None
    for number in range(TRACES_KEPT + 1):
        known.observe(b"7/%d" % number, 9 + number, note("many"), 2_000, b"trace")
    assert known.trace(b"7/0") is None
    assert known.trace(b"7/1") == Trace(b"trace", 2_000)
