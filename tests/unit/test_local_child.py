"""The supervisor of `make run`, on real processes."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from deploy.local.child import Child

LEAVES_A_GRANDCHILD = (
    "import subprocess, sys, time\n"
    "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    "print('grandchild', p.pid, flush=True)\n"
    "time.sleep(60)\n"
)
IGNORES_TERM = (
    "import signal, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print('deaf', flush=True)\n"
    "time.sleep(60)\n"
)


class Heard:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self._new = asyncio.Event()

    def say(self, name: str, line: str) -> None:
        self.lines.append(line)
        self._new.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not condition():
                self._new.clear()
                await self._new.wait()


@asynccontextmanager
async def supervised(program: str, heard: Heard, stop_deadline_s: float = 10) -> AsyncIterator[Child]:
    child = Child(
        "child",
        [sys.executable, "-c", program],
        os.environ,
        heard.say,
        stop_deadline_s=stop_deadline_s,
        first_pause_s=0.01,
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(child.supervise())
        yield child
        await child.stop()


def is_running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_what_a_child_prints_is_said_line_by_line() -> None:
    heard = Heard()
    async with supervised("print('one'); print('zwölf'); import time; time.sleep(60)", heard):
        await heard.until(lambda: len(heard.lines) >= 2)
    assert heard.lines[:2] == ["one", "zwölf"]


async def test_a_child_that_ends_is_started_again_and_its_end_is_said() -> None:
    heard = Heard()
    async with supervised("import sys; print('up', flush=True); sys.exit(3)", heard) as child:
        await heard.until(lambda: heard.lines.count("up") >= 3)
    assert child.starts >= 3
    assert heard.lines[1] == "ended (status 3); starting it again in 0.01 s"


async def test_a_killed_child_is_started_again() -> None:
    heard = Heard()
    async with supervised("print('up', flush=True); import time; time.sleep(60)", heard) as child:
        await heard.until(lambda: "up" in heard.lines)
        child.kill()
        await heard.until(lambda: heard.lines.count("up") == 2)
    assert any("SIGKILL" in line for line in heard.lines)


async def test_what_a_child_started_ends_with_it() -> None:
    heard = Heard()
    async with supervised(LEAVES_A_GRANDCHILD, heard):
        await heard.until(lambda: len(heard.lines) == 1)
        pid = int(heard.lines[0].split()[1])
        assert is_running(pid)
    async with asyncio.timeout(60):
        while is_running(pid):
            await asyncio.sleep(0.01)


async def test_a_child_that_ignores_the_request_to_end_is_killed_at_the_deadline() -> None:
    heard = Heard()
    async with supervised(IGNORES_TERM, heard, stop_deadline_s=0.1) as child:
        await heard.until(lambda: "deaf" in heard.lines)
    assert child.pid is not None
    assert not is_running(child.pid)
    assert heard.lines[-1] == "did not end within 0.1 s; killing it"
