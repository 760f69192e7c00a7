"""References that another service names by their URLs, and a profile that is forgotten."""

from __future__ import annotations

from typing import Any

import msgspec
from autodmca_ai_detection.model.state import Entity, Noted, Reference, Tally
from autodmca_ai_detection.noted import Notes, due
from autodmca_ai_detection.outcomes import Outcome
from autodmca_events.partitions import user_key
from autodmca_events.requests import Actor
from autodmca_events.requests import ai_detection as requests
from autodmca_kafka.consequences import REQUEST
from autodmca_service.outside import Fetcher, networks
from autodmca_service.testing import perform_due

from services.ai_detection.tests.site import PROFILE, USER, At, copy_of, detection_site, other

ACTOR = Actor(USER)


async def sent(at: At, command: Any) -> str:
    """Have it applied, and what follows done; the code with which it is refused, or nothing."""
    value = msgspec.json.encode(command)
    block, _ = at.log.write(user_key(USER), value, {REQUEST: b"r"})
    assert not block.dead_letters
    ((_, outcome, _),) = block.outcomes
    notes = Notes(Fetcher(allowed=networks(["127.0.0.1"])), at.worker._looker)  # type: ignore[arg-type]
    await perform_due(at.log, due, notes.perform)
    refusal = msgspec.json.decode(outcome or b"", type=Outcome).refusal
    return "" if refusal is None else refusal.code


def note(**urls: str) -> requests.NoteReferences:
    named = [requests.Reference(reference_id=name, url=url) for name, url in urls.items()]
    return requests.NoteReferences(actor=ACTOR, profile_id=PROFILE, references=tuple(named))


def held(at: At, kind: type[Any]) -> list[Any]:
    every: list[Entity] = list(at.log.table.of_user(USER).values())
    return [each for each in every if isinstance(each, kind)]


def counted(at: At) -> int:
    (tally,) = held(at, Tally)
    return int(tally.references)


async def test_what_is_named_is_fetched_and_goes_when_it_is_named_no_more() -> None:
    async with detection_site() as at:
        one, two = at.url(copy_of(0, 0)), at.url(other())
        assert await sent(at, note(one=one, two=two, gone=f"{at.base}/images/none.jpg")) == ""
        assert {each.title for each in held(at, Reference)} == {one, two}
        assert sorted((each.url, each.code) for each in held(at, Noted) if each.code) == [
            (f"{at.base}/images/none.jpg", "status")
        ]
        finding = (await at.detected(one))["matchedReferenceId"]
        assert finding in {each.id for each in held(at, Reference)}
        assert await sent(at, note(one=one)) == ""
        assert [each.title for each in held(at, Reference)] == [one]
        assert (len(held(at, Noted)), counted(at)) == (1, 1)


async def test_what_was_uploaded_stays_until_the_profile_is_forgotten() -> None:
    async with detection_site() as at:
        uploaded = await at.register(examples=2)
        assert await sent(at, note(one=at.url(other()))) == ""
        assert await sent(at, note()) == ""
        assert [each.id for each in held(at, Reference)] == [uploaded]
        assert counted(at) == 1
        assert await sent(at, note(one=at.url(other()))) == ""
        assert await sent(at, requests.ForgetProfile(actor=ACTOR, profile_id=PROFILE + 1)) == ""
        assert counted(at) == 2
        assert await sent(at, requests.ForgetProfile(actor=ACTOR, profile_id=PROFILE)) == ""
        assert counted(at) == 0
        left = {type(each).__name__ for each in at.log.table.of_user(USER).values()}
        assert left == {"Tally"}


async def test_content_that_two_urls_have_stays_as_long_as_one_of_them_is_named() -> None:
    async with detection_site() as at:
        url = at.url(other())
        assert await sent(at, note(one=url, two=f"{url}?again")) == ""
        assert counted(at) == 1
        assert await sent(at, note(two=f"{url}?again")) == ""
        assert counted(at) == 1
        assert await sent(at, note()) == ""
        assert (counted(at), held(at, Reference)) == (0, [])


async def test_a_name_that_is_given_twice_and_a_url_that_is_none_are_refused() -> None:
    async with detection_site() as at:
        twice = requests.Reference(reference_id="a", url="https://a.example.com/1")
        command = requests.NoteReferences(actor=ACTOR, profile_id=PROFILE, references=(twice, twice))
        assert await sent(at, command) == "invalid-field"
        assert await sent(at, note(one="ftp://a.example.com/1")) == "invalid-field"
        assert await sent(at, msgspec.structs.replace(command, actor=Actor(USER + 1))) == "not-yours"
        assert held(at, Noted) == []
