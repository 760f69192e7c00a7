"""What idle connections cost: memory of each, and the CPU of their heartbeats.

Authenticated, subscribed, heartbeating; no event flows. Memory is the growth of the process's PSS. The
heartbeats come one every 30 s from each connection, and must be answered; their row counts all that the
server does meanwhile.
"""

import asyncio
import time
from typing import Final

from tests.load.clients import Clients
from tests.load.feed import real_kafka
from tests.load.servers import ALL, Name, Server
from tests.load.table import row

CONNECTIONS: Final = 10_000
ROUNDS: Final = 3
ROUND_S: Final = 5.0
BEATS_PER_S: Final = CONNECTIONS / 30


async def _measure() -> None:
    memory: dict[Name, list[float]] = {name: [] for name in ALL}
    busy: dict[Name, list[float]] = {name: [] for name in ALL}
    async with real_kafka() as feed:
        for name in ALL:
            with Server(name, feed.bootstrap_servers) as server:
                await server.ready()
                with server.clients(200) as warm:  # what is made once is not a connection's
                    await warm.wait_ready()
                    await feed.warm(warm)
                    before = server.memory_bytes
                    with server.clients(CONNECTIONS) as clients:
                        await clients.wait_ready()
                        memory[name].append((server.memory_bytes - before) / CONNECTIONS / 1000)
                        clients.beat(BEATS_PER_S)
                        busy[name] += [await _busy(server, clients) for _ in range(ROUNDS)]
    row(f"idle connection, of {CONNECTIONS:,} (less is better)", memory, ".1f", "KB")
    row(f"CPU of {CONNECTIONS:,} idle, heartbeating (less is better)", busy, ".1f", "% of a core")


async def _busy(server: Server, clients: Clients) -> float:
    """Percent of a core, of a stretch in which the heartbeats were answered."""
    answers, cpu, began = clients.counters.others.value, server.cpu_s, time.monotonic()
    await asyncio.sleep(ROUND_S)
    used, seconds = server.cpu_s - cpu, time.monotonic() - began
    answered = (clients.counters.others.value - answers) / seconds
    assert answered > BEATS_PER_S * 0.8, f"{answered:.0f} answers a second"
    return 100 * used / seconds


def main() -> None:
    """Measure and print the rows."""
    asyncio.run(_measure())


if __name__ == "__main__":
    main()
