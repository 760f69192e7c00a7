"""2,000 connections reset at once and opened again, 128 at a time, while 2,000 events a second flow.

What a reconnect costs in CPU (the events that flow meanwhile included), how long until the last is
subscribed, and how many events never came: the edge's clients resume where they were, the relays' cannot.
And what those feel of it who stay connected, in a process of their own: how late their events are meanwhile.
"""

import asyncio
import time
from typing import Final

from tests.load.clients import Clients
from tests.load.feed import Feed, real_kafka
from tests.load.servers import ALL, Name, Server
from tests.load.table import row

CONNECTIONS: Final = 2_000
BYSTANDERS: Final = 500
RATE: Final = 2_000
ROUNDS: Final = 2
QUIET_S: Final = 1.5

Figure = tuple[float, float, float, float]
"""CPU ms a reconnect, seconds, events lost, ms until a bystander has its event (p99)."""


async def _measure() -> None:
    figures: dict[Name, list[Figure]] = {name: [] for name in ALL}
    async with real_kafka() as feed:
        for name in ALL:
            with Server(name, feed.bootstrap_servers) as server:
                await server.ready()
                with server.clients(CONNECTIONS) as clients, server.clients(BYSTANDERS) as bystanders:
                    await clients.wait_ready()
                    await bystanders.wait_ready()
                    await feed.warm(clients, kind="tracked")
                    figures[name] += [await _storm(feed, server, clients, bystanders) for _ in range(ROUNDS)]
    for number, (what, form, unit) in enumerate(
        (
            (f"{CONNECTIONS:,} reconnect, CPU each (less is better)", ".2f", "ms"),
            ("the same, until the last is subscribed (less is better)", ".1f", "s"),
            (f"the same, events lost at {RATE:,}/s", ",.0f", "lost"),
            ("the same, events to those who stay, p99 (less is better)", ".0f", "ms"),
        )
    ):
        row(what, {name: [each[number] for each in taken] for name, taken in figures.items()}, form, unit)


async def _storm(feed: Feed, server: Server, clients: Clients, bystanders: Clients) -> Figure:
    sent = feed.round(CONNECTIONS)
    clients.begin(sent.number, "tracked")
    storming = True
    flow = asyncio.create_task(feed.flow(sent, RATE, lambda: storming, to_all=False))
    await asyncio.sleep(1)
    bystanders.begin(sent.number, "stamped")
    cpu, began = server.cpu_s, time.monotonic()
    clients.cut()
    await clients.wait_ready()
    used, seconds = server.cpu_s - cpu, time.monotonic() - began
    _, late = bystanders.latencies()
    await asyncio.sleep(0.5)
    storming = False
    await flow
    await _quiet(clients, sent.addressed)
    tally = clients.judge(sent)
    assert tally.duplicated == tally.disordered == 0, tally
    if server.name == "edge":
        assert tally.lost == clients.counters.unrecovered.value == 0, tally
    return used / CONNECTIONS * 1000, seconds, tally.lost, late


async def _quiet(clients: Clients, events: int) -> None:
    """Until all events have come, or none for a while."""
    before = -1
    while before != clients.events < events:
        before = clients.events
        await asyncio.sleep(QUIET_S)


def main() -> None:
    """Measure and print the rows."""
    asyncio.run(_measure())


if __name__ == "__main__":
    main()
