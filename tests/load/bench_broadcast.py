"""Broadcasts from real Kafka to 500 connections: the edge and the relays, each alone on core 0.

A closed loop keeps 200 events on their way, so that no server is short of work and no bounded queue flows
over. The bytes of every connection are compared with those of the others, and the events counted.
"""

import asyncio
import time
from typing import Final

from tests.load.clients import Clients
from tests.load.feed import WINDOW, Feed, real_kafka
from tests.load.servers import ALL, Name, Server
from tests.load.table import row

CONNECTIONS: Final = 500
ROUNDS: Final = 3
ROUND_S: Final = 1.5
FEWEST: Final = 400  # events a round


async def _measure() -> None:
    rates: dict[Name, list[float]] = {name: [] for name in ALL}
    costs: dict[Name, list[float]] = {name: [] for name in ALL}
    async with real_kafka() as feed:
        for name in ALL:
            with Server(name, feed.bootstrap_servers) as server:
                await server.ready()
                with server.clients(CONNECTIONS) as clients:
                    await clients.wait_ready()
                    clients.beat(0)  # an answer among the events would be a difference
                    await feed.warm(clients)
                    seconds, _ = await _round(feed, server, clients, WINDOW)
                    events = max(FEWEST, int(WINDOW / seconds * ROUND_S))
                    for _ in range(ROUNDS):
                        seconds, cpu = await _round(feed, server, clients, events)
                        rates[name].append(events * CONNECTIONS / seconds)
                        costs[name].append(cpu / events / CONNECTIONS * 1e6)
    row(f"broadcast to {CONNECTIONS} from Kafka", rates, ",.0f", "deliveries/s")
    row("the same, by CPU (less is better)", costs, ".2f", "CPU s a million deliveries")


async def _round(feed: Feed, server: Server, clients: Clients, events: int) -> tuple[float, float]:
    """Seconds, and CPU seconds of the server."""
    sent = feed.round(CONNECTIONS)
    clients.begin(sent.number, "stream")
    cpu, began = server.cpu_s, time.monotonic()
    await feed.to_everybody(sent, clients, events)
    seconds, used = time.monotonic() - began, server.cpu_s - cpu
    clients.check(sent)
    return seconds, used


def main() -> None:
    """Measure and print the rows."""
    asyncio.run(_measure())


if __name__ == "__main__":
    main()
