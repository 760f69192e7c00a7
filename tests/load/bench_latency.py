"""From before the producer's call to the read that returned the event: p50 and p99, at a moderate rate.

The edge and the relays in turn, each alone on core 0; 2,000 and 5,000 addressed events a second to 1,000
users, then 50 events a second to all of them. Kafka and the producer share the other core with the clients:
their work is in every figure. Every delivery is checked.
"""

import asyncio
import time
from collections import defaultdict
from typing import Final

from tests.load.clients import Clients
from tests.load.feed import Feed, real_kafka
from tests.load.servers import ALL, Name, Server
from tests.load.table import row

USERS: Final = 1_000
ROUNDS: Final = 3
ROUND_S: Final = 2.5
Flow = tuple[int, bool]
"""Events a second, and whether each is for everybody."""
FLOWS: Final[tuple[Flow, ...]] = ((2_000, False), (5_000, False), (50, True))

Percentiles = tuple[float, float]


async def _measure() -> None:
    taken: dict[tuple[Name, Flow], list[Percentiles]] = defaultdict(list)
    async with real_kafka() as feed:
        for number in range(-1, ROUNDS):  # one not counted: a broker is slow in its first minutes
            for name in (*ALL[number:], *ALL[:number]):
                for flow, percentiles in (await _of(name, feed)).items():
                    if number >= 0:
                        taken[name, flow].append(percentiles)
    for rate, to_all in FLOWS:
        what = f"{rate:,} {'broadcasts' if to_all else 'events'} a second to {USERS:,}"
        for number, percentile in enumerate(("p50", "p99")):
            figure = {name: [each[number] for each in taken[name, (rate, to_all)]] for name in ALL}
            row(f"producer to socket, {what}, {percentile} (less is better)", figure, ".1f", "ms")


async def _of(name: Name, feed: Feed) -> dict[Flow, Percentiles]:
    """A round of each flow through one server."""
    with Server(name, feed.bootstrap_servers) as server:
        await server.ready()
        with server.clients(USERS) as clients:
            await clients.wait_ready()
            await feed.warm(clients, each=4, everybodys=50)
            return {flow: await _round(feed, clients, *flow) for flow in FLOWS}


async def _round(feed: Feed, clients: Clients, rate: int, to_all: bool) -> Percentiles:
    sent = feed.round(USERS)
    clients.begin(sent.number, "stamped")
    until = time.monotonic() + ROUND_S
    await feed.flow(sent, rate, lambda: time.monotonic() < until, to_all=to_all)
    await clients.wait_events(sent.addressed + sent.everybodys * USERS)
    clients.check(sent)
    return clients.latencies()


def main() -> None:
    """Measure and print the rows."""
    asyncio.run(_measure())


if __name__ == "__main__":
    main()
