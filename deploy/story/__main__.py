"""`make story`: a person goes through the whole product once, as fast as it goes, and hears of every step.

STORY_SEED decides who they are, with which numbers. Prints each step, the operation that it is, and the
events that came with it. Exit code 1 with one reason when an expected event or effect is missing, and the
newest lines of what the parts printed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import sys
import time
from typing import Final

import structlog
from autodmca_kafka.errors import KafkaLibraryError
from autodmca_runtime import ConfigError
from autodmca_sandbox.errors import Refused

from deploy.story.heard import hearing
from deploy.story.steps import Story
from deploy.story.system import StoryFailed, System, system
from deploy.story.telling import known, nothing_early, tell

SHOWN: Final = 12
"""Lines of each part that are shown after a failure."""


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    seed = int(os.environ.get("STORY_SEED") or random.SystemRandom().randrange(2**31))
    try:
        asyncio.run(told(seed))
    except* (StoryFailed, Refused, ConfigError, KafkaLibraryError) as failed:
        first: BaseException = failed
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        sys.exit(f"make story: {first} (STORY_SEED={seed})")


async def told(seed: int) -> None:
    """All of it. Raises StoryFailed, Refused."""
    began = time.monotonic()
    say(f"STORY_SEED={seed}")
    async with system() as made:
        say(f"every part is ready after {time.monotonic() - began:.0f} s")
        await known(made)
        story = Story(made, seed)
        async with hearing(made, story.person) as (client, heard):
            try:
                await tell(story, client, heard, say)
                nothing_early(heard)
            except (StoryFailed, Refused):
                _show(made)
                raise
    say(f"{len(heard.events)} events of {len(heard.counted(0))} types in {time.monotonic() - began:.0f} s")


def _show(made: System) -> None:
    for name, lines in made.output.lines.items():
        for line in list(lines)[-SHOWN:]:
            say(f"{name} | {line[:300]}")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
