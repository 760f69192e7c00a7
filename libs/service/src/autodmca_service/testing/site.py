"""A service over a log in memory: its real operations, model and HTTP side, without a port and a broker."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
from autodmca_runtime import Secret, TokenSettings, TokenVerifier
from prometheus_client import CollectorRegistry

from autodmca_service.app import no_problem
from autodmca_service.desk import Desk
from autodmca_service.http.app import http_app
from autodmca_service.http.metrics import HttpMetrics
from autodmca_service.http.operations import Operation
from autodmca_service.http.problems import ProblemOf
from autodmca_service.metrics import ReceiptMetrics
from autodmca_service.testing.caller import SECRET, Caller
from autodmca_service.testing.memory import MemoryLog

ANSWER_S = 1.0


class Site(Caller):
    """The service under test. `log` is what it stands on."""

    def __init__(
        self, http: httpx.AsyncClient, log: MemoryLog[Any, Any, Any], registry: CollectorRegistry
    ) -> None:
        super().__init__(http)
        self.log = log
        self._registry = registry

    def counted(self, name: str, **labels: str) -> float:
        """A metric's value; 0 where it has none."""
        return self._registry.get_sample_value(name, labels) or 0.0


@asynccontextmanager
async def memory_site(
    log: MemoryLog[Any, Any, Any],
    operations: Callable[[Desk[Any, Any, Any]], Sequence[Operation]],
    *,
    problems: ProblemOf = no_problem,
    registry: CollectorRegistry | None = None,
) -> AsyncIterator[Site]:
    """The service whose operations on a desk are these, for as long as the block lasts."""
    registry = registry or CollectorRegistry()
    desk: Desk[Any, Any, Any] = Desk(
        log.table,
        log.ask,
        answer=log.answer,
        limits=log.limits,
        answer_s=ANSWER_S,
        metrics=ReceiptMetrics(log.name, registry),
        now_ms=lambda: log.now_ms,
    )
    app = http_app(
        operations(desk),
        TokenVerifier(TokenSettings(secret=Secret(SECRET))),
        HttpMetrics(log.name, registry),
        problem_of=problems,
        title=log.name,
        description="Under test.",
        version="0",
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        yield Site(http, log, registry)
