"""A request that another service sends: what is taken, and what is told to its sender as wrong."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from autodmca_delisting import ids
from autodmca_delisting.model.making import MAX_BYTES
from autodmca_delisting.model.state import Part, Request
from autodmca_events.partitions import user_key
from autodmca_events.requests import Actor, RequestMade
from autodmca_events.requests.delisting import MakeRequest, Notice
from autodmca_kafka.consequences import REQUEST
from autodmca_service.commands import Outcome
from autodmca_service.testing import Site
from msgspec import structs

ADA, BOB = 11, 12
MAKE = MakeRequest(
    actor=Actor(ADA),
    reference="sub_1",
    engine="yandex",
    urls=tuple(f"https://x.example.com/{number}" for number in range(230)),
    notice=Notice(text="These pages copy my book."),
)


def sent(site: Site, command: msgspec.Struct | dict[str, Any], user: int = ADA) -> Outcome:
    value = msgspec.json.encode(command)
    block, _ = site.log.write(user_key(user), value, {REQUEST: b"r"})
    assert not block.dead_letters
    ((_, outcome, _),) = block.outcomes
    return msgspec.json.decode(outcome or b"", type=Outcome)


async def test_it_is_split_as_its_engine_takes_it_and_queued(site: Site) -> None:
    made = sent(site, MAKE).result
    assert isinstance(made, RequestMade)
    assert (made.urls, made.dropped) == (230, 0)
    request = site.log.table.get(ADA, made.request_id)
    assert isinstance(request, Request)
    assert (request.status, request.parts) == ("queued", 3)
    parts = [site.log.table.get(ADA, ids.part_id(request.id, number)) for number in (1, 2, 3)]
    assert [len(part.urls) for part in parts if isinstance(part, Part)] == [100, 100, 30]


async def test_the_same_reference_is_the_same_request_and_another_persons_is_another(site: Site) -> None:
    first = sent(site, MAKE).result
    told = len(site.log.events)
    assert sent(site, MAKE).result == first
    assert len(site.log.events) == told
    other = sent(site, structs.replace(MAKE, query="another search"))
    assert other.refusal is not None
    assert other.refusal.code == "request-exists"
    bobs = sent(site, structs.replace(MAKE, actor=Actor(BOB)), BOB).result
    assert isinstance(bobs, RequestMade)
    assert ids.owner_of(bobs.request_id) == BOB


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"engine": "bing"}, "engine"),
        ({"engine": "altavista"}, "engine"),
        ({"urls": []}, "urls"),
        ({"urls": ["no url"]}, "urls"),
        ({"urls": ["https://x.example.com/"] * 1_001}, "urls"),
        ({"urls": 5}, "urls"),
        ({"notice": {"text": " "}}, "notice.text"),
        ({"notice": {"text": "x" * 100_001}}, "notice.text"),
        ({"reference": ""}, "reference"),
    ],
)
async def test_what_is_wrong_is_named_to_the_sender(site: Site, change: dict[str, Any], field: str) -> None:
    outcome = sent(site, {**msgspec.to_builtins(MAKE), **change})
    assert outcome.refusal is not None
    assert (outcome.refusal.refused, outcome.refusal.errors[0].field) == ("invalid", field)
    assert not site.log.events


async def test_one_that_is_too_large_for_a_record_is_refused(site: Site) -> None:
    urls = tuple(f"https://x.example.com/{number}/" + "é" * 100 for number in range(1_000))
    outcome = sent(site, structs.replace(MAKE, urls=urls))
    assert outcome.refusal is not None
    assert (outcome.refusal.code, f"{MAX_BYTES:,}" in outcome.refusal.detail) == ("too-large", True)


async def test_another_may_not_ask_on_a_persons_behalf_unless_it_says_so(site: Site) -> None:
    outcome = sent(site, structs.replace(MAKE, actor=Actor(BOB)))
    assert outcome.refusal is not None
    assert outcome.refusal.code == "not-yours"


async def test_an_input_of_our_own_that_is_wrong_is_a_dead_letter(site: Site) -> None:
    value = msgspec.json.encode({"command": "queue", "actor": {"userId": ADA}, "parts": "many"})
    block, _ = site.log.write(user_key(ADA), value, {REQUEST: b"r"})
    assert len(block.dead_letters) == 1
