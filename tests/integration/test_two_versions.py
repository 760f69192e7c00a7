"""Two versions of a service side by side, as in a rolling deploy: the older one leaves to the newer what it
does not know, and no input of it becomes a dead letter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    ensure_topics,
    service_topics,
)

from tests.brokers import Broker
from tests.integration.running import running, until
from tests.integration.service import PARTITIONS, read

USER = 7
HOME = partition_for(user_key(USER), PARTITIONS)


class Note(msgspec.Struct, frozen=True, tag="note"):
    text: str


class Picture(msgspec.Struct, frozen=True, tag="picture"):
    width: int


class Write(msgspec.Struct, frozen=True, tag="write"):
    text: str


class Draw(msgspec.Struct, frozen=True, tag="draw"):
    width: int


class Version:
    """One replica of one version. `left` counts how often it has ceased to own its user's partition."""

    def __init__(self, service: str, servers: str, states: Any, inputs: Any) -> None:
        self.owns = False
        self.table: Table[Any] = Table(service, servers, states)
        self.processor: Processor[Any, Any, None] = Processor(
            service,
            servers,
            self._apply,
            table=self.table,
            input_type=inputs,
        )
        self.processor.holdings.follow(self)

    def gained(self, partitions: frozenset[int]) -> None:
        self.owns = self.owns or HOME in partitions

    async def lost(self, partitions: frozenset[int]) -> None:
        self.owns = self.owns and HOME not in partitions

    @staticmethod
    def _apply(_entities: Mapping[str, Any], command: Write | Draw, _context: Context) -> Decision[Any, None]:
        made = Note(command.text) if isinstance(command, Write) else Picture(command.width)
        return Decision(outcome=None, changes={type(made).__name__.lower(): made})

    def note(self) -> str | None:
        found = self.table.get(USER, "note")
        return found.text if found else None


@pytest.fixture
async def service(any_broker: Broker, new_name: Callable[[str], str]) -> str:
    name = new_name("versions")
    await ensure_topics(any_broker.bootstrap_servers, service_topics(name, PARTITIONS))
    return name


async def test_an_older_replica_leaves_to_a_newer_one_what_it_does_not_know(
    any_broker: Broker, service: str
) -> None:
    servers = any_broker.bootstrap_servers
    older, newer = (
        Version(service, servers, Note, Write),
        Version(service, servers, Note | Picture, Write | Draw),
    )
    async with EventProducer(servers, client_id="versions") as producer:

        async def give(command: Write | Draw) -> None:
            value = msgspec.json.encode(command)
            await producer.send_record(inputs_topic(service), key=user_key(USER), value=value)

        async with running(older.table.run(), older.processor.run()):
            await give(Write("by the older one"))
            await until(lambda: older.note() == "by the older one")
            await give(Draw(640))
            await give(Write("after it"))
            await until(lambda: not older.owns)
            await until(lambda: "draw" in (older.processor.trouble() or ""))
            assert older.table.trouble() is None
            async with running(newer.table.run(), newer.processor.run()):
                await until(lambda: newer.note() == "after it")
                assert newer.table.get(USER, "picture") == Picture(640)
                await until(lambda: "picture" in (older.table.trouble() or ""))
                assert newer.processor.trouble() is None
                assert newer.table.trouble() is None
    async with TailReader(servers, client_id="versions") as reader:
        partitions = [TopicPartition(dead_letters_topic(service), each) for each in range(PARTITIONS)]
        assert not any(await read(reader, partitions))
