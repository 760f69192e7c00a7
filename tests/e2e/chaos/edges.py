"""The edges of the chaos: child processes at ports of their own, killed, frozen, drained and started again.

Owns the processes and their logs. Blocks: call it in a thread. Whatever is left at the end is killed.
"""

from __future__ import annotations

import re
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from autodmca_kafka.embedded import free_port

from tests.integration.edge_site import SECRET
from tests.server_process import ServerProcess

READY_S: Final = 120
WINDOWS: Final = (64 << 20, 256 << 10, 0)
TROUBLE: Final = re.compile(
    r"Traceback|Fatal error|Unhandled|never retrieved|\"level\": ?\"(?:error|critical)\""
)


class EdgeProcess(ServerProcess):
    """One edge, not started yet."""

    def __init__(self, name: str, bootstrap_servers: str, folder: Path, **settings: object) -> None:
        environ = {
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
            "JWT_SECRET": SECRET,
            "EDGE_HOST": "127.0.0.1",
            "EDGE_NODE": name,
            "LOG_FORMAT": "json",
            "LOG_LEVEL": "warning",
            **{name: str(value) for name, value in settings.items()},
        }
        port = free_port()
        self.log = folder / f"{name}.log"
        command = [sys.executable, "-m", "autodmca_edge"]
        super().__init__(name, port, command, self.log, {**environ, "EDGE_PORT": str(port)})

    def start(self) -> None:
        """Start it and return when it serves clients."""
        super().start()
        self.until_ready()

    def until_ready(self) -> None:
        """Return when /readyz says so. Fails with RuntimeError and the end of the log."""
        deadline = time.monotonic() + READY_S
        while not self._ready():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} did not get ready:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.05)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:  # refused, or 503
            return False

    def trouble(self) -> str | None:
        """What is in its log that an operator should look into."""
        lines = self.log.read_text().splitlines()
        # aiokafka calls it an error when a broker is away.
        found = [line for line in lines if TROUBLE.search(line) and '"logger":"aiokafka' not in line]
        return f"{self.name}: {len(found)} such lines, the first: {found[0][:3000]}" if found else None


@contextmanager
def edges(bootstrap_servers: str, folder: Path, drain_s: float) -> Iterator[list[EdgeProcess]]:
    """Three edges, ready; killed at the end. They remember much, little and nothing of the log."""
    nodes = [
        EdgeProcess(
            f"edge-{number}", bootstrap_servers, folder,
            EDGE_DRAIN_SECONDS=drain_s, EDGE_WINDOW_BYTES=window,
        )
        for number, window in enumerate(WINDOWS, 1)
    ]  # fmt: skip
    try:
        for each in nodes:
            each.start()
        yield nodes
    finally:
        for each in nodes:
            each.kill()
