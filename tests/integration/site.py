"""One replica of the purses service inside the test's own process."""

from __future__ import annotations

from autodmca_kafka import Ask, EventProducer, Processor, ProcessorMetrics, Table
from prometheus_client import CollectorRegistry

from tests.integration.purses import Input, Outcome, Purse, apply
from tests.integration.service import Service


class Site:
    """Its table, ask and processor, to be run as the test wants; `owned` is what it was told it owns."""

    def __init__(
        self,
        service: Service,
        producer: EventProducer,
        max_waiting: int = 10,
        session_timeout_ms: int | None = None,
        address: str = "",
        whole: bool = True,
        max_poll: int = 500,
    ) -> None:
        self.address = address
        servers = service.bootstrap_servers
        self.registry = CollectorRegistry()
        self.owned: frozenset[int] = frozenset()
        self.table: Table[Purse] = Table(service.name, servers, Purse, whole=whole)
        self.ask: Ask[Input, Outcome] = Ask(
            service.name, servers, Outcome, producer=producer, table=self.table, max_waiting=max_waiting
        )
        self.processor: Processor[Purse, Input, Outcome] = Processor(
            service.name,
            servers,
            apply,
            table=self.table,
            input_type=Input,
            metrics=ProcessorMetrics(self.registry),
            session_timeout_ms=session_timeout_ms,
            address=address,
            on_outcomes=self.ask.hand_over,
            max_poll=max_poll,
        )
        self.processor.holdings.follow(self)
        self._service = service.name

    def gained(self, partitions: frozenset[int]) -> None:
        assert not self.owned & partitions
        self.owned |= partitions

    async def lost(self, partitions: frozenset[int]) -> None:
        assert self.owned >= partitions
        self.owned -= partitions

    def count(self, name: str) -> float | None:
        sample = f"autodmca_processor_{name}_total"
        return self.registry.get_sample_value(sample, {"service": self._service})
