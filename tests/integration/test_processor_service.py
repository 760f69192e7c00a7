"""Ask, processor and table together on a broker: answers, dead letters, repairs, and who owns what."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable

import msgspec
import pytest
from autodmca_events.partitions import entity_key, partition_for, user_key
from autodmca_events.topics import dead_letters_topic, inputs_topic, outcomes_topic, state_topic
from autodmca_kafka import (
    BrokerUnavailable,
    EventProducer,
    InputFailed,
    NoOutcome,
    StateUnreadable,
    Table,
    TailReader,
    TooManyWaiting,
    TopicPartition,
    TopicSpec,
    ensure_topics,
)
from autodmca_kafka.consequences import POSITION

from tests.brokers import Broker
from tests.contract.reading import delete_topic
from tests.integration.purses import Break, Close, Move, Outcome, Purse, Put
from tests.integration.running import running, until
from tests.integration.service import PARTITIONS, Service, compacted, read
from tests.integration.site import Site

USER = 7
HOME = partition_for(user_key(USER), PARTITIONS)
PATIENT_MS = 6_000
"""A session that a busy machine does not end; the least that Apache Kafka allows."""


@pytest.fixture
async def service(any_broker: Broker, new_name: Callable[[str], str]) -> Service:
    made = Service(new_name("purses"), any_broker.bootstrap_servers, random.Random(1))
    await made.set_up()
    return made


@pytest.fixture
async def producer(any_broker: Broker) -> AsyncIterator[EventProducer]:
    async with EventProducer(any_broker.bootstrap_servers, client_id="test") as made:
        yield made


async def test_whoever_asks_gets_the_outcome_and_then_reads_what_it_changed(
    service: Service, producer: EventProducer
) -> None:
    site, reader = Site(service, producer), Site(service, producer)
    async with running(site.table.run(), site.processor.run(), reader.table.run(), reader.ask.run()):
        for coins in range(1, 6):
            assert await reader.ask.ask(USER, Put("left", 10), timeout_s=30) == Outcome(10 * coins)
            purse = reader.table.get(USER, "left")
            assert purse is not None
            assert purse.coins == 10 * coins
        assert await reader.ask.ask(USER, Move("left", "a/b", 20)) == Outcome(50)
        assert {name: purse.coins for name, purse in reader.table.of_user(USER).items()} == {
            "left": 30,
            "a/b": 20,
        }
        assert [name for _, name, _ in reader.table.of_partition(HOME)] == ["left", "a/b"]
        assert (await reader.ask.ask(USER, Move("left", "a/b", 31))).refused == "not enough"
        await reader.ask.ask(USER, Close("left"))
        assert reader.table.get(USER, "left") is None
        await reader.ask.tell(USER, Put("right", 1))
        await until(lambda: reader.table.get(USER, "right") is not None)
        await until(lambda: site.processor.positions().get(HOME) == 9)
    assert (site.count("inputs"), site.count("refused"), site.count("restarts")) == (9, 1, 0)
    assert await service.judge() == 9


async def test_an_input_that_fails_is_answered_kept_and_blocks_nobody(
    service: Service, producer: EventProducer
) -> None:
    site = Site(service, producer)
    async with running(site.table.run(), site.processor.run(), site.ask.run()):
        with pytest.raises(InputFailed, match="internal") as failed:
            await site.ask.ask(USER, Break(), timeout_s=30)
        await producer.send_record(inputs_topic(service.name), key=user_key(USER), value=b"no input")
        await producer.send_record(inputs_topic(service.name), key=b"nobody", value=b"{}", partition=HOME)
        await producer.send_record(inputs_topic(service.name), key=user_key(USER), value=None)
        assert await site.ask.ask(USER, Put("left", 1)) == Outcome(1)
        await until(lambda: site.processor.positions()[HOME] == 5)
    assert (failed.value.partition, failed.value.offset) == (HOME, 0)
    assert (site.count("dead_letters"), site.count("inputs")) == (4, 1)
    async with TailReader(service.bootstrap_servers, client_id="test") as reader:
        [letters] = await read(reader, [TopicPartition(dead_letters_topic(service.name), HOME)])
    assert [(letter.key, letter.value) for letter in letters] == [
        (b"7", msgspec.json.encode(Break())),
        (b"7", b"no input"),
        (b"nobody", b"{}"),
        (b"7", None),
    ]
    headers = [dict(letter.headers) for letter in letters]
    assert [int(each["offset"] or b"") for each in headers] == [0, 1, 2, 3]
    assert headers[0]["error"] == b"RuntimeError: broken on purpose"
    assert {(each["topic"], each["partition"]) for each in headers} == {
        (inputs_topic(service.name).encode(), b"%d" % HOME)
    }


async def test_a_request_that_fails_is_one_dead_letter_however_often_it_is_repeated(
    service: Service, producer: EventProducer
) -> None:
    site = Site(service, producer)
    async with running(site.table.run(), site.processor.run(), site.ask.run()):
        for _ in range(3):
            with pytest.raises(InputFailed, match="internal"):
                await site.ask.ask(USER, Break(), timeout_s=30, key="once")
        assert await site.ask.ask(USER, Put("left", 1), key="then") == Outcome(1)
    assert (site.count("dead_letters"), site.count("failed_again")) == (1, 2)
    async with TailReader(service.bootstrap_servers, client_id="test") as reader:
        [letters] = await read(reader, [TopicPartition(dead_letters_topic(service.name), HOME)])
    assert [letter.key for letter in letters] == [user_key(USER)]


async def test_a_processor_that_stops_on_an_error_again_and_again_says_so(
    service: Service, producer: EventProducer
) -> None:
    """As one does whose inputs were made anew, and whose state was not."""
    site, purse = Site(service, producer), msgspec.json.encode(Purse(1, 1, "born"))
    assert site.processor.trouble() == "inputs are not read yet"
    key, topic = entity_key(USER, "left"), state_topic(service.name)
    await producer.send_record(topic, key=key, value=purse, headers=[(POSITION, b"100")], partition=HOME)
    async with running(site.table.run(), site.processor.run()):
        await until(lambda: "InputsRewound" in str(site.processor.trouble()))
        await producer.send_record(topic, key=key, value=None, headers=[(POSITION, b"101")], partition=HOME)
        await until(lambda: (site.count("restarts") or 0) > 1)
        assert "InputsRewound" in str(site.processor.trouble())


async def test_who_asks_and_keeps_a_table_waits_for_topics_that_are_not_there_yet(
    any_broker: Broker, new_name: Callable[[str], str], producer: EventProducer
) -> None:
    service = Service(new_name("late"), any_broker.bootstrap_servers, random.Random(1))
    site = Site(service, producer)
    async with running(site.table.run(), site.processor.run(), site.ask.run()):
        with pytest.raises(BrokerUnavailable, match="outcomes are not read yet"):
            await site.ask.ask(USER, Put("left", 1), timeout_s=3)
        assert site.ask.trouble() == "outcomes are not read yet"
        assert site.table.trouble() == "the state is not read yet"
        await service.set_up()
        assert await site.ask.ask(USER, Put("left", 1), timeout_s=60) == Outcome(1)
        await until(lambda: not site.ask.trouble() and not site.table.trouble())


async def test_a_dead_letter_that_cannot_be_written_is_waited_for(
    kafka_broker: Broker, new_name: Callable[[str], str]
) -> None:
    service = Service(new_name("purses"), kafka_broker.bootstrap_servers, random.Random(1))
    await service.set_up()
    await delete_topic(kafka_broker, dead_letters_topic(service.name))
    async with EventProducer(kafka_broker.bootstrap_servers, client_id="test") as producer:
        site = Site(service, producer)
        async with running(site.table.run(), site.processor.run(), site.ask.run()):
            with pytest.raises(NoOutcome):
                await site.ask.ask(USER, Break(), timeout_s=3)
            assert site.processor.positions()[HOME] == 0
            await ensure_topics(
                kafka_broker.bootstrap_servers, [TopicSpec(dead_letters_topic(service.name), PARTITIONS, {})]
            )
            await until(lambda: site.processor.positions().get(HOME) == 1)
    assert await service.judge() == 1


async def test_waiting_for_an_outcome_is_bounded_in_time_and_number(
    service: Service, producer: EventProducer
) -> None:
    site = Site(service, producer, max_waiting=2)
    async with running(site.ask.run()):
        waiting = [asyncio.create_task(site.ask.ask(USER, Put("left", 1), timeout_s=2)) for _ in range(2)]
        await until(lambda: site.ask.waiting == 2)
        with pytest.raises(TooManyWaiting):
            await site.ask.ask(USER, Put("left", 1))
        for task in waiting:
            with pytest.raises(NoOutcome, match=outcomes_topic(service.name)):
                await task
        assert site.ask.waiting == 0
    await service.finish()
    assert await service.judge() == 2


async def test_replicas_share_the_partitions_and_are_told_what_changes_hands(
    service: Service, producer: EventProducer
) -> None:
    first, second = (Site(service, producer, session_timeout_ms=PATIENT_MS) for _ in range(2))
    every = frozenset(range(PARTITIONS))
    async with running(first.table.run(), first.processor.run()):
        await until(lambda: first.owned == every)
        async with running(second.table.run(), second.processor.run()):
            await until(lambda: bool(first.owned and second.owned) and first.owned | second.owned == every)
            assert not first.owned & second.owned
            assert second.processor.holdings.owned == second.owned
        await until(lambda: first.owned == every)
        assert second.owned == second.processor.holdings.owned == frozenset()
    assert first.owned == frozenset()


async def test_a_late_owners_older_state_is_ignored_and_written_over(
    service: Service, producer: EventProducer
) -> None:
    site = Site(service, producer)
    state = TopicPartition(state_topic(service.name), HOME)
    async with running(site.table.run(), site.processor.run(), site.ask.run()):
        await site.ask.ask(USER, Put("left", 1), timeout_s=30)
        await site.ask.ask(USER, Put("left", 1))
        await producer.send_record(
            state.topic,
            key=b"7/left",
            value=msgspec.json.encode(Purse(1, 0, "late")),
            headers=[(POSITION, b"0")],
            partition=HOME,
        )
        await until(lambda: site.count("repairs") == 1)
        await site.table.caught_up()
        purse = site.table.get(USER, "left")
        assert purse is not None
        assert purse.coins == 2
    async with TailReader(service.bootstrap_servers, client_id="test") as reader:
        [records] = await read(reader, [state])
    assert len(records) == 4
    assert compacted(records) == {b"7/left": msgspec.json.encode(purse)}


@pytest.mark.parametrize(
    ("key", "value", "headers"),
    [
        (b"7/left", b"{}", [(POSITION, b"0")]),
        (b"7/left", None, []),
        (b"7/left", None, [(POSITION, b"first")]),
        (b"left", None, [(POSITION, b"0")]),
    ],
)
async def test_a_table_that_cannot_read_the_state_says_where_and_stands_aside(
    service: Service,
    producer: EventProducer,
    key: bytes,
    value: bytes | None,
    headers: list[tuple[str, bytes]],
) -> None:
    topic = state_topic(service.name)
    await producer.send_record(topic, key=key, value=value, headers=headers, partition=1)
    table: Table[Purse] = Table(service.name, service.bootstrap_servers, Purse)
    async with running(table.run()):
        with pytest.raises(StateUnreadable) as unreadable:
            async with asyncio.timeout(30):
                await table.caught_up()
        assert f"{topic}[1] offset 0" in (table.trouble() or "")
    assert (unreadable.value.topic, unreadable.value.partition, unreadable.value.offset) == (topic, 1, 0)
