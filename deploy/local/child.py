"""One supervised child process: its output line by line, its restarts, its end.

A child that ends by itself is started again after a pause that doubles with each quick end. It leads a
process group of its own, which is swept when it ends, so that nothing it started outlives it; on Linux
the kernel kills it when this process dies. Never decides when the system stops: its owner calls `stop`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from deploy.local.parent import end_with_parent

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0
STABLE_AFTER_S = 20.0
LONGEST_LINE = 1 << 16


class Child:
    """A program that shall run until `stop`; `say` gets each line it prints, and what happens to it."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environ: Mapping[str, str],
        say: Callable[[str, str], None],
        *,
        stop_deadline_s: float = 5.0,
        first_pause_s: float = FIRST_PAUSE_S,
    ) -> None:
        self.name = name
        self.starts = 0
        self._command = command
        self._environ = environ
        self._say = say
        self._stop_deadline_s = stop_deadline_s
        self._first_pause_s = first_pause_s
        self._transport: asyncio.SubprocessTransport | None = None
        self._stopping = asyncio.Event()
        self._ended = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """The running process, or the last one."""
        return self._transport.get_pid() if self._transport else None

    async def supervise(self) -> None:
        """Keep the program running; returns once `stop` was called and it has ended."""
        clock = asyncio.get_running_loop().time
        pause = self._first_pause_s
        try:
            while not self._stopping.is_set():
                started = clock()
                status = await self._run_once()
                if self._stopping.is_set():
                    return
                if clock() - started > STABLE_AFTER_S:
                    pause = self._first_pause_s
                self._say(self.name, f"ended ({reason(status)}); starting it again in {pause:g} s")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)
        finally:
            self.kill()
            self._ended.set()

    async def stop(self) -> None:
        """Ask the program to end (SIGTERM) and return when it has; kill it when that takes too long."""
        self._stopping.set()
        self._signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._ended.wait(), self._stop_deadline_s)
        except TimeoutError:
            self._say(self.name, f"did not end within {self._stop_deadline_s:g} s; killing it")
            self.kill()
            await self._ended.wait()

    def kill(self) -> None:
        """Kill the program and everything it started, at once."""
        if self._transport is not None and self._transport.get_returncode() is None:
            sweep(self._transport.get_pid())

    async def _run_once(self) -> int:
        loop = asyncio.get_running_loop()
        transport, process = await loop.subprocess_exec(
            lambda: Process(partial(self._say, self.name)),
            *self._command,
            env=self._environ,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            preexec_fn=end_with_parent(os.getpid()),
            start_new_session=True,  # a Ctrl-C in the terminal is for the supervisor, which stops in order
        )
        self._transport = transport
        self.starts += 1
        if self._stopping.is_set():
            self._signal(signal.SIGTERM)
        await process.exited.wait()
        sweep(transport.get_pid())  # what it left behind may hold the pipe open
        await process.closed.wait()
        status = transport.get_returncode()
        assert status is not None
        transport.close()
        return status

    def _signal(self, number: signal.Signals) -> None:
        if self._transport is not None and self._transport.get_returncode() is None:
            with contextlib.suppress(ProcessLookupError):
                self._transport.send_signal(number)


class Process(asyncio.SubprocessProtocol):
    """Cuts a process's output into lines; `exited` when it has ended, `closed` when its pipe has, too."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.exited = asyncio.Event()
        self.closed = asyncio.Event()
        self._say = say
        self._rest = b""

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            lines.append(self._rest)
            self._rest = b""
        for line in lines:
            self._say(line.decode(errors="replace").rstrip())

    def process_exited(self) -> None:
        self.exited.set()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._rest:
            self.pipe_data_received(1, b"\n")
        self.closed.set()


def sweep(process_group: int) -> None:
    """Kill whatever is left of a process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process_group, signal.SIGKILL)


def reason(status: int) -> str:
    """A return code in words: `status 1`, or the signal's name."""
    if status >= 0:
        return f"status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
