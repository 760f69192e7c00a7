"""The whole system on this machine, `make run`: broker, edge, domain services and sandbox, wired together.

Owns the order: topics first, then the services, then, once they are ready, the people who use them; the
other way round at the end. Ctrl-C or SIGTERM stops in that order, a second one kills. Exit status 0 after
a stop, 1 with one line when something cannot be started.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

import httpx
from autodmca_client.cli.reach import brokers, why_none_answers
from autodmca_console.config import LOOPBACK
from autodmca_kafka.embedded import EmbeddedBroker, free_port
from autodmca_kafka.errors import BrokerUnavailable, KafkaLibraryError
from autodmca_kafka.topics import TopicSpec, ensure_topics, event_topics, service_topics
from autodmca_runtime import ConfigError, TokenSettings, load
from autodmca_sandbox.people import AUTHORS, OPERATOR, REVIEWERS

from deploy.local.child import Child
from deploy.local.console import Console, Welcome, address
from deploy.local.outside import outside
from deploy.local.parent import end_with_parent, parent_is_interrupted
from deploy.local.settings import LocalSettings, PortTaken, check_ports, domain_services
from deploy.services import Listening, Service

READY_DEADLINE_S = 90.0
TOPICS_DEADLINE_S = 8.0
ASK_EVERY_S = 0.1
PEOPLE = (*AUTHORS, *REVIEWERS, OPERATOR)
UNDER_MAKE = "MAKELEVEL" in os.environ


def main() -> None:
    if UNDER_MAKE:
        end_with_parent(os.getppid(), signal.SIGTERM)()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it has to say is said once, by name
    try:
        settings = load(LocalSettings)
        secret = settings.secret.reveal() if settings.secret else secrets.token_hex(32)
        load(TokenSettings, {**os.environ, "JWT_SECRET": secret})  # fails here once, not in each child
        services = domain_services()
        check_ports(settings, services)
        asyncio.run(run(settings, services, secret, Console()))
    except (ConfigError, PortTaken, KafkaLibraryError, ValueError) as error:
        sys.exit(f"make run: {error}")


async def run(
    settings: LocalSettings, services: Mapping[Service, Listening], secret: str, console: Console
) -> None:
    """Run the system until SIGINT or SIGTERM, at whatever moment they come.

    Raises KafkaLibraryError when there is no broker, or its topics cannot be used.
    """
    children: list[Child] = []
    stop = stop_on_signals(children)
    watch = asyncio.create_task(stop_with_make(stop), name="make")
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(watch.cancel)
        bootstrap_servers = await opened(stack, kafka(settings, topics(settings, services), console), stop)
        if bootstrap_servers is not None:
            await run_on(settings, services, bootstrap_servers, secret, console, children, stop)


def topics(settings: LocalSettings, services: Iterable[Service]) -> list[TopicSpec]:
    """Every topic of a system with these services."""
    domain = (spec for service in services for spec in service_topics(service.name, settings.partitions))
    return [*event_topics(settings.partitions), *domain]


async def run_on(
    settings: LocalSettings,
    services: Mapping[Service, Listening],
    bootstrap_servers: str,
    secret: str,
    console: Console,
    children: list[Child],
    stop: asyncio.Event,
) -> None:
    """Run the services on this broker until `stop`."""
    async with asyncio.TaskGroup() as group:
        environ = child_environ(settings, services, bootstrap_servers, secret)

        def start(name: str, stop_deadline_s: float = 5.0) -> Child:
            command = [sys.executable, "-m", f"autodmca_{name}"]
            child = Child(name, command, environ, console.say, stop_deadline_s=stop_deadline_s)
            children.append(child)
            group.create_task(child.supervise(), name=name)
            return child

        edge_child = start("edge", settings.drain_s + 5)
        for service in services:
            start(service.name)
        start("console")
        addresses = [address(settings.edge_host, settings.edge_port)]
        addresses += [address(place.host, place.port) for place in services.values()]
        if await ready(addresses, stop, console):
            start("sandbox")
            with Welcome(settings, services, bootstrap_servers, secret, edge_child.pid) as welcome:
                console.announce(welcome.text)
                await stop.wait()
        console.announce("Stopping. Ctrl-C again kills.")
        for child in reversed(children):
            await child.stop()


async def opened(
    stack: contextlib.AsyncExitStack,
    context: contextlib.AbstractAsyncContextManager[str],
    stop: asyncio.Event,
) -> str | None:
    """What `context` gives when it is entered into `stack`; None when `stop` came before that."""
    task = asyncio.current_task()
    assert task is not None

    async def interrupt() -> None:
        await stop.wait()
        task.cancel()

    interrupting = asyncio.create_task(interrupt())
    try:
        return await stack.enter_async_context(context)
    except asyncio.CancelledError:
        if not stop.is_set():
            raise
        task.uncancel()
        return None
    finally:
        interrupting.cancel()


@contextlib.asynccontextmanager
async def kafka(settings: LocalSettings, specs: Sequence[TopicSpec], console: Console) -> AsyncIterator[str]:
    """A broker that has the topics: the one in the settings, or an embedded one that ends with us."""
    if (own := settings.kafka) is not None:
        if reason := await why_none_answers(brokers(own.bootstrap_servers)):
            raise BrokerUnavailable(
                own,
                f"{reason}; without KAFKA_BOOTSTRAP_SERVERS an embedded one is started",
            )
        console.say("kafka", f"using {own.bootstrap_servers}")
        await ensure_topics(
            own,
            specs,
            replication_factor=settings.replication_factor,
            deadline_s=TOPICS_DEADLINE_S,
        )
        yield own.bootstrap_servers
        return
    async with EmbeddedBroker(settings.broker_port, specs=specs) as broker:
        console.say("kafka", f"the embedded broker listens on {broker.bootstrap_servers}")
        yield broker.bootstrap_servers


def child_environ(
    settings: LocalSettings, services: Mapping[Service, Listening], bootstrap_servers: str, secret: str
) -> Mapping[str, str]:
    """Our environment, and what the children must agree on."""
    reached = {
        f"SANDBOX_{service.name.upper()}_URL": address(place.host, place.port)
        for service, place in services.items()
    }
    places = {
        variable: value
        for service, place in services.items()
        for variable, value in ((service.host_variable, place.host), (service.port_variable, str(place.port)))
    }
    return {
        "LOG_FORMAT": "console",
        **reached,
        **console(settings, services),
        **outside(address(settings.sandbox_host, settings.sandbox_port)),
        **os.environ,
        **places,
        "CONSOLE_HOST": settings.console_host,
        "CONSOLE_PORT": str(settings.console_port),
        "SANDBOX_HOST": settings.sandbox_host,
        "SANDBOX_PORT": str(settings.sandbox_port),
        "EDGE_HOST": settings.edge_host,
        "EDGE_PORT": str(settings.edge_port),
        "EDGE_DRAIN_SECONDS": f"{settings.drain_s:g}",
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
        "JWT_SECRET": secret,
        "PYTHONUNBUFFERED": "1",
    }


def console(settings: LocalSettings, services: Mapping[Service, Listening]) -> Mapping[str, str]:
    """Where the console's page finds the others, that it may call them, and whom it hands tokens."""
    edge = address(settings.edge_host, settings.edge_port)
    reached = {service.name: address(place.host, place.port) for service, place in services.items()}
    port = settings.console_port
    people = [f"{each.user_id}={each.name}{f'={each.roles[0]}' if each.roles else ''}" for each in PEOPLE]
    signs_in = settings.console_host in LOOPBACK
    return {
        "CONSOLE_EDGE_URL": f"{edge.replace('http', 'ws', 1)}/ws",
        "CONSOLE_SERVICE_URLS": ",".join(f"{name}={url}" for name, url in reached.items()),
        "CONSOLE_NODES": ",".join(f"{name}={url}" for name, url in {"edge": edge, **reached}.items()),
        **({"CONSOLE_PEOPLE": ",".join(people)} if signs_in else {}),
        **operators(),
        "SERVICE_ALLOWED_ORIGINS": f"http://localhost:{port},http://127.0.0.1:{port}",
    }


def operators() -> Mapping[str, str]:
    """The edge's listener for operators, on any free port, and who may use it: the console's server."""
    port, token = os.environ.get("EDGE_ADMIN_PORT") or str(free_port()), secrets.token_hex(32)
    return {
        "EDGE_ADMIN_PORT": port,
        "EDGE_ADMIN_TOKEN": token,
        "CONSOLE_EDGES": f"edge=http://localhost:{port}",
        "CONSOLE_ADMIN_TOKEN": os.environ.get("EDGE_ADMIN_TOKEN") or token,
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
