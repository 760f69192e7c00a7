"""The tail reader without faults: the same behaviour on the embedded broker and on Apache Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from autodmca_kafka import (
    Batch,
    BrokerUnavailable,
    Closed,
    EventProducer,
    OffsetOutOfRange,
    PartitionReset,
    TailReader,
    TopicDeleted,
    TopicPartition,
    TopicSpec,
    ensure_topics,
)
from autodmca_kafka.embedded import free_port

from tests.brokers import Broker
from tests.contract.reading import FOR_EVER, Seen, expire_before

Name = Callable[[str], str]


async def topic_of(broker: Broker, name: str, partitions: int = 1) -> str:
    await ensure_topics(broker.bootstrap_servers, [TopicSpec(name, partitions, FOR_EVER)])
    return name


async def filled(broker: Broker, topic: str, count: int, *, partition: int = 0, first_ms: int = 1000) -> None:
    async with EventProducer(broker.bootstrap_servers, client_id="fill") as producer:
        for number in range(count):
            producer.enqueue_record(
                topic,
                key=b"k",
                value=b"%d" % number,
                partition=partition,
                timestamp_ms=first_ms + 10 * number,
            )


def reader_of(broker: Broker, fetch_max_bytes: int = 1 << 20) -> TailReader:
    return TailReader(broker.bootstrap_servers, client_id="tail", fetch_max_bytes=fetch_max_bytes)


async def test_the_beginning_an_offset_and_the_end(any_broker: Broker, new_name: Name) -> None:
    topic = await topic_of(any_broker, new_name("places"), 3)
    for partition in range(3):
        await filled(any_broker, topic, 5, partition=partition)
    first, middle, last = (TopicPartition(topic, number) for number in range(3))
    async with reader_of(any_broker) as reader:
        seen = Seen(reader)
        await reader.add({first: reader.BEGINNING, middle: 3, last: reader.END})
        await seen.until_count(7)
        assert (seen.offsets(first), seen.offsets(middle)) == ([0, 1, 2, 3, 4], [3, 4])
        await filled(any_broker, topic, 1, partition=2)
        await seen.until_count(8)
        assert seen.offsets(last) == [5]
        assert reader.positions() == {first: 5, middle: 5, last: 6}
        assert not seen.events


async def test_a_record_comes_as_it_was_written(any_broker: Broker, new_name: Name) -> None:
    topic = await topic_of(any_broker, new_name("as-is"))
    headers = [("type", b"x"), ("empty", b""), ("name-\u00e9", b"\xff")]
    async with EventProducer(any_broker.bootstrap_servers, client_id="fill") as producer:
        await producer.send_record(topic, key=b"1", value=b"v", headers=headers, timestamp_ms=42)
        await producer.send_record(topic, key=b"1", value=None)
        await producer.send_record(topic, key=None, value=b"")
        await producer.send_record(topic, key=b"", value=b"\x00\xff{")
    async with reader_of(any_broker) as reader:
        seen = Seen(reader)
        await reader.add({TopicPartition(topic, 0): reader.BEGINNING})
        await seen.until_count(4)
    records = [record for _, record in seen.records]
    assert (records[0].timestamp, list(records[0].headers)) == (42, headers)
    assert [(r.key, r.value) for r in records] == [
        (b"1", b"v"), (b"1", None), (None, b""), (b"", b"\x00\xff{"),
    ]  # fmt: skip


async def test_partitions_come_and_go_and_the_others_keep_their_place(
    any_broker: Broker, new_name: Name
) -> None:
    topic = await topic_of(any_broker, new_name("come-go"), 3)
    tps = [TopicPartition(topic, number) for number in range(3)]
    async with (
        reader_of(any_broker) as reader,
        EventProducer(any_broker.bootstrap_servers, client_id="fill") as producer,
    ):
        seen = Seen(reader)
        await reader.add({tps[0]: reader.END, tps[1]: reader.END})
        for round_ in range(6):
            for number in range(60):
                producer.enqueue_record(topic, key=None, value=b"%d" % number, partition=number % 3)
            if round_ == 2:
                reader.remove([tps[1]])
                await reader.add({tps[2]: reader.BEGINNING})
            await producer.flush()
            if round_ == 1:
                await seen.until_count(80)
        await seen.until(lambda: len(seen.offsets(tps[0])) == 120 and len(seen.offsets(tps[2])) == 120)
        assert seen.offsets(tps[0]) == seen.offsets(tps[2]) == list(range(120))
        assert seen.offsets(tps[1]) == list(range(40))
        assert set(reader.positions()) == {tps[0], tps[2]}
        await reader.add({tps[1]: 40})
        await seen.until(lambda: len(seen.offsets(tps[1])) == 120)
        assert seen.offsets(tps[1]) == list(range(120))


async def test_adding_again_moves(any_broker: Broker, new_name: Name) -> None:
    topic = await topic_of(any_broker, new_name("again"))
    await filled(any_broker, topic, 3)
    tp = TopicPartition(topic, 0)
    async with reader_of(any_broker) as reader:
        seen = Seen(reader)
        await reader.add({tp: 0})
        await seen.until_count(3)
        await reader.add({tp: 1})
        await seen.until_count(5)
        assert seen.offsets(tp) == [0, 1, 2, 1, 2]


async def test_lag_is_what_was_written_and_not_handed_over(any_broker: Broker, new_name: Name) -> None:
    topic = await topic_of(any_broker, new_name("lag"))
    await filled(any_broker, topic, 5)
    tp = TopicPartition(topic, 0)
    async with reader_of(any_broker) as reader:
        await reader.add({tp: 0})
        assert reader.lag(tp) in (None, 5)
        seen = Seen(reader)
        await seen.until_count(5)
        assert reader.lag(tp) == 0


async def test_a_slow_caller_is_not_flooded_and_misses_nothing(any_broker: Broker, new_name: Name) -> None:
    topic = await topic_of(any_broker, new_name("slow"))
    async with EventProducer(any_broker.bootstrap_servers, client_id="fill") as producer:
        for _ in range(300):
            producer.enqueue_record(topic, key=b"k", value=b"v" * 10_000)
    async with reader_of(any_broker, fetch_max_bytes=200_000) as reader:
        tp = TopicPartition(topic, 0)
        await reader.add({tp: 0})
        largest = 0
        offsets: list[int] = []
        while len(offsets) < 300:
            for batch in await reader.poll():
                assert isinstance(batch, Batch)
                largest = max(largest, len(batch.records))
                offsets += [record.offset for record in batch.records]
        assert offsets == list(range(300))
        assert largest < 100


async def test_bounds_partitions_and_a_replay_read(any_broker: Broker, new_name: Name) -> None:
    topic = await topic_of(any_broker, new_name("read"), 2)
    await filled(any_broker, topic, 50)
    tp, empty = TopicPartition(topic, 0), TopicPartition(topic, 1)
    async with reader_of(any_broker) as reader:
        assert await reader.partitions(topic) == 2
        assert await reader.bounds([tp, empty]) == {tp: (0, 50), empty: (0, 0)}
        offset = 7
        offsets: list[int] = []
        while (batch := await reader.fetch(tp, offset, 500)).records:
            offsets += [record.offset for record in batch.records]
            offset = batch.next_offset
        assert offsets == list(range(7, 50))
        assert batch == Batch(topic, 0, [], 50, 50)
        with pytest.raises(OffsetOutOfRange, match="holds offsets 0 to 50, not 51") as raised:
            await reader.fetch(tp, 51, 500)
        assert (raised.value.earliest, raised.value.end) == (0, 50)


async def test_the_offset_of_a_moment(any_broker: Broker, new_name: Name) -> None:
    topic = await topic_of(any_broker, new_name("moment"), 2)
    await filled(any_broker, topic, 50, first_ms=1000)
    tp = TopicPartition(topic, 0)
    async with reader_of(any_broker) as reader:
        moments = [0, 1000, 1001, 1010, 1245, 1490, 1491, 10**13]
        found = [await reader.offset_at(tp, moment) for moment in moments]
        assert found == [0, 0, 1, 1, 25, 49, 50, 50]
        assert await reader.offset_at(TopicPartition(topic, 1), 1000) == 0


async def test_a_moment_before_1970_is_before_all_records_and_no_marker(
    any_broker: Broker, new_name: Name
) -> None:
    """To a broker -1 is the end, -2 the beginning, and -3 to -6 are more of the kind or an error."""
    topic = await topic_of(any_broker, new_name("old"))
    await filled(any_broker, topic, 5)
    tp = TopicPartition(topic, 0)
    async with reader_of(any_broker) as reader:
        found = [
            await reader.offset_at(tp, moment) for moment in (-1, -2, -3, -4, -5, -6, -(10**13), -(2**70))
        ]
        assert found == [0] * 8


@pytest.mark.parametrize("place", [-3, -4, -(2**70)])
async def test_a_negative_number_that_is_no_place_is_refused_and_adds_nothing(
    any_broker: Broker, new_name: Name, place: int
) -> None:
    topic = await topic_of(any_broker, new_name("nowhere"))
    async with reader_of(any_broker) as reader:
        with pytest.raises(ValueError, match="is no offset"):
            await reader.add({TopicPartition(topic, 0): TailReader.END, TopicPartition(topic, 1): place})
        assert reader.positions() == {}


async def test_an_offset_beyond_the_end_is_reset_by_an_event(any_broker: Broker, new_name: Name) -> None:
    topic = await topic_of(any_broker, new_name("beyond"))
    await filled(any_broker, topic, 5)
    tp = TopicPartition(topic, 0)
    async with reader_of(any_broker) as reader:
        seen = Seen(reader)
        await reader.add({tp: 99})
        await seen.until_event(PartitionReset)
        assert seen.events == [PartitionReset(tp, 99, 0, 5)]
        await filled(any_broker, topic, 1)
        await seen.until_count(1)
        assert seen.offsets(tp) == [5]


@pytest.mark.kafka
async def test_an_offset_that_has_expired_is_reset_by_an_event(kafka_broker: Broker, new_name: Name) -> None:
    """On Apache Kafka alone: see Difference.NO_RETENTION."""
    topic = await topic_of(kafka_broker, new_name("expired"))
    await filled(kafka_broker, topic, 10)
    tp = TopicPartition(topic, 0)
    await expire_before(kafka_broker, tp, 6)
    async with reader_of(kafka_broker) as reader:
        seen = Seen(reader)
        await reader.add({tp: 2})
        await seen.until_count(4)
        assert seen.events == [PartitionReset(tp, 2, 6, 10)]
        assert seen.offsets(tp) == [6, 7, 8, 9]
        with pytest.raises(OffsetOutOfRange):
            await reader.fetch(tp, 2, 1000)


async def test_a_topic_that_is_not_there_is_refused(any_broker: Broker, new_name: Name) -> None:
    topic = await topic_of(any_broker, new_name("there"))
    async with reader_of(any_broker) as reader:
        with pytest.raises(TopicDeleted):
            await reader.add({TopicPartition(new_name("nowhere"), 0): 0, TopicPartition(topic, 0): 0})
        with pytest.raises(TopicDeleted, match=rf"{topic}\[1\]"):
            await reader.add({TopicPartition(topic, 1): 0})
        assert reader.positions() == {}


async def test_stopping_ends_a_poll(any_broker: Broker) -> None:
    reader = reader_of(any_broker)
    await reader.start()
    polling = asyncio.create_task(reader.poll())
    await asyncio.sleep(0)
    await reader.stop()
    with pytest.raises(Closed):
        await polling


async def test_a_cancelled_poll_loses_nothing(any_broker: Broker, new_name: Name) -> None:
    topic = await topic_of(any_broker, new_name("cancel"))
    tp = TopicPartition(topic, 0)
    async with reader_of(any_broker) as reader:
        await reader.add({tp: reader.END})
        seen = Seen(reader)
        filling = asyncio.create_task(filled(any_broker, topic, 200))
        while len(seen.records) < 200:
            try:
                async with asyncio.timeout(0.001):
                    await seen.poll()
            except TimeoutError:
                continue
        await filling
        assert seen.offsets(tp) == list(range(200))


async def test_no_broker_fails_by_name() -> None:
    reader = TailReader(f"127.0.0.1:{free_port()}", client_id="tail", connect_timeout_s=0.3)
    with pytest.raises(BrokerUnavailable):
        await reader.start()
