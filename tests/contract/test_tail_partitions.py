"""A tail reader whose partitions come and go while records pour in and fetches are under way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from autodmca_kafka import Batch, EventProducer, TailReader, TopicPartition, TopicSpec, ensure_topics

from tests.brokers import Broker
from tests.contract.reading import FOR_EVER, Seen

Name = Callable[[str], str]
PARTITIONS = 3
RECORDS = 600


async def tps_of(broker: Broker, name: str) -> list[TopicPartition]:
    await ensure_topics(broker.bootstrap_servers, [TopicSpec(name, PARTITIONS, FOR_EVER)])
    return [TopicPartition(name, number) for number in range(PARTITIONS)]


async def pour(broker: Broker, topic: str, leave: asyncio.Semaphore | None = None) -> None:
    """`RECORDS` on each partition, in small bursts, each with `leave`."""
    async with EventProducer(broker.bootstrap_servers, client_id="pour") as producer:
        for number in range(RECORDS):
            for partition in range(PARTITIONS):
                producer.enqueue_record(topic, key=None, value=b"%d" % number, partition=partition)
            if number % 5 == 4:
                await producer.flush()
                if leave is not None:
                    await leave.acquire()


async def test_a_partition_that_is_removed_and_added_again_loses_and_doubles_nothing(
    any_broker: Broker, new_name: Name
) -> None:
    """With a fetch under way, or records fetched and not polled, it goes on where polls have come to."""
    always, fickle, never = await tps_of(any_broker, new_name("fickle"))
    async with TailReader(any_broker.bootstrap_servers, client_id="tail") as reader:
        seen = Seen(reader)
        await reader.add({always: reader.END, fickle: reader.END})
        leave = asyncio.Semaphore(10)  # a slow reader makes as many changes as a fast one
        pouring = asyncio.create_task(pour(any_broker, always.topic, leave))
        while len(seen.offsets(always)) < RECORDS:
            await seen.poll()
            position = reader.positions()[fickle]
            reader.remove([fickle])
            assert fickle not in reader.positions()
            for _ in range(3):
                leave.release()
            await reader.add({fickle: position})
        await seen.until(lambda: len(seen.offsets(fickle)) >= RECORDS)
        await pouring
        assert seen.offsets(always) == seen.offsets(fickle) == list(range(RECORDS))
        assert not seen.offsets(never)
        assert not seen.events


async def test_who_wrote_what_is_told_where_the_broker_keeps_leader_epochs(
    any_broker: Broker, new_name: Name
) -> None:
    written, empty, _ = await tps_of(any_broker, new_name("led"))
    async with (
        EventProducer(any_broker.bootstrap_servers, client_id="test") as producer,
        TailReader(any_broker.bootstrap_servers, client_id="tail") as reader,
    ):
        for _ in range(3):
            await producer.send_record(written.topic, key=None, value=b"x", partition=written.partition)
        added = await reader.add({written: reader.END, empty: reader.END})
        await producer.send_record(written.topic, key=None, value=b"x", partition=written.partition)
        [batch] = [each for each in await reader.poll() if isinstance(each, Batch)]
        ends = await reader.epoch_ends({written: 0, empty: 0})
        newer = await reader.epoch_ends({written: 7})
    keeps = any_broker.name == "apache"
    assert {each.leader_epoch for each in added.values()} == {0 if keeps else -1}
    assert batch.led == (((0, 3),) if keeps else ())
    none = (-1, -1, 0)
    assert ends == ({written: (0, 4, 0), empty: (0, 0, 0)} if keeps else {written: none, empty: none})
    assert newer == {written: none}


async def test_after_adding_at_the_end_everything_comes(any_broker: Broker, new_name: Name) -> None:
    """`add` says where reading begins, and in which incarnation of the topic."""
    tps = await tps_of(any_broker, new_name("added"))
    async with TailReader(any_broker.bootstrap_servers, client_id="tail") as reader:
        seen = Seen(reader)
        await reader.add({tps[0]: reader.END})
        pouring = asyncio.create_task(pour(any_broker, tps[0].topic))
        await seen.until_count(30)
        added = await reader.add(dict.fromkeys(tps[1:], reader.END))
        epoch = await reader.epoch(tps[0].topic)
        assert {place.epoch for place in added.values()} == {epoch}
        await seen.until(lambda: all((seen.offsets(tp) or [0])[-1] == RECORDS - 1 for tp in tps))
        await pouring
        assert seen.offsets(tps[0]) == list(range(RECORDS))
        for tp, place in added.items():
            assert seen.offsets(tp) == list(range(place.offset, RECORDS))


async def test_what_was_removed_comes_no_more_and_can_be_moved_on(any_broker: Broker, new_name: Name) -> None:
    """What was fetched before it was removed is not handed over once it is added again further on."""
    first, second, _ = await tps_of(any_broker, new_name("skipped"))
    await pour(any_broker, first.topic)
    async with TailReader(any_broker.bootstrap_servers, client_id="tail", fetch_max_bytes=4000) as reader:
        seen = Seen(reader)
        await reader.add({first: reader.BEGINNING, second: reader.BEGINNING})
        await seen.until(lambda: bool(seen.offsets(second)))
        before = seen.offsets(second)
        reader.remove([second])
        await seen.until(lambda: len(seen.offsets(first)) > RECORDS // 2)
        assert seen.offsets(second) == before
        added = await reader.add({second: reader.END})
        assert added[second].offset == RECORDS
        await seen.until(lambda: len(seen.offsets(first)) == RECORDS)
        await pour(any_broker, first.topic)
        await seen.until(lambda: len(seen.records) == len(before) + 3 * RECORDS)
        assert seen.offsets(second) == [*before, *range(RECORDS, 2 * RECORDS)]
