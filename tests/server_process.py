"""A server as a child process of a test or a benchmark: started, killed, stopped and started again.

Owns the process and its log file. Never decides what the server is: the command line is its caller's. The
kernel ends the server when this process dies (Linux). Fails with RuntimeError and the end of the log.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from autodmca_kafka.embedded import die_with_parent

READY_S = 240
STOP_S = 20

# The kernel ends a child with the thread that started it, and a test's own threads end with the test.
STARTER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="server starter")


class ServerProcess:
    """`name` is for messages; it listens on `port` of loopback, the same over every start.

    `environ` is added to this process's own.
    """

    def __init__(
        self, name: str, port: int, command: list[str], log: Path, environ: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.port = port
        self.command = command
        self._log = log
        self._environ = {**os.environ, **(environ or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} is not running"
        return self._process.pid

    def start(self) -> None:
        """Start it and return when it takes connections."""
        self._process = STARTER.submit(self._spawn).result()
        deadline = time.monotonic() + READY_S
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"{self.name} did not come up:\n{self._log.read_text()[-2000:]}")
            time.sleep(0.02)

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environ,
                preexec_fn=die_with_parent(),
                start_new_session=True,
            )

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def kill(self) -> None:
        """End it as `kill -9` does; it stays down until `start`."""
        self._end(signal.SIGKILL)

    def close(self) -> None:
        """End it in order."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_S)

    def restart(self) -> None:
        """Kill it and start it again at the same address."""
        self.kill()
        self.start()

    def stop(self) -> None:
        """Freeze it, all of its threads: connections stay open, nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        os.waitpid(self._process.pid, os.WUNTRACED)  # the signal alone leaves it a moment more

    def cont(self) -> None:
        """Undo `stop`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def mend(self) -> None:
        """Undo `kill` and `stop`, whichever there was."""
        if self._process is None or self._process.poll() is not None:
            self.start()
        else:
            self.cont()
