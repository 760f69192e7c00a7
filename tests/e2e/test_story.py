"""The story of the whole product: told to its end, and told again while parts of the system are killed.

STORY_KILLS: how many kills there are in all (0: none, and the test is skipped), STORY_SEED: whose story, when
and whom they hit. From 20 kills on there is a second series, on two replicas of each service, which also
leave and come back. Judged by another telling of the story that nothing disturbed, see `story_telling.py`.
"""

from __future__ import annotations

import os
import random
from typing import Final

import pytest

from deploy.services import DOMAIN
from deploy.story.steps import STEPS
from tests.brokers import Broker
from tests.e2e.local_system import started
from tests.e2e.story_telling import End, telling
from tests.e2e.story_troubles import drawn

KILLS: Final = int(os.environ.get("STORY_KILLS", "0"))
SEED: Final = int(os.environ.get("STORY_SEED") or random.SystemRandom().randrange(2**31))
MOST_KILLS: Final = 12
"""In one telling."""
LONG: Final = pytest.mark.skipif(
    KILLS < 20, reason="two replicas of each service, for minutes: STORY_KILLS=20, or make proofs"
)
PARTS: Final = ["edge", *(each.name for each in DOMAIN)]
UNDISTURBED: dict[str, End] = {}


@pytest.mark.alone
async def test_the_story_is_told_to_its_end(any_broker: Broker) -> None:
    environ = {"KAFKA_BOOTSTRAP_SERVERS": any_broker.bootstrap_servers, "PATH": os.environ["PATH"]}
    async with started("make", "story", environ=environ) as story:
        status = await story.ended(seconds=400)
        await story.until(lambda: any("events of" in line or "make story:" in line for line in story.lines))
    assert status == 0, "\n".join(story.lines[-40:])
    taken = [line for line in story.lines if any(f" {step.name} (" in line for step in STEPS)]
    assert len(taken) == len(STEPS)


@pytest.mark.kafka
@pytest.mark.skipif(not KILLS, reason="minutes of kills: STORY_KILLS=6")
@pytest.mark.parametrize("replicas", [1, pytest.param(2, marks=LONG)])
async def test_kills_at_any_moment_change_nothing_in_the_end(fault_kafka: Broker, replicas: int) -> None:
    was, left, seed = await undisturbed(fault_kafka), KILLS, SEED
    while left > 0:
        troubles = drawn(seed, min(left, MOST_KILLS), PARTS, replicas)
        await telling(fault_kafka, SEED, troubles, replicas=replicas, was=was)
        left, seed = left - len(troubles), seed + 1


async def undisturbed(broker: Broker) -> End:
    """How the story of SEED ends, told once for all tests of this run."""
    if broker.bootstrap_servers not in UNDISTURBED:
        UNDISTURBED[broker.bootstrap_servers] = await telling(broker, SEED)
    return UNDISTURBED[broker.bootstrap_servers]
