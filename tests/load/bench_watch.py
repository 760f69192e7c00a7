"""What it costs a replica to watch a hundred thousand URLs: memory for their state, and processor time for
a look.

The state of all is built by the real model, and asked what is due; two thousand URLs are then looked at over
HTTP, on the sandbox in a process of its own, and what was seen is decided on. The reference is what the
engine's rate allows: `DELISTING_ENGINE_RATE` at its default.
"""

import asyncio
import gc
import resource
import socket
import subprocess
import sys
import time
from typing import Final

import httpx
from autodmca_delisting.answers import answered
from autodmca_delisting.config import DelistingSettings
from autodmca_delisting.engines.gate import Gate
from autodmca_delisting.engines.http import HttpEngine
from autodmca_delisting.engines.interface import Manners
from autodmca_delisting.metrics import Metrics
from autodmca_delisting.model.commands import Add, AnyCommand, Create, Queue
from autodmca_delisting.model.model import model
from autodmca_delisting.model.state import Entity, Notice, Rules, Url, Watch
from autodmca_delisting.work import Worker
from autodmca_runtime import Health, serve
from autodmca_sandbox.engines.engine import Pace
from autodmca_sandbox.world.app import world_app
from autodmca_sandbox.world.server import World
from autodmca_service.commands import Actor, Outcome
from autodmca_service.testing import MemoryLog
from autodmca_service.testing.errands import perform_due
from msgspec.structs import fields
from prometheus_client import CollectorRegistry

WATCHED: Final = 100_000
GROUP: Final = 250
LOOKED_AT: Final = 2_000
USERS: Final = 100
TOKEN: Final = "a key"
RATE: Final[float] = next(field.default for field in fields(DelistingSettings) if field.name == "per_s")


async def main() -> None:
    """Measure and print the rows."""
    log: MemoryLog[Entity, AnyCommand, Outcome] = MemoryLog(
        "delisting", model=model(Rules()), answer=answered, state=Entity, command=AnyCommand
    )
    before = _resident_mib()
    await _fill(log)
    gc.collect()
    memory = _resident_mib() - before
    print(f"| state of {WATCHED:,} watched URLs, their requests too | {memory:.0f} MiB | | |")
    port = _free_port()
    command = [sys.executable, "-m", "tests.load.bench_watch", str(port)]
    with subprocess.Popen(command) as world:  # noqa: ASYNC220 - nothing else runs here
        try:
            cpu_s = await _look(log, f"http://127.0.0.1:{port}/google")
        finally:
            world.terminate()
    whole = cpu_s * WATCHED / LOOKED_AT
    print(
        f"| look at {WATCHED:,} URLs, from {LOOKED_AT:,} "
        f"| {whole:.0f} s of CPU, {cpu_s / LOOKED_AT * 1e6:.0f} µs each "
        f"| {WATCHED / RATE:,.0f} s at {RATE:g} a second | {whole / (WATCHED / RATE):.4f} |"
    )


async def _fill(log: MemoryLog[Entity, AnyCommand, Outcome]) -> None:
    for user in range(1, USERS + 1):
        request_id, actor = f"dr_{user}_0123456789", Actor(user)
        notice = Notice(text="They copy my book.")
        await log.ask.ask(user, Create(request_id=request_id, actor=actor, engine="google", notice=notice))
        for number in range(1, WATCHED // USERS // GROUP + 1):
            urls = tuple(
                Url(url, url, "example.com")
                for url in (f"https://copies{user}.example.com/{number}/{each}" for each in range(GROUP))
            )
            await log.ask.ask(user, Add(request_id=request_id, actor=actor, number=number, urls=urls))
        parts = WATCHED // USERS // GROUP
        await log.ask.ask(user, Queue(request_id=request_id, actor=actor, parts=parts))
    assert sum(len(watch.urls) for watch in _watches(log)) == WATCHED


def _watches(log: MemoryLog[Entity, AnyCommand, Outcome]) -> list[Watch]:
    every = (state for part in range(log.table.partitions) for _, _, state in log.table.of_partition(part))
    return [state for state in every if isinstance(state, Watch)]


async def _look(log: MemoryLog[Entity, AnyCommand, Outcome], base: str) -> float:
    """Processor seconds for a tenth of the URLs."""
    metrics = Metrics(CollectorRegistry())
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        gate = Gate("google", http, metrics, per_s=1e6)
        engine = HttpEngine(base, TOKEN, gate, metrics, Manners(GROUP))
        await _reachable(http, base)
        worker = Worker(log.table, {"google": engine}, None)
        looked_at = frozenset(range(1, USERS * LOOKED_AT // WATCHED + 1))
        began = time.process_time()
        keys = await perform_due(
            log,
            lambda user, name, state: worker.look_due(user, name, state) if user in looked_at else None,
            worker.look,
        )
        spent = time.process_time() - began
    assert len(keys) == LOOKED_AT // GROUP
    seen = sum(url.visibility != "unknown" for watch in _watches(log) for url in watch.urls)
    assert seen == LOOKED_AT
    return spent


async def _reachable(http: httpx.AsyncClient, base: str) -> None:
    while True:
        try:
            await http.get(base)
        except httpx.TransportError:
            await asyncio.sleep(0.1)
        else:
            return


async def _world(port: int) -> None:
    app = world_app(World(7), token=TOKEN, pace=Pace(), patience=10_000)
    await serve(app, host="127.0.0.1", port=port, health=Health(), drain_s=0, stop_s=0)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _resident_mib() -> float:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1024 / 1024


if __name__ == "__main__":
    asyncio.run(_world(int(sys.argv[1])) if len(sys.argv) > 1 else main())
