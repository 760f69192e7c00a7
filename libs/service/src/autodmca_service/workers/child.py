"""One worker as the service holds it: a child process that is started, asked, and ended.

Owns the process, its environment (empty) and the socket between the two. A worker is not trusted: whatever
is no frame raises FrameError, and a socket that ends raises IncompleteReadError or
ConnectionError. Never judges what that means; see `pool`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from typing import Final

import msgspec

from autodmca_service.workers.frames import HEAD_BYTES, Frame, Kind, head_of, lengths_of
from autodmca_service.workers.process import Orders

_OWN_END_S: Final = 2.0
_PIECE_BYTES: Final = 256 * 1024
"""So much is handed to the event loop's buffer at once, and thus copied."""


class Child:
    """A process that was started; `read` its Ready before the first `exchange`."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        limit: int,
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self._limit = limit

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Its exit status, negative for a signal; None while it is there, or asyncio has not reaped it."""
        return self._process.returncode

    @property
    def gone(self) -> bool:
        """Whether it has ended, also when asyncio does not know yet. Leaves the reaping to asyncio."""
        if self._process.returncode is not None:
            return True
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            return True

    async def exchange(self, job: Frame) -> tuple[Kind, list[bytes]]:
        """Give it a job and wait for its reply."""
        for piece in job.pieces:
            for start in range(0, len(piece), _PIECE_BYTES):
                self._writer.write(piece[start : start + _PIECE_BYTES])
                await self._writer.drain()
        return await self.read()

    async def read(self) -> tuple[Kind, list[bytes]]:
        """One frame's kind and parts."""
        kind, size = head_of(await self._reader.readexactly(HEAD_BYTES))
        lengths = lengths_of(await self._reader.readexactly(size), self._limit)
        return kind, [await self._reader.readexactly(length) for length in lengths]

    async def wait(self) -> None:
        """Until it has ended."""
        await self._process.wait()

    async def end(self, *, ending: bool = False) -> int:
        """Kill and reap, to the end even when cancelled; the exit status, negative for a signal.

        One that is `ending` by itself, as its end of the socket is closed, is given `_OWN_END_S` to do so:
        `Popen.kill` of a process that has just died reaps it, and asyncio then reports 255 instead of the
        signal it died of.
        """
        self._writer.close()
        task = asyncio.ensure_future(self._end(ending=ending))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await task
            raise

    async def _end(self, *, ending: bool) -> int:
        if ending:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_OWN_END_S):
                    await self._process.wait()
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        return await self._process.wait()


async def start(orders: Orders) -> Child:
    """Start one; it sends Ready when its module is loaded. To be shielded from cancellation."""
    ours, theirs = socket.socketpair()
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-X", "utf8", "-m", "autodmca_service.workers"),
            msgspec.json.encode(orders).decode(),
            stdin=theirs.fileno(),
            stdout=asyncio.subprocess.DEVNULL,
            env={},
            start_new_session=True,  # a terminal's Ctrl-C is for the service, which ends its workers itself
        )
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    reader, writer = await asyncio.open_unix_connection(sock=ours, limit=_PIECE_BYTES)
    return Child(process, reader, writer, orders.frame_bytes)


def importable() -> tuple[str, ...]:
    """Where a worker looks for modules: wherever its service does, the current folder apart."""
    return tuple(path for path in sys.path if os.path.isabs(path))
