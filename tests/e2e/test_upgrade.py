"""An upgrade and its rollback in the middle of the story, a part at a time.

The story begins on the version before this one, goes on while each part is replaced by this version, and
ends after each has been replaced by the one before again. STORY_SEED: whose story, and when which is
replaced.
Runs where STORY_UPGRADE is set; skipped, saying so, where the history here has no version before.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Final

import pytest

from deploy.services import DOMAIN
from deploy.story.steps import STEPS
from deploy.story.telling import NoOperation
from tests.brokers import Broker
from tests.e2e.former import NoFormerVersion, former, present
from tests.e2e.story_telling import say, telling
from tests.e2e.story_troubles import Trouble

SEED: Final = int(os.environ.get("STORY_SEED") or random.SystemRandom().randrange(2**31))
MIDDLE: Final = len(STEPS) // 2


@pytest.mark.kafka
@pytest.mark.skipif(not os.environ.get("STORY_UPGRADE"), reason="minutes on two versions: STORY_UPGRADE=1")
async def test_the_story_goes_on_under_the_next_version_and_under_the_one_before(
    kafka_broker: Broker, tmp_path: Path
) -> None:
    try:
        before = former(tmp_path)
    except NoFormerVersion as error:
        pytest.skip(str(error))
    chosen = random.Random(SEED)
    troubles = [
        Trouble(chosen.choice(steps), chosen.uniform(0, 3), part, 0, chosen.random() < 0.5, told)
        for steps, told in ((range(2, MIDDLE), present()), (range(MIDDLE, len(STEPS)), before))
        for part in ("edge", *(each.name for each in DOMAIN))
    ]
    say(f"from {before['PYTHONPATH'].split(os.pathsep)[0]}")
    lacking = ""
    try:
        await telling(kafka_broker, SEED, troubles, first=before)
    except* NoOperation as errors:
        lacking = str(errors.exceptions[0])
    if lacking:
        pytest.skip(f"this story cannot begin on the version before: {lacking}")
