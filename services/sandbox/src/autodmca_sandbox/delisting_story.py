"""What people do about pages that copy their works, for ever: one request after the other, engine by
engine.

A life: URLs pasted as people paste them, a decision, an appeal where something stayed. A form is filled in
by hand from the packet, and its progress reported. A step that the service refuses ends that request's
story, which is logged.
"""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import structlog

from autodmca_sandbox.casting import cast, slug
from autodmca_sandbox.delisting_api import DelistingApi
from autodmca_sandbox.errors import Refused
from autodmca_sandbox.people import AUTHORS, Person

log = structlog.get_logger()

ENGINES: Final = ("google", "bing", "yandex", "duckduckgo")
WORKS: Final = (
    ("alpine lake wallpaper", "https://freewalls.example.net/alpine-lake-wallpaper/{}"),
    ("violin sonata recording", "https://mirrors.example.org/violin-sonata-recording/{}"),
    ("chess openings ebook", "https://ebookz.example.com/chess-openings-ebook/{}"),
)
DECIDED: Final = frozenset({"approved", "partially_approved", "denied"})
ENDED: Final = DECIDED | {"expired", "failed", "cancelled"}

Pause = Callable[[], Awaitable[None]]


async def tell(api: DelistingApi, seed: int, pace_s: float) -> None:
    """Run everybody's story at once, until cancelled; `pace_s` seconds pass between two steps of one."""

    async def pause() -> None:
        await asyncio.sleep(pace_s)

    async with asyncio.TaskGroup() as group:
        for number, person in enumerate(AUTHORS):
            group.create_task(_work(api, person, number, seed, pause), name=person.name)


async def _work(api: DelistingApi, person: Person, first: int, seed: int, pause: Pause) -> None:
    turn = first
    try:
        await api.resubmit_relisted(person)
    except Refused as error:
        log.warning("no settings were changed", by=person.name, reason=str(error))
    while True:
        engine = ENGINES[turn % len(ENGINES)]
        try:
            await live(api, person, engine, pasted(engine, work(seed, turn), turn), pause)
        except Refused as error:
            log.warning("story ended early", by=person.name, engine=engine, reason=str(error))
        turn += 1
        await pause()


async def live(
    api: DelistingApi, person: Person, engine: str, body: Mapping[str, object], pause: Pause
) -> str:
    """Take one request through its whole life; returns its last status. Raises Refused."""
    request = await api.create(person, body)
    told(person, request, "begun")
    if engine == "duckduckgo":
        await _by_hand(api, person, request, pause)
    request = await _until_ended(api, person, request["id"], pause)
    if request["status"] in ("partially_approved", "denied"):
        await pause()
        await api.appeal(person, request["id"], "The pages copy my work in full; see the notice.")
        told(person, request, "appealed")
        if engine == "duckduckgo":
            await _decide(api, person, request["id"])
        request = await _until_ended(api, person, request["id"], pause)
    told(person, request, "ended")
    return str(request["status"])


def work(seed: int, turn: int) -> tuple[str, str]:
    """A work that is copied, and the pages with its copies, which `{}` numbers: first those that search
    engines know by themselves, then others."""
    if turn < len(WORKS):
        return WORKS[turn]
    title = cast(seed, 0, turn).work
    return title, f"https://copies.example.net/{slug(title)}/{{}}"


def pasted(engine: str, about: tuple[str, str], turn: int) -> dict[str, object]:
    """What somebody pastes: some of it safe to read, some with trackers, some of it no URL at all."""
    title, page = about
    urls = [page.format(number % 12) for number in range(turn, turn + 6)]
    urls[1] = urls[1].replace("https", "hxxps").replace(".", "[.]", 1)
    urls[2] += "?utm_source=mail"
    urls.append(f"copies{turn}.example.com/{slug(title)}")
    urls.append("and there were some more")
    text = f"These pages copy my work '{title}' without my permission."
    return {"engine": engine, "urls": urls, "notice": {"text": text, "work": title}, "query": title}


async def _by_hand(api: DelistingApi, person: Person, request: dict[str, Any], pause: Pause) -> None:
    packet = await api.packet(person, request["id"])
    with zipfile.ZipFile(io.BytesIO(packet)) as files:
        count = sum(len(files.read(name).split()) for name in files.namelist() if name.startswith("urls-"))
    log.info("a form is filled in by hand", by=person.name, engine=request["engine"], urls=count)
    await pause()
    await api.report(person, request["id"], "submitted", reference=f"form {request['id'][-6:]}")
    await pause()
    await api.report(person, request["id"], "under_review")
    await pause()
    await _decide(api, person, request["id"])


async def _decide(api: DelistingApi, person: Person, request_id: str) -> None:
    """Report what the engine wrote: most are gone, one stays the first time."""
    urls = await api.urls(person, request_id)
    pending = [item["normalizedUrl"] for item in urls if item["outcome"] == "pending"]
    first = len(pending) == len(urls)
    outcomes = [
        {"url": url, "outcome": "removed"} if number or not first else
        {"url": url, "outcome": "no_action", "reason": "We need more information."}
        for number, url in enumerate(pending)
    ]  # fmt: skip
    await api.report(person, request_id, "decided", outcomes=outcomes)


async def _until_ended(api: DelistingApi, person: Person, request_id: str, pause: Pause) -> dict[str, Any]:
    while True:
        request = await api.read(person, request_id)
        if request["status"] in ENDED:
            return request
        await pause()


def told(person: Person, request: dict[str, Any], happened: str) -> None:
    log.info("request " + happened, by=person.name, engine=request["engine"], status=request["status"])
