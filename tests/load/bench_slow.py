"""200 connections that never read, at 50,000 events a second: the edge's memory, and what others feel.

A real edge process and real Kafka. 49,000 events a second are addressed to the 200 who do not read, 1,000 to
200 others, and 20 go to all. First the 200 are not connected, so that their events are for users elsewhere;
then they subscribe, are sent broadcasts that only they want until no socket takes more, and the same flows
again; by turns. The window of recent records is full before. The figures of the first part are the reference,
for memory it is what they may cost: the peak of a round less that of those before the 200 came first.
"""

import asyncio
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from tests.load.clients import Clients
from tests.load.feed import Feed, real_kafka
from tests.load.pressure import Pressure
from tests.load.servers import Server
from tests.load.silent import Silent, metric

USERS: Final = 200
SILENT: Final = 200
RATE: Final = 1_000
BROADCASTS: Final = 20
PRESSURE: Final = 49_000
ROUNDS: Final = 3
WARM: Final = 2
ROUND_S: Final = 4.0
SAMPLE_S: Final = 0.05
MB: Final = 1_000_000
ALLOWED: Final = 64
PAGE: Final = 4096
WINDOW_FULL: Final = 65_000_000  # of EDGE_WINDOW_BYTES' default


class Figure(NamedTuple):
    """Of one round."""

    p50_ms: float
    p99_ms: float
    peak: int
    per_second: float
    cpu_us: float
    """Of the edge, for each event that it read."""


async def _measure() -> None:
    alone: list[Figure] = []
    beside: list[Figure] = []
    async with (
        real_kafka() as feed,
        Pressure(feed.bootstrap_servers, range(USERS, USERS + SILENT)) as pressure,
    ):
        with Server("edge", feed.bootstrap_servers) as server:
            await server.ready()
            with server.clients(USERS) as clients:
                await clients.wait_ready()
                await feed.warm(clients, each=4, everybodys=50)
                await _fill_window(pressure, server)
                warm = [await _round(feed, pressure, server, clients) for _ in range(WARM)]
                for _ in range(ROUNDS):
                    alone.append(await _round(feed, pressure, server, clients))
                    with Silent(server.port, first=USERS, count=SILENT) as silent:
                        await silent.subscribed(USERS)
                        while not await silent.blocked():
                            await pressure.bulk()
                        beside.append(await _round(feed, pressure, server, clients))
                        assert await silent.blocked(), "some were closed, or could be written to again"
                        await silent.gone(USERS)
                deferred = await metric(server.port, "events_deferred_total")
    assert deferred, "nobody was too slow"
    _print(max(each.peak for each in (*warm, alone[0])), alone, beside)


async def _fill_window(pressure: Pressure, server: Server) -> None:
    """The window of recent records grows up to its bound: that is not the slow ones' doing."""
    while await metric(server.port, "window_bytes") < WINDOW_FULL:
        await pressure.run(PRESSURE, _for(1))


async def _round(feed: Feed, pressure: Pressure, server: Server, clients: Clients) -> Figure:
    sent = feed.round(USERS)
    clients.begin(sent.number, "stamped")
    going = _for(ROUND_S)
    memory = _Memory(server)
    watching = asyncio.create_task(memory.watch())
    cpu, began = server.cpu_s, time.monotonic()
    pressed, *_ = await asyncio.gather(
        pressure.run(PRESSURE, going),
        feed.flow(sent, RATE, going, to_all=False),
        feed.flow(sent, BROADCASTS, going, to_all=True),
    )
    await clients.wait_events(sent.addressed + sent.everybodys * USERS)
    events, seconds = pressed + sent.addressed + sent.everybodys, time.monotonic() - began
    used = (server.cpu_s - cpu) / events * 1_000_000
    watching.cancel()
    clients.check(sent)
    return Figure(*clients.latencies(), memory.peak, events / seconds, used)


def _for(seconds: float) -> Callable[[], bool]:
    until = time.monotonic() + seconds
    return lambda: time.monotonic() < until


class _Memory:
    """Resident memory of the edge's process, bytes."""

    def __init__(self, server: Server) -> None:
        self._file = Path(f"/proc/{server.pid}/statm")
        self.peak = self.now()

    def now(self) -> int:
        return int(self._file.read_text().split()[1]) * PAGE

    async def watch(self) -> None:
        """Keep the highest, until cancelled."""
        while True:
            self.peak = max(self.peak, self.now())
            await asyncio.sleep(SAMPLE_S)


def _print(before: int, alone: list[Figure], beside: list[Figure]) -> None:
    rate = statistics.median(each.per_second for each in (*alone, *beside))
    grown = (max(each.peak for each in beside) - before) / MB
    what = f"{SILENT} never read, {rate:,.0f} events/s: memory above what it was (less is better)"
    print(f"| {what} | {grown:.1f} MB | allowed {ALLOWED} | {grown / ALLOWED:.2g} |")
    for index, what, unit in (
        (0, f"the same, {RATE:,} events a second to {USERS} others, p50", "ms"),
        (1, "the same, p99", "ms"),
        (4, "the same, the edge's CPU an event read", "µs"),
    ):
        ours, theirs = (statistics.median(each[index] for each in some) for some in (beside, alone))
        figures = f"{ours:.1f} {unit} | without them {theirs:.1f} | {ours / theirs:.2g}"
        print(f"| {what} (less is better) | {figures} |")


def main() -> None:
    """Measure and print the rows."""
    asyncio.run(_measure())


if __name__ == "__main__":
    main()
