"""What follows from one input: routed, bounded, and a dead letter when anything about it is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import msgspec
import pytest
from autodmca_events import Payload, decode
from autodmca_events.accounts import SystemNotification
from autodmca_events.ids import derived_id
from autodmca_events.partitions import partition_for
from autodmca_events.templates import TemplateUsage
from autodmca_kafka import Asked, Context, Decision, Emission, InputsRewound
from autodmca_kafka.ledger import Ledger
from autodmca_kafka.partition_work import Block, Failures, PartitionWork

TOPIC = "autodmca.notes-inputs.v1"
USED_AT = "2024-01-01T00:00:00.000Z"


class Note(msgspec.Struct, frozen=True):
    text: Annotated[str, msgspec.Meta(max_length=1_000)]


class Put(msgspec.Struct, frozen=True):
    text: str


class Unlisted(Payload, frozen=True, kw_only=True):
    """No event of the catalogue."""


class Written(NamedTuple):
    offset: int
    key: bytes | None = b"7"
    value: bytes | None = b'{"text":"hello"}'
    headers: Sequence[tuple[str, bytes]] = ()
    timestamp: int = 1_700_000_000_000


Result = Decision[Note, Any]


def used(count: int = 1) -> Emission:
    return Emission(
        TemplateUsage(
            template_id="t",
            name="n",
            template_version=1,
            usage_count=count,
            rendered_length=0,
            used_at=USED_AT,
        )
    )


def told() -> Emission:
    return Emission(SystemNotification(level="info", code="c", title="t", message="m", dismissible=True))


def work(
    model: Callable[[Mapping[str, Note], Put, Context], Result],
    *,
    partitions: int = 1,
    max_bytes: int = 10_000,
) -> PartitionWork[Note, Put, Any]:
    return PartitionWork(
        TOPIC,
        0,
        partitions=partitions,
        model=model,
        decode=msgspec.json.Decoder(Put).decode,
        ledger=Ledger(msgspec.json.Decoder(Note).decode),
        next_offset=0,
        max_bytes=max_bytes,
    )


def keep(notes: Mapping[str, Note], request: Put, context: Context) -> Result:
    return Decision(outcome=len(notes), changes={"a": Note(request.text)}, events=[used()])


def assert_dead(block: Block, error: str) -> None:
    """Nothing follows from it but the dead letter, and the answer to whoever asked."""
    assert (block.applied, block.events, block.broadcasts, block.states) == (0, [], [], [])
    [(_, _, headers)] = block.dead_letters
    assert error in (dict(headers)["error"] or b"").decode()


def test_events_go_to_the_user_or_to_everybody_as_their_type_says() -> None:
    block = work(lambda *_: Decision(outcome=None, events=[used(), told()])).apply(
        [Written(3, headers=[("traceparent", b"00-1-2-03")])]
    )
    [(key, value, headers)], [(nobody, announced, _)] = block.events, block.broadcasts
    assert (key, nobody) == (b"7", None)
    event = decode(value or b"")
    assert (event.type, event.user_id, event.timestamp) == ("template_usage", 7, "2023-11-14T22:13:20.000Z")
    assert event.id == derived_id(TOPIC, 0, 3, 1_700_000_000_000, 0)
    assert dict(headers) == {
        "type": b"template_usage",
        "id": event.id.encode(),
        "origin": b"/3/0",
        "traceparent": b"00-1-2-03",
    }
    assert decode(announced or b"").id == derived_id(TOPIC, 0, 3, 1_700_000_000_000, 1)


def test_what_a_model_creates_is_not_named_like_what_it_emits() -> None:
    block = work(lambda _notes, _put, context: Decision(outcome=context.new_id(0), events=[used()])).apply(
        [Written(0, headers=[("request", b"r")])]
    )
    assert msgspec.json.decode(block.outcomes[0][1] or b"") != decode(block.events[0][1] or b"").id


def test_the_next_input_sees_the_change_before_the_log_shows_it() -> None:
    under_test = work(keep)
    block = under_test.apply(
        [Written(0, headers=[("request", b"1")]), Written(1, headers=[("request", b"2")])]
    )
    assert [value for _, value, _ in block.outcomes] == [b"0", b"1"]
    assert under_test.unseen_users == 1
    for [(key, value, _)] in block.states:
        under_test.ledger.observe(key or b"", 1, value)
    assert under_test.unseen_users == 0


def test_an_outcome_says_whether_state_changed_and_only_those_who_asked_get_one() -> None:
    asked = [("request", b"r")]
    assert work(keep).apply([Written(0)]).outcomes == []
    [(_, _, changed)] = work(keep).apply([Written(0, headers=asked)]).outcomes
    [(_, _, unchanged)] = work(lambda *_: Decision(outcome=1)).apply([Written(0, headers=asked)]).outcomes
    assert dict(changed) == {"request": b"r", "position": b"0", "origin": b"/0/0", "changed": b"1"}
    assert dict(unchanged) == {"request": b"r", "position": b"0", "origin": b"/0/0"}


def test_an_outcome_that_takes_time_is_told_by_a_later_input_to_whoever_asked() -> None:
    def slowly(notes: Mapping[str, Note], _put: Put, context: Context) -> Result:
        if context.asked is not None:
            kept = Note(f"{context.asked.request} {context.asked.source}")
            return Decision(outcome="now", later=True, changes={"a": kept})
        request, source = notes["a"].text.split(" ")
        return Decision(outcome="now", told=[(Asked(request, source), "then"), (Asked("other"), "too")])

    source = b"autodmca.askers-inputs.v1#x/0/3/0"
    under_test = work(slowly)
    first = under_test.apply([Written(0, headers=[("request", b"r"), ("source", source)])])
    assert (first.applied, first.outcomes) == (1, [])
    done = under_test.apply([Written(1)])
    assert [(key, value, dict(about)) for key, value, about in done.outcomes] == [
        (b"7", b'"then"', {"request": b"r", "position": b"1", "origin": b"/1/0", "source": source}),
        (b"7", b'"too"', {"request": b"other", "position": b"1", "origin": b"/1/1"}),
    ]


def test_a_refused_input_is_applied_and_counted_apart() -> None:
    block = work(lambda *_: Decision(outcome="no", refused=True)).apply([Written(0)])
    assert (block.applied, block.refused, block.dead_letters) == (1, 1, [])


def broken(*_: object) -> Result:
    raise RecursionError("too deep")


def refusing_and_changing(*_: object) -> Result:
    return Decision(outcome="no", refused=True, changes={"a": Note("x")})


@pytest.mark.parametrize(
    ("model", "error"),
    [
        (broken, "RecursionError: too deep"),
        (refusing_and_changing, "ValueError: a refused input changes no state"),
        (lambda *_: None, "AttributeError"),
        (lambda *_: Decision(outcome=1, changes={"a": Note("x" * 1_001)}), "length <= 1000"),
        (lambda *_: Decision(outcome=1, changes={"a": object()}), "TypeError"),
        (lambda *_: Decision(outcome=1, events=[used(-1)]), "usageCount"),
        (lambda *_: Decision(outcome=1, events=[Emission(Unlisted())]), "Unlisted"),
        (lambda *_: Decision(outcome=object(), events=[used()], changes={"a": Note("x")}), "TypeError"),
        (lambda *_: Decision(outcome="x" * 10_000), "more than 10000"),
        (
            lambda *_: Decision(outcome=1, changes={str(i): Note("x" * 999) for i in range(10)}),
            "more than 10000",
        ),
    ],
)
def test_a_model_that_fails_or_gives_what_nobody_can_read_makes_a_dead_letter(
    model: Callable[..., Any], error: str
) -> None:
    block = work(model).apply([Written(0, headers=[("request", b"r")])])
    assert_dead(block, error)
    [(key, value, headers)] = block.outcomes
    assert (key, value, dict(headers)) == (
        b"7",
        None,
        {"request": b"r", "failed": b"internal", "position": b"0", "origin": b"/0/0"},
    )


@pytest.mark.parametrize(
    ("record", "error"),
    [
        (Written(0, key=None), "no user id"),
        (Written(0, key=b"07"), "no user id"),
        (Written(0, key=b"seven"), "no user id"),
        (Written(0, key="٣".encode()), "no user id"),
        (Written(0, value=None), "no value"),
        (Written(0, value=b"\xff"), "DecodeError"),
        (Written(0, value=b'{"text":1}'), "$.text"),
        (Written(0, value=b"[" * 100_000), "Error"),
    ],
)
def test_an_input_that_is_none_makes_a_dead_letter(record: Written, error: str) -> None:
    assert_dead(work(keep).apply([record]), error)


def test_a_user_on_another_users_partition_makes_a_dead_letter() -> None:
    home = partition_for(b"7", 6)
    assert home != 0
    assert_dead(work(keep, partitions=6).apply([Written(0)]), f"user 7 belongs to partition {home}")


def test_a_dead_letter_is_the_input_with_its_error_and_position() -> None:
    record = Written(9, value=b"\x00", headers=[("request", b"r"), ("odd", b"")])
    under_test = work(keep)
    [(key, value, headers)] = under_test.apply([record]).dead_letters
    assert (key, value) == (record.key, record.value)
    about = dict(headers)
    assert about.pop("error")
    assert about == {
        "request": b"r",
        "odd": b"",
        "topic": TOPIC.encode(),
        "partition": b"0",
        "offset": b"9",
        "timestamp": b"1700000000000",
    }
    assert under_test.next_offset == 10


def test_what_fails_changes_nothing_for_the_next_input() -> None:
    def sometimes(notes: Mapping[str, Note], request: Put, context: Context) -> Result:
        too_much = "x" * 20_000 if context.position.offset == 1 else ""
        return Decision(outcome=[len(notes), too_much], changes={str(context.position.offset): Note("x")})

    asked = [("request", b"r")]
    block = work(sometimes).apply([Written(offset, headers=asked) for offset in range(3)])
    assert [value for _, value, _ in block.outcomes] == [b'[0,""]', None, b'[1,""]']
    assert len(block.dead_letters) == 1


def test_a_model_cannot_change_what_it_is_given() -> None:
    def rude(notes: Mapping[str, Note], request: Put, context: Context) -> Result:
        notes["a"] = Note("x")  # type: ignore[index]
        return Decision(outcome=None)

    assert_dead(work(rude).apply([Written(0)]), "TypeError")


def test_inputs_whose_state_is_in_the_log_are_passed_over() -> None:
    under_test = work(keep)
    under_test.ledger.observe(b"9/z", 4, b'{"text":"written by another owner"}')
    block = under_test.apply([Written(offset) for offset in range(7)])
    assert (block.skipped, block.applied, block.next_offset) == (5, 2, 7)


def test_a_log_that_went_backwards_is_not_read_as_if_it_had_not() -> None:
    under_test = work(keep)
    under_test.apply([Written(5)])
    with pytest.raises(InputsRewound, match="offset 2 after inputs up to 6"):
        under_test.apply([Written(2)])


def test_a_repair_is_written_once_for_each_finding_and_not_while_something_newer_is_on_its_way() -> None:
    under_test = work(keep)
    known = under_test.ledger
    known.observe(b"7/a", 5, b'{"text":"new"}')
    known.observe(b"7/a", 4, b'{"text":"late"}')
    assert under_test.repairs() == [(b"7/a", b'{"text":"new"}', [("position", b"5")])]
    assert under_test.repairs() == []
    known.observe(b"7/a", 5, b'{"text":"new"}')
    assert under_test.repairs() == []

    known.observe(b"7/a", 3, b'{"text":"later still"}')
    under_test.apply([Written(6)])
    assert under_test.repairs() == []


def asked(offset: int, key: str | None = None, user: bytes = b"7") -> Written:
    headers = [("request", b"%d" % offset), *([("idempotency-key", key.encode())] if key else [])]
    return Written(offset, key=user, headers=headers)


def test_a_request_that_is_repeated_and_fails_again_is_one_dead_letter_and_answered_each_time() -> None:
    block = work(broken).apply([asked(0, "k"), asked(1, "k"), asked(2, "other"), asked(3, "k", b"8")])
    assert [dict(headers)["offset"] for _, _, headers in block.dead_letters] == [b"0", b"2", b"3"]
    assert [dict(headers)["failed"] for _, _, headers in block.outcomes] == [b"internal"] * 4
    assert (block.applied, block.failed_again) == (0, 1)


def test_without_a_key_two_inputs_are_two_requests() -> None:
    assert len(work(broken).apply([asked(0), asked(1)]).dead_letters) == 2


def test_the_same_input_is_its_dead_letter_again_as_the_first_may_not_have_been_written() -> None:
    failures = Failures()
    assert [failures.is_new(b"7", b"k", offset) for offset in (5, 8, 5, 8)] == [True, False, True, False]


def test_what_failed_is_remembered_up_to_a_bound() -> None:
    failures = Failures(kept=2)
    assert [failures.is_new(b"7", key, 1) for key in (b"a", b"b", b"c")] == [True, True, True]
    assert [failures.is_new(b"7", key, 2) for key in (b"c", b"a")] == [False, True]
