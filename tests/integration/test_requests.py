"""What one service sends to another ends in its outcome: done or refused, never a dead letter."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from autodmca_events.requests import (
    Actor,
    Examined,
    Rendered,
    RequestMade,
    ai_detection,
    delisting,
    social_media,
    templates,
)
from autodmca_events.topics import dead_letters_topic
from autodmca_sandbox.images.gallery import Gallery
from autodmca_sandbox.people import AUTHORS
from autodmca_service.testing import Person, new_user, processes, records_of

from services.sandbox.tests.world import listening
from tests.brokers import Broker
from tests.integration import delisting_site, social_media_site, templates_site
from tests.integration.asking import Answer, Asking
from tests.integration.delisting_site import ENDED

NOTICE = delisting.Notice(text="These pages copy my book 'Alpine Lakes'.", work="Alpine Lakes")
ADA = social_media.Person(handles=("adalovelace",), names=("Ada Lovelace",))


class Misshapen(msgspec.Struct, frozen=True, tag_field="command", tag="make_request", rename="camel"):
    """An input with an engine that there is none of."""

    actor: Actor
    reference: str = "r"
    engine: str = "altavista"
    urls: tuple[str, ...] = ("https://a.example.com/1",)
    notice: delisting.Notice = NOTICE


@asynccontextmanager
async def asking(service: str, name: str, broker: Broker) -> AsyncIterator[Asking]:
    """Whoever asks the service, which runs already."""
    sender = Asking(name, service, broker.bootstrap_servers)
    async with sender.running():
        yield sender


def refusal(answer: Answer) -> tuple[str, str]:
    assert answer.outcome is not None
    assert answer.outcome.refusal is not None, answer
    return answer.outcome.refusal.refused, answer.outcome.refusal.code


def done(answer: Answer) -> Any:
    """What it brought."""
    assert answer.outcome is not None
    assert answer.outcome.refusal is None, answer
    return answer.outcome.result


async def no_dead_letter(broker: Broker, service: str, user: int) -> None:
    assert await records_of(broker.bootstrap_servers, dead_letters_topic(service), user) == []


async def test_delisting_is_asked_by_another_service(
    embedded_broker: Broker, new_name: Callable[[str], str]
) -> None:
    user = new_user()
    actor, person = Actor(user), Person(user)
    urls = tuple(f"hxxps://copies{user}[.]example[.]com/{number}" for number in range(3))
    make = delisting.MakeRequest(
        actor=actor, reference="sub_1/bing", engine="bing", urls=(*urls, urls[0], "none"), notice=NOTICE
    )
    by_hand = msgspec.structs.replace(make, reference="sub_1/duckduckgo", engine="duckduckgo")
    async with (
        delisting_site.site(embedded_broker) as at,
        asking("delisting", new_name("asking"), embedded_broker) as sender,
    ):
        normal = [f"https://copies{user}.example.com/{number}" for number in range(3)]
        rules = [
            {"engine": "bing", "url": url, "outcome": "no_action", "reason": "told so"} for url in normal
        ]
        await at.told("rules", rules)
        made = done(await sender.ask(user, make))
        assert isinstance(made, RequestMade)
        assert (made.urls, made.dropped) == (3, 2)
        assert done(await sender.ask(user, make)) == made
        one = f"/v1/requests/{made.request_id}"
        shown = await person.until(at.replicas[0], one, lambda request: request["status"] in ENDED)
        assert (shown["status"], shown["urlsTotal"], shown["urlsNoAction"]) == ("denied", 3, 3)
        appeal = delisting.Appeal(actor=actor, request_id=made.request_id, text="They are copies.")
        assert done(await sender.ask(user, appeal)) is None
        resubmit = delisting.Resubmit(actor=actor, request_id=made.request_id)
        assert refusal(await sender.ask(user, resubmit)) == ("conflict", "illegal-transition")
        other = done(await sender.ask(user, by_hand))
        assert (
            done(await sender.ask(user, delisting.Cancel(actor=actor, request_id=other.request_id))) is None
        )
        shown = await person.get(at.replicas[0], "GET", f"/v1/requests/{other.request_id}")
        assert shown["status"] == "cancelled"
        assert refusal(await sender.ask(user, Misshapen(actor))) == ("invalid", "invalid-field")
        nothing = msgspec.structs.replace(make, reference="r", urls=("no url",))
        assert refusal(await sender.ask(user, nothing)) == ("invalid", "invalid-field")
    await no_dead_letter(embedded_broker, "delisting", user)


async def test_social_media_is_asked_by_another_service(
    embedded_broker: Broker, new_name: Callable[[str], str]
) -> None:
    user = new_user()
    actor, person = Actor(user), Person(user)
    watch = social_media.PutWatch(actor=actor, profile_id=42, person=ADA, platforms=("bluesky",))
    async with (
        social_media_site.site(embedded_broker) as at,
        asking("social_media", new_name("asking"), embedded_broker) as sender,
    ):
        assert done(await sender.ask(user, watch)) is None
        shown = await person.get(at.replicas[0], "GET", "/v1/watches/42")
        assert (shown["platforms"], shown["handles"]) == (["bluesky"], ["adalovelace"])
        nobody = msgspec.structs.replace(watch, person=social_media.Person())
        elsewhere = msgspec.structs.replace(watch, platforms=("orkut",))
        too_often = msgspec.structs.replace(watch, interval_ms=1)
        for wrong in (nobody, elsewhere, too_often):
            assert refusal(await sender.ask(user, wrong)) == ("invalid", "invalid-field")
        stop = social_media.StopWatch(actor=actor, profile_id=42)
        assert done(await sender.ask(user, stop)) is None
        assert refusal(await sender.ask(user, stop)) == ("not_found", "no-such-watch")
        gone = await person.ask(at.replicas[0], "GET", "/v1/watches/42")
        assert gone.status_code == 404
    await no_dead_letter(embedded_broker, "social_media", user)


async def test_templates_are_asked_by_another_service(
    embedded_broker: Broker, new_name: Callable[[str], str]
) -> None:
    author, reviewer = Person(new_user()), Person(new_user(), "reviewer")
    user, actor = author.user_id, Actor(author.user_id)
    async with (
        templates_site.replicas(embedded_broker, 1) as (replica,),
        asking("templates", new_name("asking"), embedded_broker) as sender,
    ):
        template_id = await templates_site.approved(replica, author, reviewer)
        about: dict[str, Any] = {"actor": actor, "template_id": template_id}
        examined = done(await sender.ask(user, templates.ValidateTemplate(**about)))
        assert isinstance(examined, Examined)
        assert (examined.version, examined.valid) == (1, True)
        render = templates.RenderTemplate(**about, submission_id="sub_1", values=templates_site.VALUES)
        text = done(await sender.ask(user, render))
        assert isinstance(text, Rendered)
        assert "I have a good faith belief" in text.text
        assert all(value in text.text for value in templates_site.VALUES.values())
        wanting = msgspec.structs.replace(render, values={})
        assert refusal(await sender.ask(user, wanting)) == ("invalid", "value-missing")
        resolve = templates.Resolve(**about, submission_id="sub_1", outcome="sent")
        assert done(await sender.ask(user, resolve)) is None
        shown = await author.get(replica, "GET", f"/v1/templates/{template_id}")
        assert shown["usage"]["usageCount"] == 1
        assert refusal(await sender.ask(user, render)) == ("conflict", "already-sent")
        elsewhere = msgspec.structs.replace(resolve, submission_id="sub 1")
        assert refusal(await sender.ask(user, elsewhere)) == ("invalid", "invalid-field")
    await no_dead_letter(embedded_broker, "templates", user)


async def test_ai_detection_is_asked_by_another_service(
    embedded_broker: Broker, new_name: Callable[[str], str]
) -> None:
    person = Person(new_user())
    user, actor = person.user_id, Actor(person.user_id)
    path = "/v1/profiles/42/references"
    async with (
        listening(delisting_site.wall_ms) as world,
        processes(
            "ai_detection", embedded_broker.bootstrap_servers, AI_DETECTION_ALLOWED_NETWORKS="127.0.0.1"
        ) as (replica,),
        asking("ai_detection", new_name("asking"), embedded_broker) as sender,
    ):
        gallery = Gallery(7, len(AUTHORS))
        item = next(item for number in range(1_000) if (item := gallery.item(number)).kind == "copy")
        url = f"{str(world.base_url).rstrip('/')}/images/{item.name}"
        named = ai_detection.Reference(reference_id="a", url=url)
        note = ai_detection.NoteReferences(actor=actor, profile_id=42, references=(named,))
        assert done(await sender.ask(user, note)) is None
        found = await person.until(replica, path, lambda page: page["items"])
        assert [each["title"] for each in found["items"]] == [url]
        twice = msgspec.structs.replace(note, references=(named, named))
        assert refusal(await sender.ask(user, twice)) == ("invalid", "invalid-field")
        forget = ai_detection.ForgetProfile(actor=actor, profile_id=42)
        assert done(await sender.ask(user, forget)) is None
        assert (await person.get(replica, "GET", path))["items"] == []
    await no_dead_letter(embedded_broker, "ai_detection", user)
