"""What reading everything costs: TailReader against AIOKafkaConsumer.getmany, on real Apache Kafka.

    python -m tests.load.bench_tail [--records 400000] [--rounds 5] [--core N]

Both read the same topic (6 partitions, 260-byte values, two headers) from the beginning, in turns, in this
process, on uvloop, with the garbage collector's thresholds raised as the edge does; a record's key and value
are looked at. Fails when a record is missing.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from autodmca_kafka import Batch, TailReader, TopicPartition, TopicSpec, ensure_topics

from tests.apache_kafka import apache_kafka

PARTITIONS = 6
VALUE = b'{"type":"template_usage","payload":{"templateId":"' + b"x" * 208 + b'"}}'
HEADERS = [("type", b"template_usage"), ("id", b"msg_1701944200_abc123def456")]
TOPIC = "bench-tail"
BATCH_RECORDS = 200
POLL_RECORDS = 20_000

Reading = Callable[[str, int], Awaitable[None]]


async def fill(bootstrap_servers: str, records: int) -> None:
    await ensure_topics(bootstrap_servers, [TopicSpec(TOPIC, PARTITIONS)])
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap_servers, max_batch_size=1 << 20)
    await producer.start()
    try:
        for first in range(0, records, BATCH_RECORDS):
            batch = producer.create_batch()
            for number in range(first, min(first + BATCH_RECORDS, records)):
                batch.append(key=b"%d" % (number % 1000), value=VALUE, timestamp=None, headers=HEADERS)
            await producer.send_batch(batch, TOPIC, partition=first // BATCH_RECORDS % PARTITIONS)
        await producer.flush()
    finally:
        await producer.stop()


async def by_tail(bootstrap_servers: str, records: int) -> None:
    async with TailReader(bootstrap_servers, client_id="bench") as reader:
        await reader.add({TopicPartition(TOPIC, n): reader.BEGINNING for n in range(PARTITIONS)})
        seen = 0
        while seen < records:
            for batch in await reader.poll():
                assert isinstance(batch, Batch)
                seen += look_at(batch.records)


async def by_getmany(bootstrap_servers: str, records: int) -> None:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers, enable_auto_commit=False, fetch_max_wait_ms=100
    )
    await consumer.start()
    try:
        tps = [TopicPartition(TOPIC, n) for n in range(PARTITIONS)]
        consumer.assign(tps)
        await consumer.seek_to_beginning(*tps)
        seen = 0
        while seen < records:
            for batch in (await consumer.getmany(timeout_ms=1000, max_records=POLL_RECORDS)).values():
                seen += look_at(batch)
    finally:
        await consumer.stop()


def look_at(records: object) -> int:
    count = 0
    for record in records:  # type: ignore[attr-defined]
        if record.key is not None and record.value:
            count += 1
    return count


async def cost(reading: Reading, bootstrap_servers: str, records: int) -> float:
    """CPU microseconds a record."""
    gc.collect()
    before = time.process_time()
    await reading(bootstrap_servers, records)
    return (time.process_time() - before) / records * 1e6


async def measure(bootstrap_servers: str, records: int, rounds: int) -> None:
    """Print the row: the medians."""
    await fill(bootstrap_servers, records)
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
    tail, getmany = [], []
    for _ in range(rounds):
        tail.append(await cost(by_tail, bootstrap_servers, records))
        getmany.append(await cost(by_getmany, bootstrap_servers, records))
    ours, theirs = statistics.median(tail), statistics.median(getmany)
    what = "record read from Kafka by a tail reader, CPU (less is better)"
    print(f"| {what} | {ours:.2f} µs | aiokafka's consumer {theirs:.2f} | {ours / theirs:.2g} |")


def main() -> None:
    options = argparse.ArgumentParser(description="TailReader against AIOKafkaConsumer.getmany")
    options.add_argument("--records", type=int, default=400_000)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--core", type=int, help="pin this process here, and the broker to core 0 (Linux)")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-tail-") as directory:
        broker = apache_kafka(Path(directory), core=None if given.core is None else 0)
        broker.start()
        try:
            if given.core is not None:
                os.sched_setaffinity(0, {given.core})
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(measure(broker.bootstrap_servers, given.records, given.rounds))
        finally:
            broker.close()


if __name__ == "__main__":
    main()
