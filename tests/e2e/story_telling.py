"""The story told on a system that is disturbed meanwhile, and judged by how it ended.

Every fact of the log reached the listener once, nothing is a dead letter, nothing was filed twice outside;
and, where another telling is given, services show the same, the log has the same, the outside got the same.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from autodmca_client import Client
from autodmca_events import CATALOGUE
from autodmca_events.topics import dead_letters_topic
from autodmca_service.testing import new_user, records_of

from deploy.story.heard import Heard, hearing
from deploy.story.steps import ENGINES, Story, read_notifications
from deploy.story.system import System, system
from deploy.story.telling import known, tell
from tests.brokers import Broker
from tests.e2e import story_end
from tests.e2e.local_system import NOT_INHERITED
from tests.e2e.story_troubles import Trouble, troubled

PATIENCE_S: Final = 180.0
"""How long something that must come is waited for, while parts are killed and others use the machine."""
QUIET: Final = 3
"""So many times the same is shown before a story that nothing disturbed counts as ended."""
PAUSE_S: Final = 1.0


class End(NamedTuple):
    """How a story ended, canonical."""

    shown: Any
    told: Any
    filed: Any


async def telling(
    broker: Broker,
    seed: int,
    troubles: Sequence[Trouble] = (),
    *,
    replicas: int = 1,
    first: Mapping[str, str] | None = None,
    was: End | None = None,
) -> End:
    """Tell the story of a seed with these troubles; fails unless it ends as `was`. `first` is `system`'s."""
    say(f"STORY_SEED={seed}, {len(troubles)} troubles, {replicas} of each service")
    environ = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    environ["KAFKA_BOOTSTRAP_SERVERS"] = broker.bootstrap_servers
    began = time.monotonic()
    async with system(environ, replicas=replicas, first=first) as made:
        say(f"ready after {time.monotonic() - began:.0f} s")
        await known(made)
        story = Story(made, seed, new_user())
        try:
            async with hearing(made, story.person, PATIENCE_S) as (client, heard):
                async with troubled(made, broker, troubles, say) as begun:
                    await tell(story, client, heard, say, begun, patience_s=2 * PATIENCE_S)
                end = await _ended(made, story, client, was)
                await _judge(made, story, heard, end)
        except BaseException:
            for name, lines in made.output.lines.items():
                say("\n".join(f"{name} | {line[:400]}" for line in lines))
            raise
        say(f"{len(heard.events)} events in {time.monotonic() - began:.0f} s")
    return end


async def _ended(made: System, story: Story, client: Client, was: End | None) -> End:
    """How it ended, once that is as `was`, or, without one, once nothing changes any more."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    newest, same = await _read(made, story, client), 0
    while True:
        differences = [] if was is None else list(story_end.unlike(was._asdict(), newest._asdict()))
        if same == QUIET if was is None else not differences:
            return newest
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError("\n".join(["it ended otherwise:", *differences[:60]]))
        await asyncio.sleep(PAUSE_S)
        before, newest = newest, await _read(made, story, client)
        same = same + 1 if newest == before else 0


async def _read(made: System, story: Story, client: Client) -> End:
    person = story.person
    await read_notifications(story, client)  # some may have come after those of the story were read
    return End(
        await story_end.shown(made, person),
        await story_end.told(made, person),
        await story_end.filed(made, person),
    )


async def _judge(made: System, story: Story, heard: Heard, end: End) -> None:
    for place, counts in end.filed.items():
        # Each engine's request has a copy with Lumen.
        assert set(counts.values()) == {len(ENGINES) if place == "lumen" else 1}, end.filed
    facts = [each.id for each in await story_end.written(made, story.person) if _is_fact(each.type)]

    def came() -> list[str]:
        return [each.id for each in heard.events if _is_fact(each.type)]

    async with asyncio.timeout(PATIENCE_S):
        while set(facts) - set(came()):
            await asyncio.sleep(PAUSE_S)
    again = {name: count for name, count in Counter(came()).items() if count > 1}
    assert not again, "the listener heard these more than once"
    for name in made.services:
        dead = await records_of(made.servers, dead_letters_topic(name), story.person.user_id)
        assert not dead, (name, dead)


def _is_fact(type_: str) -> bool:
    about = CATALOGUE[type_]
    return about.kind == "fact" and not about.everybody


def say(text: str) -> None:
    print(text, flush=True)
