"""The fixtures that tests of an edge in memory share: a log, a node on it, a client of its fallback.

A module that wants another log or node says how in `LOG` or `NODE`, what FakeLog and FakeNode are made with.
"""

from collections.abc import AsyncIterator

import pytest
from autodmca_edge.testing import FakeLog, FakeNode

from services.edge.tests.asking import Asking, asking


@pytest.fixture
def stored(request: pytest.FixtureRequest) -> FakeLog:
    return FakeLog(**getattr(request.module, "LOG", {}))


@pytest.fixture
def node(request: pytest.FixtureRequest, stored: FakeLog) -> FakeNode:
    return FakeNode(stored, **getattr(request.module, "NODE", {}))


@pytest.fixture
async def client(node: FakeNode) -> AsyncIterator[Asking]:
    """A client of `node`."""
    async with asking(node) as client:
        yield client
