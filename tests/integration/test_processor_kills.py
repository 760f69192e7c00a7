"""A processor killed (SIGKILL) again and again, wherever it stands: nothing is lost, added or changed.

PROCESSOR_KILLS sets how many kills there are on each broker, PROCESSOR_SEED what is random about them.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path

from autodmca_kafka import EventProducer

from tests.brokers import Broker
from tests.integration.replica import Order
from tests.integration.replicas import Replicas
from tests.integration.service import Service

KILLS = int(os.environ.get("PROCESSOR_KILLS", "100"))
SEED = int(os.environ.get("PROCESSOR_SEED") or random.SystemRandom().randrange(2**32))
SERVICES = 6
"""How many are tormented at once, as a killed replica's successor has to wait on the embedded broker."""
SMALL_BATCHES = 1_500
"""Little more than one input's consequences, so that a poll's states take several batches."""
STEPS = ["applied", "batch", "emitted", "stored", "committed"]


async def test_a_killed_processor_loses_nothing_and_repeats_only_what_it_said(
    any_broker: Broker, new_name: Callable[[str], str], tmp_path: Path
) -> None:
    print(f"PROCESSOR_SEED={SEED} PROCESSOR_KILLS={KILLS} on {any_broker.name}")
    # The embedded broker does not let a static member back in reliably.
    instance = "only" if any_broker.name == "apache" else None
    services = [
        Service(new_name("kills"), any_broker.bootstrap_servers, random.Random(SEED + i), instance)
        for i in range(SERVICES)
    ]
    lives = [KILLS // SERVICES + (i < KILLS % SERVICES) for i in range(SERVICES)]
    async with (
        Replicas(tmp_path / "complaints") as replicas,
        EventProducer(any_broker.bootstrap_servers, client_id="kills") as producer,
    ):
        async with asyncio.TaskGroup() as group:
            for service, count in zip(services, lives, strict=True):
                group.create_task(torment(service, count, replicas, producer))
        async with asyncio.TaskGroup() as group:
            for service in services:
                group.create_task(service.finish())
    judged = [await service.judge() for service in services]
    print(f"{sum(lives)} kills, {sum(judged)} inputs, died at {dict(replicas.died_at)}")
    assert sum(judged) > KILLS
    if KILLS >= 100:
        assert set(replicas.died_at) == set(STEPS)


async def torment(service: Service, lives: int, replicas: Replicas, producer: EventProducer) -> None:
    """Life after life: most end at a step between two writes, one in five at any moment whatever."""
    rng = service.rng
    await service.set_up()
    await service.feed(producer, 50)
    for _ in range(lives):
        await service.feed(producer, rng.randrange(20))
        anywhere = rng.random() < 0.2
        order = Order(
            service.name,
            service.bootstrap_servers,
            max_poll=rng.randrange(1, 12),
            max_bytes=SMALL_BATCHES,
            instance=service.instance,
            die_at=None if anywhere else rng.randrange(1, 25),
        )
        pid = await replicas.start(order)
        try:
            async with asyncio.timeout(
                rng.uniform(0.1, 0.5) + (0 if service.instance else 1) if anywhere else 5
            ):
                await replicas.ended(pid)
        except TimeoutError:
            replicas.signal(pid, signal.SIGKILL)
        assert await replicas.ended(pid) == -signal.SIGKILL
