"""Events addressed to 1,000 users, drained from real Kafka by the edge and the relays in turn.

All servers are halted while Kafka is filled; one after the other then goes on, to idle when it is done:
the time from there to the last delivery, and the CPU it used. In the second half 9 of 10 events are for users
who are connected elsewhere. Each connection's events are checked: every one, once, in order of its topic.
"""

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Final

from tests.load.clients import Clients
from tests.load.events import BROADCAST
from tests.load.feed import Feed, real_kafka
from tests.load.servers import ALL, Name, Server
from tests.load.table import row

USERS: Final = 1_000
ROUNDS: Final = 3
EACH: Final = 20  # events a user and topic
EACH_ELSEWHERE: Final = 5
ELSEWHERE: Final = 9


async def _measure() -> None:
    async with real_kafka() as feed, AsyncExitStack() as stack:
        pairs: dict[Name, tuple[Server, Clients]] = {}
        for name in ALL:
            server = stack.enter_context(Server(name, feed.bootstrap_servers))
            await server.ready()
            clients = stack.enter_context(server.clients(USERS))
            await clients.wait_ready()
            await feed.warm(clients, each=4)
            pairs[name] = server, clients
        await _rounds(feed, pairs, "drained from Kafka", EACH, 0)
        await _rounds(feed, pairs, "9 of 10 events for users elsewhere: read", EACH_ELSEWHERE, ELSEWHERE)


async def _rounds(
    feed: Feed, pairs: dict[Name, tuple[Server, Clients]], what: str, each: int, elsewhere: int
) -> None:
    rates: dict[Name, list[float]] = {name: [] for name in pairs}
    shares: dict[Name, list[float]] = {name: [] for name in pairs}
    for _ in range(ROUNDS):
        sent = feed.round(USERS)
        for server, _ in pairs.values():
            server.stop()
        await feed.backlog(sent, each, elsewhere=elsewhere)
        read = each * BROADCAST * USERS * (1 + elsewhere)
        for name, (server, clients) in pairs.items():
            clients.begin(sent.number)
            cpu, began = server.cpu_s, time.monotonic()
            server.go_on()
            ended = await clients.wait_events(sent.addressed)
            await asyncio.sleep(0.1)  # what else it read, and late work of the last poll
            used = server.cpu_s - cpu
            rates[name].append(read / (ended - began))
            shares[name].append(read / used)
            clients.check(sent)
    row(f"addressed, {USERS:,} users, {what}", rates, ",.0f", "events/s")
    row("the same, by CPU", shares, ",.0f", "events a CPU second")


def main() -> None:
    """Measure and print the rows."""
    asyncio.run(_measure())


if __name__ == "__main__":
    main()
