"""Serve an ASGI application until told to stop, with the background work that it lives on.

Order of a stop: SIGTERM or SIGINT, unready, `on_drain` (at most `drain_s`), the listening sockets close, open
requests finish (at most `stop_s`), the background tasks are cancelled. They run through the drain:
connections still live on them. A second signal cancels everything at once. A background task that ends, in
whichever way, stops the service and makes `serve` raise. Never ends the process itself (see `process.run`).
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from typing import Any, Final

import structlog
import uvicorn
from starlette.types import ASGIApp

from .errors import ServeError
from .health import Health
from .http import HttpProtocol
from .process import CLOSING_S, StoppedAtOnce, current_watchdog, handle_stop_signals

Background = Callable[[], Coroutine[Any, Any, None]]
"""Runs until it is cancelled."""

_CRASH_STOP_S: Final = 1.0
"""Seconds that open requests get when the service stops because of a crash."""

log = structlog.get_logger()


async def serve(
    app: ASGIApp,
    *,
    host: str,
    port: int,
    health: Health,
    drain_s: float = 25.0,
    stop_s: float = 5.0,
    on_drain: Callable[[], Awaitable[None]] | None = None,
    on_listening: Callable[[str, int], None] | None = None,
    background: Mapping[str, Background] | None = None,
    stop: asyncio.Event | None = None,
    http: str | type[asyncio.Protocol] = HttpProtocol,
    **uvicorn_options: Any,
) -> None:
    """Listen on `host` and `port` (0: any free one), and return when a stop was asked for and carried out.

    `on_listening` gets the address in use. `stop` asks for the same as a first signal. `http` is uvicorn's: a
    name or a protocol class, ours (http.py) unless you have another; so are the other options (`ws=`,
    `backlog=`, `ssl_certfile=`, ...). The application's lifespan is off: open resources around this call, in
    `async with`. Cancelling closes the connections and stops at once. Raises ServeError when it cannot
    listen, and when a background task ended (its exception is the cause); StoppedAtOnce after a second
    signal.
    """
    options = {"lifespan": "off", "access_log": False, "server_header": False, **uvicorn_options}
    options.setdefault("log_level", "info" if options["access_log"] else "warning")
    config = uvicorn.Config(app, http=http, log_config=None, timeout_graceful_shutdown=None, **options)
    with _listening(host, port) as listener:
        await _Run(_Server(config), listener, health, drain_s, stop_s, stop or asyncio.Event()).run(
            on_drain, on_listening, background or {}
        )


async def serve_beside(
    app: ASGIApp, *, host: str, port: int, http: str | type[asyncio.Protocol] = HttpProtocol
) -> None:
    """Listen on another address too until cancelled: background work for `serve`, there through its drain.

    `http` is as in `serve`. Raises ServeError when it cannot listen.
    """
    config = uvicorn.Config(
        app,
        http=http,
        log_config=None,
        log_level="warning",
        lifespan="off",
        access_log=False,
        server_header=False,
        ws="none",
    )
    server = _Server(config)
    with _listening(host, port) as listener:
        log.info("listening beside", host=host, port=listener.getsockname()[1])
        try:
            await server.serve([listener])
        except asyncio.CancelledError:
            if server.started:
                server.should_exit = server.force_exit = True
                await server.shutdown([listener])
            raise


class _Server(uvicorn.Server):
    """uvicorn's server without its signal handlers: they are ours."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Run:
    """One run of a server: what has been asked for, and what has failed."""

    def __init__(
        self,
        server: _Server,
        listener: socket.socket,
        health: Health,
        drain_s: float,
        stop_s: float,
        stop: asyncio.Event,
    ) -> None:
        self._server = server
        self._listener = listener
        self._health = health
        self._drain_s = drain_s
        self._stop_s = stop_s
        self._stop = stop
        self._crash: ServeError | None = None
        self._signals: list[int] = []
        self._task: asyncio.Task[Any] | None = None

    async def run(
        self,
        on_drain: Callable[[], Awaitable[None]] | None,
        on_listening: Callable[[str, int], None] | None,
        background: Mapping[str, Background],
    ) -> None:
        self._task = asyncio.current_task()
        try:
            with handle_stop_signals(self._on_signal):
                async with asyncio.TaskGroup() as group:
                    running = [
                        group.create_task(self._keep(name, work), name=name)
                        for name, work in background.items()
                    ]
                    serving = group.create_task(self._serve(on_listening), name="server")
                    await self._until_stop(serving, on_drain)
                    await serving
                    for task in running:
                        task.cancel()
        except asyncio.CancelledError:
            if len(self._signals) > 1 and self._task is not None:
                self._task.uncancel()
                raise StoppedAtOnce(self._signals[-1]) from None
            raise
        finally:
            self._health.drain()
        if self._crash is not None:
            raise self._crash
        log.info("stopped")

    async def _until_stop(
        self, serving: asyncio.Task[None], on_drain: Callable[[], Awaitable[None]] | None
    ) -> None:
        """Wait for a reason to stop, then make the server ready to be awaited."""
        stopping = asyncio.create_task(self._stop.wait(), name="stop")
        try:
            await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
        self._health.drain()
        watchdog = current_watchdog.get()
        if self._crash is None:
            log.info("draining", drain_s=self._drain_s, stop_s=self._stop_s)
            if watchdog is not None:
                watchdog.arm(self._drain_s + self._stop_s + CLOSING_S, 1)
            if on_drain is not None and not serving.done():
                await self._drain(on_drain)
        elif watchdog is not None:
            watchdog.arm(_CRASH_STOP_S + CLOSING_S, 1)
        self._stop_server(self._stop_s if self._crash is None else min(_CRASH_STOP_S, self._stop_s))

    async def _drain(self, on_drain: Callable[[], Awaitable[None]]) -> None:
        try:
            async with asyncio.timeout(self._drain_s):
                await on_drain()
        except TimeoutError:
            log.warning("drain did not end in time", drain_s=self._drain_s)
        except Exception:  # the top of the caller's work: the stop must go on without it
            log.error("drain failed", exc_info=True)

    def _stop_server(self, seconds: float) -> None:
        self._server.config.timeout_graceful_shutdown = seconds  # type: ignore[assignment]  # a float will do
        self._server.should_exit = True

    async def _serve(self, on_listening: Callable[[str, int], None] | None) -> None:
        host, port = self._listener.getsockname()[:2]
        log.info("listening", host=host, port=port)
        if on_listening is not None:
            on_listening(host, port)
        try:
            await self._server.serve([self._listener])
        except asyncio.CancelledError:
            if self._server.started:  # say goodbye to open connections instead of dropping them
                self._stop_server(0.0)
                self._server.force_exit = True
                await self._server.shutdown([self._listener])
            raise
        except SystemExit:
            # uvicorn has logged why (a lifespan that failed); inside a task this would tear the loop down
            self._crash = ServeError("the server could not start")
        except Exception as error:  # noqa: BLE001 - a task's top: raised again from `run`
            self._crash = ServeError(f"the server failed: {error}")
            self._crash.__cause__ = error
        if not self._stop.is_set():
            self._crash = self._crash or ServeError("the server ended by itself")

    async def _keep(self, name: str, work: Background) -> None:
        """Run background work; its end, unless we cancelled it, stops the service."""
        try:
            await work()
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                raise
            self._failed(name, None)
        except Exception as error:  # noqa: BLE001 - a task's top: logged, and raised again from `run`
            self._failed(name, error)
        else:
            self._failed(name, None)

    def _failed(self, name: str, error: Exception | None) -> None:
        log.critical("background task ended, stopping", task=name, exc_info=error)
        if self._crash is None:
            self._crash = ServeError(f"the background task {name!r} ended")
            self._crash.__cause__ = error
        self._stop.set()

    def _on_signal(self, signum: int) -> None:
        self._signals.append(signum)
        log.info("signal", signal=signal.Signals(signum).name, count=len(self._signals))
        self._stop.set()
        if len(self._signals) > 1 and self._task is not None:
            self._task.cancel()


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """A bound socket, so that a port in use is an error of ours and not uvicorn's exit."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family = socket.AF_INET if any(info[0] == socket.AF_INET for info in found) else socket.AF_INET6
        both = host == "::" and socket.has_dualstack_ipv6()
        listener = socket.create_server((host, port), family=family, dualstack_ipv6=both)
    except OSError as error:
        raise ServeError(f"cannot listen on {host}:{port}: {error}") from error
    with contextlib.closing(listener):
        yield listener
