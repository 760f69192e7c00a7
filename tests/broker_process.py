"""A broker as a child process: the embedded one here, Apache Kafka in apache_kafka.py.

Owns what makes a server process a broker: the address that clients are given.
"""

from __future__ import annotations

from pathlib import Path

from autodmca_kafka.embedded import command as embedded_command
from autodmca_kafka.embedded import free_port

from tests.server_process import ServerProcess


class BrokerProcess(ServerProcess):
    """`name` is "embedded" or "apache"; `bootstrap_servers` stays the same over every start."""

    def __init__(self, name: str, port: int, command: list[str], log: Path) -> None:
        super().__init__(name, port, command, log)
        self.bootstrap_servers = f"127.0.0.1:{port}"


def embedded_kafka(directory: Path) -> BrokerProcess:
    """The embedded broker, without the supervision that `EmbeddedBroker` adds; not started yet."""
    port = free_port()
    return BrokerProcess("embedded", port, embedded_command(port), directory / "embedded.log")
