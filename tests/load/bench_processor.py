"""What a service's state costs: inputs applied a second, and how long an asker waits.

    python -m tests.load.bench_processor [--inputs 30000] [--asks 300]

On the embedded broker and on Apache Kafka, with the purses model of the kill tests: the inputs are in
the log before the processor starts; each is answered, emits one event and changes one of 1,000 users' three
purses. Then askers ask one after the other, and fifty at a time, on the same process with its table. Prints
a JSON line a broker: inputs a second, CPU microseconds an input (processor and table), and
milliseconds from `ask` to an outcome that the table shows (median and 99th percentile).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
import uuid
from pathlib import Path

import msgspec
import uvloop
from autodmca_events.partitions import user_key
from autodmca_events.topics import inputs_topic
from autodmca_kafka import EventProducer
from autodmca_kafka.consequences import REQUEST

from tests.apache_kafka import apache_kafka
from tests.broker_process import BrokerProcess, embedded_kafka
from tests.integration.purses import PURSES, Put
from tests.integration.running import running
from tests.integration.service import Service
from tests.integration.site import Site

USERS = 1_000
AT_ONCE = 50
FILL = 2_000


async def fill(service: Service, producer: EventProducer, inputs: int) -> None:
    for first in range(0, inputs, FILL):
        writes = [
            producer.enqueue_record(
                inputs_topic(service.name),
                key=user_key(number % USERS),
                value=msgspec.json.encode(Put(PURSES[number % len(PURSES)], 1)),
                headers=[(REQUEST, b"%032d" % number)],
            )
            for number in range(first, min(first + FILL, inputs))
        ]
        await asyncio.gather(*writes)


async def waits(site: Site, asks: int, at_once: int) -> list[float]:
    """Milliseconds that each of `asks` waited, `at_once` of them together."""
    found: list[float] = []

    async def asker(user_id: int) -> None:
        for _ in range(asks // at_once):
            began = time.perf_counter()
            await site.ask.ask(user_id, Put("left", 1), timeout_s=60)
            found.append((time.perf_counter() - began) * 1000)

    await asyncio.gather(*(asker(user_id) for user_id in range(at_once)))
    return found


def summary(found: list[float]) -> dict[str, float]:
    return {
        "p50_ms": round(statistics.median(found), 1),
        "p99_ms": round(statistics.quantiles(found, n=100)[98], 1),
    }


async def measure(broker: BrokerProcess, inputs: int, asks: int) -> dict[str, object]:
    service = Service(f"bench-{uuid.uuid4().hex[:8]}", broker.bootstrap_servers, random.Random(1))
    await service.set_up()
    async with EventProducer(broker.bootstrap_servers, client_id="bench") as producer:
        await fill(service, producer, inputs)
        site = Site(service, producer, max_waiting=AT_ONCE)
        async with running(site.table.run(), site.processor.run(), site.ask.run()):
            while not site.count("inputs"):
                await asyncio.sleep(0.001)
            began, cpu, before = time.perf_counter(), time.process_time(), site.count("inputs") or 0
            while sum(site.processor.positions().values()) < inputs:
                await asyncio.sleep(0.005)
            took, used = time.perf_counter() - began, time.process_time() - cpu
            alone = await waits(site, asks, 1)
            together = await waits(site, asks * 10, AT_ONCE)
    return {
        "broker": broker.name,
        "inputs_per_s": round((inputs - before) / took),
        "cpu_us_per_input": round(used / (inputs - before) * 1e6, 1),
        "one_asker": summary(alone),
        "fifty_askers": summary(together),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="What a service's state costs.")
    parser.add_argument("--inputs", type=int, default=30_000)
    parser.add_argument("--asks", type=int, default=300)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        for make in (embedded_kafka, apache_kafka):
            folder = Path(directory, make.__name__)
            folder.mkdir()
            broker = make(folder)
            broker.start()
            try:
                print(json.dumps(uvloop.run(measure(broker, asked.inputs, asked.asks))), flush=True)
            finally:
                broker.close()


if __name__ == "__main__":
    main()
