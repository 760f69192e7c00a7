"""A relay on a broker: what others write becomes inputs, once; topics of the wrong size or made anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from autodmca_events.partitions import partition_for, user_key
from autodmca_events.topics import dead_letters_topic, inputs_topic
from autodmca_kafka import (
    Context,
    Decision,
    EventProducer,
    Processor,
    Table,
    TailReader,
    TopicPartition,
    TopicSpec,
    ensure_topics,
    service_topics,
)
from autodmca_kafka.dead_letters import read_letters, send_again
from autodmca_kafka.relay import Relay
from autodmca_kafka.relay_metrics import RelayMetrics
from autodmca_kafka.relayed import Told
from autodmca_kafka.sources import ORIGIN, Origin
from prometheus_client import CollectorRegistry

from tests.brokers import Broker
from tests.contract.reading import delete_topic
from tests.integration.running import running, until
from tests.integration.service import read

PARTITIONS = 3
PATIENT_MS = 6_000
"""A session that a busy machine does not end; the least that Apache Kafka allows."""
USER = 7
HOME = partition_for(user_key(USER), PARTITIONS)


class Note(msgspec.Struct, frozen=True):
    texts: tuple[str, ...] = ()


class Put(msgspec.Struct, frozen=True):
    text: str


def collect(notes: Mapping[str, Note], request: Put, _context: Context) -> Decision[Note, None]:
    before = notes.get("a", Note())
    return Decision(outcome=None, changes={"a": Note((*before.texts, request.text))})


def put(told: Told) -> Iterable[Put]:
    text = (told.value or b"").decode()
    if text == "break":
        raise RuntimeError("on purpose")
    return [Put(text)]


class Notes:
    """A service of notes that takes down what stands in the topic of another one."""

    def __init__(self, broker: Broker, name: str) -> None:
        self.servers, self.name = broker.bootstrap_servers, name
        self.topic = f"autodmca.{name}-others.v1"
        self.registry = CollectorRegistry()
        self.table: Table[Note] = Table(name, self.servers, Note)
        self.processor: Processor[Note, Put, None] = Processor(
            name,
            self.servers,
            collect,
            table=self.table,
            input_type=Put,
            session_timeout_ms=PATIENT_MS,
        )

    async def set_up(self, partitions: int = PARTITIONS) -> None:
        specs = [*service_topics(self.name, PARTITIONS), TopicSpec(self.topic, partitions)]
        await ensure_topics(self.servers, specs)

    def relay(self, **about: Any) -> Relay:
        return Relay(self.name, self.servers, [self.topic], put, session_timeout_ms=PATIENT_MS, **about)

    def texts(self) -> tuple[str, ...]:
        state = self.table.get(USER, "a")
        return state.texts if state else ()

    def count(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"autodmca_relay_{name}", {"service": self.name, **labels})

    async def inputs(self) -> list[str]:
        """What stands in the inputs of the user's partition."""
        async with TailReader(self.servers, client_id="test") as reader:
            [records] = await read(reader, [TopicPartition(inputs_topic(self.name), HOME)])
        return [msgspec.json.decode(record.value or b"", type=Put).text for record in records]


@pytest.fixture
async def producer(any_broker: Broker) -> AsyncIterator[EventProducer]:
    async with EventProducer(any_broker.bootstrap_servers, client_id="test") as made:
        yield made


@pytest.fixture
def notes(any_broker: Broker, new_name: Callable[[str], str]) -> Notes:
    return Notes(any_broker, new_name("notes"))


@asynccontextmanager
async def applying(notes: Notes) -> AsyncIterator[None]:
    async with running(notes.table.run(), notes.processor.run()):
        yield


async def tell(producer: EventProducer, notes: Notes, *texts: str, origins: Iterable[int] = ()) -> None:
    headers = [[(ORIGIN, Origin("x", n, 0).header)] for n in origins] or [[] for _ in texts]
    for text, about in zip(texts, headers, strict=True):
        await producer.send_record(notes.topic, key=user_key(USER), value=text.encode(), headers=about)


async def test_what_another_service_wrote_twice_is_applied_once_and_in_order(
    notes: Notes, producer: EventProducer
) -> None:
    await notes.set_up()
    await tell(producer, notes, "a", "b", "c", "b", "c", "d", origins=[0, 1, 2, 1, 2, 3])
    async with applying(notes), running(notes.relay(metrics=RelayMetrics(notes.registry)).run()):
        await until(lambda: notes.texts() == ("a", "b", "c", "d"))
        await tell(producer, notes, "c", "e", origins=[2, 4])
        await until(lambda: notes.texts() == ("a", "b", "c", "d", "e"))
        await until(lambda: notes.count("lag_records") == 0)
    assert (notes.count("records_total"), notes.count("inputs_total")) == (8, 8)


async def test_a_relay_goes_on_where_the_one_before_was_and_two_at_once_do_no_harm(
    notes: Notes, producer: EventProducer, new_name: Callable[[str], str]
) -> None:
    await notes.set_up()
    group = new_name("group")
    await tell(producer, notes, "a", "b")
    first = notes.relay(group=group)
    async with applying(notes):
        async with running(first.run()):
            await until(lambda: notes.texts() == ("a", "b"))
            await until(lambda: first.positions().get(TopicPartition(notes.topic, HOME)) == 2)
        await tell(producer, notes, "c")
        async with running(notes.relay(group=group).run()):
            await until(lambda: notes.texts() == ("a", "b", "c"))
            assert await notes.inputs() == ["a", "b", "c"]
            # One that has all to itself, from the beginning: it writes all of it again.
            async with running(notes.relay(group=new_name("other")).run()):
                await tell(producer, notes, "d")
                async with asyncio.timeout(60):
                    while len(await notes.inputs()) < 8:
                        await asyncio.sleep(0.05)
        await until(lambda: notes.processor.positions().get(HOME, 0) >= 8)
        assert notes.texts() == ("a", "b", "c", "d")


async def test_what_cannot_be_relayed_is_a_dead_letter_that_is_not_sent_again_as_an_input(
    notes: Notes, producer: EventProducer
) -> None:
    await notes.set_up()
    await tell(producer, notes, "a", "break", "b")
    await producer.send_record(notes.topic, key=user_key(USER), value=b"x", partition=(HOME + 1) % PARTITIONS)
    await producer.send_record(notes.topic, key=b"nobody", value=b"x", partition=HOME)
    async with applying(notes), running(notes.relay(metrics=RelayMetrics(notes.registry)).run()):
        await until(lambda: notes.texts() == ("a", "b"))
        await until(lambda: notes.count("passed_over_total", reason="misplaced") == 1)
        await until(lambda: notes.count("passed_over_total", reason="no_user") == 1)
    assert notes.count("dead_letters_total") == 1
    async with TailReader(notes.servers, client_id="test") as reader:
        [letter] = [each async for each in read_letters(reader, notes.name)]
    assert letter.position.topic == dead_letters_topic(notes.name)
    assert (letter.origin, letter.value) == ((notes.topic, HOME, 1), b"break")
    with pytest.raises(ValueError, match="a relay could not turn it into an input"):
        await send_again(producer, notes.name, letter)


async def test_a_topic_of_another_size_is_refused_until_it_is_made_right(
    any_broker: Broker, notes: Notes, producer: EventProducer
) -> None:
    await notes.set_up(partitions=PARTITIONS + 1)
    relay = notes.relay()
    async with applying(notes), running(relay.run()):
        await until(lambda: f"{notes.topic} has {PARTITIONS + 1}, wanted" in (relay.trouble() or ""))
        await delete_topic(any_broker, notes.topic)
        await notes.set_up()
        await tell(producer, notes, "a")
        await until(lambda: notes.texts() == ("a",))
        await until(lambda: relay.trouble() is None)


async def test_a_topic_that_was_made_anew_is_read_from_its_beginning(
    kafka_broker: Broker, new_name: Callable[[str], str]
) -> None:
    """The embedded broker has no topic ids: there one of the same size looks like the one before."""
    notes = Notes(kafka_broker, new_name("notes"))
    await notes.set_up()
    async with EventProducer(kafka_broker.bootstrap_servers, client_id="test") as producer:
        await tell(producer, notes, "a", "b", "c")
        relay = notes.relay()
        async with applying(notes), running(relay.run()):
            await until(lambda: notes.texts() == ("a", "b", "c"))
            await delete_topic(kafka_broker, notes.topic)
            await notes.set_up()
            await tell(producer, notes, "d", "e")
            await until(lambda: notes.texts() == ("a", "b", "c", "d", "e"))
        await delete_topic(kafka_broker, notes.topic)  # and while nobody looks, with more in it than before
        await notes.set_up()
        await tell(producer, notes, "f", "g", "h", "i")
        async with applying(notes), running(notes.relay().run()):
            await until(lambda: notes.texts()[5:] == ("f", "g", "h", "i"))
