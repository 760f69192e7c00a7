"""What work and relays cost: due jobs and relayed records a second, of one core.

    python -m tests.load.bench_work [--jobs 20000] [--records 100000]

Three things, each by the CPU that it takes, and by the clock too:

- the timer heap by itself: jobs that come due at random times of an hour, put, taken and given a slot,
  beside as many timers of asyncio (`call_at`), whose tasks wait for a semaphore;
- whole jobs over a log in memory: due, performed, told by a checkpoint, applied, stored and settled;
- on Apache Kafka: the same jobs, and a relay of 300-byte events of which each becomes an input, beside a
  plain loop of aiokafka's consumer and producer that copies as many.

Prints rows of a Markdown table; with `--profile` also where the time goes.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import pstats
import random
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from autodmca_events.partitions import user_key
from autodmca_events.topics import events_topic, inputs_topic
from autodmca_kafka import (
    EventProducer,
    Processor,
    Relay,
    Table,
    Told,
    TopicSpec,
    ensure_topics,
    service_topics,
)
from autodmca_service.work import Checkpoint, Job, Work, WorkMetrics
from autodmca_service.work.agenda import Agenda
from autodmca_service.work.clock import Clock
from autodmca_service.work.turns import Turns

from tests.apache_kafka import apache_kafka
from tests.integration.parcels import (
    PARTITIONS,
    Carried,
    Command,
    Label,
    Log,
    Order,
    Parcel,
    Site,
    apply,
    due,
)
from tests.integration.running import running

USERS = 1_000
AT_ONCE = 256
HOUR_MS = 3_600_000
FILL = 2_000


class Spent(NamedTuple):
    """What so many things took: seconds by the clock, and of CPU."""

    number: int
    clock_s: float
    cpu_s: float

    @property
    def per_core(self) -> float:
        return self.number / self.cpu_s

    @property
    def text(self) -> str:
        return f"{self.per_core:,.0f}/s of a core ({self.number / self.clock_s:,.0f}/s here)"


async def spent(count: int, doing: Awaitable[None]) -> Spent:
    clock, cpu = time.perf_counter(), time.process_time()
    await doing
    return Spent(count, time.perf_counter() - clock, time.process_time() - cpu)


async def heap(times: Iterable[int]) -> None:
    """Put all, and take each when it is due, with a slot."""
    agenda, turns = Agenda(), Turns(AT_ONCE, AT_ONCE // 2)
    for partition in range(PARTITIONS):
        agenda.open(partition)
    for number, at_ms in enumerate(times):
        user = number % USERS
        agenda.put(user % PARTITIONS, (user, f"e{number}"), at_ms)
    while (key := agenda.take(HOUR_MS)) is not None:
        turns.put(key)
        if (taken := turns.take()) is not None:
            turns.give_back(taken[0])


async def timers(times: Iterable[int]) -> None:
    """The same with asyncio's own heap, an hour in a second."""
    loop, slots, fired, left = asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE), asyncio.Event(), 0

    async def perform() -> None:
        nonlocal left
        async with slots:
            left -= 1
        if left == 0:
            fired.set()

    def due_now() -> None:
        tasks.append(loop.create_task(perform()))

    tasks: list[asyncio.Task[None]] = []
    began = loop.time()
    for at_ms in times:
        left += 1
        loop.call_at(began + at_ms / HOUR_MS, due_now)
    await fired.wait()
    await asyncio.gather(*tasks)


async def carry(job: Job[Parcel], checkpoint: Checkpoint) -> None:
    await checkpoint(Carried(job.entity_id))


async def in_memory(jobs: int) -> Spent:
    """Whole jobs, with the log in lists."""
    log = Log()
    site = Site(log)
    work: Work[Parcel] = Work(site, due, carry, at_once=AT_ONCE)
    site.own(*range(PARTITIONS))
    for number in range(jobs):
        await log.order(number % USERS, Order(f"p{number}"))

    async def until_done() -> None:
        while site.step() or work.waiting or work.running:
            await asyncio.sleep(0)

    async with running(work.run()):
        site.step()
        return await spent(jobs, until_done())


class Replica:
    """A replica of parcels on a broker."""

    def __init__(self, name: str, servers: str, producer: EventProducer) -> None:
        self.name, self.producer = name, producer
        self.work_metrics = WorkMetrics(registry=None)
        self.table: Table[Parcel] = Table(name, servers, Parcel)
        self.processor: Processor[Parcel, Command, None] = Processor(
            name, servers, apply, table=self.table, input_type=Command
        )


async def fill(producer: EventProducer, topic: str, count: int, value: Callable[[int], bytes]) -> None:
    for first in range(0, count, FILL):
        rows = range(first, min(first + FILL, count))
        await asyncio.gather(
            *(producer.enqueue_record(topic, key=user_key(n % USERS), value=value(n)) for n in rows)
        )


async def on_kafka(servers: str, jobs: int) -> Spent:
    """Whole jobs; they begin together, when their orders are applied."""
    name = f"bench-{uuid.uuid4().hex[:8]}"
    at_ms = int((time.time() + 3_600) * 1000)
    await ensure_topics(servers, service_topics(name, PARTITIONS))
    async with EventProducer(servers, client_id="bench") as producer:
        replica = Replica(name, servers, producer)
        ahead_s = 0.0
        clock = Clock(lambda: time.time() + ahead_s, lambda: time.monotonic() + ahead_s)
        work: Work[Parcel] = Work(replica, due, carry, at_once=AT_ONCE, clock=clock)
        later = [msgspec.json.encode(Order(f"p{n}", at_ms=at_ms)) for n in range(jobs)]
        await fill(producer, inputs_topic(name), jobs, later.__getitem__)
        async with running(replica.table.run(), replica.processor.run(), work.run()):
            await until(lambda: work.waiting == jobs)
            ahead_s = 7_200.0
            return await spent(jobs, until(lambda: not (work.waiting or work.running)))


async def until(reached: Callable[[], bool]) -> None:
    while not reached():
        await asyncio.sleep(0.002)


def label(told: Told) -> Iterable[Label]:
    return [Label("p", told.type or "")]


async def relaying(servers: str, topic: str, name: str, records: int) -> Spent:
    relay = Relay(name, servers, [topic], label)
    async with running(relay.run()):
        await until(lambda: sum(relay.positions().values()) > 0)
        before = sum(relay.positions().values())
        return await spent(records - before, until(lambda: sum(relay.positions().values()) == records))


async def copying(servers: str, topic: str, name: str, records: int) -> Spent:
    """Read and written by aiokafka, without a source, a check or an order of acknowledgements."""
    value = msgspec.json.encode(Label("p", ""))
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=servers, group_id=f"{name}-copy", auto_offset_reset="earliest",
        enable_auto_commit=False,
    )  # fmt: skip
    producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all", enable_idempotence=True)
    async with consumer, producer:
        first = await consumer.getone()
        copied = 1 if first else 0

        async def copy() -> None:
            nonlocal copied
            while copied < records:
                for found in (await consumer.getmany(timeout_ms=100, max_records=1_000)).values():
                    sent = [
                        await producer.send(
                            inputs_topic(name), value, key=record.key, partition=record.partition
                        )
                        for record in found
                    ]
                    await asyncio.gather(*sent)
                    copied += len(found)
                await consumer.commit()

        return await spent(records - copied, copy())


async def relays(servers: str, records: int) -> tuple[Spent, Spent]:
    name, other = (f"bench-{uuid.uuid4().hex[:8]}" for _ in range(2))
    topic = events_topic(other)
    await ensure_topics(servers, [*service_topics(name, PARTITIONS), TopicSpec(topic, PARTITIONS)])
    async with EventProducer(servers, client_id="bench") as producer:
        await fill(producer, topic, records, lambda _: b"x" * 300)
    return await relaying(servers, topic, name, records), await copying(servers, topic, name, records)


def row(what: str, ours: Spent, reference: Spent | None) -> None:
    beside = f"{reference.text} | {ours.per_core / reference.per_core:.2g}" if reference else "| "
    print(f"| {what} | {ours.text} | {beside} |", flush=True)


async def measure(servers: str, jobs: int, records: int) -> None:
    rng = random.Random(1)
    times = [rng.randrange(HOUR_MS) for _ in range(jobs * 10)]
    ours, theirs = await spent(len(times), heap(times)), await spent(len(times), timers(times))
    row("timer heap: due jobs taken; asyncio's timers", ours, theirs)
    row("whole jobs, log in memory", await in_memory(jobs), None)
    row("whole jobs, Apache Kafka", await on_kafka(servers, jobs), None)
    relayed, copied = await relays(servers, records)
    row("relay: records to inputs; aiokafka's own loop", relayed, copied)


def main() -> None:
    parser = argparse.ArgumentParser(description="What work and relays cost.")
    parser.add_argument("--jobs", type=int, default=20_000)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--profile", action="store_true", help="print where the time goes as well")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        broker = apache_kafka(Path(directory))
        broker.start()
        profiler = cProfile.Profile()
        try:
            if asked.profile:
                profiler.enable()
            asyncio.run(measure(broker.bootstrap_servers, asked.jobs, asked.records))
        finally:
            profiler.disable()
            broker.close()
        if asked.profile:
            pstats.Stats(profiler).sort_stats("tottime").print_stats(40)


if __name__ == "__main__":
    main()
