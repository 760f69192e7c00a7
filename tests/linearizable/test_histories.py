"""Reads and writes through any replica, while replicas are killed and frozen, leave and join.

PROOF_SECONDS sets how long, PROOF_SEED what is random about it.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from autodmca_service.testing import Process, processes

from tests.brokers import Broker
from tests.linearizable.clients import Histories

SEED = int(os.environ.get("PROOF_SEED") or random.SystemRandom().randrange(2**32))
LOAD_S = float(os.environ.get("PROOF_SECONDS") or 15)
ROOT = Path(__file__).parents[2]
REPLICAS = 3
CLIENTS = 6
SETTLED_S = 120
ARRIVED_S = 0.5
SESSION_MS = {"apache": 6_000, "embedded": 1_000}
# The embedded broker's groups do not survive a member that freezes: see test_processor_rebalance.
TROUBLE = {
    "apache": ["freeze", "kill", "join", "leave", "join"],
    "embedded": ["kill", "join", "leave", "join"],
}
PAUSE_S = {"apache": (0.5, 3), "embedded": (3, 4)}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """What finds the service, which no package installs."""
    package = tmp_path / "autodmca_objects"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text("from tests.linearizable.service import main\n\nmain()\n")
    about = tmp_path / "autodmca_objects-0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: autodmca-objects\nVersion: 0\n")
    return {"PYTHONPATH": os.pathsep.join(map(str, (tmp_path, ROOT)))}


async def test_what_replicas_answer_is_as_if_there_was_one(
    any_broker: Broker, environ: dict[str, str]
) -> None:
    print(f"PROOF_SEED={SEED} PROOF_SECONDS={LOAD_S:g} on {any_broker.name}")
    rng = random.Random(SEED)
    histories = Histories(random.Random(rng.random()))
    environ["OBJECTS_SESSION_MS"] = str(SESSION_MS[any_broker.name])
    done: list[str] = []
    async with processes("objects", any_broker.bootstrap_servers, REPLICAS, **environ) as replicas:
        clock = asyncio.get_running_loop().time
        end = clock() + LOAD_S

        def lasts() -> bool:
            return clock() < end or set(TROUBLE[any_broker.name]) != set(done)

        async with asyncio.TaskGroup() as group:
            for number in range(CLIENTS):
                group.create_task(histories.client(f"client {number}", replicas, lasts))
            group.create_task(trouble(rng, replicas, histories, any_broker.name, done, lasts))
        async with asyncio.timeout(SETTLED_S):
            for user, path in histories.newest():
                for number, replica in enumerate(replicas):
                    while not await histories.read(f"last {number}", replica, user, path):
                        pass
    print(f"{dict(histories.counts)}, {len(histories.of)} objects, {done}")
    histories.judge()
    assert histories.counts["read"] > LOAD_S
    assert histories.counts["write"] > LOAD_S


async def trouble(
    rng: random.Random,
    replicas: list[Process],
    histories: Histories,
    broker: str,
    done: list[str],
    lasts: Callable[[], bool],
) -> None:
    """Each kind in turn, at a random moment; one that is gone is back before the next one goes."""
    gone: Process | None = None
    while lasts() or gone is not None:
        await asyncio.sleep(rng.uniform(*PAUSE_S[broker]))
        kind = TROUBLE[broker][len(done) % len(TROUBLE[broker])]
        victim = rng.choice(replicas)
        if kind == "join":
            assert gone is not None
            await gone.start()
            await gone.ready()
            gone = None
        elif kind == "freeze":
            await freeze(victim, histories, SESSION_MS[broker] / 1000 * rng.uniform(2, 2.5))
        else:
            await victim.signal(signal.SIGKILL if kind == "kill" else signal.SIGTERM)
            gone = victim
        done.append(kind)


async def freeze(victim: Process, histories: Histories, for_s: float) -> None:
    """Until others have taken over. Reads wait for it as it wakes, before it hears that it was replaced."""
    os.kill(victim.pid, signal.SIGSTOP)
    histories.frozen = victim
    await asyncio.sleep(for_s)
    async with asyncio.TaskGroup() as group:
        group.create_task(histories.read_all("early", victim))
        await asyncio.sleep(ARRIVED_S)
        os.kill(victim.pid, signal.SIGCONT)
    histories.frozen = None
