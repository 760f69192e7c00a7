"""The service over a log in memory."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from autodmca_service.testing import Site

from services.accounts.tests.endpoint import Endpoint, endpoint
from services.accounts.tests.hooks import Life
from services.accounts.tests.site import accounts_site, memory_log


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with accounts_site() as site:
        yield site


@pytest.fixture
def at() -> Iterator[Endpoint]:
    with endpoint() as found:
        yield found


@pytest_asyncio.fixture
async def life(at: Endpoint) -> AsyncIterator[Life]:
    log = memory_log()
    log.now_ms = int(time.time() * 1000)
    async with accounts_site(log) as site:
        yield Life(site, at)
