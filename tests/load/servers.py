"""The servers that are measured, each a child process alone on core 0: the edge and its references.

Owns starting them alike (a free port of loopback, the same secret and broker, ready when `/readyz` says so)
and what the kernel knows of them: CPU seconds and memory. The Node relay's packages are fetched into
`.run/` by its lock, once.
"""

import asyncio
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, Self

from autodmca_events.topics import BROADCAST, USER_EVENT_TOPICS
from autodmca_kafka.embedded import die_with_parent, free_port

from tests.load.clients import Clients, process_cpu_s
from tests.load.tokens import SECRET

CORE: Final = 0
REFERENCES: Final = Path(__file__).parent / "references"
NODE_RUN: Final = Path(__file__).resolve().parents[2] / ".run" / "node_relay"
NPM_CI: Final = ("npm", "ci", "--ignore-scripts", "--no-progress", "--no-audit", "--no-fund")
READY_S: Final = 60.0
Name = Literal["edge", "Starlette", "Node"]
ALL: Final[tuple[Name, ...]] = ("edge", "Starlette", "Node")


class Server:
    """One of `ALL` as a process. Use as a context manager, then `ready`."""

    def __init__(self, name: Name, bootstrap_servers: str) -> None:
        self.name: Name = name
        self.port = free_port()
        self._servers = bootstrap_servers
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        pin = ["taskset", "-c", str(CORE)] if (os.cpu_count() or 1) > 1 and shutil.which("taskset") else []
        self._process = subprocess.Popen(
            [*pin, *_command(self.name)],
            env={**os.environ, **_environment(self._servers, self.port)},
            preexec_fn=die_with_parent(),
        )
        return self

    def __exit__(self, *_: object) -> None:
        process = self._running
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    async def ready(self) -> None:
        """Wait until it serves. Raises TimeoutError."""
        deadline = time.monotonic() + READY_S
        while not await asyncio.to_thread(self._is_ready):
            if time.monotonic() > deadline or self._running.poll() is not None:
                raise TimeoutError(f"{self.name} did not become ready")
            await asyncio.sleep(0.1)

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=1):
                return True
        except OSError:
            return False

    def clients(self, users: int) -> Clients:
        """Clients of this server, not connected yet."""
        return Clients(self.port, users=users, server="edge" if self.name == "edge" else "relay")

    def stop(self) -> None:
        """Halt the process where it is."""
        self._running.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Undo `stop`."""
        self._running.send_signal(signal.SIGCONT)

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, f"{self.name} is not running"
        return self._process

    @property
    def pid(self) -> int:
        return self._running.pid

    @property
    def cpu_s(self) -> float:
        """CPU seconds used so far, user and system."""
        return process_cpu_s(self.pid)

    @property
    def memory_bytes(self) -> int:
        """The process's proportional share of resident memory (PSS)."""
        for line in Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
        raise LookupError("the kernel tells no PSS")


def _command(name: Name) -> Sequence[str]:
    match name:
        case "edge":
            return (sys.executable, "-m", "autodmca_edge")
        case "Starlette":
            return (sys.executable, str(REFERENCES / "starlette_relay.py"))
        case "Node":
            return ("node", str(_node_relay() / "server.mjs"))


def _environment(bootstrap_servers: str, port: int) -> dict[str, str]:
    return {
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
        "JWT_SECRET": SECRET,
        "LOG_LEVEL": "warning",
        "EDGE_HOST": "127.0.0.1",
        "EDGE_PORT": str(port),
        "EDGE_DRAIN_SECONDS": "0",
        "RELAY_PORT": str(port),
        "RELAY_TOPICS": ",".join((*USER_EVENT_TOPICS, BROADCAST)),
    }


def _node_relay() -> Path:
    """Where the Node relay is with its packages, which are fetched if they are not those of its lock."""
    source = REFERENCES / "node_relay"
    NODE_RUN.mkdir(parents=True, exist_ok=True)
    with (NODE_RUN / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        locked, fetched = source / "package-lock.json", NODE_RUN / "fetched.json"
        for name in ("package.json", "package-lock.json", "server.mjs"):
            shutil.copy(source / name, NODE_RUN / name)
        if not fetched.exists() or fetched.read_bytes() != locked.read_bytes():
            subprocess.run(NPM_CI, cwd=NODE_RUN, check=True, stdout=sys.stderr)
            shutil.copy(locked, fetched)
    return NODE_RUN
