"""What an edge costs that reads a part of the partitions: the same load, the same number of users and events.

Four edges on core 0 follow one log at once. Each has as many users, who are sent as many events; they are on
1, 2, 3 or all 6 of the partitions. What differs is how much of the log each has to read. Each connection's
events are checked: every one, once, in order of its topic.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Final

from autodmca_events import partition_for, user_key

from tests.load.clients import Clients
from tests.load.events import BROADCAST, FIRST_USER, Sent
from tests.load.feed import Feed, real_kafka
from tests.load.servers import Server

PARTITIONS: Final = 6
SHARES: Final = (1, 2, 3, PARTITIONS)
USERS: Final = 1_000  # who are sent events
CONNECTED: Final = 120  # of them, to each edge
EVENTS_A_SECOND: Final = 4_000
BACKLOG_EACH: Final = 20  # of a user and topic
ROUNDS: Final = 3
FLOW_S: Final = 4.0
QUIET_S: Final = 0.3

Edges = dict[int, tuple[Server, Clients, list[int]]]


def _members(share: int) -> list[int]:
    """As many users on each of `share` partitions."""
    each = CONNECTED // share
    on = [
        [user for user in range(USERS) if partition_for(user_key(FIRST_USER + user), PARTITIONS) == number]
        for number in range(share)
    ]
    return [user for users in on for user in users[:each]]


async def _measure() -> None:
    async with real_kafka() as feed, AsyncExitStack() as stack:
        edges: Edges = {}
        for share in SHARES:
            server = stack.enter_context(Server("edge", feed.bootstrap_servers))
            await server.ready()
            members = _members(share)
            clients = stack.enter_context(Clients(server.port, users=members))
            await clients.wait_ready()
            edges[share] = server, clients, members
        for what, put in (
            (f"{EVENTS_A_SECOND:,} events/s", _flow),
            (f"{USERS * BROADCAST * BACKLOG_EACH:,} events at once", _backlog),
        ):
            await _round(feed, edges, put)  # code has run
            rounds = [await _round(feed, edges, put) for _ in range(ROUNDS)]
            costs = {share: statistics.median(each[share] for each in rounds) for share in SHARES}
            _rows(what, costs)


def _rows(what: str, costs: dict[int, float]) -> None:
    whole = costs[PARTITIONS]
    for share in SHARES[:-1]:
        print(
            f"| {what}, users on {share} of {PARTITIONS} partitions (less is better) "
            f"| {costs[share]:.2f} µs of CPU an event of the log | on all {PARTITIONS}: {whole:.2f} "
            f"| {costs[share] / whole:.2g} |",
            flush=True,
        )


async def _flow(feed: Feed, sent: Sent) -> None:
    ends = time.monotonic() + FLOW_S
    await feed.flow(sent, EVENTS_A_SECOND, lambda: time.monotonic() < ends, to_all=False)


async def _backlog(feed: Feed, sent: Sent) -> None:
    await feed.backlog(sent, BACKLOG_EACH)


async def _round(feed: Feed, edges: Edges, put: Callable[[Feed, Sent], Awaitable[None]]) -> dict[int, float]:
    """CPU of each edge, microseconds an event that was written to the log."""
    sent = feed.round(USERS)
    for _, clients, _ in edges.values():
        clients.begin(sent.number)
    before = {share: server.cpu_s for share, (server, _, _) in edges.items()}
    await put(feed, sent)
    for _, clients, members in edges.values():
        await clients.wait_events(_due(sent, members))
    await asyncio.sleep(QUIET_S)  # what else they read
    used = {share: server.cpu_s - before[share] for share, (server, _, _) in edges.items()}
    for _, clients, _ in edges.values():
        clients.check(sent)
    return {share: cpu * 1e6 / sent.addressed for share, cpu in used.items()}


def _due(sent: Sent, members: list[int]) -> int:
    return sum(sum(sent.by_user[user]) for user in members)


def main() -> None:
    """Measure and print the rows."""
    asyncio.run(_measure())


if __name__ == "__main__":
    main()
