"""How a story is told: one step after the other, each until its events are heard and its effect is there.

Owns the order and the words. What a step is stands in `steps.py`. Fails with StoryFailed and Refused.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from autodmca_client import Client

from deploy.story.heard import Heard
from deploy.story.steps import MISSING, STEPS, Story
from deploy.story.system import StoryFailed, System

ANSWERED_S: Final = 360.0


class NoOperation(StoryFailed):
    """A service does not have the operation of a step."""


async def known(made: System) -> None:
    """Raise NoOperation for a step whose operation its service does not have."""
    for name, http in made.services.items():
        paths = (await http.get("/openapi.json")).json()["paths"].values()
        found = {operation["operationId"] for path in paths for operation in path.values()}
        if missing := {step.operation for step in STEPS if step.service == name} - found:
            raise NoOperation(f"{name} has no operation {', '.join(sorted(missing))}")


def nothing_early(heard: Heard) -> None:
    """Raise StoryFailed for a type that is told and has no step."""
    if early := MISSING & set(heard.counted(0)):
        raise StoryFailed(f"these are told by now, and are to have steps: {', '.join(sorted(early))}")


@asynccontextmanager
async def _answered(patience_s: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(patience_s):
            yield
    except TimeoutError:
        raise StoryFailed(f"services have not come so far within {patience_s:g} s") from None


async def tell(
    story: Story,
    client: Client,
    heard: Heard,
    say: Callable[[str], None],
    begun: Callable[[int], None] = lambda _number: None,
    *,
    patience_s: float = ANSWERED_S,
) -> None:
    """All steps; `begun` is called with the number of each, from 1, at its beginning. `patience_s`: how long
    a step waits for the answers of services, which are asked again while they are away."""
    for number, step in enumerate(STEPS, 1):
        began, since = time.monotonic(), len(heard.events)
        begun(number)
        try:
            async with _answered(patience_s):
                await step.take(story, client)
            for type_, wanted in step.wanted.items():
                await heard.until(type_, wanted, since)
            async with _answered(patience_s):
                await step.effect(story)
        except StoryFailed as failed:
            raise StoryFailed(f"step {number}, {step.name}: {failed}") from failed
        say(f"{number:>2}. {step.name} ({step.service} {step.operation}), {time.monotonic() - began:.1f} s")
        counted = heard.counted(since).items()
        say("    " + (", ".join(f"{type_} {count}" for type_, count in sorted(counted)) or "nothing is told"))
