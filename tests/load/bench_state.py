"""What a replica's state takes: memory by its share of the partitions, and the time to take one over.

    python -m tests.load.bench_state [--entities 1000000] [--bytes 500]

On the embedded broker, 10 entities a user, written to the state topic as a processor writes them. For each
share (all partitions, half of them, a third) a process of its own reads its part cold, as a replica does that
starts. Figures: the growth of its resident memory, the slowest partition, and memory beside the bytes read.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import uvloop
from autodmca_events.partitions import entity_key, partition_for, user_key
from autodmca_events.topics import state_topic
from autodmca_kafka import Table, ensure_topics, service_topics
from autodmca_kafka.batches import BatchWriter, Outgoing
from autodmca_kafka.consequences import state_record
from msgspec import Struct

from tests.broker_process import embedded_kafka
from tests.integration.running import running

PARTITIONS: Final = 12
A_USER: Final = 10
SERVICE: Final = "bench-state"
FILL: Final = 5_000
SHARES: Final = {"one replica": 12, "each of two": 6, "each of three": 4}
PAGE: Final = 4096


class Entity(Struct, frozen=True):
    """As a service's are: some fields, of which one has most of the bytes."""

    id: str
    owner: int
    revision: int
    status: str
    made_at: int
    text: str


def entity(number: int, size: int) -> tuple[int, Entity]:
    """The user and the entity; encoded it has about `size` bytes."""
    user, name = number // A_USER + 1, f"entity-{number}"
    text = f"{number:09} ".ljust(max(0, size - 110), "x")
    return user, Entity(name, user, 3, "approved", 1_700_000_000_000 + number, text)


async def fill(servers: str, entities: int, size: int) -> None:
    """Write the state topic."""
    await ensure_topics(servers, service_topics(SERVICE, PARTITIONS))
    writer = BatchWriter(
        servers, client_id="bench", idempotent=None, max_bytes=900_000, on_batch=lambda: None
    )
    async with writer:
        for first in range(0, entities, FILL):
            by_home: dict[int, list[list[Outgoing]]] = {}
            for number in range(first, min(first + FILL, entities)):
                user, made = entity(number, size)
                record = state_record(entity_key(user, made.id), made, number, made.made_at)
                by_home.setdefault(partition_for(user_key(user), PARTITIONS), []).append([record])
            for partition, records in by_home.items():
                await writer.write(state_topic(SERVICE), partition, records)


def resident() -> int:
    """Bytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


async def take(servers: str, share: int) -> dict[str, float]:
    """Read the first `share` partitions, one after the other."""
    table: Table[Entity] = Table(SERVICE, servers, Entity, whole=False)
    async with running(table.run()):
        await table.caught_up([])
        before, took = resident(), []
        for count in range(1, share + 1):
            began = time.perf_counter()
            await table.follow(range(count))
            await table.caught_up([count - 1])
            took.append(time.perf_counter() - began)
        found = sum(1 for partition in range(share) for _ in table.of_partition(partition))
        return {"bytes": resident() - before, "entities": found, "slowest_s": max(took)}


def main() -> None:
    """Print the rows of the table."""
    parser = argparse.ArgumentParser(description="What a replica's state takes.")
    parser.add_argument("--entities", type=int, default=1_000_000)
    parser.add_argument("--bytes", type=int, default=500)
    parser.add_argument("--take", nargs=2, metavar=("SERVERS", "SHARE"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.take:
        print(json.dumps(uvloop.run(take(asked.take[0], int(asked.take[1])))))
        return
    with tempfile.TemporaryDirectory() as directory:
        broker = embedded_kafka(Path(directory))
        broker.start()
        try:
            asyncio.run(fill(broker.bootstrap_servers, asked.entities, asked.bytes))
            for what, share in SHARES.items():
                command = [sys.executable, "-m", "tests.load.bench_state", "--take"]
                done = subprocess.run(
                    [*command, broker.bootstrap_servers, str(share)], stdout=subprocess.PIPE, check=True
                )
                show(what, json.loads(done.stdout), asked.entities, asked.bytes)
        finally:
            broker.close()


def show(what: str, found: dict[str, float], entities: int, size: int) -> None:
    """A row."""
    encoded = found["entities"] * size
    print(
        f"| state of {entities:,} entities of {size} bytes: {what}, "
        f"a partition taken over in {found['slowest_s']:.1f} s | {found['bytes'] / 2**20:.0f} MiB | "
        f"encoded {encoded / 2**20:.0f} MiB | {found['bytes'] / encoded:.2g} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
