"""Each tolerated difference, shown on both: the embedded broker has it, Apache Kafka has not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from aiokafka.errors import KafkaError
from aiokafka.protocol.metadata import MetadataRequest
from autodmca_kafka import EventProducer, TopicPartition, TopicSpec, cluster, ensure_topics
from autodmca_kafka.errors import Refused
from autodmca_kafka.fetch_wire import FetchRequest, Wanted
from autodmca_kafka.inner_producer import gives_producer_ids
from autodmca_kafka.log_bounds import LATEST, OFFSET_OUT_OF_RANGE
from autodmca_kafka.log_client import LogClient

from tests.brokers import Broker
from tests.contract.differences import Difference, differs
from tests.contract.reading import FOR_EVER, expire_before

Name = Callable[[str], str]


async def five_records(broker: Broker, topic: str) -> TopicPartition:
    """In one batch, at the times 1000 to 1004."""
    await ensure_topics(broker.bootstrap_servers, [TopicSpec(topic, 1, FOR_EVER)])
    async with EventProducer(broker.bootstrap_servers, client_id="fill") as producer:
        for number in range(5):
            producer.enqueue_record(topic, key=b"k", value=b"v", timestamp_ms=1000 + number)
    return TopicPartition(topic, 0)


async def client_of(broker: Broker) -> LogClient:
    client = LogClient(broker.bootstrap_servers, client_id="test", deadline_s=30)
    await client.start(deadline_s=30)
    return client


async def test_no_producer_ids(any_broker: Broker) -> None:
    able = await gives_producer_ids(any_broker.bootstrap_servers, client_id="test", deadline_s=30)
    assert able is not differs(any_broker, Difference.NO_PRODUCER_IDS)


async def test_always_creates_topics(any_broker: Broker, new_name: Name) -> None:
    name = new_name("asked-for")
    client = await client_of(any_broker)
    node = client.connection.get_random_node()
    await client.connection.send(node, MetadataRequest([name]))
    found = await cluster.describe_topics(client.connection, [name])
    await client.stop()
    created = {topic: len(described.partitions) for topic, described in found.items()}
    assert created == ({name: 4} if differs(any_broker, Difference.ALWAYS_CREATES_TOPICS) else {})


async def test_accepts_any_topic_name(any_broker: Broker) -> None:
    specs = [TopicSpec("not a name", 1)]
    if differs(any_broker, Difference.ACCEPTS_ANY_TOPIC_NAME):
        await ensure_topics(any_broker.bootstrap_servers, specs)
    else:
        with pytest.raises(Refused, match="not a name"):
            await ensure_topics(any_broker.bootstrap_servers, specs)


async def test_no_offset_out_of_range(any_broker: Broker, new_name: Name) -> None:
    tp = await five_records(any_broker, new_name("range"))
    client = await client_of(any_broker)
    topic = await client.describe(tp.topic)
    leader = topic.partitions[0].leader
    wanted = Wanted(topic.topic_id, 0, -1, 99, 1000)
    request = FetchRequest([wanted], max_wait_ms=1, min_bytes=0, max_bytes=1000)
    [piece] = (await client.connection.send(leader, request)).slices
    await client.stop()
    without = differs(any_broker, Difference.NO_OFFSET_OUT_OF_RANGE)
    assert piece.error_code == (0 if without else OFFSET_OUT_OF_RANGE)


async def test_latest_is_the_last_batch(any_broker: Broker, new_name: Name) -> None:
    tp = await five_records(any_broker, new_name("latest"))
    client = await client_of(any_broker)
    latest, _ = (await client.log_bounds.offsets({tp: LATEST}))[tp]
    end = (await client.log_bounds.ends([tp]))[tp]
    await client.stop()
    assert latest == (1 if differs(any_broker, Difference.LATEST_IS_THE_LAST_BATCH) else 5)
    assert end == 5


async def test_no_time_index(any_broker: Broker, new_name: Name) -> None:
    tp = await five_records(any_broker, new_name("time"))
    client = await client_of(any_broker)
    answers = [(await client.log_bounds.offsets({tp: moment}))[tp][0] for moment in (0, 1003, 9999)]
    await client.stop()
    assert answers == ([0, 0, 0] if differs(any_broker, Difference.NO_TIME_INDEX) else [0, 3, -1])


async def test_no_retention(any_broker: Broker, new_name: Name) -> None:
    tp = await five_records(any_broker, new_name("expire"))
    if differs(any_broker, Difference.NO_RETENTION):
        with pytest.raises(KafkaError):
            await expire_before(any_broker, tp, 3)
    else:
        await expire_before(any_broker, tp, 3)
    client = await client_of(any_broker)
    earliest = (await client.log_bounds.beginnings([tp]))[tp]
    await client.stop()
    assert earliest == (0 if differs(any_broker, Difference.NO_RETENTION) else 3)


async def test_loses_all_at_restart(fault_broker: Broker, new_name: Name) -> None:
    tp = await five_records(fault_broker, new_name("restart"))
    fault_broker.restart()
    client = await client_of(fault_broker)
    found = await cluster.describe_topics(client.connection, [tp.topic])
    await client.stop()
    assert (tp.topic in found) is not differs(fault_broker, Difference.LOSES_ALL_AT_RESTART)
