"""What others wrote as inputs: named so that each is applied once, however often either is written."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import pytest
from aiokafka import TopicPartition
from autodmca_events.partitions import partition_for
from autodmca_kafka import Context, Decision
from autodmca_kafka.consequences import REQUEST, position_of
from autodmca_kafka.dead_letters import parse
from autodmca_kafka.ledger import Ledger
from autodmca_kafka.partition_work import PartitionWork
from autodmca_kafka.relayed import FAN_OUT, Relayed, RelayWork, Told
from autodmca_kafka.sources import ORIGIN, SOURCE, Origin, Source
from hypothesis import given, settings
from hypothesis import strategies as st

EVENTS = "autodmca.templates.v1"
TP = TopicPartition(EVENTS, 0)


class Note(msgspec.Struct, frozen=True):
    texts: tuple[str, ...] = ()


class Put(msgspec.Struct, frozen=True):
    text: str


class Written(NamedTuple):
    offset: int
    key: bytes | None = b"7"
    value: bytes | None = b"hello"
    headers: Sequence[tuple[str, bytes | None]] = ()
    timestamp: int = 1_700_000_000_000


def put(told: Told) -> Iterator[Put]:
    text = (told.value or b"").decode()
    if text == "break":
        raise RuntimeError("on purpose")
    if text != "nothing":
        yield Put(text)


def relayed(records: Iterable[Written], tp: TopicPartition = TP, **about: Any) -> Relayed:
    settings = {"translate": put, "max_bytes": 10_000, "partitions": 1, **about}
    partitions, translate = settings.pop("partitions"), settings.pop("translate")
    work = RelayWork(partitions, {tp.topic: "epochepochepochepoch22"}, translate, **settings)
    return work.relay({tp: list(records)})


def sources(result: Relayed) -> list[Source]:
    return [Source.parse(dict(about)[SOURCE] or b"") for _, _, about in result.inputs.get(0, [])]


def test_a_record_becomes_an_input_of_its_user_with_its_place_as_source() -> None:
    result = relayed([Written(4, headers=[("traceparent", b"00-1-2-03")]), Written(5, value=b"nothing")])
    [(key, value, about)] = result.inputs[0]
    assert (key, value) == (b"7", b'{"text":"hello"}')
    assert dict(about)["traceparent"] == b"00-1-2-03"
    assert sources(result) == [Source(EVENTS, "epochepochepochepoch22", 0, 4, 0)]
    assert result.records == 2


def test_what_a_processor_wrote_is_named_by_the_input_that_it_follows_from() -> None:
    origins = [Origin.of("abcdefghijk", 3, 0), Origin.of("abcdefghijk", 3, 2), Origin.of("abcdefghijk", 4, 0)]
    result = relayed([Written(n + 50, headers=[(ORIGIN, each.header)]) for n, each in enumerate(origins)])
    assert sources(result) == [
        Source(EVENTS, "abcdef", 0, 3, 0),
        Source(EVENTS, "abcdef", 0, 3, 2 * FAN_OUT),
        Source(EVENTS, "abcdef", 0, 4, 0),
    ]


def test_inputs_of_one_record_are_told_apart() -> None:
    result = relayed([Written(0)], translate=lambda _: [Put("a"), Put("b")])
    assert [source.nth for source in sources(result)] == [0, 1]


def test_an_outcome_says_what_was_asked_and_by_whom() -> None:
    found: list[Told] = []

    def keep(told: Told) -> list[Put]:
        found.append(told)
        return []

    source = Source("autodmca.notes-inputs.v1", "x", 0, 9, 1)
    relayed(
        [
            Written(0, headers=[(REQUEST, b"r1"), (SOURCE, source.header), ("failed", b"internal")]),
            Written(1, headers=[("type", b"template_usage")]),
        ],
        translate=keep,
    )
    assert (found[0].request, found[0].follows, found[0].failed, found[0].type) == ("r1", source, True, None)
    assert (found[1].request, found[1].follows, found[1].failed) == (None, None, False)
    assert [told.answers("notes") for told in found] == [True, False]
    assert not found[0].answers("others")
    assert (found[1].type, found[1].user_id, found[1].topic) == ("template_usage", 7, EVENTS)


def test_what_is_nobodys_or_misplaced_is_counted_and_passed_over() -> None:
    home = partition_for(b"7", 3)
    away = TopicPartition(EVENTS, (home + 1) % 3)
    records = [Written(0), Written(1, key=None), Written(2, key=b"nobody"), Written(3, key=b"07")]
    result = relayed(records, away, partitions=3)
    assert (result.inputs, dict(result.passed_over)) == ({}, {"misplaced": 1, "no_user": 3})


@pytest.mark.parametrize(
    ("record", "about", "error"),
    [
        (Written(1, value=b"break"), {}, "RuntimeError: on purpose"),
        (Written(1, headers=[(ORIGIN, b"what?")]), {}, "ValueError: b'what?' is no origin"),
        (Written(1, value=b"x" * 20_000), {}, "more than 10000"),
        (Written(1), {"translate": lambda _: [Put("a")] * (FAN_OUT + 1)}, f"more than {FAN_OUT} inputs"),
        (Written(1), {"translate": lambda _: None}, "TypeError"),
        (Written(1, headers=[("source", b"?")]), {"translate": lambda told: [told.follows]}, "no source"),
    ],
)
def test_what_cannot_be_relayed_is_a_dead_letter_and_stops_no_other(
    record: Written, about: dict[str, Any], error: str
) -> None:
    result = relayed([record], **about)
    assert result.inputs == {}
    [(key, value, headers)] = result.dead_letters[0]
    letter = parse("letters", 0, Written(0, key, value, headers))
    assert error in letter.error
    assert (letter.origin, letter.key, letter.value) == ((EVENTS, 0, 1), record.key, record.value)
    assert list(letter.headers) == list(record.headers)


@pytest.mark.parametrize("header", [b"", b"a/1", b"a/-1/0", b"a/1/2/3", b"toolong1/1/0", b"a/1/x"])
def test_an_origin_is_what_its_header_says(header: bytes) -> None:
    assert Origin.parse(Origin("Zm9v-_", 2**62, 5).header) == ("Zm9v-_", 2**62, 5)
    assert Origin.parse(b"/0/0") == ("", 0, 0)
    with pytest.raises(ValueError, match="no origin"):
        Origin.parse(header)


def collect(notes: Mapping[str, Note], request: Put, _context: Context) -> Decision[Note, Any]:
    before = notes.get("a", Note())
    return Decision(outcome=None, changes={"a": Note((*before.texts, request.text))})


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 30))
def test_events_written_again_and_relayed_again_are_each_applied_once_and_in_order(
    seed: int, count: int
) -> None:
    """A processor that dies writes its events again elsewhere; relays that die, or overlap, relay again."""
    rng = random.Random(seed)
    log: list[Written] = []
    reached = 0
    while reached < count:  # each event follows from the input of its number
        begin = rng.randrange(reached + 1)
        end = min(begin + rng.randrange(1, 9), count)
        for n in range(begin, end):
            headers = [(ORIGIN, Origin.of("x", n, 0).header)]
            log.append(Written(len(log), value=f"t{n}".encode(), headers=headers))
        reached = max(reached, end)
    inputs: list[Written] = []
    read = 0
    while read < len(log):
        begin = rng.randrange(read + 1)
        end = min(begin + rng.randrange(1, 9), len(log))
        for key, value, about in relayed(log[begin:end]).inputs.get(0, []):
            inputs.append(Written(len(inputs), key, value, about))
        read = max(read, end)
    ledger: Ledger[Note] = Ledger(msgspec.json.Decoder(Note).decode)
    work: PartitionWork[Note, Put, Any] = PartitionWork(
        "inputs",
        0,
        partitions=1,
        model=collect,
        decode=msgspec.json.Decoder(Put).decode,
        ledger=ledger,
        next_offset=0,
        max_bytes=10_000,
    )
    for group in work.apply(inputs).states:
        for key, value, about in group:
            ledger.observe(key or b"", position_of(about), value)
    assert ledger.of_user(7)["a"].texts == tuple(f"t{n}" for n in range(count))
