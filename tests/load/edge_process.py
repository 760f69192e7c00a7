"""An edge node as a child process, and what the kernel says of it: CPU seconds, resident memory."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from typing import Final, Self

from autodmca_kafka.embedded import free_port

from tests.load.sink import SECRET

_TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")


class EdgeProcess:
    """`python -m autodmca_edge` on a free port of loopback, alone on `core`."""

    def __init__(self, bootstrap_servers: str, *, core: int | None = 0) -> None:
        self.port = free_port()
        pin = ["taskset", "-c", str(core)] if core is not None and (os.cpu_count() or 1) > 1 else []
        environment = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
            "JWT_SECRET": SECRET,
            "EDGE_HOST": "127.0.0.1",
            "EDGE_PORT": str(self.port),
            "EDGE_DRAIN_SECONDS": "0",
            "LOG_LEVEL": "warning",
        }
        self._process = subprocess.Popen([*pin, sys.executable, "-m", "autodmca_edge"], env=environment)

    def __enter__(self) -> Self:
        self.wait_ready()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def wait_ready(self, timeout_s: float = 60) -> None:
        """Raises TimeoutError."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=1):
                    return
            except OSError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise TimeoutError("the edge did not become ready") from None
                time.sleep(0.05)

    def stop(self) -> None:
        """Halt the process where it is."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Undo `stop`."""
        self._process.send_signal(signal.SIGCONT)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def cpu_s(self) -> float:
        """CPU seconds used so far, user and system."""
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * _TICK_S

    @property
    def resident_bytes(self) -> int:
        """The process's RSS."""
        with open(f"/proc/{self.pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
