"""Records that nobody of ours writes: other codecs, and bytes that cannot be decoded."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from aiokafka import AIOKafkaProducer
from autodmca_kafka import CorruptBatch, TailReader, TopicPartition, TopicSpec, Unreadable, ensure_topics

from tests.brokers import Broker
from tests.contract.garbage import append, batch_with_a_name_that_is_no_utf_8
from tests.contract.reading import FOR_EVER, Seen

Name = Callable[[str], str]


async def test_records_that_cannot_be_decoded_are_named_and_the_rest_is_read(
    any_broker: Broker, new_name: Name
) -> None:
    topic = new_name("garbage")
    await ensure_topics(any_broker.bootstrap_servers, [TopicSpec(topic, 1, FOR_EVER)])
    tp = TopicPartition(topic, 0)
    for _ in range(2):
        await append(any_broker, topic, batch_with_a_name_that_is_no_utf_8())
    async with TailReader(any_broker.bootstrap_servers, client_id="tail") as reader:
        seen = Seen(reader)
        await reader.add({tp: 0})
        await seen.until(lambda: len(seen.events) >= 2)
        assert seen.offsets(tp) == [0, 3]
        assert [event[:3] for event in seen.events if isinstance(event, Unreadable)] == [
            (tp, 1, 3),
            (tp, 4, 6),
        ]
        assert reader.positions() == {tp: 6}

        first = await reader.fetch(tp, 0, 10_000)
        assert ([record.offset for record in first.records], first.next_offset) == ([0], 1)
        with pytest.raises(CorruptBatch) as raised:
            await reader.fetch(tp, first.next_offset, 10_000)
        assert (raised.value.offset, raised.value.next_offset) == (1, 3)
        after = await reader.fetch(tp, raised.value.next_offset, 10_000)
        assert [record.offset for record in after.records] == [3]


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_compressed_batches_are_read(any_broker: Broker, new_name: Name, codec: str) -> None:
    topic = new_name(codec)
    await ensure_topics(any_broker.bootstrap_servers, [TopicSpec(topic, 1, FOR_EVER)])
    producer = AIOKafkaProducer(
        bootstrap_servers=any_broker.bootstrap_servers, compression_type=codec, linger_ms=20, acks="all"
    )
    async with producer:
        for number in range(20):
            await producer.send(topic, key=b"k", value=b"%d" % number * 50)
    async with TailReader(any_broker.bootstrap_servers, client_id="tail") as reader:
        seen = Seen(reader)
        await reader.add({TopicPartition(topic, 0): 7})
        await seen.until_count(13)
    assert seen.values() == [b"%d" % number * 50 for number in range(7, 20)]
