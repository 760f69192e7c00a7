"""One replica of a service: topics, table, producer, ask and processor, as one thing that runs.

Owns how they stand together and what of them an operator sees: a readiness check by name for each, and
their metrics. A replica answers from the moment it is made; what needs the log is LogUnavailable until
`run` has reached it, however long that takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import structlog
from autodmca_events.topics import CLIENT_ACTIONS, events_topic, inputs_topic, outcomes_topic
from autodmca_kafka import (
    Ask,
    Context,
    Decision,
    EventProducer,
    Model,
    Processor,
    ProcessorMetrics,
    ProducerMetrics,
    Relay,
    RelayMetrics,
    Table,
    TopicSizes,
    TopicSpec,
    ensure_topics,
    event_topics,
    topics_of,
    until_reachable,
)
from autodmca_kafka.relayed import Translate
from autodmca_runtime.health import Check
from prometheus_client import CollectorRegistry

from autodmca_service.answers import AnswerOf, C, R, S
from autodmca_service.bounds import bounded
from autodmca_service.commands import Outcome
from autodmca_service.desk import Desk
from autodmca_service.inputs import Inputs
from autodmca_service.metrics import ReceiptMetrics, show_replica, state_full
from autodmca_service.once import IsFinal, always_final, once
from autodmca_service.ownership import Owner, Ownership
from autodmca_service.settings import ServiceSettings
from autodmca_service.work.metrics import WorkMetrics

SETTLE_S: Final = 0.05

_log = structlog.get_logger()


class Replica(Desk[S, C, R]):
    """A replica of the service `name`, the name in its topics.

    `model` decides on a command; it may raise `errors.CommandRefused`. `answer` says what it is answered
    with. `state`, `command` and `outcome` are the types of records, msgspec structs or tagged unions of them;
    the state's holds `receipts.Receipt` and `receipts.Receipts` too. `asks`: services that it sends inputs to
    and whose outcomes it relays, `follows`: those whose events it relays, `hears_clients`: whether it relays
    clients' actions; the topics for that are made where they are missing. `session_timeout_ms` is
    `Processor`'s: how long the group waits for a replica that is silent.
    """

    def __init__(
        self,
        name: str,
        settings: ServiceSettings,
        *,
        model: Model[S, C, R],
        answer: AnswerOf[C, S, R],
        state: type[S] | Any,
        command: type[C] | Any,
        outcome: type[R] | Any = Outcome,
        is_final: IsFinal[C] = always_final,
        asks: Iterable[str] = (),
        follows: Iterable[str] = (),
        hears_clients: bool = False,
        registry: CollectorRegistry | None = None,
        session_timeout_ms: int | None = None,
    ) -> None:
        self.name = name
        self.registry = registry or CollectorRegistry()
        self.work_metrics = WorkMetrics(self.registry)
        self._relay_metrics = RelayMetrics(self.registry)
        self._kafka = settings.kafka
        brokers = settings.kafka
        limits = settings.receipt_limits
        metrics = ReceiptMetrics(name, self.registry)
        within = bounded(model, settings.bounds, tell=state_full(name, self.registry))
        decide = once(within, answer, limits, outcome=outcome, is_final=is_final)

        def counted(entities: Mapping[str, S], command: C, context: Context) -> Decision[S, R]:
            decision = decide(entities, command, context)
            metrics.changed(decision.changes)
            return decision

        table: Table[S] = Table(name, brokers, state, whole=False)
        address = settings.reachable_address()
        self.producer = EventProducer(
            brokers, client_id=f"{name}-producer", metrics=ProducerMetrics(self.registry)
        )
        ask: Ask[C, R] = Ask(name, brokers, outcome, producer=self.producer, table=table)
        self.processor: Processor[S, C, R] = Processor(
            name,
            brokers,
            counted,
            table=table,
            input_type=command,
            decode=Inputs[C](command).decode,
            address=address,
            session_timeout_ms=session_timeout_ms,
            on_outcomes=ask.hand_over,
            metrics=ProcessorMetrics(registry=self.registry),
        )
        self.ownership = Ownership(self.processor, address, lambda: table.partitions)
        self._specs = _topics(name, settings, tuple(asks), tuple(follows), hears_clients=hears_clients)
        self._sizes = TopicSizes(brokers, self._specs, client_id=f"{name}-sizes")
        self._reached = False
        show_replica(name, self.registry, lag=table.lag, waiting=lambda: ask.waiting)
        super().__init__(
            table,
            ask,
            answer=answer,
            limits=limits,
            answer_s=settings.answer_s,
            metrics=metrics,
            owner=Owner(self.ownership, self.processor),
        )

    def relay(self, topics: Iterable[str], translate: Translate, *, name: str = "relay") -> Relay:
        """A relay of other services' events and outcomes, of clients' actions or of this service's own, into
        its inputs. A second one needs another `name`, which is its group's."""
        return Relay(
            self.name,
            self._kafka,
            topics,
            translate,
            client_id=f"{self.name}-{name}",
            group=f"autodmca.{self.name}-{name}",
            metrics=self._relay_metrics,
        )

    def checks(self) -> Mapping[str, Check]:
        """Why this replica is not ready, or is not any more, by the name of the part."""
        return {
            "log": lambda: None if self._reached else "the state of its partitions has not been read yet",
            "writing": self.producer.trouble,
            "outcomes": self._ask.trouble,
            "state": self.table.trouble,
            "processing": self.processor.trouble,
            "topics": self._sizes.trouble,
        }

    async def run(self) -> None:
        """Serve until cancelled, however long the broker is away. Raises FatalError."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._sizes.run(), name="sizes")
            await until_reachable(self._make_topics)
            await until_reachable(self.producer.start)
            try:
                async with asyncio.TaskGroup() as parts:
                    parts.create_task(self.table.run(), name="table")
                    parts.create_task(self._ask.run(), name="ask")
                    parts.create_task(self.processor.run(), name="processor")
                    await self._settle()
            finally:
                await self.producer.stop()

    async def _settle(self) -> None:
        """Wait until this replica owns its share, or has none to own."""
        while True:
            if self.processor.settled:
                self._reached = True
                return
            await asyncio.sleep(SETTLE_S)

    async def _make_topics(self) -> None:
        await ensure_topics(self._kafka, self._specs, replication_factor=self._kafka.replication_factor)


def _topics(
    name: str, settings: ServiceSettings, asks: Sequence[str], follows: Sequence[str], *, hears_clients: bool
) -> list[TopicSpec]:
    """Its own topics, and those of other services that it reads or writes."""
    partitions, days = settings.kafka.partitions, settings.saga_days
    others = {*map(inputs_topic, asks), *map(outcomes_topic, asks), *map(events_topic, follows)}
    beside = [
        spec
        for each in dict.fromkeys((*asks, *follows))
        for spec in topics_of(each, partitions, saga_days=days)
        if spec.name in others
    ]
    clients = [each for each in event_topics(partitions) if hears_clients and each.name == CLIENT_ACTIONS]
    return [*topics_of(name, partitions, saga_days=days), *beside, *clients]
