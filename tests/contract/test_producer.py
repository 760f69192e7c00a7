"""The producer: the same behaviour on the embedded broker and on Apache Kafka."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from autodmca_events import decode, ms_of, partition_for, user_key
from autodmca_events.example import example
from autodmca_events.topics import BROADCAST
from autodmca_kafka import (
    BrokerTooOld,
    BrokerUnavailable,
    BufferFull,
    Closed,
    DeliveryFailed,
    EventProducer,
    ProducerMetrics,
    Refused,
    TailReader,
    TopicDeleted,
    TopicPartition,
    TopicSpec,
    ensure_topics,
    event_topics,
    inner_producer,
)
from autodmca_kafka.embedded import free_port
from prometheus_client import CollectorRegistry

from tests.brokers import Broker
from tests.contract.differences import Difference, differs
from tests.contract.reading import Seen

Name = Callable[[str], str]


async def topic_of(broker: Broker, name: str, partitions: int = 1) -> str:
    await ensure_topics(broker.bootstrap_servers, [TopicSpec(name, partitions)])
    return name


async def all_records(broker: Broker, topic: str, partitions: int, count: int) -> Seen:
    async with TailReader(broker.bootstrap_servers, client_id="check") as reader:
        seen = Seen(reader)
        await reader.add({TopicPartition(topic, n): reader.BEGINNING for n in range(partitions)})
        await seen.until_count(count)
        return seen


async def test_an_event_is_under_its_users_key_with_its_headers(any_broker: Broker) -> None:
    await ensure_topics(any_broker.bootstrap_servers, event_topics())
    payload = example("template_usage").payload
    now_ms = time.time_ns() // 1_000_000
    async with EventProducer(any_broker.bootstrap_servers, client_id="test") as producer:
        position = await producer.send(
            payload, user_id=12345, id="msg_1_a", timestamp_ms=now_ms, traceparent="00-ab-cd-01"
        )
    assert position.topic == "autodmca.templates.v1"
    assert position.partition == partition_for(user_key(12345), 6)
    async with TailReader(any_broker.bootstrap_servers, client_id="check") as reader:
        tp = TopicPartition(position.topic, position.partition)
        [record] = (await reader.fetch(tp, position.offset, 1)).records
    assert (record.key, record.timestamp) == (b"12345", now_ms)
    assert record.headers == [
        ("type", b"template_usage"),
        ("id", b"msg_1_a"),
        ("traceparent", b"00-ab-cd-01"),
    ]
    event = decode(record.value or b"")
    assert (event.payload, event.user_id, event.id) == (payload, 12345, "msg_1_a")
    assert ms_of(event.timestamp) == now_ms


async def test_an_event_for_everybody_goes_to_the_broadcast_topic(any_broker: Broker) -> None:
    await ensure_topics(any_broker.bootstrap_servers, event_topics())
    async with EventProducer(any_broker.bootstrap_servers, client_id="test") as producer:
        position = await producer.send(example("system_notification").payload)
    assert (position.topic, position.partition) == (BROADCAST, 0)
    async with TailReader(any_broker.bootstrap_servers, client_id="check") as reader:
        [record] = (await reader.fetch(TopicPartition(BROADCAST, 0), position.offset, 1)).records
    assert record.key is None


async def test_keys_go_where_the_default_partitioner_says(any_broker: Broker, new_name: Name) -> None:
    topic = await topic_of(any_broker, new_name("keys"), 6)
    async with EventProducer(any_broker.bootstrap_servers, client_id="test") as producer:
        for user in (0, 1, 7, 21, 12345, 2**31, 10**15):
            position = await producer.send_record(topic, key=user_key(user), value=b"v")
            assert position.partition == partition_for(user_key(user), 6)
        given = await producer.send_record(topic, key=b"1", value=b"v", partition=5)
        assert given.partition == 5
        with pytest.raises(Refused, match="no partition 6"):
            await producer.send_record(topic, key=b"1", value=b"v", partition=6)


async def test_records_of_a_partition_keep_their_order(any_broker: Broker, new_name: Name) -> None:
    topic = await topic_of(any_broker, new_name("order"), 2)
    async with EventProducer(any_broker.bootstrap_servers, client_id="test") as producer:
        for number in range(2000):
            producer.enqueue_record(topic, key=None, value=b"%d" % number, partition=number % 2)
    seen = await all_records(any_broker, topic, 2, 2000)
    for partition in range(2):
        tp = TopicPartition(topic, partition)
        assert seen.values(tp) == [b"%d" % number for number in range(partition, 2000, 2)]


async def test_closing_flushes_what_was_handed_over(any_broker: Broker, new_name: Name) -> None:
    topic = await topic_of(any_broker, new_name("flush"))
    async with EventProducer(any_broker.bootstrap_servers, client_id="test") as producer:
        futures = [producer.enqueue_record(topic, key=b"k", value=b"v") for _ in range(100)]
    assert [future.result().offset for future in futures] == list(range(100))
    with pytest.raises(Closed):
        producer.enqueue_record(topic, key=b"k", value=b"v")


async def test_a_full_buffer_refuses_at_once_and_counts(any_broker: Broker, new_name: Name) -> None:
    topic = await topic_of(any_broker, new_name("full"))
    registry = CollectorRegistry()
    async with EventProducer(
        any_broker.bootstrap_servers, client_id="test", max_buffered=3, metrics=ProducerMetrics(registry)
    ) as producer:
        futures = [producer.enqueue_record(topic, key=b"k", value=b"v") for _ in range(3)]
        with pytest.raises(BufferFull, match="3 records"):
            producer.enqueue_record(topic, key=b"k", value=b"v")
        await asyncio.gather(*futures)
        await producer.send_record(topic, key=b"k", value=b"four")
    value = registry.get_sample_value
    assert value("autodmca_producer_records_delivered_total", {"topic": topic}) == 4
    assert value("autodmca_producer_value_bytes_total", {"topic": topic}) == 7
    assert value("autodmca_producer_records_failed_total", {"reason": "BufferFull"}) == 1
    assert value("autodmca_producer_records_waiting") == 0
    assert value("autodmca_producer_acknowledge_seconds_count") == 4


async def test_a_topic_that_does_not_exist_fails_its_records_only(any_broker: Broker, new_name: Name) -> None:
    topic = await topic_of(any_broker, new_name("there"))
    async with EventProducer(any_broker.bootstrap_servers, client_id="test") as producer:
        lost = producer.enqueue_record(new_name("nowhere"), key=b"k", value=b"v")
        assert (await producer.send_record(topic, key=b"k", value=b"v")).offset == 0
        with pytest.raises(TopicDeleted):
            await lost


async def test_a_record_over_the_limit_is_refused(any_broker: Broker, new_name: Name) -> None:
    topic = await topic_of(any_broker, new_name("large"))
    async with EventProducer(any_broker.bootstrap_servers, client_id="test") as producer:
        with pytest.raises(Refused):
            await producer.send_record(topic, key=b"k", value=b"v" * 1_000_001)
        assert (await producer.send_record(topic, key=b"k", value=b"v" * 900_000)).offset == 0


async def test_idempotence_is_used_where_the_broker_has_it(any_broker: Broker) -> None:
    without = differs(any_broker, Difference.NO_PRODUCER_IDS)
    async with EventProducer(any_broker.bootstrap_servers, client_id="test") as producer:
        assert producer.idempotent is not without
    insisting = EventProducer(any_broker.bootstrap_servers, client_id="test", idempotent=True)
    if without:
        with pytest.raises(BrokerTooOld):
            await insisting.start()
    else:
        async with insisting:
            assert insisting.idempotent


async def test_no_broker_fails_by_name() -> None:
    producer = EventProducer(f"127.0.0.1:{free_port()}", client_id="test", connect_timeout_s=0.3)
    with pytest.raises(BrokerUnavailable):
        await producer.start()


@pytest.mark.kafka
async def test_a_broker_killed_under_load_loses_and_repeats_nothing(
    fault_kafka: Broker, new_name: Name
) -> None:
    topic = await topic_of(fault_kafka, new_name("kill"), 3)
    async with EventProducer(fault_kafka.bootstrap_servers, client_id="test") as producer:
        futures = []
        for number in range(3000):
            futures.append(producer.enqueue_record(topic, key=b"%d" % (number % 50), value=b"%d" % number))
            if number % 100 == 0:
                await asyncio.sleep(0)
            if number == 1500:
                await futures[700]
                await asyncio.to_thread(fault_kafka.restart)
        positions = await asyncio.gather(*futures)
    assert len(set(positions)) == 3000
    seen = await all_records(fault_kafka, topic, 3, 3000)
    assert sorted(value or b"" for value in seen.values()) == sorted(b"%d" % n for n in range(3000))


async def test_records_wait_for_a_leader_longer_than_a_request_may_take(
    fault_kafka: Broker, new_name: Name, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broker that has just come back leads nothing yet."""
    monkeypatch.setattr(inner_producer, "REQUEST_TIMEOUT_MS", 500)
    topic = await topic_of(fault_kafka, new_name("leaderless"), 6)
    async with EventProducer(fault_kafka.bootstrap_servers, client_id="test") as producer:
        await producer.send_record(topic, key=b"k", value=b"before")
        await asyncio.to_thread(fault_kafka.kill)
        inner = producer._current()
        led = inner.client.cluster._partitions[topic]
        led.update({number: each._replace(leader=-1) for number, each in led.items()})
        waiting = asyncio.gather(
            *(producer.enqueue_record(topic, key=b"%d" % n, value=b"%d" % n) for n in range(300))
        )
        done, _ = await asyncio.wait({waiting}, timeout=2)
        assert not done
        await asyncio.to_thread(fault_kafka.start)
        positions = await waiting
    assert len(set(positions)) == 300
    seen = await all_records(fault_kafka, topic, 6, 301)
    assert sorted(value or b"" for value in seen.values()) == sorted(
        [b"before", *(b"%d" % n for n in range(300))]
    )


async def test_records_wait_for_a_broker_that_is_frozen(fault_broker: Broker, new_name: Name) -> None:
    topic = await topic_of(fault_broker, new_name("frozen"))
    async with EventProducer(fault_broker.bootstrap_servers, client_id="test") as producer:
        await producer.send_record(topic, key=b"k", value=b"before")
        fault_broker.stop()
        waiting = producer.enqueue_record(topic, key=b"k", value=b"during")
        done, _ = await asyncio.wait({waiting}, timeout=0.5)
        assert not done
        fault_broker.cont()
        assert (await waiting).offset == 1


async def test_a_broker_that_stays_away_fails_the_record_and_closing_ends(
    fault_broker: Broker, new_name: Name
) -> None:
    topic = await topic_of(fault_broker, new_name("away"))
    async with EventProducer(
        fault_broker.bootstrap_servers, client_id="test", delivery_timeout_s=0.5, flush_timeout_s=0.5
    ) as producer:
        await producer.send_record(topic, key=b"k", value=b"before")
        await asyncio.to_thread(fault_broker.kill)
        with pytest.raises(DeliveryFailed):
            await producer.send_record(topic, key=b"k", value=b"during")


async def test_a_record_that_nobody_waits_for_any_more_is_written_before_closing(
    any_broker: Broker, new_name: Name
) -> None:
    topic = await topic_of(any_broker, new_name("left"))
    async with EventProducer(any_broker.bootstrap_servers, client_id="test") as producer:
        sending = asyncio.create_task(producer.send_record(topic, key=b"k", value=b"left"))
        await asyncio.sleep(0)
        sending.cancel()
        await asyncio.wait({sending})
        assert sending.cancelled()
    assert (await all_records(any_broker, topic, 1, 1)).values() == [b"left"]


async def test_closing_ends_though_a_record_is_under_way_that_nobody_waits_for(
    fault_broker: Broker, new_name: Name
) -> None:
    topic = await topic_of(fault_broker, new_name("under_way"))
    producer = EventProducer(fault_broker.bootstrap_servers, client_id="test", flush_timeout_s=0.5)
    await producer.start()
    await producer.send_record(topic, key=b"k", value=b"before")
    inner = producer._inner
    assert inner is not None
    fault_broker.stop()
    try:
        sending = asyncio.create_task(producer.send_record(topic, key=b"k", value=b"under way"))
        async with asyncio.timeout(30):
            while not inner._sender._in_flight:
                await asyncio.sleep(0.01)
            sending.cancel()
            await asyncio.wait({sending})
            await producer.stop()
    finally:
        fault_broker.cont()
