"""`make run` as a person starts it, on ports of its own, and what its processes leave behind."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.unit.repository import ROOT

NOT_INHERITED = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "KAFKA_BOOTSTRAP_SERVERS", "JWT_SECRET", "LOG_FORMAT"}


class Program:
    """A running program in a process group of its own, and the lines it has printed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []
        self._new = asyncio.Event()

    async def read(self) -> None:
        """Collect lines until the program has closed its output."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.append(line.decode().rstrip("\n"))
            self._new.set()

    async def until(self, condition: Callable[[], bool], seconds: float = 240) -> None:
        """Wait until what was printed meets a condition; fails with the last lines."""
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    self._new.clear()
                    await self._new.wait()
        except TimeoutError:
            raise AssertionError("\n".join(["not within the time:", *self.lines[-40:]])) from None

    def interrupt(self) -> None:
        """What Ctrl-C in a terminal does: SIGINT to the whole group."""
        os.killpg(self.process.pid, signal.SIGINT)

    async def ended(self, seconds: float = 120) -> int:
        """The exit status, once it has ended."""
        async with asyncio.timeout(seconds):
            return await self.process.wait()


def _heeds_interrupts() -> None:
    """A shell may have started us in the background, with SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@asynccontextmanager
async def started(*command: str, environ: Mapping[str, str]) -> AsyncIterator[Program]:
    """Run a program for as long as the block lasts; killed with its group if it is still there then."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT,
        env={**{k: v for k, v in os.environ.items() if k not in NOT_INHERITED}, **environ},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=_heeds_interrupts,
    )
    program = Program(process)
    async with asyncio.TaskGroup() as group:
        group.create_task(program.read())
        try:
            yield program
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def free_ports(*names: str) -> dict[str, str]:
    """A free port for each variable."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in names]
    ports = [str(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return dict(zip(names, ports, strict=True))


def descendants(pid: int) -> dict[int, str]:
    """Every process below `pid`, and its command line."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parents.setdefault(int(after_name(folder)[1]), []).append(int(folder.name))
    found, next_ones = {}, [pid]
    while next_ones:
        children = parents.get(next_ones.pop(), [])
        next_ones += children
        for child in children:
            with suppress(OSError):
                found[child] = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return found


async def gone(processes: Mapping[int, str], mark: str, seconds: float = 60) -> None:
    """Wait until none of these runs any more, nor anything with `mark` in its environment; or fail."""
    left: dict[int, str] = {}
    try:
        async with asyncio.timeout(seconds):
            while left := {pid: what for pid, what in processes.items() if runs(pid, what)} | marked(mark):
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"still there: {left}") from None


def marked(mark: str) -> dict[int, str]:
    """Every process that was started with `mark` in its environment, and its command line."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark.encode() in (folder / "environ").read_bytes():
                found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    return found


def runs(pid: int, command: str) -> bool:
    """Whether the process is there, is the same program as before, and has not ended."""
    try:
        now = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        return now == command and after_name(Path(f"/proc/{pid}"))[0] not in {"Z", "X"}
    except OSError:
        return False


def after_name(folder: Path) -> list[str]:
    """The fields of /proc/PID/stat after the name: state, parent, ..."""
    return (folder / "stat").read_text().rpartition(")")[2].split()
