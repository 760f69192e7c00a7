"""What the people do, for ever: each author takes one template after the other through its whole life.

A life: written with slips, found wanting, corrected, reviewed (approved, sent back, or rejected and
appealed), used for submissions that are accepted or rejected, and sometimes retired. A step that the
service refuses ends that template's story, which is logged; the author begins the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, NamedTuple

import structlog

from autodmca_sandbox.casting import cast
from autodmca_sandbox.drafts import DRAFTS, Draft
from autodmca_sandbox.errors import Refused
from autodmca_sandbox.people import AUTHORS, REVIEWERS, Person
from autodmca_sandbox.templates_api import TemplatesApi

log = structlog.get_logger()

Pause = Callable[[], Awaitable[None]]


class Fate(NamedTuple):
    """What the reviewers say first, what becomes of the uses, and whether the template is retired."""

    verdict: Literal["approve", "request-changes", "reject"]
    outcomes: tuple[str, ...]
    retired: bool


FATES = (
    Fate("approve", ("accepted", "accepted", "rejected"), retired=False),
    Fate("request-changes", ("accepted", "rejected"), retired=True),
    Fate("reject", ("rejected", "accepted"), retired=False),
)
FOOTER = "\nPlease quote our reference in your answer.\n"


async def tell(api: TemplatesApi, seed: int, pace_s: float) -> None:
    """Run every author's story at once, until cancelled; `pace_s` seconds pass between two steps of one."""

    async def pause() -> None:
        await asyncio.sleep(pace_s)

    async with asyncio.TaskGroup() as group:
        for number, author in enumerate(AUTHORS):
            # The authors take turns, so that a listener to all of them sees one step at a time.
            delay = pace_s * number / len(AUTHORS)
            group.create_task(work(api, author, number, seed, delay, pause), name=author.name)


async def work(api: TemplatesApi, author: Person, first: int, seed: int, delay: float, pause: Pause) -> None:
    """One author's working life, beginning with the draft number `first`."""
    await asyncio.sleep(delay)
    turn = first
    while True:
        draft = cast(seed, first, turn).played(DRAFTS[turn % len(DRAFTS)])
        fate = FATES[turn % len(FATES)]
        reviewer = REVIEWERS[turn % len(REVIEWERS)]
        try:
            await live(api, author, reviewer, draft, fate, pause)
        except Refused as error:
            log.warning("story ended early", author=author.name, template=draft.name, reason=str(error))
        turn += 1
        await pause()


async def live(
    api: TemplatesApi, author: Person, reviewer: Person, draft: Draft, fate: Fate, pause: Pause
) -> str:
    """Take one template through its whole life; returns its id. Raises Refused."""
    template_id = await write(api, author, draft, pause)
    await review(api, author, reviewer, template_id, draft, fate, pause)
    await use(api, author, template_id, draft, fate.outcomes, pause)
    if fate.retired:
        await pause()
        await api.move(author, template_id, "deprecate", "Replaced by a newer wording.")
        await pause()
        await api.move(author, template_id, "archive")
        told(author, draft, "archived")
    return template_id


async def write(api: TemplatesApi, author: Person, draft: Draft, pause: Pause) -> str:
    """Write with slips, see what is missing, correct."""
    template_id = await api.create(author, content(draft, draft.first_try()))
    told(author, draft, "written")
    await pause()
    if await api.validate(author, template_id):
        log.warning("a draft with slips was found complete", template=draft.name)
    else:
        told(author, draft, "found wanting")
    await pause()
    await api.edit(author, template_id, content(draft, draft.body))
    if not await api.validate(author, template_id):
        log.warning("a corrected draft was found wanting", template=draft.name)
    told(author, draft, "corrected")
    await pause()
    return template_id


async def review(
    api: TemplatesApi,
    author: Person,
    reviewer: Person,
    template_id: str,
    draft: Draft,
    fate: Fate,
    pause: Pause,
) -> None:
    """Submit, and go on until a reviewer approves."""
    await api.move(author, template_id, "submit")
    await pause()
    if fate.verdict == "request-changes":
        await api.move(reviewer, template_id, "request-changes", "Please ask them to quote our reference.")
        told(reviewer, draft, "sent back")
        await pause()
        await api.edit(author, template_id, content(draft, draft.body + FOOTER))
        await api.validate(author, template_id)
        await api.move(author, template_id, "submit")
        await pause()
    elif fate.verdict == "reject":
        await api.move(reviewer, template_id, "reject", "We have a template for this already.")
        told(reviewer, draft, "rejected")
        await pause()
        await api.move(author, template_id, "appeal", "That one is for another kind of host.")
        await pause()
        reviewer = other_than(reviewer, REVIEWERS)
    await api.move(reviewer, template_id, "approve", "Good.")
    told(reviewer, draft, "approved")


async def use(
    api: TemplatesApi, author: Person, template_id: str, draft: Draft, outcomes: Sequence[str], pause: Pause
) -> None:
    """Render once for each outcome, send, and hear what the recipient decided."""
    for number, outcome in enumerate(outcomes):
        await pause()
        submission_id = f"sub-{template_id}-{number + 1}"
        values = draft.occasions[number % len(draft.occasions)]
        await api.render(author, template_id, submission_id, values)
        await pause()
        await api.outcome(author, template_id, submission_id, "sent")
        await pause()
        await api.outcome(author, template_id, submission_id, outcome)
        told(author, draft, f"used and {outcome}")


def content(draft: Draft, body: str) -> dict[str, object]:
    """What is sent to create or edit."""
    return {"name": draft.name, "kind": draft.kind, "body": body, "variables": list(draft.variables)}


def other_than(person: Person, people: Sequence[Person]) -> Person:
    """Somebody else: an appeal is not decided by who rejected."""
    return next(candidate for candidate in people if candidate != person)


def told(person: Person, draft: Draft, happened: str) -> None:
    log.info("template " + happened, by=person.name, template=draft.name)
