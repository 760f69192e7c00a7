"""The purses service's topics: set up, fed with random inputs, and judged against the oracle."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from autodmca_events.partitions import user_key
from autodmca_events.topics import (
    BROADCAST,
    dead_letters_topic,
    events_topic,
    inputs_topic,
    outcomes_topic,
    state_topic,
)
from autodmca_kafka import (
    EventProducer,
    Record,
    TailReader,
    TopicPartition,
    TopicSpec,
    ensure_topics,
    service_topics,
)
from autodmca_kafka.brokers import Brokers
from autodmca_kafka.consequences import REQUEST

from tests.integration import questions
from tests.integration.oracle import Truth, oracle
from tests.integration.purses import announcement
from tests.integration.worker import Worker

PARTITIONS = 3
READ_BYTES = 1 << 20


@dataclass
class Service:
    """One service's topics on one broker. `rng` decides what is fed; `instance` is its only replica's
    lasting name in the group, where the broker knows static members; `outside` is where errands go."""

    name: str
    bootstrap_servers: Brokers
    rng: random.Random
    instance: str | None = None
    outside: str | None = None

    async def set_up(self) -> None:
        await ensure_topics(
            self.bootstrap_servers,
            [
                *service_topics(self.name, PARTITIONS),
                TopicSpec(events_topic(self.name), PARTITIONS, {}),
                TopicSpec(BROADCAST, 1, {}),
            ],
        )

    async def feed(
        self,
        producer: EventProducer,
        inputs: int,
        draw: Callable[[random.Random], tuple[int, bytes]] = questions.random_input,
    ) -> None:
        """Write random inputs, each with a request id."""
        written = []
        for _ in range(inputs):
            user_id, value = draw(self.rng)
            request = self.rng.randbytes(8).hex().encode()
            written.append(
                producer.enqueue_record(
                    inputs_topic(self.name), key=user_key(user_id), value=value, headers=[(REQUEST, request)]
                )
            )
        await asyncio.gather(*written)

    async def write(self, producer: EventProducer, user_id: int, value: bytes) -> None:
        """Write one input, for which nobody waits."""
        await producer.send_record(inputs_topic(self.name), key=user_key(user_id), value=value)

    async def finish(self, group: str | None = None, deadline_s: float = 60) -> None:
        """Process in this process, undisturbed, until every input that is there is done with, and every
        errand; in another `group` where the replicas' may be stuck."""
        worker = Worker(self.name, self.bootstrap_servers, self.outside, group=group, instance=self.instance)
        running = asyncio.create_task(worker.run())
        try:
            async with (
                asyncio.timeout(deadline_s),
                TailReader(self.bootstrap_servers, client_id="finish") as reader,
            ):
                while not await self._done(worker, reader):
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"not done: {worker.processor.positions()}, {worker.left()}") from None
        finally:
            running.cancel()
            await asyncio.wait([running])

    async def _done(self, worker: Worker, reader: TailReader) -> bool:
        """Whether all inputs are applied, all is relayed, nothing is due, and no input has come since."""
        ends = await self._ends(reader, inputs_topic(self.name))
        if worker.processor.positions() != ends or len(worker.processor.holdings.owned) < PARTITIONS:
            return False
        for topic in (events_topic(self.name), outcomes_topic(self.name)):
            relayed = {tp.partition: at for tp, at in worker.relay.positions().items() if tp.topic == topic}
            if relayed != await self._ends(reader, topic):
                return False
        await worker.table.caught_up()
        return not any(worker.left()) and await self._ends(reader, inputs_topic(self.name)) == ends

    async def _ends(self, reader: TailReader, topic: str) -> dict[int, int]:
        return {tp.partition: end for tp, (_, end) in (await reader.bounds(_all(topic))).items()}

    async def judge(self) -> int:
        """Compare all that the log holds with what the oracle says; returns the number of inputs."""
        return (await self.truths())[0]

    async def truths(self) -> tuple[int, list[Truth]]:
        """The same, and what the oracle says of each partition.

        What is written more than once has to be the same each time: the same bytes, headers and key.
        """
        async with TailReader(self.bootstrap_servers, client_id="judge") as reader:
            inputs = await read(reader, _all(inputs_topic(self.name)))
            events = await read(reader, _all(events_topic(self.name)))
            outcomes = await read(reader, _all(outcomes_topic(self.name)))
            letters = await read(reader, _all(dead_letters_topic(self.name)))
            states = await read(reader, _all(state_topic(self.name)))
            broadcasts = (await read(reader, [TopicPartition(BROADCAST, 0)]))[0]
        truths = []
        for partition, records in enumerate(inputs):
            topic = inputs_topic(self.name)
            truth = oracle(topic, partition, records)
            truth.judge()
            truths.append(truth)
            assert _values(first_of(events[partition], "id")) == truth.events
            mark = announcement(topic, partition).encode()
            announced = [record for record in broadcasts if mark in (record.value or b"")]
            assert _values(first_of(announced, "id")) == truth.broadcasts
            assert list(first_of(outcomes[partition], REQUEST)) == truth.asked
            dead = first_of(letters[partition], "offset")
            assert [int(offset or b"") for offset in dead] == truth.dead
            for letter, offset in zip(dead.values(), truth.dead, strict=True):
                origin = next(record for record in records if record.offset == offset)
                assert (letter.key, letter.value) == (origin.key, origin.value)
            assert compacted(states[partition]) == truth.state
        return sum(len(records) for records in inputs), truths


def _all(topic: str) -> list[TopicPartition]:
    return [TopicPartition(topic, partition) for partition in range(PARTITIONS)]


def _values(records: dict[bytes | None, Record]) -> list[tuple[str, bytes | None]]:
    return [((key or b"").decode(), record.value) for key, record in records.items()]


async def read(reader: TailReader, tps: Sequence[TopicPartition]) -> list[list[Record]]:
    """Everything the partitions hold now, one list each."""
    found: list[list[Record]] = []
    for tp, (offset, end) in (await reader.bounds(tps)).items():
        records: list[Record] = []
        while offset < end:
            batch = await reader.fetch(tp, offset, READ_BYTES)
            records += batch.records
            offset = batch.next_offset
        found.append(records)
    return found


def first_of(records: Sequence[Record], header: str) -> dict[bytes | None, Record]:
    """Each value of a header counts once; fails when a repetition differs from the first."""
    firsts: dict[bytes | None, Record] = {}
    for record in records:
        first = firsts.setdefault(dict(record.headers)[header], record)
        assert (record.key, record.value, record.headers) == (first.key, first.value, first.headers)
    return firsts


def compacted(records: Sequence[Record]) -> dict[bytes, bytes]:
    """What compaction leaves of a state partition: the last record of each key, tombstones gone."""
    left = {record.key: record.value for record in records}
    return {key: value for key, value in left.items() if key is not None and value is not None}
