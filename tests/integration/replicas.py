"""Replicas of the purses service as a test sees them: started, killed, frozen, and what became of them."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from autodmca_kafka.embedded import die_with_parent

from tests.integration.replica import Order, Report

START_S = 120
ROOT = Path(__file__).resolve().parent.parent.parent


class Replicas:
    """An async context manager over one fork server. `died_at` counts the steps at which replicas died."""

    def __init__(self, complaints: Path) -> None:
        self.died_at: Counter[str] = Counter()
        self._complaints = complaints
        self._started: asyncio.Queue[int] = asyncio.Queue()
        self._ended: dict[int, asyncio.Future[int]] = {}
        self._ordering = asyncio.Lock()

    async def __aenter__(self) -> Self:
        with self._complaints.open("ab") as complaints:
            self._server = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.integration.replica",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=complaints,
                cwd=ROOT, preexec_fn=die_with_parent(),
            )  # fmt: skip
        self._listener = asyncio.create_task(self._listen())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pid in self.living():
            self.signal(pid, signal.SIGKILL)
        for ended in list(self._ended.values()):
            await ended
        assert self._server.stdin is not None
        self._server.stdin.close()
        await self._server.wait()
        await self._listener

    def living(self) -> list[int]:
        """The process ids of the replicas that run or are frozen."""
        return [pid for pid, ended in self._ended.items() if not ended.done()]

    async def start(self, order: Order) -> int:
        """Start a replica; returns its process id."""
        assert self._server.stdin is not None
        async with self._ordering:
            self._server.stdin.write(msgspec.json.encode(order) + b"\n")
            async with asyncio.timeout(START_S):
                return await self._started.get()

    async def ended(self, pid: int) -> int:
        """Wait until the replica is gone: 0, its exit status, or minus the signal that ended it."""
        return await asyncio.shield(self._ended[pid])

    def signal(self, pid: int, number: signal.Signals) -> None:
        if not self._ended[pid].done():
            with suppress(ProcessLookupError):  # it has ended, and that has not been reported yet
                os.kill(pid, number)

    async def _listen(self) -> None:
        assert self._server.stdout is not None
        loop = asyncio.get_running_loop()
        async for line in self._server.stdout:
            report = msgspec.json.decode(line, type=Report)
            ended = self._ended.setdefault(report.pid, loop.create_future())
            if report.started:
                self._started.put_nowait(report.pid)
            elif report.step is not None:
                self.died_at[report.step] += 1
            elif report.ended is not None:
                ended.set_result(report.ended)
