"""The whole system on this machine, `make run`: broker, edge, templates service and sandbox, wired together.

Owns the order: topics first, then the services, then, once they are ready, the people who use them; the
other way round at the end. Ctrl-C or SIGTERM stops in that order, a second one kills. Exit status 0 after
a stop, 1 with one line when something cannot be started.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence

import httpx
from autodmca_kafka.embedded import EmbeddedBroker
from autodmca_kafka.errors import KafkaLibraryError
from autodmca_kafka.topics import TopicSpec, ensure_topics, event_topics, service_topics
from autodmca_runtime import ConfigError, TokenSettings, load

from deploy.local.child import Child
from deploy.local.console import Console, shown, welcome
from deploy.local.parent import end_with_parent, parent_is_interrupted
from deploy.local.settings import LocalSettings, PortTaken, check_ports

READY_DEADLINE_S = 90.0
ASK_EVERY_S = 0.1
UNDER_MAKE = "MAKELEVEL" in os.environ


def main() -> None:
    if UNDER_MAKE:
        end_with_parent(os.getppid(), signal.SIGTERM)()
    try:
        settings = load(LocalSettings)
        secret = settings.secret.reveal() if settings.secret else secrets.token_hex(32)
        load(TokenSettings, {**os.environ, "JWT_SECRET": secret})  # fails here once, not in each child
        check_ports(settings)
        asyncio.run(run(settings, secret, Console()))
    except (ConfigError, PortTaken, KafkaLibraryError) as error:
        sys.exit(f"make run: {error}")


async def run(settings: LocalSettings, secret: str, console: Console) -> None:
    """Run the system until SIGINT or SIGTERM.

    Raises KafkaLibraryError when there is no broker, or its topics cannot be used.
    """
    topics = [*event_topics(settings.partitions), *service_topics("templates", settings.partitions)]
    children: list[Child] = []
    stop = stop_on_signals(children)
    async with kafka(settings, topics, console) as bootstrap_servers, asyncio.TaskGroup() as group:
        environ = child_environ(settings, bootstrap_servers, secret)

        def start(name: str, stop_deadline_s: float = 5.0) -> None:
            command = [sys.executable, "-m", f"autodmca_{name}"]
            child = Child(name, command, environ, console.say, stop_deadline_s=stop_deadline_s)
            children.append(child)
            group.create_task(child.supervise(), name=name)

        watch = group.create_task(stop_with_make(stop), name="make")
        start("edge", settings.drain_s + 5)
        start("templates")
        edge = f"http://{shown(settings.edge_host)}:{settings.edge_port}"
        templates = f"http://{shown(settings.templates_host)}:{settings.templates_port}"
        if await ready((edge, templates), stop, console):
            start("sandbox")
            console.announce(welcome(settings, bootstrap_servers, secret))
        await stop.wait()
        console.announce("Stopping. Ctrl-C again kills.")
        for child in reversed(children):
            await child.stop()
        watch.cancel()


@contextlib.asynccontextmanager
async def kafka(settings: LocalSettings, topics: Sequence[TopicSpec], console: Console) -> AsyncIterator[str]:
    """A broker that has the topics: the one in the settings, or an embedded one that ends with us."""
    if settings.bootstrap_servers is not None:
        console.say("kafka", f"using {settings.bootstrap_servers}")
        await ensure_topics(
            settings.bootstrap_servers, topics, replication_factor=settings.replication_factor
        )
        yield settings.bootstrap_servers
        return
    async with EmbeddedBroker(settings.broker_port, specs=topics) as broker:
        console.say("kafka", f"the embedded broker listens on {broker.bootstrap_servers}")
        yield broker.bootstrap_servers


def child_environ(settings: LocalSettings, bootstrap_servers: str, secret: str) -> Mapping[str, str]:
    """Our environment, and what the children must agree on."""
    return {
        "LOG_FORMAT": "console",
        "SANDBOX_TEMPLATES_URL": f"http://{shown(settings.templates_host)}:{settings.templates_port}",
        **os.environ,
        "EDGE_HOST": settings.edge_host,
        "EDGE_PORT": str(settings.edge_port),
        "EDGE_DRAIN_SECONDS": f"{settings.drain_s:g}",
        "TEMPLATES_HOST": settings.templates_host,
        "TEMPLATES_PORT": str(settings.templates_port),
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
        "JWT_SECRET": secret,
        "PYTHONUNBUFFERED": "1",
    }


def stop_on_signals(children: Sequence[Child]) -> asyncio.Event:
    """An event that the first SIGINT or SIGTERM sets; each further one kills the children."""
    stop = asyncio.Event()

    def on_signal() -> None:
        if stop.is_set():
            for child in children:
                child.kill()
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    return stop


async def stop_with_make(stop: asyncio.Event) -> None:
    """Set `stop` when make was interrupted and we were not."""
    while UNDER_MAKE and not stop.is_set():
        if parent_is_interrupted():
            stop.set()
        await asyncio.sleep(ASK_EVERY_S)


async def ready(addresses: Sequence[str], stop: asyncio.Event, console: Console) -> bool:
    """Wait until each `/readyz` answers 200; false when `stop` came first, or it took too long."""
    async with httpx.AsyncClient(timeout=2, trust_env=False) as http:
        for address in addresses:
            deadline = asyncio.get_running_loop().time() + READY_DEADLINE_S
            while not await is_ready(http, address):
                if asyncio.get_running_loop().time() > deadline:
                    console.announce(f"{address}/readyz was not ready within {READY_DEADLINE_S:g} s.")
                    deadline = float("inf")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), ASK_EVERY_S)
                    return False
    return True


async def is_ready(http: httpx.AsyncClient, address: str) -> bool:
    try:
        answer = await http.get(f"{address}/readyz")
    except httpx.HTTPError:
        return False
    return answer.is_success


if __name__ == "__main__":
    main()
