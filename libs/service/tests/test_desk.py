"""From a request to the log and back: answers, what is given again, and what a caller is told of trouble."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Annotated

import pytest
from autodmca_events import rfc3339, user_key
from autodmca_kafka import Context, Decision
from autodmca_service.answers import json_answer
from autodmca_service.commands import Command, Outcome
from autodmca_service.desk import CLOCKS_MS, Desk
from autodmca_service.errors import refuse
from autodmca_service.http.operations import IDEMPOTENCY_KEY, Call, Operation, Reply
from autodmca_service.receipts import Answer, Receipt, Receipts, answer_of
from autodmca_service.testing import MemoryLog, Site, memory_site
from msgspec import Meta, Struct

ADA, BOB = 11, 12


class Box(Struct, frozen=True, tag_field="entity", tag="box"):
    """What a user has put in; `copies` makes the state larger than what was asked."""

    id: str
    text: str
    copies: tuple[str, ...] = ()


class Put(Command, frozen=True, kw_only=True, tag="put"):
    box: str
    text: str
    copies: int = 0


class Drop(Command, frozen=True, kw_only=True, tag="drop"):
    box: str


Entity = Box | Receipt | Receipts
AnyCommand = Put | Drop


def apply(
    entities: Mapping[str, Entity], command: AnyCommand, _context: Context
) -> Decision[Entity, Outcome]:
    if isinstance(command, Drop):
        if command.box not in entities:
            raise refuse("not_found", "no-such-box", f"there is no box {command.box}")
        return Decision(outcome=Outcome(), changes={command.box: None})
    box = Box(command.box, command.text, (command.text,) * command.copies)
    return Decision(outcome=Outcome(), changes={box.id: box})


def answered(
    command: AnyCommand, find: Callable[[str], Entity | None], owner: int, _outcome: Outcome
) -> Answer | None:
    found = find(command.box)
    if isinstance(command, Drop):
        assert found is None
        return answer_of(204, b"", {})
    return json_answer([owner, found.text], 201) if isinstance(found, Box) else None


class NewBox(Struct, frozen=True):
    text: str
    copies: Annotated[int, Meta(ge=0)] = 0


def operations(desk: Desk[Entity, AnyCommand, Outcome]) -> Sequence[Operation]:
    async def put(call: Call) -> Answer:
        command = Put(
            actor=call.actor,
            request=call.again,
            box=call.path["id"],
            text=call.body.text,
            copies=call.body.copies,
        )
        return desk.answered(call.actor.user_id, call.again) or await desk.do(call.actor.user_id, command)

    async def drop(call: Call) -> Answer:
        return await desk.do(
            call.actor.user_id, Drop(actor=call.actor, request=call.again, box=call.path["id"])
        )

    async def select(call: Call) -> Reply:
        await desk.refresh(call.actor.user_id)
        found = desk.of_user(call.actor.user_id).values()
        return Reply(200, [each.text for each in found if isinstance(each, Box)])

    one = "/v1/boxes/{id}"
    return (
        Operation("put", "PUT", one, "Put", put, NewBox, 201, list[str], (IDEMPOTENCY_KEY,)),
        Operation("drop", "DELETE", one, "Drop", drop, None, 204, None, (IDEMPOTENCY_KEY,)),
        Operation("list", "GET", "/v1/boxes", "List", select, None, 200, list[str]),
    )


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    log: MemoryLog[Entity, AnyCommand, Outcome] = MemoryLog(
        "boxes", model=apply, answer=answered, state=Entity, command=AnyCommand
    )
    async with memory_site(log, operations) as site:
        yield site


def code(answer: object) -> tuple[int, str]:
    """Status and type of a problem."""
    told = answer.json()  # type: ignore[attr-defined]
    return told["status"], told["type"].rpartition(":")[2]


async def test_a_command_is_answered_from_the_state_after_it(site: Site) -> None:
    made = await site(ADA, "PUT", "/v1/boxes/a", {"text": "t"})
    assert (made.status_code, made.json()) == (201, [ADA, "t"])
    assert (await site(ADA, "GET", "/v1/boxes")).json() == ["t"]
    assert (await site(ADA, "DELETE", "/v1/boxes/a")).status_code == 204
    assert code(await site(ADA, "DELETE", "/v1/boxes/a")) == (404, "no-such-box")


async def test_the_first_answer_is_given_again_also_of_a_refusal_and_of_no_body(site: Site) -> None:
    refused = [await site(ADA, "DELETE", "/v1/boxes/a", idempotency_key="r") for _ in "12"]
    assert [code(each) for each in refused] == [(404, "no-such-box")] * 2
    made = [await site(ADA, "PUT", "/v1/boxes/a", {"text": "t"}, idempotency_key="m") for _ in "12"]
    assert [each.content for each in made] == [b'[11,"t"]'] * 2
    gone = [await site(ADA, "DELETE", "/v1/boxes/a", idempotency_key="d") for _ in "12"]
    assert [(each.status_code, each.content) for each in gone] == [(204, b"")] * 2
    assert (await site(ADA, "PUT", "/v1/boxes/a", {"text": "t"}, idempotency_key="m")).status_code == 201
    assert code(await site(ADA, "DELETE", "/v1/boxes/a", idempotency_key="n")) == (404, "no-such-box")
    assert code(await site(ADA, "PUT", "/v1/boxes/b", {"text": "t"}, idempotency_key="m")) == (
        422,
        "idempotency-key-reused",
    )
    assert site.counted("autodmca_boxes_receipts_total", what="repeated") == 4
    assert site.counted("autodmca_boxes_receipts_total", what="reused") == 1


async def test_what_cannot_be_applied_is_our_mistake_and_one_dead_letter_a_key(site: Site) -> None:
    for _ in "12":
        large = {"text": "x" * 100_000, "copies": 10}
        told = await site(ADA, "PUT", "/v1/boxes/a", large, idempotency_key="k")
        assert code(told) == (500, "internal")
        assert "retry-after" not in told.headers
    ((key, value, about),) = site.log.dead_letters
    assert key == user_key(ADA)
    assert b"copies" in (value or b"")
    assert b"bytes, more than" in (dict(about)["error"] or b"")
    site.log.broken = True
    assert code(await site(BOB, "PUT", "/v1/boxes/a", {"text": "t"})) == (500, "internal")
    site.log.broken = False
    assert (await site(BOB, "PUT", "/v1/boxes/a", {"text": "t"})).status_code == 201


async def test_trouble_with_the_log_says_whether_asking_again_helps(site: Site) -> None:
    site.log.away = True
    told = await site(ADA, "PUT", "/v1/boxes/a", {"text": "t"}, idempotency_key="k")
    assert code(told) == (503, "log-unavailable")
    assert told.headers["retry-after"]
    site.log.away, site.log.late = False, True
    assert code(await site(ADA, "PUT", "/v1/boxes/a", {"text": "t"}, idempotency_key="k")) == (
        504,
        "log-late",
    )
    site.log.late = False
    assert (await site(ADA, "PUT", "/v1/boxes/a", {"text": "t"}, idempotency_key="k")).status_code == 201


async def test_what_is_no_input_is_a_dead_letter_and_blocks_nobody(site: Site) -> None:
    site.log.write(b"nobody", b"{}", {})
    site.log.write(user_key(ADA), b"{", {})
    errors = [dict(about)["error"] or b"" for _, _, about in site.log.dead_letters]
    assert [error.split(b":")[0] for error in errors] == [b"ValueError", b"DecodeError"]
    assert (await site(ADA, "PUT", "/v1/boxes/a", {"text": "t"})).status_code == 201


async def test_a_read_says_how_new_it_is_and_a_write_does_not(site: Site) -> None:
    nothing = await site(ADA, "GET", "/v1/boxes")
    assert nothing.headers["as-of"] == rfc3339(0)
    site.log.now_ms = 1_800_000_005_500
    made = await site(ADA, "PUT", "/v1/boxes/a", {"text": "t"})
    assert "as-of" not in made.headers
    await site(ADA, "DELETE", "/v1/boxes/missing")  # refused: nothing of it is shown
    assert (await site(ADA, "GET", "/v1/boxes")).headers["as-of"] == rfc3339(1_800_000_005_500 - CLOCKS_MS)
