"""A service whose model sends what a test says, and remembers what is answered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

import msgspec
from autodmca_events import new_id
from autodmca_events.partitions import user_key
from autodmca_events.topics import inputs_topic, outcomes_topic
from autodmca_kafka import (
    Context,
    Decision,
    EventProducer,
    Processor,
    Relay,
    Send,
    Table,
    Told,
    ensure_topics,
    service_topics,
)
from autodmca_service.commands import Outcome

from tests.integration.running import running, until


class Waiting(msgspec.Struct, frozen=True, tag="waiting"):
    """For the answer that is kept under `name`."""

    name: str


class Answer(msgspec.Struct, frozen=True, tag="answer"):
    """`failed`: the input became a dead letter."""

    outcome: Outcome | None = None
    failed: bool = False


State = Waiting | Answer


class Ask(msgspec.Struct, frozen=True, tag="ask"):
    """Send the test's `nth` request; the answer is kept under `name`."""

    nth: int
    name: str


class Heard(msgspec.Struct, frozen=True, tag="heard"):
    request: str
    answer: Answer


class Asking:
    """Asks `service` on behalf of a user."""

    def __init__(self, name: str, service: str, servers: str) -> None:
        self.table: Table[State] = Table(name, servers, State)
        self._name = name
        self._service = service
        self._requests: list[msgspec.Struct] = []
        self._producer = EventProducer(servers, client_id="asking")
        self._processor: Processor[State, Ask | Heard, None] = Processor(
            name, servers, self._apply, table=self.table, input_type=Ask | Heard
        )
        self._relay = Relay(name, servers, [outcomes_topic(service)], self._hear)
        self._servers = servers

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """For as long as the block lasts."""
        await ensure_topics(self._servers, service_topics(self._name))
        async with self._producer, running(self.table.run(), self._processor.run(), self._relay.run()):
            yield

    async def ask(self, user_id: int, request: msgspec.Struct) -> Answer:
        """Have it sent, and wait for what is answered."""
        self._requests.append(request)
        name = new_id()
        value = msgspec.json.encode(Ask(len(self._requests) - 1, name))
        await self._producer.send_record(inputs_topic(self._name), key=user_key(user_id), value=value)
        await until(lambda: isinstance(self.table.get(user_id, name), Answer))
        answer = self.table.get(user_id, name)
        assert isinstance(answer, Answer)
        return answer

    def _apply(
        self, entities: Mapping[str, State], command: Ask | Heard, context: Context
    ) -> Decision[State, None]:
        if isinstance(command, Ask):
            asked = {context.send_id(0): Waiting(command.name)}
            sends = [Send(self._service, self._requests[command.nth])]
            return Decision(outcome=None, changes=asked, sends=sends)
        waiting = entities.get(command.request)
        if not isinstance(waiting, Waiting):
            return Decision(outcome=None, refused=True)
        return Decision(outcome=None, changes={waiting.name: command.answer})

    def _hear(self, told: Told) -> Iterable[Heard]:
        if not told.answers(self._name) or told.request is None:
            return
        outcome = None if told.value is None else msgspec.json.decode(told.value, type=Outcome)
        yield Heard(told.request, Answer(outcome, told.failed))
