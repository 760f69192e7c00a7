"""Events addressed to 500 users, drained from real Kafka: the edge alone on core 0.

The edge is halted while Kafka is filled, then goes on: the time from there to the last delivery, and
the CPU the edge used, give events a second of its core. The reference is reading the same topics by
`AIOKafkaConsumer.getmany` in a process of its own on the same core, delivering to nobody.
"""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from autodmca_events import Payload, encode, envelope, event_type_of, partition_for, user_key
from autodmca_events.example import example
from autodmca_kafka import ensure_topics, event_topics

from tests.apache_kafka import apache_kafka
from tests.load.edge_process import EdgeProcess
from tests.load.sink import Sink, pin

USERS: Final = 500
FIRST_USER: Final = 100_000
EVENTS: Final = 300_000  # a round
ROUNDS: Final = 3
TYPES: Final = (
    "submission_progress",
    "ai_detection_result",
    "social_media_incident",
    "template_approval",
    "delisting_request_status",
)


def main() -> None:
    """Measure and print the rows."""
    with tempfile.TemporaryDirectory(prefix="bench-kafka-") as directory:
        broker = apache_kafka(Path(directory), core=1)
        broker.start()
        try:
            asyncio.run(_measure(broker.bootstrap_servers))
        finally:
            broker.close()


async def _measure(servers: str) -> None:
    await ensure_topics(servers, event_topics())
    rates, cpu_rates = [], []
    with (
        EdgeProcess(servers) as edge,
        Sink(edge.port, connections=USERS, users=USERS, types=TYPES, first_user=FIRST_USER) as sink,
    ):
        await asyncio.to_thread(sink.wait_ready)
        for _ in range(ROUNDS):
            target = sink.events + EVENTS
            edge.stop()
            await _fill(servers)
            cpu, began = edge.cpu_s, time.monotonic()
            edge.go_on()
            ended = await asyncio.to_thread(sink.wait_events, target)
            rates.append(EVENTS / (ended - began))
            cpu_rates.append(EVENTS / (edge.cpu_s - cpu))
    reference = await _getmany(servers)
    ours, core = statistics.median(rates), statistics.median(cpu_rates)
    print(
        f"| addressed, {USERS} users, drained from Kafka | {ours:,.0f}/s; {core:,.0f} a CPU second "
        f"| getmany alone {reference:,.0f} a CPU second | {core / reference:.2f} |"
    )


async def _fill(servers: str) -> None:
    """Write the round's events, whole batches at a time."""
    payloads = [example(name).payload for name in TYPES]
    async with AIOKafkaProducer(
        bootstrap_servers=servers, client_id="fill", max_batch_size=1 << 19, linger_ms=50
    ) as producer:
        count = EVENTS // len(TYPES) // USERS
        await asyncio.gather(*(_fill_topic(producer, payload, count) for payload in payloads))


async def _fill_topic(producer: AIOKafkaProducer, payload: Payload, events_a_user: int) -> None:
    topic, name = event_type_of(payload).topic, event_type_of(payload).name.encode()
    partitions = len(await producer.partitions_for(topic))
    now = int(time.time() * 1000)
    records: list[list[tuple[bytes, bytes, bytes]]] = [[] for _ in range(partitions)]
    for user in range(FIRST_USER, FIRST_USER + USERS):
        key = user_key(user)
        name_of = f"bench-{user}"
        value = encode(envelope(payload, user_id=user, timestamp_ms=now, id=name_of))
        records[partition_for(key, partitions)].append((key, value, name_of.encode()))
    for number, users in enumerate(records):
        batch = producer.create_batch()
        for _ in range(events_a_user):
            for key, value, event_id in users:
                headers = [("type", name), ("id", event_id)]
                if batch.append(key=key, value=value, timestamp=now, headers=headers) is None:
                    await producer.send_batch(batch, topic, partition=number)
                    batch = producer.create_batch()
                    batch.append(key=key, value=value, timestamp=now, headers=headers)
        await (await producer.send_batch(batch, topic, partition=number))


async def _getmany(servers: str) -> float:
    """Records a CPU second of reading everything, delivering nothing."""
    pin(0)
    tps = [
        TopicPartition(event_type_of(example(name).payload).topic, number)
        for name in TYPES
        for number in range(6)
    ]
    async with AIOKafkaConsumer(
        bootstrap_servers=servers, auto_offset_reset="earliest", fetch_max_bytes=4 << 20
    ) as consumer:
        consumer.assign(tps)
        await consumer.seek_to_beginning()
        seen, began = 0, time.process_time()
        while seen < EVENTS * ROUNDS:
            polled = await consumer.getmany(timeout_ms=1000)
            seen += sum(map(len, polled.values()))
        return seen / (time.process_time() - began)


if __name__ == "__main__":
    main()
