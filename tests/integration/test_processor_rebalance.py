"""Two or three replicas that join, leave, freeze and are killed while inputs come: one log, as if by one, and
one effect outside for each step of an errand.

A frozen replica (SIGSTOP) that wakes up after the group has replaced it goes on writing: the late owner that
no heartbeat can rule out. PROCESSOR_SEED sets what is random, REBALANCE_S how many seconds it lasts at least;
each kind of trouble comes, however slow the machine is.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path

from autodmca_kafka import EventProducer
from autodmca_kafka.brokers import addresses

from tests.brokers import Broker
from tests.integration.outside import Outside
from tests.integration.replica import Order
from tests.integration.replicas import Replicas
from tests.integration.service import Service

SEED = int(os.environ.get("PROCESSOR_SEED") or random.SystemRandom().randrange(2**32))
LOAD_S = float(os.environ.get("REBALANCE_S", "15"))
MOST = 3
# The shortest that Apache Kafka takes by default; the embedded broker is slow with longer ones.
SESSION_MS = {"apache": 6_000, "embedded": 1_000}
# On the embedded broker a group in which a member dies or freezes during a rebalance may never finish a join
# again, for any client: members are killed there when it should have settled, none is frozen, and the rest is
# left to another group. What a late owner writes is tested there in test_processor_service.
TROUBLE = {
    "apache": ["join", "freeze", "kill", "join", "leave"],
    "embedded": ["join", "kill", "join", "leave"],
}
PAUSE_S = {"apache": (0.2, 2), "embedded": (3, 4)}


async def test_replicas_that_come_and_go_under_load_do_what_one_would_have_done(
    any_broker: Broker, new_name: Callable[[str], str], tmp_path: Path
) -> None:
    print(f"PROCESSOR_SEED={SEED} on {any_broker.name}")
    with Outside(random.Random(SEED)) as outside:
        servers = any_broker.bootstrap_servers
        service = Service(new_name("rebalance"), servers, random.Random(SEED), outside=outside.url)
        await service.set_up()
        done = await disturb(service, any_broker.name, new_name, tmp_path / "complaints")
    inputs, truths = await service.truths()
    print(f"{inputs} inputs, {outside.world.judge(truths)}, {done}")


async def disturb(
    service: Service, broker: str, new_name: Callable[[str], str], complaints: Path
) -> list[str]:
    """Load and trouble side by side, and then peace; returns what trouble there was."""
    done: list[str] = []
    async with (
        Replicas(complaints) as replicas,
        EventProducer(service.bootstrap_servers, client_id="rebalance") as producer,
    ):
        clock = asyncio.get_running_loop().time
        end = clock() + LOAD_S

        def lasts() -> bool:
            return clock() < end or set(TROUBLE[broker]) != set(done)

        async with asyncio.TaskGroup() as group:
            group.create_task(load(service, producer, lasts))
            group.create_task(trouble(service, replicas, broker, done, lasts))
        await service.feed(producer, 50)
        for pid in replicas.living():
            replicas.signal(pid, signal.SIGTERM)
            replicas.signal(pid, signal.SIGCONT)
            assert await replicas.ended(pid) == 0
        await service.finish(group=new_name("another") if broker == "embedded" else None, deadline_s=120)
    return done


async def load(service: Service, producer: EventProducer, lasts: Callable[[], bool]) -> None:
    while lasts():
        await service.feed(producer, service.rng.randrange(1, 30))
        await asyncio.sleep(0.05)


async def trouble(
    service: Service, replicas: Replicas, broker: str, done: list[str], lasts: Callable[[], bool]
) -> None:
    """Never more than MOST replicas, at least one awake; each kind of trouble in turn, at a random moment."""
    session_ms, kinds = SESSION_MS[broker], TROUBLE[broker]
    rng = random.Random(service.rng.random())
    order = Order(
        service.name,
        addresses(service.bootstrap_servers),
        max_poll=rng.randrange(5, 40),
        session_timeout_ms=session_ms,
        outside=service.outside,
    )
    awake = [await replicas.start(order), await replicas.start(order)]
    while lasts():
        await asyncio.sleep(rng.uniform(*PAUSE_S[broker]))
        kind = kinds[len(done) % len(kinds)]
        victim = rng.choice(awake)
        if kind == "join":
            while len(awake) < MOST:
                awake.append(await replicas.start(order))
        elif kind == "freeze":
            replicas.signal(victim, signal.SIGSTOP)
            await asyncio.sleep(session_ms / 1000 * rng.uniform(1.2, 1.5))
            replicas.signal(victim, signal.SIGCONT)
        else:
            replicas.signal(victim, signal.SIGKILL if kind == "kill" else signal.SIGTERM)
            assert await replicas.ended(victim) == (-signal.SIGKILL if kind == "kill" else 0)
            awake.remove(victim)
        done.append(kind)
