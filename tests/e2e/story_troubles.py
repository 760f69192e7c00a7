"""What happens to a system while a story is told on it: kills, and replicas that come and go.

Everything is drawn from a seed before the story begins: at which step, how long after its beginning, and whom
it hits. The sandbox is spared: it is the outside world, and its memory is what the end is judged by.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from types import MappingProxyType
from typing import Final, NamedTuple

from deploy.story.steps import STEPS
from deploy.story.system import System
from tests.brokers import Broker

BROKER: Final = "kafka"
LATEST_S: Final = 8.0


class Trouble(NamedTuple):
    """At `step`, after `delay_s`. `which`: of the part's replicas; `leaves`: it is asked to end, else killed;
    either way it is started again, with what it is `told` in its environment."""

    step: int
    delay_s: float
    part: str
    which: int
    leaves: bool
    told: Mapping[str, str] = MappingProxyType({})


def drawn(seed: int, count: int, parts: list[str], replicas: int) -> list[Trouble]:
    """So many: one in six hits the broker, and where there are several replicas every other one leaves."""
    chosen = random.Random(seed)
    return [
        Trouble(
            chosen.randint(1, len(STEPS)),
            chosen.uniform(0, LATEST_S),
            BROKER if number % 6 == 1 else chosen.choice(parts),
            chosen.randrange(replicas),
            replicas > 1 and chosen.random() < 0.5,
        )
        for number in range(count)
    ]


@asynccontextmanager
async def troubled(
    made: System, broker: Broker, troubles: Sequence[Trouble], say: Callable[[str], None]
) -> AsyncIterator[Callable[[int], None]]:
    """Gives what is to be called at the beginning of each step; when the block ends all has happened."""
    restarting = asyncio.Lock()
    async with asyncio.TaskGroup() as group:

        async def make(trouble: Trouble) -> None:
            await asyncio.sleep(trouble.delay_s)
            say(f"    {trouble}")
            if trouble.part == BROKER:
                async with restarting:
                    await asyncio.to_thread(broker.restart)
                return
            made.told[trouble.part][trouble.which % len(made.told[trouble.part])].update(trouble.told)
            child = made.replicas[trouble.part][trouble.which % len(made.replicas[trouble.part])]
            if trouble.leaves and child.pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGTERM)  # and it is started again
            else:
                child.kill()

        def begun(step: int) -> None:
            for trouble in troubles:
                if trouble.step == step:
                    group.create_task(make(trouble))

        yield begun
