"""A whole system for one story: broker, services and the outside world without people, on free ports.

Owns their start and their end. What they print is kept, the newest lines of each, for whoever has to say why
a story failed. Fails with StoryFailed when a part is not ready in time.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import secrets
import socket
import sys
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

import httpx
from autodmca_runtime import load

from deploy.local import run
from deploy.local.child import Child
from deploy.local.console import Console, address
from deploy.local.settings import LocalSettings, domain_services
from deploy.services import DOMAIN

KEPT_LINES: Final = 30
ANSWER_S: Final = 330.0
"""How long an answer of a service is waited for, longer than it waits for a worker."""
Name = TypeVar("Name")
PORTS: Final = ("EDGE_PORT", "EMBEDDED_KAFKA_PORT", "SANDBOX_PORT", *(each.port_variable for each in DOMAIN))
WORLD_SEED: Final = 7
"""Of the outside world: who is there, and which pictures."""
FAST: Final = {
    "SANDBOX_SEED": str(WORLD_SEED),
    "LOG_FORMAT": "json",
    "SANDBOX_PEOPLE": "false",
    "SANDBOX_NETWORK_RATE": "10000",
    "SANDBOX_REVIEW_SECONDS": "1",
    "SANDBOX_RELIST_SECONDS": "3600",
    "DELISTING_POLL_SECONDS": "0.3",
    "DELISTING_WATCH_SECONDS": "1",
    "DELISTING_LONGEST_WATCH_SECONDS": "2",
    "DELISTING_BREAKER_SECONDS": "0.5",
    "SOCIAL_MEDIA_POLL_SECONDS": "0.5",
    "SOCIAL_MEDIA_RETRY_SECONDS": "0.3",
    "SOCIAL_MEDIA_BREAKER_SECONDS": "0.5",
    "WORKER_STALL_SECONDS": "120",  # a machine that does other things as well is no worker that hangs
    "WORKER_WAIT_SECONDS": "300",
}
"""How fast things go outside, and how often services look."""


class StoryFailed(Exception):
    """The message says which step or which part, and what was missing."""


class Output(Console):
    """The newest lines of each part."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, deque[str]] = {}

    def say(self, name: str, text: str) -> None:
        self.lines.setdefault(name, deque(maxlen=KEPT_LINES)).append(text)

    def announce(self, text: str) -> None:
        self.say("", text)


@dataclass
class System:
    """Where everything is. `services`: an HTTP client by service, which asks its replicas in turn; `world`:
    the outside's. `replicas`: the processes of each part, by its name; the outside is one, whose memory
    nothing else has. `told`: the environment of each, as it will be at its next start."""

    edge: str
    secret: str
    output: Output
    servers: str
    services: dict[str, httpx.AsyncClient] = field(default_factory=dict)
    world: httpx.AsyncClient = field(default_factory=httpx.AsyncClient)
    replicas: dict[str, list[Child]] = field(default_factory=dict)
    told: dict[str, list[dict[str, str]]] = field(default_factory=dict)


class InTurn(httpx.AsyncBaseTransport):
    """Sends each request to the next of several addresses, as a load balancer does."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = itertools.cycle([httpx.URL(each) for each in addresses])
        self._way = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        place = next(self._addresses)
        request.url = request.url.copy_with(host=place.host, port=place.port)
        return await self._way.handle_async_request(request)

    async def aclose(self) -> None:
        await self._way.aclose()


@contextlib.asynccontextmanager
async def system(
    environ: Mapping[str, str] = os.environ, *, replicas: int = 1, first: Mapping[str, str] | None = None
) -> AsyncIterator[System]:
    """All of it, ready, with so many replicas of each service, while the block lasts. `first`: what the edge
    and the services are told beside. Raises StoryFailed, and as `deploy.local.run` does."""
    chosen = {**environ, **free_ports(PORTS)}
    settings, services, secret = load(LocalSettings, chosen), domain_services(chosen), secrets.token_hex(32)
    output, children = Output(), list[Child]()
    edge = address(settings.edge_host, settings.edge_port)
    world = address(settings.sandbox_host, settings.sandbox_port)
    async with contextlib.AsyncExitStack() as stack:
        broker = run.kafka(settings, run.topics(settings, services), output)
        servers = await stack.enter_async_context(broker)
        told = {**run.child_environ(settings, services, servers, secret), **FAST}
        group = await stack.enter_async_context(asyncio.TaskGroup())
        stack.push_async_callback(_stop, children)
        made = System(edge.replace("http", "ws", 1) + "/ws", secret, output, servers)

        def start(name: str, more: Mapping[str, str]) -> None:
            command, own = [sys.executable, "-m", f"autodmca_{name}"], {**told, **more}
            child = Child(name, command, own, output.say)
            children.append(child)
            made.told.setdefault(name, []).append(own)
            made.replicas.setdefault(name, []).append(child)
            group.create_task(child.supervise(), name=name)

        start("edge", first or {})
        places = [("edge", edge), ("sandbox", world)]
        for each, place in services.items():
            ports = [str(place.port), *(free_ports(range(1, replicas)).values())]
            for port in ports:
                start(each.name, {**(first or {}), each.port_variable: port})
            found = [address(place.host, int(port)) for port in ports]
            places += [(each.name, one) for one in found]
            made.services[each.name] = await stack.enter_async_context(_client(*found))
        start("sandbox", {})
        made.world = await stack.enter_async_context(_client(world))
        await _ready(places)
        yield made


async def _ready(places: Iterable[tuple[str, str]]) -> None:
    async with httpx.AsyncClient(timeout=2, trust_env=False) as http:
        for name, place in places:
            try:
                async with asyncio.timeout(run.READY_DEADLINE_S):
                    while not await run.is_ready(http, place):  # noqa: ASYNC110 - it is another process
                        await asyncio.sleep(run.ASK_EVERY_S)
            except TimeoutError:
                raise StoryFailed(f"{name} was not ready within {run.READY_DEADLINE_S:g} s") from None


async def _stop(children: list[Child]) -> None:
    for child in reversed(children):
        await child.stop()


def _client(*addresses: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=addresses[0], timeout=ANSWER_S, trust_env=False, transport=InTurn(addresses)
    )


def free_ports(names: Iterable[Name]) -> dict[Name, str]:
    """A free port for each, as long as nobody else takes it."""
    sockets = {name: socket.create_server(("127.0.0.1", 0)) for name in names}
    ports = {name: str(each.getsockname()[1]) for name, each in sockets.items()}
    for each in sockets.values():
        each.close()
    return ports
