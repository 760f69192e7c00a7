"""The story: each step with the operation that it is, the events that must come of it, and its effect.

Owns which operation makes which type of event, and which types no service tells yet.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple

from autodmca_client import Client
from autodmca_client.errors import ConnectionDropped
from autodmca_sandbox.accounts_api import AccountsApi
from autodmca_sandbox.accounts_story import profile, submission
from autodmca_sandbox.calls import Calls
from autodmca_sandbox.delisting_api import DelistingApi
from autodmca_sandbox.detection_api import DetectionApi
from autodmca_sandbox.drafts import PHOTOGRAPHS
from autodmca_sandbox.images.gallery import WORKS, Gallery
from autodmca_sandbox.people import AUTHORS, Person
from autodmca_sandbox.platforms.population import persons
from autodmca_sandbox.social_api import SocialApi
from autodmca_sandbox.story import Fate, review, write
from autodmca_sandbox.templates_api import TemplatesApi

from deploy.story.heard import Wanted
from deploy.story.system import WORLD_SEED, StoryFailed, System

MISSING: Final[frozenset[str]] = frozenset()
"""Types that no service tells yet."""
EXAMPLES: Final = 6
"""Copies that are made of each work, to learn from."""
EPOCHS: Final = 8
BATCH: Final = 6
WHOLE: Final = ("smaller", "grey", "captioned")
"""Edits that leave a picture whole: of a copy so edited there is no doubt."""
ENGINES: Final = ("google", "bing")
BACK: Final = "A removed page is back"
LOOK_S: Final = 0.2
GRAVE: Final = ("critical", "high")


class Story:
    """The person, what they use, and what they have by now."""

    def __init__(self, system: System, seed: int, number: int | None = None) -> None:
        """`number`: the person's user id, where it is not the seed's; two more are the reviewer's and the
        admin's."""
        rng = random.Random(seed)  # noqa: S311 - a story, no secret
        self.someone = rng.choice(persons(WORLD_SEED, len(AUTHORS)))  # whom the outside world knows
        drawn, turn = rng.randrange(10**6, 10**9), rng.randrange(1_000)
        number = drawn if number is None else number
        self.person = Person(self.someone.name, number)
        self.reviewer = Person("Ruth Feldman", number + 1, ("reviewer",))
        self.admin = Person("Operator", number + 2, ("admin",))
        self.turn = turn
        self.world = system.world
        http, secret = system.services, system.secret
        self.accounts = AccountsApi(http["accounts"], secret)
        self.calls = Calls(http["accounts"], secret, "accounts")
        self.templates = TemplatesApi(http["templates"], secret)
        self.delisting = DelistingApi(http["delisting"], secret)
        self.social = SocialApi(http["social_media"], secret)
        self.detection = DetectionApi(http["ai_detection"], secret)
        self.gallery = Gallery(WORLD_SEED, len(AUTHORS))
        self.profile_id = 0
        self.template_id = ""
        self.incident: dict[str, Any] = {}
        self.submission: dict[str, Any] = {}
        self.urls: list[str] = []

    async def told(self, what: str, body: object) -> None:
        """Steer the outside world."""
        (await self.world.post(f"/sandbox/{what}", json=body)).raise_for_status()

    async def pictures(self, count: int) -> list[str]:
        """The first addresses that the host of pictures lists."""
        answer = await self.world.get("/images", params={"after": 0, "limit": count})
        answer.raise_for_status()
        return list(answer.json()["items"])

    def is_copy(self, url: str) -> bool:
        """Whether a copy of one of the works that were registered is there, whole."""
        item = self.gallery.named(url.rpartition("/")[2])
        if item is None or item.owner != 0:
            return False
        return item.kind == "copy" and item.how in WHOLE

    async def filed(self, place: str) -> dict[str, int]:
        """How often each URL or account was filed anew at a place."""
        found: dict[str, int] = (await self.world.get("/sandbox/received")).json()["filed"].get(place, {})
        return found


async def nothing(_story: Story) -> None:
    """No effect to look for beside the events."""


class Step(NamedTuple):
    """`operation` of `service`, by its name in the OpenAPI document. `wanted`: by type, what one event of it
    must be like."""

    name: str
    service: str
    operation: str
    take: Callable[[Story, Client], Awaitable[None]]
    wanted: Mapping[str, Wanted]
    effect: Callable[[Story], Awaitable[None]] = nothing


def _is(**fields: object) -> Wanted:
    """Whether a payload has these."""
    return lambda payload: all(getattr(payload, name) == value for name, value in fields.items())


async def _protect(story: Story, _client: Client) -> None:
    body = {**profile(story.someone), "watched": False}
    story.profile_id = await story.accounts.create_profile(story.person, body)


async def _watch(story: Story, _client: Client) -> None:
    picture = {"url": f"https://{story.someone.handle}.example/portrait.png", "label": "portrait"}
    body = {**profile(story.someone), "references": [picture], "intervalSeconds": 86_400}
    await story.accounts.edit_profile(story.person, story.profile_id, body)


async def _report(story: Story, _client: Client) -> None:
    found = await story.social.incidents(story.person, "detected")
    grave = [each for each in found if each["severity"] in GRAVE]
    if not grave:
        raise StoryFailed(f"none of {len(found)} incidents is grave")
    # Whichever network was scanned first: the same one in each run of a seed.
    story.incident = min(grave, key=lambda each: (each["platform"], each["accountId"]))
    await story.social.decide(story.person, story.incident["id"], "report")


async def _reported_once(story: Story) -> None:
    platform, account = story.incident["platform"], story.incident["accountId"]
    filed = await story.filed(platform)
    if set(filed.values()) != {1}:
        raise StoryFailed(f"{account} on {platform} is to be reported once: {filed}")


async def _no_pause() -> None:
    return None


async def _write(story: Story, _client: Client) -> None:
    story.template_id = await write(story.templates, story.person, PHOTOGRAPHS, _no_pause)


async def _review(story: Story, _client: Client) -> None:
    fate = Fate("approve", (), retired=False)
    people = (story.person, story.reviewer)
    await review(story.templates, *people, story.template_id, PHOTOGRAPHS, fate, _no_pause)


async def _submit(story: Story, _client: Client) -> None:
    body = submission(story.profile_id, story.template_id, PHOTOGRAPHS, story.turn)
    story.urls = [f"https://copies{story.person.user_id}.example.com/{number}" for number in range(3)]
    body = {**body, "urls": story.urls, "engines": list(ENGINES)}
    await story.told("pages", [{"url": url, "title": body["work"]} for url in story.urls])
    rules = [
        {"engine": engine, "url": url, "outcome": "removed", "reason": "a copy"}
        for engine in ENGINES
        for url in story.urls
    ]
    await story.told("rules", rules)
    story.submission = await story.accounts.submit(story.person, body)


async def _filed_once(story: Story) -> None:
    for engine in ENGINES:
        if (filed := await story.filed(engine)) != dict.fromkeys(story.urls, 1):
            raise StoryFailed(f"each URL is to be filed once at {engine}: {filed}")
    trail = await story.accounts.trail(story.person, story.submission["id"])
    if "Notice as it was sent" not in trail or "answered accepted" not in trail:
        raise StoryFailed(f"the audit trail lacks the notice or the engines' answers: {trail[:500]}")


async def _register(story: Story, _client: Client) -> None:
    async def register(number: int) -> None:
        picture = await asyncio.to_thread(story.gallery.original, 0, number)
        title = f"work {number + 1}"
        await story.detection.add_reference(story.person, story.profile_id, title, picture, EXAMPLES)

    await asyncio.gather(*map(register, range(WORKS)))  # a model needs pairs of five
    listed = await story.pictures(200)
    copy = next(url for url in listed if story.is_copy(url))
    await story.detection.detect(story.person, story.profile_id, copy)


async def _hand_over(story: Story, _client: Client) -> None:
    await story.detection.batch(story.person, story.profile_id, await story.pictures(BATCH))


async def _train(story: Story, _client: Client) -> None:
    await story.detection.train(story.person, EPOCHS)


async def _relist(story: Story, _client: Client) -> None:
    """Pages come back once delisting has seen all of them gone: others would not be told as back."""
    submission = await story.accounts.submission(story.person, story.submission["id"])
    for part in submission["parts"]:
        while not _are_gone(await story.delisting.urls(story.person, part["requestId"])):  # noqa: ASYNC110 - over HTTP
            await asyncio.sleep(LOOK_S)
    back = [{"engine": engine, "url": url} for engine in ENGINES for url in story.urls]
    await story.told("relist", back)


def _are_gone(urls: list[dict[str, Any]]) -> bool:
    return all(each.get("visibility") == "not_indexed" for each in urls)


async def _all_back(story: Story) -> None:
    told = 0
    while told < len(ENGINES) * len(story.urls):
        await asyncio.sleep(LOOK_S)
        page = await story.calls.ask(story.person, "GET", "/v1/notifications?limit=200")
        told = sum(each["title"] == BACK for each in page["items"])


async def read_notifications(_story: Story, client: Client) -> None:
    """All that there are, over the socket."""
    while True:
        try:
            return await client.send("notifications_read")
        except ConnectionDropped:  # said twice, it is the same
            continue


async def _none_unread(story: Story) -> None:
    page = await story.calls.ask(story.person, "GET", "/v1/notifications?unread=true")
    if page["unread"]:
        raise StoryFailed(f"{page['unread']} notifications are unread")


async def _outage(story: Story, _client: Client) -> None:
    await story.told("faults", [{"kind": "status", "place": "mastodon", "status": 503, "times": None}])
    await story.social.scan(story.person, story.profile_id)


async def _mended(story: Story, _client: Client) -> None:
    (await story.world.delete("/sandbox/faults")).raise_for_status()


async def _announce(story: Story, _client: Client) -> None:
    body = {
        "level": "maintenance",
        "code": "maintenance",
        "title": "Maintenance tonight",
        "message": "Submissions wait from 2 to 3 o'clock.",
    }
    await story.calls.ask(story.admin, "POST", "/v1/system-notifications", body)


STEPS: Final = (
    Step("A profile is protected", "accounts", "create_profile", _protect, {
        "profile_activity": _is(type="created"),
        "dashboard_stats_update": _is(total_profiles=1),
    }),
    Step("It gets a reference and both networks are scanned", "accounts", "edit_profile", _watch, {
        "social_media_scan_status": _is(status="completed"),
        "social_media_platform_status": _is(status="operational"),
        "social_media_incident": _is(status="detected"),
        "profile_scan_update": _is(status="completed", sources_scanned=2),
        "profile_activity": _is(type="infringement_detected"),
        "user_notification": _is(category="incident"),
        "dashboard_stats_update": lambda payload: payload.infringements_found,  # type: ignore[attr-defined]
    }),
    Step("An impersonator is reported", "social_media", "report_incident", _report, {
        "social_media_incident": lambda payload: (
            payload.status in ("under_review", "resolved")  # type: ignore[attr-defined]
        ),
        "profile_activity": _is(type="takedown_sent"),
    }, _reported_once),
    Step("A template is written, found wanting and corrected", "templates", "validate", _write, {
        "template_validation": _is(valid=True),
    }),
    Step("It is reviewed", "templates", "approve", _review, {
        "template_approval": _is(status="approved"),
        "user_notification": _is(category="template"),
    }),
    Step("It is submitted to two engines, which decide", "accounts", "submit", _submit, {
        "template_usage": _is(outcome="accepted"),
        "submission_progress": _is(status="completed", progress=100),
        "submission_status_change": _is(status="completed"),
        "delisting_request_status": _is(status="approved"),
        "engine_response": _is(response_code="accepted"),
        "visibility_change": _is(new_visibility="not_indexed"),
        "profile_activity": _is(type="takedown_sent"),
        "user_notification": _is(category="delisting"),
        "dashboard_stats_update": lambda payload: payload.takedowns_sent >= 3,  # type: ignore[attr-defined]
    }, _filed_once),
    Step("Pages that were removed are back", "delisting", "create", _relist, {
        "visibility_change": _is(relisted=True),
        "user_notification": _is(title=BACK),
    }, _all_back),
    Step("Works are registered, and a copy of one is found", "ai_detection", "detect", _register, {
        "ai_detection_result": lambda payload: payload.verdict in ("match", "possible_match"),  # type: ignore[attr-defined]
    }),
    Step("Many addresses are looked at", "ai_detection", "start_batch", _hand_over, {
        "ai_batch_job_status": lambda payload: payload.items_processed == BATCH,  # type: ignore[attr-defined]
    }),
    Step("A model is fitted", "ai_detection", "train", _train, {
        "ai_model_training_update": _is(status="completed"),
    }),
    Step("Notifications are read, over the socket", "accounts", "read_notifications", read_notifications, {
        "user_notification": _is(read=True),
    }, _none_unread),
    Step("A network has an outage", "social_media", "start_scan", _outage, {
        "social_media_platform_status": _is(status="down", platform="mastodon"),
    }),
    Step("It is back", "social_media", "start_scan", _mended, {
        "social_media_platform_status": _is(status="operational", platform="mastodon"),
        "social_media_scan_status": _is(status="completed", platform="mastodon"),
    }),
    Step("An operator announces maintenance", "accounts", "announce", _announce, {
        "system_notification": _is(level="maintenance"),
    }),
)  # fmt: skip
