"""Replicas of a service as processes on a real broker, and people who ask them until they are answered."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx

from autodmca_service.testing.caller import SECRET, token

READY_S: Final = 90.0
RETRY_S: Final = 60.0
PAUSE_S: Final = 0.1
LATER: Final = {429, 502, 503, 504}
"""The statuses that say to ask again."""


def free_port() -> int:
    """A port of the loopback address that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Process:
    """One replica: `python -m autodmca_<service>`, on the same port across restarts."""

    def __init__(
        self, service: str, bootstrap_servers: str, environ: Mapping[str, str] | None = None
    ) -> None:
        self._service = service
        self._port = free_port()
        name = service.upper()
        self._environ = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
            "JWT_SECRET": SECRET,
            f"{name}_HOST": "127.0.0.1",
            f"{name}_PORT": str(self._port),
            **(environ or {}),
        }
        self._process: asyncio.subprocess.Process | None = None
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{self._port}", timeout=30, trust_env=False)

    @property
    def pid(self) -> int:
        """Of the process that is running now."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start it; `ready` waits for it."""
        command = [sys.executable, "-m", f"autodmca_{self._service}"]
        self._process = await asyncio.create_subprocess_exec(*command, env=self._environ)

    async def ready(self) -> None:
        """Wait until it says that it is ready; fails when it ends instead."""
        async with asyncio.timeout(READY_S):
            while await self.failing() != {}:  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(PAUSE_S / 2)

    async def failing(self) -> dict[str, str] | None:
        """The readiness checks that fail now, and why; None while nobody answers."""
        assert self._process is not None
        assert self._process.returncode is None, "the service ended"
        try:
            checks = (await self.http.get("/readyz")).json()["checks"]
        except httpx.TransportError:
            return None
        return {name: reason for name, reason in checks.items() if reason != "ok"}

    async def signal(self, signum: signal.Signals) -> int:
        """Send a signal that ends it; its exit status."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(signum)
        return await self._process.wait()

    async def close(self) -> None:
        """Kill it, if it runs."""
        await self.http.aclose()
        if self._process is not None:
            await self.signal(signal.SIGKILL)


@asynccontextmanager
async def processes(
    service: str, bootstrap_servers: str, count: int = 1, **environ: str
) -> AsyncIterator[list[Process]]:
    """So many replicas, ready, for as long as the block lasts; `environ` is added to their environment."""
    running = [Process(service, bootstrap_servers, environ) for _ in range(count)]
    try:
        for process in running:
            await process.start()
        for process in running:
            await process.ready()
        yield running
    finally:
        for process in running:
            await process.close()


class Person:
    """Somebody with a token who asks until answered, with one Idempotency-Key for each thing asked."""

    def __init__(self, user_id: int, *roles: str) -> None:
        self.user_id = user_id
        self._token = token(user_id, *roles)

    async def ask(
        self,
        process: Process,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = RETRY_S,
    ) -> httpx.Response:
        """The first answer that does not say to ask again."""
        sent = {"authorization": f"Bearer {self._token}", **(headers or {})}
        if method != "GET":
            sent["idempotency-key"] = key or uuid.uuid4().hex
        async with asyncio.timeout(timeout_s):
            while True:
                try:
                    answer = await process.http.request(method, path, json=body, headers=sent)
                except httpx.TransportError:
                    await asyncio.sleep(PAUSE_S)
                    continue
                if answer.status_code not in LATER:
                    return answer
                await asyncio.sleep(PAUSE_S)

    async def get(self, process: Process, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """The body of the answer, which must be a success."""
        answer = await self.ask(process, method, path, body, **options)
        assert answer.is_success, answer.text
        return answer.json()

    async def until(
        self, process: Process, path: str, reached: Callable[[Any], object], *, timeout_s: float = RETRY_S
    ) -> Any:
        """What a GET of `path` shows once it is as wanted; fails with what it showed last."""
        shown: Any = None
        try:
            async with asyncio.timeout(timeout_s):
                while not reached(shown := await self.get(process, "GET", path)):  # noqa: ASYNC110 - as `ready`
                    await asyncio.sleep(PAUSE_S)
        except TimeoutError:
            raise AssertionError(f"not reached: {shown}") from None
        return shown
