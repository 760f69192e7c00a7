"""Topic set-up: the same behaviour on the embedded broker and on Apache Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from autodmca_kafka import cluster
from autodmca_kafka.embedded import free_port
from autodmca_kafka.errors import BrokerUnavailable, TopicMismatch
from autodmca_kafka.topics import TopicSpec, ensure_topics, event_topics, service_topics
from structlog.testing import capture_logs

from tests.brokers import Broker
from tests.contract.reading import admin

Name = Callable[[str], str]


async def described(broker: Broker, *topics: str) -> dict[str, cluster.TopicDescription]:
    client = await cluster.connect(broker.bootstrap_servers, client_id="test", deadline_s=30)
    try:
        return await cluster.describe_topics(client, topics)
    finally:
        await cluster.close(client)


async def test_creates_what_is_missing_and_changes_nothing_the_second_time(
    any_broker: Broker, new_name: Name
) -> None:
    one, six = new_name("one"), new_name("six")
    specs = [TopicSpec(one, 1), TopicSpec(six, 6, {"cleanup.policy": "compact"})]
    await ensure_topics(any_broker.bootstrap_servers, specs)
    first = await described(any_broker, one, six)
    await ensure_topics(any_broker.bootstrap_servers, specs)
    assert await described(any_broker, one, six) == first
    assert {name: len(topic.partitions) for name, topic in first.items()} == {one: 1, six: 6}


async def test_refuses_another_number_of_partitions_and_creates_nothing_then(
    any_broker: Broker, new_name: Name
) -> None:
    there, missing = new_name("there"), new_name("missing")
    await ensure_topics(any_broker.bootstrap_servers, [TopicSpec(there, 3)])
    with pytest.raises(TopicMismatch, match=f"{there} has 3, wanted 6") as raised:
        await ensure_topics(any_broker.bootstrap_servers, [TopicSpec(there, 6), TopicSpec(missing, 1)])
    assert raised.value.mismatches == {there: (6, 3)}
    assert missing not in await described(any_broker, missing)


async def test_two_at_once_agree(any_broker: Broker, new_name: Name) -> None:
    specs = [TopicSpec(new_name("race"), 4) for _ in range(5)]
    async with asyncio.TaskGroup() as tasks:
        for _ in range(4):
            tasks.create_task(ensure_topics(any_broker.bootstrap_servers, specs))
    topics = await described(any_broker, *(spec.name for spec in specs))
    assert [len(topic.partitions) for topic in topics.values()] == [4] * 5


async def test_the_systems_own_topics_can_be_created(any_broker: Broker) -> None:
    specs = [*event_topics(6), *service_topics("templates", 6)]
    await ensure_topics(any_broker.bootstrap_servers, specs)
    topics = await described(any_broker, *(spec.name for spec in specs))
    assert {name: len(topic.partitions) for name, topic in topics.items()} == {
        spec.name: spec.partitions for spec in specs
    }


async def kept(broker: Broker, *topics: str) -> dict[str, tuple[int, int]]:
    """`retention.ms` and `segment.ms` of each."""
    async with admin(broker) as client:
        answers = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, t) for t in topics])
    found = {
        topic: {name: value for name, value, *_ in entries}
        for answer in answers
        for _error, _message, _type, topic, entries in answer.resources
    }
    return {topic: (int(each["retention.ms"]), int(each["segment.ms"])) for topic, each in found.items()}


async def test_a_retention_that_is_too_short_is_raised_and_nothing_else_is_touched(
    any_broker: Broker, new_name: Name
) -> None:
    """As that of an `edge-control` of earlier, from which revocations would go."""
    short, long, ever, free = (new_name(each) for each in ("short", "long", "ever", "free"))
    made = {short: "1000", long: "9000", ever: "-1", free: "1000"}
    await ensure_topics(
        any_broker.bootstrap_servers,
        [TopicSpec(name, 1, {"retention.ms": ms, "segment.ms": "77777"}) for name, ms in made.items()],
    )
    wanted = [TopicSpec(name, 1, {"retention.ms": "5000"}, 5000) for name in (short, long, ever)]
    raised = {short: (5000, 77777), long: (9000, 77777), ever: (-1, 77777), free: (1000, 77777)}
    with capture_logs() as logs:
        await ensure_topics(any_broker.bootstrap_servers, [*wanted, TopicSpec(free, 1)])
        async with asyncio.timeout(30):
            while await kept(any_broker, *made) != raised:
                await asyncio.sleep(0.02)
        await ensure_topics(any_broker.bootstrap_servers, wanted)
    assert await kept(any_broker, *made) == raised
    assert [(each["event"], each["topic"], each["retention_ms"]) for each in logs] == [
        ("retention raised", short, 1000)
    ]


async def test_a_retention_that_cannot_be_raised_is_a_warning(kafka_broker: Broker, new_name: Name) -> None:
    name = new_name("refused")
    await ensure_topics(kafka_broker.bootstrap_servers, [TopicSpec(name, 1, {"retention.ms": "1000"})])
    with capture_logs() as logs:
        await ensure_topics(kafka_broker.bootstrap_servers, [TopicSpec(name, 1, {}, 2**70)])
    assert [(each["log_level"], each["topic"], each["code"]) for each in logs] == [("warning", name, 40)]
    assert "retention.ms" in logs[0]["reason"]
    assert (await kept(kafka_broker, name))[name][0] == 1000


async def test_no_broker_fails_within_the_deadline() -> None:
    with pytest.raises(BrokerUnavailable):
        await ensure_topics(f"127.0.0.1:{free_port()}", [TopicSpec("any", 1)], deadline_s=0.3)


async def test_a_broker_that_comes_late_is_waited_for(fault_broker: Broker, new_name: Name) -> None:
    fault_broker.kill()
    name = new_name("late")
    waiting = asyncio.create_task(ensure_topics(fault_broker.bootstrap_servers, [TopicSpec(name, 2)]))
    await asyncio.to_thread(fault_broker.start)
    await waiting
    assert name in await described(fault_broker, name)
