"""A delisting service without a broker: the real HTTP side and model on a log in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from autodmca_delisting.answers import answered
from autodmca_delisting.engines.interface import Manners
from autodmca_delisting.metrics import Metrics
from autodmca_delisting.model.commands import AnyCommand
from autodmca_delisting.model.model import model
from autodmca_delisting.model.state import Entity, Filing, Rules
from autodmca_delisting.operations import operations
from autodmca_delisting.service import Delisting
from autodmca_service.commands import Outcome
from autodmca_service.testing import MemoryLog, Site, memory_site
from prometheus_client import CollectorRegistry

MANNERS = {
    "google": Manners(1_000),
    "yandex": Manners(100, "lookup"),
    "duckduckgo": Manners(1_000, by_hand=True),
}
RULES = Rules(engines={name: Filing(each.most_urls, each.by_hand) for name, each in MANNERS.items()})


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """Nothing works off what is due: what is queued stays so."""
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    log: MemoryLog[Entity, AnyCommand, Outcome] = MemoryLog(
        "delisting", model=model(RULES), answer=answered, state=Entity, command=AnyCommand
    )
    async with memory_site(
        log, lambda desk: operations(Delisting(desk, MANNERS, metrics)), registry=registry
    ) as found:
        yield found
