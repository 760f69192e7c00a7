"""What `make run` can be told through the environment, and the check that its ports are free.

The children read the same environment by themselves; here is only what the supervisor must know. Fails
by name before anything is started: a port that is taken is reported with the variable that moves it.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterable, Mapping
from typing import Annotated

import msgspec
from autodmca_runtime import ConfigError, Env, KafkaSecurity, KafkaSettings, Problem, Secret
from msgspec import Meta

from deploy.services import DOMAIN, Listening, Service, listening


class PortTaken(Exception):
    """Other programs listen there; the message names every variable to change."""


Port = Annotated[int, Meta(ge=1, le=65535)]


class LocalSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the parts of a local system listen, and what they share."""

    edge_host: Annotated[str, Env("EDGE_HOST", "Address the edge listens on.")] = "127.0.0.1"
    edge_port: Annotated[Port, Env("EDGE_PORT", "Port of the edge.")] = 8080
    console_host: Annotated[str, Env("CONSOLE_HOST", "Address the console listens on.")] = "127.0.0.1"
    console_port: Annotated[Port, Env("CONSOLE_PORT", "Port of the console.")] = 8070
    sandbox_host: Annotated[str, Env("SANDBOX_HOST", "Address of the outside world.")] = "127.0.0.1"
    sandbox_port: Annotated[Port, Env("SANDBOX_PORT", "Port of the outside world.")] = 8090
    broker_port: Annotated[Port, Env("EMBEDDED_KAFKA_PORT", "Port of the embedded broker.")] = 9092
    bootstrap_servers: Annotated[
        str | None,
        Env("KAFKA_BOOTSTRAP_SERVERS", "Run on this Kafka, not on the embedded broker.", "localhost:9092"),
    ] = None
    security: KafkaSecurity = KafkaSecurity()
    partitions: Annotated[int, Env("TOPIC_PARTITIONS", "Partitions of each topic keyed by user.")] = 6
    replication_factor: Annotated[int, Env("TOPIC_REPLICATION_FACTOR", "Copies of each partition.")] = 1
    secret: Annotated[
        Secret | None, Env("JWT_SECRET", "What tokens are signed with; made anew for each run when unset.")
    ] = None
    drain_s: Annotated[float, Env("EDGE_DRAIN_SECONDS", "How long a stopping edge takes to drain.")] = 1.0

    def __post_init__(self) -> None:
        if self.bootstrap_servers is None and self.security.protocol != "PLAINTEXT":
            reason = (
                f"is {self.security.protocol}, without KAFKA_BOOTSTRAP_SERVERS: the embedded broker has none"
            )
            raise ConfigError([Problem("KAFKA_SECURITY_PROTOCOL", reason)])

    @property
    def kafka(self) -> KafkaSettings | None:
        """The Kafka to run on; None: an embedded broker."""
        if self.bootstrap_servers is None:
            return None
        return KafkaSettings(bootstrap_servers=self.bootstrap_servers, security=self.security)


def domain_services(environ: Mapping[str, str] = os.environ) -> dict[Service, Listening]:
    """Where each domain service is to listen. Raises ConfigError, also for a port that is not fixed."""
    found = {service: listening(service, environ) for service in DOMAIN}
    free = [service.port_variable for service, place in found.items() if not place.port]
    if free:
        raise ConfigError([Problem(name, "must be a fixed port here, not 0", "9081") for name in free])
    return found


def check_ports(settings: LocalSettings, services: Mapping[Service, Listening]) -> None:
    """Raise PortTaken when another program listens on any of the ports; it names all of them."""
    taken: dict[str, int] = {}
    for variable, host, port in _ports(settings, services):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise PortTaken(f"cannot listen on {host}:{port}: {error.strerror}") from error
                taken[variable] = port
    if taken:
        named = " and ".join(f"port {port} is taken" for port in taken.values())
        moved = " ".join(f"{variable}={other(port)}" for variable, port in taken.items())
        raise PortTaken(f"{named} by another program; choose free ones, for example {moved} make run")


def other(port: int) -> int:
    """A port to suggest in place of `port`."""
    return port + 1000 if port < 64000 else port - 1000


def _ports(settings: LocalSettings, services: Mapping[Service, Listening]) -> Iterable[tuple[str, str, int]]:
    yield "EDGE_PORT", settings.edge_host, settings.edge_port
    yield "CONSOLE_PORT", settings.console_host, settings.console_port
    yield "SANDBOX_PORT", settings.sandbox_host, settings.sandbox_port
    for service, place in services.items():
        yield service.port_variable, place.host, place.port
    if settings.bootstrap_servers is None:
        yield "EMBEDDED_KAFKA_PORT", "127.0.0.1", settings.broker_port
