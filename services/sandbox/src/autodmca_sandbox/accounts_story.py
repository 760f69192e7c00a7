"""What people do with their accounts, for ever: one round after the other, each for another person.

An author has a profile protected and adds to it what they forgot, has a takedown template approved, sends it
to search engines several times, for new pages each time, and reads what they were notified of. Now and then
somebody changes their mind; what failed is tried again, and the audit trail is read at the end. A step that
a service refuses ends that round, which is logged.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple

import httpx
import structlog

from autodmca_sandbox.accounts_api import AccountsApi
from autodmca_sandbox.casting import Round, cast, slug
from autodmca_sandbox.drafts import COURSE_VIDEOS, PHOTOGRAPHS, Draft
from autodmca_sandbox.errors import Refused
from autodmca_sandbox.people import AUTHORS, REVIEWERS, Person
from autodmca_sandbox.platforms.population import Someone
from autodmca_sandbox.story import Fate, review, write
from autodmca_sandbox.templates_api import TemplatesApi
from autodmca_sandbox.world_api import WorldApi

log = structlog.get_logger()

NETWORKS: Final = ("mastodon", "bluesky")
SCAN_EVERY_S: Final = 300
SUBMISSIONS: Final = 3
"""In a round."""
CHANGED_MINDS: Final = 4
"""One submission in so many is cancelled on its way."""
PROFILES: Final = 12
"""Of an author; in later rounds these are rewritten, the oldest first."""
WATCHED: Final = 2
"""Of these, the newest so many are watched."""
ENDED: Final = frozenset({"completed", "failed", "cancelled"})

Pause = Callable[[], Awaitable[None]]


class Apis(NamedTuple):
    """What an author uses, and the world in which people join networks."""

    accounts: AccountsApi
    templates: TemplatesApi
    world: WorldApi


async def tell(apis: Apis, seed: int, pace_s: float) -> None:
    """Run everybody's story at once, until cancelled; `pace_s` seconds pass between two steps of one."""

    async def pause() -> None:
        await asyncio.sleep(pace_s)

    async with asyncio.TaskGroup() as group:
        for number, person in enumerate(AUTHORS):
            group.create_task(Author(apis, person, number, seed, pause).live(), name=person.name)


class Author:
    """One of the authors. `number` counts them from 0."""

    def __init__(self, apis: Apis, person: Person, number: int, seed: int, pause: Pause) -> None:
        self._apis = apis
        self._person = person
        self._number = number
        self._seed = seed
        self._pause = pause
        self._watched: deque[tuple[int, Someone]] = deque()

    async def live(self) -> None:
        """Play one round after the other. After a restart, one that nobody has seen is next."""
        turn: int | None = None
        while True:
            try:
                if turn is None:
                    turn = len(await self._apis.accounts.profiles(self._person))
                await self._apis.world.join(cast(self._seed, self._number, turn).number)
                await self._play(turn)
                turn += 1
            except Refused as error:
                log.warning("a round ended early", by=self._person.name, reason=str(error))
                turn = None if turn is None else turn + 1
            except httpx.HTTPError as error:
                log.info("the world is away", reason=type(error).__name__)
            await self._pause()

    async def _play(self, turn: int) -> None:
        """One round. Raises Refused."""
        played = cast(self._seed, self._number, turn)
        number = await self._protect(played, turn)
        draft = played.played((COURSE_VIDEOS, PHOTOGRAPHS)[played.number % 2])
        template_id = await self._approved(draft, REVIEWERS[played.number % 2])
        for count in range(SUBMISSIONS):
            use = played.number * SUBMISSIONS + count
            body = submission(number, template_id, draft, use)
            await submit(self._apis.accounts, self._person, body, use, self._pause)
        await self._apis.accounts.read_notifications(self._person)

    async def _protect(self, played: Round, turn: int) -> int:
        """Have the person's profile protected, add a reference picture later, and let an older one be; the
        profile's number."""
        accounts, person, someone = self._apis.accounts, self._person, played.someone
        known = await accounts.profiles(person)
        body = profile(someone)
        if len(known) < PROFILES:
            number = await accounts.create_profile(person, body)
        else:
            number = int(known[PROFILES - 1 - turn % PROFILES]["id"])
            await accounts.edit_profile(person, number, body)
        log.info("profile protected", by=person.name, profile=someone.name)
        await self._pause()
        picture = {"url": f"https://{someone.handle}.example/portrait.png", "label": "portrait"}
        await accounts.edit_profile(person, number, {**body, "references": [picture]})
        self._watched.append((number, someone))
        if len(self._watched) > WATCHED:
            older, who = self._watched.popleft()
            await accounts.edit_profile(person, older, {**profile(who), "watched": False})
        return number

    async def _approved(self, draft: Draft, reviewer: Person) -> str:
        """A template that may be used; its id."""
        templates, person = self._apis.templates, self._person
        template_id = await write(templates, person, draft, self._pause)
        fate = Fate("approve", (), retired=False)
        await review(templates, person, reviewer, template_id, draft, fate, self._pause)
        return template_id


async def submit(
    accounts: AccountsApi, person: Person, body: Mapping[str, object], turn: int, pause: Pause
) -> str:
    """Follow one submission to its end; its last status. Raises Refused."""
    made = await accounts.submit(person, body)
    told(person, made, "begun")
    if turn % CHANGED_MINDS == CHANGED_MINDS - 1:
        await pause()
        await accounts.cancel(person, made["id"])
    ended = await _until_ended(accounts, person, made["id"], pause)
    if ended["status"] == "failed":
        await accounts.retry(person, made["id"])
        ended = await _until_ended(accounts, person, made["id"], pause)
    trail = await accounts.trail(person, made["id"])
    told(person, ended, "ended", trail_lines=trail.count("\n"))
    return str(ended["status"])


def profile(someone: Someone) -> dict[str, object]:
    """What a person says about themselves."""
    return {
        "name": someone.name,
        "handles": [{"platform": network, "handle": someone.handle} for network in NETWORKS],
        "bio": someone.bio,
        "posts": list(someone.posts),
        "intervalSeconds": SCAN_EVERY_S,
    }


def submission(number: int, template_id: str, draft: Draft, turn: int) -> dict[str, object]:
    """A notice for pages that are new each time."""
    values = draft.occasions[turn % len(draft.occasions)]
    work = str(values["work_title"])
    urls = [f"https://copies{turn}.example.com/{slug(work)}/{page}" for page in range(1, 5)]
    return {
        "profileId": number,
        "templateId": template_id,
        "title": f"Copies of {work}",
        "values": {**values, "urls": urls},
        "urls": urls,
        "engines": ["google", "bing"] if turn % 2 else ["google", "yandex"],
        "query": work,
        "work": work,
        "sender": person_of(values),
    }


def person_of(values: Mapping[str, object]) -> str:
    """Who signs a notice with these values."""
    return str(values.get("signer_name") or values["owner_name"])


async def _until_ended(accounts: AccountsApi, person: Person, name: str, pause: Pause) -> dict[str, Any]:
    while (found := await accounts.submission(person, name))["status"] not in ENDED:
        await pause()
    return found


def told(person: Person, submission: Mapping[str, Any], happened: str, **about: object) -> None:
    log.info("submission " + happened, by=person.name, status=submission["status"], **about)
