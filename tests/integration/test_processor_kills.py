"""A replica killed (SIGKILL) again and again, wherever it stands: nothing is lost, added or changed, and what
it does outside is done once.

PROCESSOR_KILLS sets how many kills there are at least on each broker, and there are more until replicas have
died at each kind of step; PROCESSOR_SEED sets what is random about them.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from autodmca_kafka import EventProducer
from autodmca_kafka.brokers import addresses

from tests.brokers import Broker
from tests.integration.errands import ERRANDS, Begin
from tests.integration.outside import Outside
from tests.integration.purses import USERS
from tests.integration.replica import Order
from tests.integration.replicas import Replicas
from tests.integration.service import Service

KILLS = int(os.environ.get("PROCESSOR_KILLS", "40"))
SEED = int(os.environ.get("PROCESSOR_SEED") or random.SystemRandom().randrange(2**32))
SERVICES = 6
"""How many are tormented at once, as a killed replica's successor has to wait on the embedded broker."""
SMALL_BATCHES = 2_000
"""Little more than one input's consequences, so that a poll's states take several batches."""
STEPS = ["applied", "batch", "emitted", "stored", "committed"]
STEP_S = 30
"""For a replica to get to the step at which it is to die: a relay has its partitions only when the session of
the one before it is over, ten seconds after that one was killed."""
WORK_STEPS = ["performing", "performed", "checkpointed", "relayed"]
ALL_STEPS = {*STEPS, *WORK_STEPS}


async def test_a_killed_replica_loses_nothing_repeats_only_what_it_said_and_takes_each_step_once(
    any_broker: Broker, new_name: Callable[[str], str], tmp_path: Path
) -> None:
    print(f"PROCESSOR_SEED={SEED} PROCESSOR_KILLS={KILLS} on {any_broker.name}")
    # The embedded broker does not let a static member back in reliably.
    instance = "only" if any_broker.name == "apache" else None
    servers = any_broker.bootstrap_servers
    lives = [KILLS // SERVICES + (i < KILLS % SERVICES) for i in range(SERVICES)]
    killed: Counter[str] = Counter()
    with Outside(random.Random(SEED)) as outside:
        services = [
            Service(new_name("kills"), servers, random.Random(SEED + i), instance, outside.url)
            for i in range(SERVICES)
        ]
        async with (
            Replicas(tmp_path / "complaints") as replicas,
            EventProducer(servers, client_id="kills") as producer,
        ):
            kinds = itertools.cycle([*STEPS, *WORK_STEPS])
            async with asyncio.TaskGroup() as group:
                for service, count in zip(services, lives, strict=True):
                    group.create_task(torment(service, count, kinds, replicas, producer, killed))
            async with asyncio.TaskGroup() as group:
                for service in services:
                    group.create_task(service.finish(deadline_s=120))
    judged = [await service.truths() for service in services]
    inputs = sum(count for count, _ in judged)
    errands = outside.world.judge([truth for _, truths in judged for truth in truths])
    print(f"{killed.total()} kills, {inputs} inputs, {errands}, died at {dict(replicas.died_at)}")
    assert inputs > killed.total() >= KILLS
    assert set(replicas.died_at) == ALL_STEPS


async def torment(
    service: Service,
    lives: int,
    kinds: Iterator[str],
    replicas: Replicas,
    producer: EventProducer,
    killed: Counter[str],
) -> None:
    """Life after life, `lives` at least and until each kind of step was died at: most end at a step between
    two writes, or before or after one to the outside, of each of these kinds in turn; one in five at any
    moment. The clock of one in four is set again and again."""
    rng = service.rng
    await service.set_up()
    await service.feed(producer, 50)
    for life in itertools.count():
        if life >= lives and set(replicas.died_at) == ALL_STEPS:
            break
        await service.feed(producer, rng.randrange(20))
        anywhere = rng.random() < 0.2
        on = None if anywhere else next(kinds)
        work = on in WORK_STEPS
        if work:
            errand = msgspec.json.encode(Begin(rng.choice(ERRANDS), 4, 0))
            await service.write(producer, rng.randrange(1, USERS + 1), errand)
        order = Order(
            service.name,
            addresses(service.bootstrap_servers),
            # An errand begins when all is applied that was there before.
            max_poll=100 if work else rng.randrange(1, 12),
            max_bytes=SMALL_BATCHES,
            instance=service.instance,
            die_at=None if anywhere else rng.randrange(1, 3 if work else 6),
            die_on=on,
            outside=service.outside,
            jumps=rng.randrange(2**32) if rng.random() < 0.25 else None,
        )
        pid = await replicas.start(order)
        try:
            life_s = rng.uniform(0.1, 0.5) + (0 if service.instance else 1) if anywhere else STEP_S
            async with asyncio.timeout(life_s):
                await replicas.ended(pid)
        except TimeoutError:
            replicas.signal(pid, signal.SIGKILL)
        assert await replicas.ended(pid) == -signal.SIGKILL
        killed[service.name] += 1
