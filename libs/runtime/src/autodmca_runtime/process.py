"""The life of a service's process, from its environment to its exit code.

Owns the event loop (uvloop where there is one), the signals outside `serve`, and the last resort: a watchdog
thread that ends the process when a stop takes longer than was granted, even if the event loop is stuck. Exit
codes: 0 stopped when asked, 1 crashed, 78 bad configuration (EX_CONFIG), 128 + signal: made to stop at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextvars import ContextVar
from types import FrameType
from typing import Any, Final, TypeVar

import msgspec
import structlog

from .environment import load
from .errors import ConfigError, Problem
from .logs import configure_logging
from .settings import LogSettings

STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
CLOSING_S: Final = 5.0
"""Seconds that resources opened around `serve` get to close, once it has returned."""
AT_ONCE_S: Final = 1.0
"""Seconds that are left after a second signal."""
_BAD_CONFIG: Final = 78

log = structlog.get_logger()
S = TypeVar("S", bound=msgspec.Struct)


class Watchdog:
    """A thread that ends the process at a deadline; of several, the earliest wins.

    `arm` and `signal` may be called in a signal handler: they take no lock that interrupted code may hold.
    """

    def __init__(self) -> None:
        self.signals: list[int] = []
        self._orders: queue.SimpleQueue[tuple[float, int] | None] = queue.SimpleQueue()
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def arm(self, seconds: float, exit_code: int) -> None:
        self._orders.put((time.monotonic() + seconds, exit_code))

    def signal(self, signum: int) -> None:
        """Take note of a signal; from the second on, the process has `AT_ONCE_S` left."""
        self.signals.append(signum)
        if len(self.signals) > 1:
            self.arm(AT_ONCE_S, 128 + signum)

    def disarm(self) -> None:
        self._orders.put(None)

    def _watch(self) -> None:
        earliest = (math.inf, 0)
        while True:
            left = None if earliest[0] == math.inf else max(0.0, earliest[0] - time.monotonic())
            try:
                order = self._orders.get(timeout=left)
            except queue.Empty:
                break
            if order is None:
                return
            earliest = min(earliest, order)
        # in a thread of its own: a log that blocks must not keep the process alive
        last_words = threading.Thread(target=_say_ending, args=(earliest[1],), daemon=True)
        last_words.start()
        last_words.join(0.5)
        os._exit(earliest[1])


def _say_ending(exit_code: int) -> None:
    log.critical("stop took too long, ending the process", exit_code=exit_code)


current_watchdog: ContextVar[Watchdog | None] = ContextVar("current_watchdog", default=None)
"""The watchdog of `run`, for `serve`; None where something else owns the process: it is then never ended."""


class StoppedAtOnce(BaseException):
    """A second signal came: everything is being cancelled. No `Exception`, so that nobody retries over it."""

    def __init__(self, signum: int) -> None:
        self.signum = signum
        super().__init__(signal.Signals(signum).name)


def run(
    service: str,
    settings_type: type[S],
    main: Callable[[S], Coroutine[Any, Any, None]],
    environ: Mapping[str, str] = os.environ,
) -> int:
    """Load the settings, configure the logs, run `main(settings)` to its end; returns the exit code.

    The whole of an entry point: `sys.exit(run("edge", EdgeSettings, app.run))`. Call it on the main thread.
    A signal before or after `serve` cancels `main`. Whatever `main` raises is logged.
    """
    try:
        settings = _settings(service, settings_type, environ)
    except ConfigError as error:
        sys.stderr.write(f"{service}: {error}\n")
        return _BAD_CONFIG
    if sys.platform != "win32":
        from .files import raise_file_limit

        raise_file_limit()
    watchdog = Watchdog()
    current_watchdog.set(watchdog)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(_guarded(main(settings), watchdog))
    finally:
        watchdog.disarm()


def _settings(service: str, settings_type: type[S], environ: Mapping[str, str]) -> S:
    problems: list[Problem] = []
    try:
        configure_logging(service, load(LogSettings, environ))
    except ConfigError as error:
        problems.extend(error.problems)
    try:
        settings = load(settings_type, environ)
    except ConfigError as error:
        problems.extend(problem for problem in error.problems if problem not in problems)
    if problems:
        raise ConfigError(problems)
    return settings


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop


async def _guarded(main: Coroutine[Any, Any, None], watchdog: Watchdog) -> int:
    """Run `main`, turning how it ended into an exit code."""
    task = asyncio.create_task(main, name="main")
    try:
        code = await _exit_code(task, watchdog)
    finally:
        # what is left is the event loop's: stray tasks, and threads of its executor, which may hang
        watchdog.arm(CLOSING_S, 1)
    return code


async def _exit_code(task: asyncio.Task[None], watchdog: Watchdog) -> int:
    def interrupt(signum: int) -> None:
        log.info("signal outside serving, closing", signal=signal.Signals(signum).name)
        watchdog.arm(CLOSING_S, 128 + signum)
        task.cancel()

    with handle_stop_signals(interrupt):
        try:
            await task
        except StoppedAtOnce as stop:
            log.warning("stopped at once", signal=str(stop))
            return 128 + stop.signum
        except asyncio.CancelledError:
            if not watchdog.signals:
                log.critical("service cancelled itself")
                return 1
            return 0 if len(watchdog.signals) == 1 else 128 + watchdog.signals[-1]
        except Exception:  # the top of the process: logged, and told by the exit code
            log.critical("service failed", exc_info=True)
            return 1
    return 0


@contextlib.contextmanager
def handle_stop_signals(callback: Callable[[int], None]) -> Iterator[None]:
    """Call `callback(signum)` on the event loop for SIGTERM and SIGINT, in place of what stood before.

    `signal.signal` and not `loop.add_signal_handler`: it can be put back, and it reaches the watchdog even
    while the loop is stuck. Does nothing away from the main thread, where Python allows no handlers.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    watchdog = current_watchdog.get()

    def handler(signum: int, _frame: FrameType | None) -> None:
        if watchdog is not None:
            watchdog.signal(signum)
        loop.call_soon_threadsafe(callback, signum)

    before = {signum: signal.signal(signum, handler) for signum in STOP_SIGNALS}
    try:
        yield
    finally:
        for signum, standing in before.items():
            signal.signal(signum, standing)
