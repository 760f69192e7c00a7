"""Replicas of a service on ports of the loopback address, whose maps of owners are what a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import httpx
from autodmca_events.partitions import partition_for, user_key
from autodmca_runtime import Health, Secret, TokenSettings, TokenVerifier, serve
from autodmca_service.app import no_problem
from autodmca_service.context import as_of_ms, traceparent
from autodmca_service.errors import refuse
from autodmca_service.http.app import http_app
from autodmca_service.http.endpoint import Peers
from autodmca_service.http.forwarding import Forwarder
from autodmca_service.http.metrics import HttpMetrics
from autodmca_service.http.operations import CURSOR, LIMIT, Call, FileField, Limits, Operation, Reply
from autodmca_service.http.pages import Place, page
from autodmca_service.http.queries import last, limit
from autodmca_service.ownership import Ownership, forwarded, part
from autodmca_service.testing.caller import SECRET, Caller
from autodmca_service.testing.processes import free_port
from msgspec import Struct
from prometheus_client import CollectorRegistry

PARTITIONS: Final = 6
PATIENCE_S: Final = 0.3


class Note(Struct, frozen=True):
    """The body of a request."""

    text: str


class Item(Struct, frozen=True):
    """One of a list over all users."""

    user: int
    at: int
    id: str


def home(user_id: int) -> int:
    """The user's partition."""
    return partition_for(user_key(user_id), PARTITIONS)


def of_replica(*partitions: int) -> int:
    """A user of one of these partitions."""
    return next(user for user in range(1, 1000) if home(user) in partitions)


class Replica:
    """`mine`: the partitions that it answers for; `told`: what it believes of all. `items`: everybody's.
    `heard`: what its handlers were asked. `moments`: how new each of its partitions is."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.mine: frozenset[int] = frozenset()
        self.told: Mapping[int, str] = {}
        self.moments: dict[int, int] = {}
        self.refuses = False
        self.heard: list[Call] = []
        self.contexts: list[tuple[bool, str | None]] = []
        self.waits: asyncio.Event | None = None
        self.registry = CollectorRegistry()
        self.ownership = Ownership(self, self.address, lambda: PARTITIONS, patience_s=PATIENCE_S)
        self._items = items

    def owners(self) -> Mapping[int, str]:
        return self.told

    def answers(self, partition: int) -> bool:
        return partition in self.mine

    async def _touch(self, call: Call) -> None:
        await self.ownership.here(call.actor.user_id)
        self.heard.append(call)
        self.contexts.append((forwarded.get(), traceparent.get()))
        if self.waits is not None:
            await self.waits.wait()

    async def _say(self, call: Call) -> Reply:
        await self._touch(call)
        text = call.body.text if call.body else ""
        return Reply(201, {"at": self.address, "text": text}, {"location": "/v1/caf%C3%A9", "etag": '"7"'})

    async def _upload(self, call: Call) -> Reply:
        await self._touch(call)
        return Reply(201, [len(each.file.read()) for each in call.files["picture"]])

    async def _read(self, call: Call) -> Reply:
        await self._touch(call)
        as_of_ms.set(1_700_000_000_000)
        return Reply(200, [call.path["id"], *call.query.get("q", ())])

    async def _select(self, call: Call) -> Reply:
        await self.ownership.everybody()
        if "reviewer" not in call.actor.roles or self.refuses:
            raise refuse("forbidden", "reviewers-only", "only reviewers may list everybody's")
        mine = part.get() or range(PARTITIONS)
        as_of_ms.set(min(self.moments.get(each, 10**12) for each in mine))
        there = (item for item in self._items if home(item.user) in mine)
        found, cursor = page(there, _place, limit(call.query), last(call.query, "cursor"))
        more = {} if cursor is None else {"nextCursor": cursor}
        return Reply(200, {"items": found, **more})

    @property
    def operations(self) -> tuple[Operation, ...]:
        """Say and read for one user, list for everybody."""
        query: Any = CURSOR._replace(name="q")
        return (
            Operation("say", "POST", "/v1/notes", "Say", self._say, Note, 201, dict),
            Operation("drop", "DELETE", "/v1/notes", "Drop", self._say, None, 201, dict),
            Operation("read", "GET", "/v1/notes/{id}", "Read", self._read, None, 200, list, (query,)),
            Operation("list", "GET", "/v1/all", "All", self._select, None, 200, dict, (LIMIT, CURSOR)),
            Operation("upload", "POST", "/v1/uploads", "Upload", self._upload, None, 201, list,
                      files=(FileField("picture", "One."),),
                      limits=Limits(body_bytes=3_000_000, body_s=0.5, work_s=60)),
        )  # fmt: skip

    @asynccontextmanager
    async def running(self, answer_s: float) -> AsyncIterator[None]:
        """Serve for as long as the block lasts."""
        forwarder = Forwarder(self.address, answer_s)
        app = http_app(
            self.operations,
            TokenVerifier(TokenSettings(secret=Secret(SECRET))),
            HttpMetrics("notes", self.registry),
            problem_of=no_problem,
            title="Notes",
            description="Under test.",
            version="1",
            peers=Peers(self.ownership, forwarder),
        )
        listening, stop = asyncio.Event(), asyncio.Event()
        serving = asyncio.create_task(
            serve(
                app,
                host="127.0.0.1",
                port=self.port,
                health=Health(),
                drain_s=0,
                stop_s=0.5,
                on_listening=lambda *_: listening.set(),
                stop=stop,
            )
        )
        try:
            async with asyncio.timeout(30):
                await listening.wait()
            yield
        finally:
            stop.set()
            await serving
            await forwarder.close()


def _place(item: Item) -> Place:
    return item.at, item.id


def share(replicas: Sequence[Replica], split: Sequence[int]) -> None:
    """Give partition i to replica split[i], as all of them know."""
    told = {partition: replicas[number].address for partition, number in enumerate(split)}
    for number, replica in enumerate(replicas):
        replica.mine = frozenset(partition for partition, owner in enumerate(split) if owner == number)
        replica.told = told


@asynccontextmanager
async def several(
    count: int, items: Sequence[Item] = (), *, answer_s: float = 5
) -> AsyncIterator[tuple[list[Replica], list[Caller]]]:
    """So many replicas, and who asks each of them; they wait `answer_s` for each other."""
    async with AsyncExitStack() as stack:
        replicas = [Replica(items) for _ in range(count)]
        callers = []
        for replica in replicas:
            await stack.enter_async_context(replica.running(answer_s))
            http = httpx.AsyncClient(base_url=f"http://{replica.address}", timeout=20, trust_env=False)
            callers.append(Caller(await stack.enter_async_context(http)))
        share(replicas, [partition % count for partition in range(PARTITIONS)])
        yield replicas, callers
