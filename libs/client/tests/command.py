"""The `autodmca` command as a child process, read line by line."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

SECRET = "a secret for tests, of at least thirty-two bytes"
DEADLINE_S = 120.0


class Command:
    """A running child; `lines` are standard output's, `notes` standard error's."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def line(self) -> bytes:
        """The next line of standard output; fails when there is none."""
        assert self._process.stdout is not None
        async with asyncio.timeout(DEADLINE_S):
            line = await self._process.stdout.readline()
        assert line, "standard output ended"
        return line.rstrip(b"\n")

    async def note(self, holding: str) -> str:
        """The next line of standard error that holds a text."""
        assert self._process.stderr is not None
        async with asyncio.timeout(DEADLINE_S):
            async for line in self._process.stderr:
                if holding in line.decode():
                    return line.decode()
        raise AssertionError(f"standard error ended without {holding!r}")

    async def end(self, number: signal.Signals | None = None) -> tuple[int, str, str]:
        """Signal it if told to, wait, and give the exit code and what was left on both streams."""
        if number is not None:
            self._process.send_signal(number)
        async with asyncio.timeout(DEADLINE_S):
            out, err = await self._process.communicate()
        assert self._process.returncode is not None
        return self._process.returncode, out.decode(), err.decode()


@contextlib.asynccontextmanager
async def command(
    *arguments: str, state: Path, environ: Mapping[str, str] | None = None, given: bytes | None = None
) -> AsyncIterator[Command]:
    """Start `autodmca` with nothing from this environment but what it needs; killed at the end if need be."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "autodmca_client.cli",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "XDG_STATE_HOME": str(state), **(environ or {})},
    )
    assert process.stdin is not None
    if given is not None:
        process.stdin.write(given)
    process.stdin.close()
    try:
        yield Command(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def completed(
    *arguments: str, state: Path, environ: Mapping[str, str] | None = None, given: bytes | None = None
) -> tuple[int, str, str]:
    """Run to the end: exit code, standard output, standard error."""
    async with command(*arguments, state=state, environ=environ, given=given) as running:
        return await running.end()
