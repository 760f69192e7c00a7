"""One service asks another, and is down when the answer comes: it finds it when it is back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import partial

import msgspec
import pytest
from autodmca_events.partitions import partition_for, user_key
from autodmca_events.topics import inputs_topic, outcomes_topic
from autodmca_kafka import (
    Context,
    Decision,
    EventProducer,
    Processor,
    Relay,
    Send,
    Table,
    TailReader,
    Told,
    TopicPartition,
    TopicSpec,
    ensure_topics,
    service_topics,
)
from autodmca_kafka.topics import DAY_MS, HOUR_MS

from tests.brokers import Broker
from tests.contract.test_topics import kept
from tests.integration.running import running, until
from tests.integration.service import read

PARTITIONS = 3
USER = 7
HOME = partition_for(user_key(USER), PARTITIONS)


class Sum(msgspec.Struct, frozen=True):
    """`asked`: the name of the question, `heard`: what was answered, -1 for nothing yet."""

    asked: str = ""
    heard: int = -1
    total: int = 0


class Ask(msgspec.Struct, frozen=True, tag="ask"):
    number: int


class Add(msgspec.Struct, frozen=True, tag="add"):
    number: int


class Heard(msgspec.Struct, frozen=True, tag="heard"):
    name: str
    total: int


Input = Ask | Add | Heard


def apply(other: str, sums: Mapping[str, Sum], request: Input, context: Context) -> Decision[Sum, int]:
    known = sums.get("sum", Sum())
    match request:
        case Ask(number):
            changed = msgspec.structs.replace(known, asked=context.send_id(0))
            return Decision(outcome=0, changes={"sum": changed}, sends=[Send(other, Add(number))])
        case Add(number):
            changed = msgspec.structs.replace(known, total=known.total + number)
            return Decision(outcome=changed.total, changes={"sum": changed})
        case Heard(name, total):
            if name != known.asked:
                return Decision(outcome=0, refused=True)
            return Decision(outcome=0, changes={"sum": msgspec.structs.replace(known, heard=total)})


def hear(told: Told) -> Iterable[Heard]:
    assert told.request is not None
    return [] if told.follows is None else [Heard(told.request, int(told.value or b""))]


class Party:
    """A service that asks the `other` one."""

    def __init__(self, name: str, other: str, servers: str) -> None:
        self.table: Table[Sum] = Table(name, servers, Sum)
        self.processor: Processor[Sum, Input, int] = Processor(
            name, servers, partial(apply, other), table=self.table, input_type=Input
        )
        self.relay = Relay(name, servers, [outcomes_topic(other)], hear)

    def sum(self) -> Sum:
        return self.table.get(USER, "sum") or Sum()


async def test_who_was_down_when_it_was_answered_hears_of_it_when_it_is_back(
    any_broker: Broker, new_name: Callable[[str], str]
) -> None:
    servers = any_broker.bootstrap_servers
    ours, theirs = new_name("asking"), new_name("asked")
    await ensure_topics(servers, [*service_topics(ours, PARTITIONS), *service_topics(theirs, PARTITIONS)])
    asking = Party(ours, theirs, servers)
    async with EventProducer(servers, client_id="test") as producer:
        value = msgspec.json.encode(Ask(5))
        await producer.send_record(inputs_topic(ours), key=user_key(USER), value=value)
    async with running(asking.table.run(), asking.processor.run()):
        await until(lambda: bool(asking.sum().asked))
    asked = Party(theirs, ours, servers)  # the one is up when the other is not
    async with running(asked.table.run(), asked.processor.run()):
        await until(lambda: asked.sum().total == 5)
    back = Party(ours, theirs, servers)
    async with running(back.table.run(), back.processor.run(), back.relay.run()):
        await until(lambda: back.sum().heard == 5)
    async with TailReader(servers, client_id="test") as reader:
        [outcomes] = await read(reader, [TopicPartition(outcomes_topic(theirs), HOME)])
    assert [record.value for record in outcomes] == [b"5"]


@pytest.mark.parametrize("days", [7, 30])
async def test_outcomes_and_inputs_are_kept_as_long_as_the_longest_saga(
    kafka_broker: Broker, new_name: Callable[[str], str], days: int
) -> None:
    """Those of a service that was made when outcomes were kept for an hour, too."""
    name = new_name("saga")
    outcomes, inputs = outcomes_topic(name), inputs_topic(name)
    servers = kafka_broker.bootstrap_servers
    await ensure_topics(servers, [TopicSpec(outcomes, PARTITIONS, {"retention.ms": str(HOUR_MS)})])
    await ensure_topics(servers, service_topics(name, PARTITIONS, saga_days=days))
    wanted = {outcomes: days * DAY_MS, inputs: days * DAY_MS}
    async with asyncio.timeout(30):
        while {topic: ms for topic, (ms, _) in (await kept(kafka_broker, *wanted)).items()} != wanted:
            await asyncio.sleep(0.02)
