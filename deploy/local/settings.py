"""What `make run` can be told through the environment, and the check that its ports are free.

The children read the same environment by themselves; here is only what the supervisor must know. Fails
by name before anything is started: a port that is taken is reported with the variable that moves it.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable
from typing import Annotated

import msgspec
from autodmca_runtime import Env, Secret
from msgspec import Meta


class PortTaken(Exception):
    """Another program listens there; the message names the variable to change."""


Port = Annotated[int, Meta(ge=1, le=65535)]


class LocalSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the parts of a local system listen, and what they share."""

    edge_host: Annotated[str, Env("EDGE_HOST", "Address the edge listens on.")] = "127.0.0.1"
    edge_port: Annotated[Port, Env("EDGE_PORT", "Port of the edge.")] = 8080
    templates_host: Annotated[str, Env("TEMPLATES_HOST", "Address of the templates service.")] = "127.0.0.1"
    templates_port: Annotated[Port, Env("TEMPLATES_PORT", "Port of the templates service.")] = 8081
    broker_port: Annotated[Port, Env("EMBEDDED_KAFKA_PORT", "Port of the embedded broker.")] = 9092
    bootstrap_servers: Annotated[
        str | None,
        Env("KAFKA_BOOTSTRAP_SERVERS", "Run on this Kafka, not on the embedded broker.", "localhost:9092"),
    ] = None
    partitions: Annotated[int, Env("TOPIC_PARTITIONS", "Partitions of each topic keyed by user.")] = 6
    replication_factor: Annotated[int, Env("TOPIC_REPLICATION_FACTOR", "Copies of each partition.")] = 1
    secret: Annotated[
        Secret | None, Env("JWT_SECRET", "What tokens are signed with; made anew for each run when unset.")
    ] = None
    drain_s: Annotated[float, Env("EDGE_DRAIN_SECONDS", "How long a stopping edge takes to drain.")] = 1.0


def check_ports(settings: LocalSettings) -> None:
    """Raise PortTaken for the first port that another program listens on."""
    for variable, host, port in _ports(settings):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise PortTaken(f"cannot listen on {host}:{port}: {error.strerror}") from error
                raise PortTaken(
                    f"port {port} is taken by another program; "
                    f"choose a free one, for example {variable}={other(port)} make run"
                ) from None


def other(port: int) -> int:
    """A port to suggest in place of `port`."""
    return port + 1000 if port < 64000 else port - 1000


def _ports(settings: LocalSettings) -> Iterable[tuple[str, str, int]]:
    yield "EDGE_PORT", settings.edge_host, settings.edge_port
    yield "TEMPLATES_PORT", settings.templates_host, settings.templates_port
    if settings.bootstrap_servers is None:
        yield "EMBEDDED_KAFKA_PORT", "127.0.0.1", settings.broker_port
