"""A templates service without a log: the real HTTP side, model and workers on a state in memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from typing import Any

import httpx
import jwt
import msgspec
import pytest
from autodmca_events import Payload
from autodmca_kafka import Ask, Context, EventProducer, NoOutcome, RecordPosition, Table
from autodmca_runtime import Secret, TokenSettings, TokenVerifier
from autodmca_templates.app import routes
from autodmca_templates.commands import AnyCommand, Outcome
from autodmca_templates.config import WorkerSettings
from autodmca_templates.http import Door, unrouted
from autodmca_templates.metrics import Metrics
from autodmca_templates.model import apply
from autodmca_templates.rendering import WorkerPool
from autodmca_templates.service import Templates
from autodmca_templates.state import Entity
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.exceptions import HTTPException

SECRET = "a-secret-for-tests-of-forty-characters-"
NOWHERE = "localhost:1"


class LocalTable(Table[Entity]):
    """A table whose state is set by hand."""

    def __init__(self) -> None:
        super().__init__("templates", NOWHERE, Entity)
        self.users: dict[int, dict[str, Entity]] = {}

    @property
    def partitions(self) -> int:
        return 1

    def of_user(self, user_id: int) -> Mapping[str, Entity]:
        return self.users.get(user_id, {})

    def of_partition(self, partition: int) -> Iterator[tuple[int, str, Entity]]:
        for user_id, entities in self.users.items():
            for entity_id, entity in entities.items():
                yield user_id, entity_id, entity

    async def caught_up(self, partitions: Iterable[int] | None = None) -> None:
        return


class LocalAsk(Ask[AnyCommand, Outcome]):
    """Applies each command at once, as it would come out of the log; `late` loses the outcomes."""

    def __init__(self, table: LocalTable) -> None:
        super().__init__("templates", NOWHERE, Outcome, producer=EventProducer(NOWHERE, client_id="none"))
        self._local = table
        self._offset = 0
        self.events: list[Payload] = []
        self.late = False

    async def ask(
        self, user_id: int, request: AnyCommand, *, timeout_s: float = 10, traceparent: str | None = None
    ) -> Outcome:
        command: AnyCommand = msgspec.json.decode(msgspec.json.encode(request), type=AnyCommand)
        context = Context(
            user_id, 1_700_000_000_000 + self._offset, RecordPosition("inputs", 0, self._offset)
        )
        self._offset += 1
        entities = self._local.users.setdefault(user_id, {})
        decision = apply(entities, command, context)
        for key, entity in decision.changes.items():
            if entity is None:
                del entities[key]
            else:
                entities[key] = entity
        self.events += [emission.payload for emission in decision.events]
        if self.late:
            raise NoOutcome("outcomes", timeout_s)
        return decision.outcome


class Site:
    """The service under test, and ways to ask it as somebody."""

    def __init__(self, http: httpx.AsyncClient, ask: LocalAsk, registry: CollectorRegistry) -> None:
        self.http = http
        self.log = ask
        self._registry = registry

    async def __call__(
        self, user_id: int, method: str, path: str, body: Any = None, *roles: str, **headers: str
    ) -> httpx.Response:
        claims = {"sub": user_id, "roles": list(roles), "exp": int(time.time()) + 600}
        token = jwt.encode({**claims, "sub": str(user_id)}, SECRET, algorithm="HS256")
        sent = {"authorization": f"Bearer {token}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.request(method, path, json=body, headers=sent)

    def counted(self, name: str, **labels: str) -> float:
        """A metric's value; 0 where it has none."""
        return self._registry.get_sample_value(name, labels) or 0.0


@pytest.fixture
def worker_settings() -> WorkerSettings:
    return WorkerSettings(workers=2, timeout_s=1.0, queue=8, per_user=4, patience_s=20.0)


@pytest.fixture
async def pool(worker_settings: WorkerSettings, registry: CollectorRegistry) -> AsyncIterator[WorkerPool]:
    """Real workers."""
    workers = WorkerPool(worker_settings, Metrics(registry))
    task = asyncio.create_task(workers.run())
    yield workers
    task.cancel()
    await asyncio.wait([task])


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
async def site(worker_settings: WorkerSettings) -> AsyncIterator[Site]:
    """The service on a state in memory, with real workers."""
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    workers = WorkerPool(worker_settings, metrics)
    table = LocalTable()
    ask = LocalAsk(table)
    door = Door(TokenVerifier(TokenSettings(secret=Secret(SECRET))), metrics)
    app = Starlette(
        routes=routes(Templates(table, ask, workers, answer_s=1), door),
        exception_handlers={HTTPException: unrouted},
    )
    task = asyncio.create_task(workers.run())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        yield Site(http, ask, registry)
    task.cancel()
    await asyncio.wait([task])


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], Any]:
    """Wait for a condition, at most ten seconds."""

    async def wait(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.01)

    return wait
