"""What an idle connection costs the edge in resident memory: authenticated, subscribed, heartbeating.

One edge process on the embedded broker; its RSS before and after the connections, divided by their number.
"""

import asyncio
import gc
from typing import Final

from autodmca_kafka.embedded import EmbeddedBroker

from tests.load.edge_process import EdgeProcess
from tests.load.sink import Sink

CONNECTIONS: Final = 5_000
WARM_UP: Final = 200  # connections before the count begins, so that one-time costs are not counted
TYPES: Final = ("submission_progress", "template_approval", "system_notification")


async def _measure() -> None:
    async with EmbeddedBroker() as broker:
        with EdgeProcess(broker.bootstrap_servers) as edge:
            await asyncio.to_thread(_connect, edge)


def _connect(edge: EdgeProcess) -> None:
    with Sink(edge.port, connections=WARM_UP, users=WARM_UP, types=TYPES) as warm:
        warm.wait_ready()
        before = edge.resident_bytes
        with Sink(
            edge.port, connections=CONNECTIONS, users=CONNECTIONS, types=TYPES, first_user=500_000
        ) as sink:
            sink.wait_ready()
            gc.collect()
            each = (edge.resident_bytes - before) / CONNECTIONS / 1000
    print(f"| idle connection, RSS, at {CONNECTIONS:,} | {each:.1f} KB | to reach: 8 KB | {each / 8:.2f} |")


def main() -> None:
    """Measure and print the row."""
    asyncio.run(_measure())


if __name__ == "__main__":
    main()
