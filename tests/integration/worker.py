"""A replica of the purses service, whole: table, processor, work with a client of the outside, and relay."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import httpx
from autodmca_events.topics import events_topic, outcomes_topic
from autodmca_kafka import EventProducer, Processor, Relay, Table
from autodmca_kafka.brokers import Brokers
from autodmca_service.work import Work, WorkMetrics
from autodmca_service.work.clock import Clock

from tests.integration.errands import due
from tests.integration.outside import Errands
from tests.integration.purses import Outcome
from tests.integration.questions import Entity, Input, apply, translate

AT_ONCE: Final = 8
HOURS_S: Final = 3_600 * 48


class JumpingClock(Clock):
    """The wall clock is set by up to two days, forward and back, about once a second."""

    def __init__(self, seed: int) -> None:
        rng = random.Random(seed)
        self._set_by_s = 0.0

        def wall() -> float:
            if rng.random() < 0.02:
                self._set_by_s = rng.choice([0.0, rng.uniform(-HOURS_S, HOURS_S)])
            return time.time() + self._set_by_s

        super().__init__(wall)


class Worker:
    """`outside`: its address, None: errands wait. `on_step`: told where processor and errands stand. `about`:
    for the processor."""

    def __init__(
        self,
        service: str,
        bootstrap_servers: Brokers,
        outside: str | None,
        on_step: Callable[[str], None] = lambda _: None,
        clock: Clock | None = None,
        **about: Any,
    ) -> None:
        self.name = service
        self.work_metrics = WorkMetrics(registry=None)
        self.table: Table[Entity] = Table(service, bootstrap_servers, Entity)
        self.processor: Processor[Entity, Input, Outcome] = Processor(
            service,
            bootstrap_servers,
            apply,
            table=self.table,
            input_type=Input,
            on_step=on_step,
            **about,
        )
        self.producer = EventProducer(bootstrap_servers, client_id=f"{service}-work")
        self.relay = Relay(
            service,
            bootstrap_servers,
            [events_topic(service), outcomes_topic(service)],
            partial(translate, service),
            group=f"{about['group']}-relay" if about.get("group") else None,
            on_step=on_step,
            session_timeout_ms=about.get("session_timeout_ms"),
        )
        self._client = httpx.AsyncClient(timeout=10, verify=False, trust_env=False)  # noqa: S501
        self.work: Work[Entity] | None = None
        if outside is not None:
            errands = Errands(outside, self._client, on_step)
            self.work = Work(self, due, errands.perform, at_once=AT_ONCE, clock=clock)

    async def run(self) -> None:
        """Until cancelled."""
        async with self._client, self.producer, asyncio.TaskGroup() as group:
            group.create_task(self.table.run())
            group.create_task(self.processor.run())
            group.create_task(self.relay.run())
            if self.work is not None:
                group.create_task(self.work.run())

    def left(self) -> tuple[int, int, int]:
        """Errands that wait, errands on their way, and partitions whose state was not looked at yet."""
        if self.work is None:
            return 0, 0, 0
        return self.work.waiting, self.work.running, self.work._unscanned.qsize()
