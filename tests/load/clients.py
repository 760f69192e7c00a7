"""The clients of a benchmark: connections to one server, in a process and on a core of their own.

The benchmark's side of it: starts the process, tells it when a round begins, waits, and has the round judged.
What runs there is connections.py. Fails with TimeoutError when something does not come, with EOFError when
the process is gone (it says why on stderr).
"""

import asyncio
import multiprocessing
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, Self

from tests.load.arrivals import Tally
from tests.load.connections import Counters, Kind, serve
from tests.load.events import Sent

_spawn: Final = multiprocessing.get_context("spawn")
POLL_S: Final = 0.0005


class Clients:
    """One connection for each of `users` users, numbered from 0, or for the users with these numbers."""

    def __init__(
        self,
        port: int,
        *,
        users: int | Sequence[int],
        server: Literal["edge", "relay"] = "edge",
        core: int = 1,
    ) -> None:
        numbers = range(users) if isinstance(users, int) else users
        self.users = len(numbers)
        self._server = server
        self.counters = Counters(*(_spawn.Value("q", 0, lock=False) for _ in range(4)))
        self._pipe, theirs = _spawn.Pipe()
        self._process = _spawn.Process(
            target=serve, args=(port, server, numbers, core, self.counters, theirs), daemon=True
        )

    def __enter__(self) -> Self:
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()

    @property
    def cpu_s(self) -> float:
        """CPU seconds of the process so far."""
        return process_cpu_s(self._process.pid or 0)

    @property
    def events(self) -> int:
        """Events of the round so far; of a stream: that every connection has received."""
        return self.counters.events.value

    @property
    def ready(self) -> bool:
        """Whether every connection is subscribed."""
        return self.counters.ready.value == self.users

    def begin(self, number: int, kind: Kind = "marks") -> None:
        """Count the events of this round from now on."""
        self._ask("begin", number, kind)

    def judge(self, sent: Sent) -> Tally:
        """What of the round was lost, came twice or out of order."""
        tally = self._ask("judge", sent.by_user, sent.everybodys)
        assert isinstance(tally, Tally)
        return tally

    def check(self, sent: Sent) -> None:
        """Raises AssertionError unless everything came once and in order."""
        tally = self.judge(sent)
        assert tally == Tally(), tally

    def latencies(self) -> tuple[float, float]:
        """p50 and p99 of the round, from before the producer's call to the read, ms."""
        p50, p99 = self._ask("latencies")
        return p50, p99

    def beat(self, per_second: float) -> None:
        """Send so many heartbeats a second, over all connections."""
        self._ask("beat", per_second)

    def cut(self) -> None:
        """Reset every connection and open it again."""
        self._ask("cut")

    def _ask(self, name: str, *arguments: object) -> Any:
        self._pipe.send((name, arguments))
        if not self._pipe.poll(60):
            raise TimeoutError(f"the generator does not answer {name}")
        return self._pipe.recv()

    async def wait_ready(self, timeout_s: float = 60) -> None:
        """Until every connection is subscribed."""
        await self._until(lambda: self.ready, timeout_s)

    async def wait_events(self, count: int, timeout_s: float = 60) -> float:
        """Until `count` events of the round have come; the moment (monotonic, s)."""
        await self._until(lambda: self.events >= count, timeout_s)
        return time.monotonic()

    async def _until(self, done: Callable[[], bool], timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while not done():
            if time.monotonic() > deadline or not self._process.is_alive():
                ready, events = self.counters.ready.value, self.events
                what = f"{ready} of {self.users} subscribed, {events} events came"
                raise TimeoutError(f"{self._server}: {what}")
            await asyncio.sleep(POLL_S)


def process_cpu_s(pid: int) -> float:
    """CPU seconds of another process and all its threads, to the nanosecond (clock_getcpuclockid(3))."""
    return time.clock_gettime(~pid << 3 | 2)
