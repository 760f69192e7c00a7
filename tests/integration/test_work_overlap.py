"""Two owners of everything, who do not know of each other: each step has one effect and one checkpoint.

They are in two groups, so each believes that all partitions are its own for all the time: worse than what a
frozen replica that wakes up can be.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from autodmca_kafka import EventProducer

from tests.brokers import Broker
from tests.integration.errands import random_errand
from tests.integration.outside import Outside
from tests.integration.running import DEADLINE_S, running, until
from tests.integration.service import Service
from tests.integration.worker import JumpingClock, Worker

EFFECTS = 75
SEED = 11


async def test_two_owners_at_once_take_each_step_once_between_them(
    any_broker: Broker, new_name: Callable[[str], str]
) -> None:
    servers = any_broker.bootstrap_servers
    with Outside(random.Random(SEED)) as outside:
        service = Service(new_name("overlap"), servers, random.Random(SEED), outside=outside.url)
        await service.set_up()
        first = Worker(service.name, servers, outside.url)
        second = Worker(service.name, servers, outside.url, group=new_name("other"), clock=JumpingClock(SEED))
        async with (
            EventProducer(servers, client_id="overlap") as producer,
            running(first.run(), second.run()),
        ):
            await until(lambda: all(each.processor.holdings.owned for each in (first, second)))
            async with asyncio.timeout(DEADLINE_S):
                while len(outside.world.effects) < EFFECTS:
                    await asyncio.gather(
                        *(service.write(producer, *random_errand(service.rng)) for _ in range(5))
                    )
        await service.finish(group=new_name("last"), deadline_s=120)
        inputs, truths = await service.truths()
    print(f"{inputs} inputs, {outside.world.judge(truths)}")
    late = sum(truth.late for truth in truths)
    assert late > 0, "the owners did not overlap: nothing was refused"
    assert any(effect.arrivals > 1 for effect in outside.world.effects.values())
