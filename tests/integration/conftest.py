"""What the tests of one edge on both brokers share; a module that wants another edge has its own."""

from collections.abc import AsyncIterator, Iterator

import pytest
from autodmca_kafka import EventProducer

from tests.integration.edge_site import Edge, edge_node


@pytest.fixture(scope="module", params=["embedded", pytest.param("apache", marks=pytest.mark.kafka)])
def servers(request: pytest.FixtureRequest) -> str:
    """The addresses of each broker in turn."""
    fixture = {"embedded": "embedded_broker", "apache": "kafka_broker"}[request.param]
    return str(request.getfixturevalue(fixture).bootstrap_servers)


@pytest.fixture(scope="module")
def edge(servers: str) -> Iterator[Edge]:
    """A node whose outboxes are small."""
    with edge_node(servers, EDGE_OUTBOX_BYTES=65_536) as node:
        yield node


@pytest.fixture
async def producer(servers: str) -> AsyncIterator[EventProducer]:
    """A writer to the same broker."""
    async with EventProducer(servers, client_id="test") as writing:
        yield writing
