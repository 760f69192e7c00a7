"""The tail reader when the log or the broker comes to harm: what it says, and that nothing is missed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from autodmca_kafka import (
    BrokerBack,
    BrokerLost,
    BrokerUnavailable,
    EventProducer,
    PartitionReset,
    TailReader,
    TopicChanged,
    TopicDeleted,
    TopicGone,
    TopicPartition,
    TopicSpec,
    ensure_topics,
)

from tests.brokers import Broker
from tests.contract.differences import Difference, differs
from tests.contract.reading import Seen, delete_topic, expire_before

Name = Callable[[str], str]


async def topic_of(broker: Broker, name: str, partitions: int = 1) -> str:
    await ensure_topics(broker.bootstrap_servers, [TopicSpec(name, partitions)])
    return name


async def write(broker: Broker, topic: str, values: range, partition: int = 0) -> None:
    async with EventProducer(broker.bootstrap_servers, client_id="fill") as producer:
        written = [
            producer.enqueue_record(topic, key=b"k", value=b"%d" % number, partition=partition)
            for number in values
        ]
    await asyncio.gather(*written)


def reader_of(broker: Broker) -> TailReader:
    return TailReader(broker.bootstrap_servers, client_id="tail", deadline_s=60, refresh_s=0.2)


async def test_a_killed_broker_is_waited_for_and_nothing_is_missed(
    fault_broker: Broker, new_name: Name
) -> None:
    """On the embedded broker nothing outlives it: there the topic is new, and says so."""
    topic = await topic_of(fault_broker, new_name("kill"), 2)
    tps = [TopicPartition(topic, 0), TopicPartition(topic, 1)]
    async with reader_of(fault_broker) as reader:
        seen = Seen(reader)
        await reader.add(dict.fromkeys(tps, reader.BEGINNING))
        await write(fault_broker, topic, range(100), 0)
        await seen.until_count(100)
        await asyncio.to_thread(fault_broker.kill)
        await seen.until_event(BrokerLost)
        await asyncio.to_thread(fault_broker.start)
        if differs(fault_broker, Difference.LOSES_ALL_AT_RESTART):
            await seen.until_event(TopicGone)
            await topic_of(fault_broker, topic, 2)
            await write(fault_broker, topic, range(5), 0)
            await seen.until_count(105)
            assert [type(event) for event in seen.events] == [BrokerLost, TopicGone, TopicChanged, BrokerBack]
            assert seen.offsets(tps[0])[100:] == list(range(5))
        else:
            await write(fault_broker, topic, range(100, 200), 0)
            await write(fault_broker, topic, range(10), 1)
            await seen.until_count(210)
            assert [type(event) for event in seen.events] == [BrokerLost, BrokerBack]
            assert seen.offsets(tps[0]) == list(range(200))
            assert seen.offsets(tps[1]) == list(range(10))


@pytest.mark.kafka
async def test_records_written_while_the_broker_is_killed_again_and_again_all_come_once(
    fault_kafka: Broker, new_name: Name
) -> None:
    topic = await topic_of(fault_kafka, new_name("kills"), 3)
    tps = [TopicPartition(topic, number) for number in range(3)]
    async with (
        reader_of(fault_kafka) as reader,
        EventProducer(fault_kafka.bootstrap_servers, client_id="fill") as producer,
    ):
        seen = Seen(reader)
        await reader.add(dict.fromkeys(tps, reader.END))
        reading = asyncio.create_task(seen.until_count(900))
        for number in range(900):
            producer.enqueue_record(topic, key=None, value=b"%d" % number, partition=number % 3)
            await asyncio.sleep(0)
            if number in (200, 500):
                await asyncio.to_thread(fault_kafka.restart)
        await producer.flush()
        await reading
    for partition, tp in enumerate(tps):
        assert seen.values(tp) == [b"%d" % number for number in range(partition, 900, 3)]
        assert seen.offsets(tp) == list(range(300))


async def test_a_frozen_broker_goes_on_where_it_stood(fault_broker: Broker, new_name: Name) -> None:
    topic = await topic_of(fault_broker, new_name("freeze"))
    tp = TopicPartition(topic, 0)
    async with reader_of(fault_broker) as reader:
        seen = Seen(reader)
        await reader.add({tp: 0})
        await write(fault_broker, topic, range(10))
        await seen.until_count(10)
        fault_broker.stop()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await seen.poll()
        fault_broker.cont()
        await write(fault_broker, topic, range(10))
        await seen.until_count(20)
        assert seen.offsets(tp) == list(range(20))


async def test_a_deleted_topic_is_said_to_be_gone_and_the_others_go_on(
    any_broker: Broker, new_name: Name
) -> None:
    doomed, other = (
        await topic_of(any_broker, new_name("doomed")),
        await topic_of(any_broker, new_name("other")),
    )
    async with reader_of(any_broker) as reader:
        seen = Seen(reader)
        await reader.add({TopicPartition(doomed, 0): 0, TopicPartition(other, 0): 0})
        await write(any_broker, doomed, range(3))
        await seen.until_count(3)
        epoch = await reader.epoch(doomed)
        await delete_topic(any_broker, doomed)
        await seen.until_event(TopicGone)
        await write(any_broker, other, range(3))
        await seen.until_count(6)
        assert seen.events == [TopicGone(doomed)]
        with pytest.raises(TopicDeleted):
            await reader.fetch(TopicPartition(doomed, 0), 0, 1000)
        await topic_of(any_broker, doomed)
        await seen.until_event(TopicChanged)
        await write(any_broker, doomed, range(100, 102))
        await seen.until_count(8)
        assert seen.values(TopicPartition(doomed, 0)) == [b"0", b"1", b"2", b"100", b"101"]
        changed = TopicChanged(doomed, await reader.epoch(doomed))
        assert seen.events == [TopicGone(doomed), changed]
        assert changed.epoch != epoch


async def test_a_topic_made_again_is_noticed_though_its_offsets_fit(
    any_broker: Broker, new_name: Name
) -> None:
    """The old topic's offset 3 exists in the new one, too: only the topic's id tells them apart."""
    topic = await topic_of(any_broker, new_name("again"))
    tp = TopicPartition(topic, 0)
    async with TailReader(any_broker.bootstrap_servers, client_id="tail", refresh_s=3600) as reader:
        seen = Seen(reader)
        await reader.add({tp: 0})
        await write(any_broker, topic, range(3))
        await seen.until_count(3)
        await delete_topic(any_broker, topic)
        await topic_of(any_broker, topic)
        await write(any_broker, topic, range(10, 20))
        await seen.until_count(13)
        assert seen.values(tp) == [b"%d" % number for number in (0, 1, 2, *range(10, 20))]
        changes = [event for event in seen.events if isinstance(event, TopicChanged)]
        assert changes == [TopicChanged(topic, await reader.epoch(topic))]


@pytest.mark.kafka
async def test_retention_that_overtakes_a_reader_is_reported(kafka_broker: Broker, new_name: Name) -> None:
    topic = await topic_of(kafka_broker, new_name("overtaken"))
    tp = TopicPartition(topic, 0)
    await write(kafka_broker, topic, range(10))
    async with TailReader(kafka_broker.bootstrap_servers, client_id="tail", fetch_max_bytes=1) as reader:
        seen = Seen(reader)
        await reader.add({tp: 0})
        await seen.until_count(10)
        await reader.add({tp: 4})
        await expire_before(kafka_broker, tp, 8)
        reader.remove([tp])
        await reader.add({tp: 4})
        await seen.until_event(PartitionReset)
        assert seen.events == [PartitionReset(tp, 4, 8, 10)]
        await seen.until(lambda: seen.offsets(tp)[-2:] == [8, 9])


async def test_questions_fail_by_name_while_the_broker_is_away(fault_broker: Broker, new_name: Name) -> None:
    topic = await topic_of(fault_broker, new_name("away"))
    async with TailReader(fault_broker.bootstrap_servers, client_id="tail", deadline_s=0.5) as reader:
        await asyncio.to_thread(fault_broker.kill)
        with pytest.raises(BrokerUnavailable):
            await reader.bounds([TopicPartition(topic, 0)])
        with pytest.raises(BrokerUnavailable):
            await reader.fetch(TopicPartition(topic, 0), 0, 1000)
