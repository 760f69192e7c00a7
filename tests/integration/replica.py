"""A server that forks replicas of the purses service: processes that may be killed, dozens a second.

    python -m tests.integration.replica     # orders on stdin, reports on stdout, a JSON object a line

It imports everything once and forks for each order, so that a replica runs within milliseconds. Owns its
children: they end with it. A replica whose order says `die_at` kills
itself (SIGKILL) at that step of its processor, counted from 1, after reporting which one it was.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import selectors
import signal
import sys

import msgspec
from autodmca_kafka.embedded import die_with_parent

from tests.integration.worker import JumpingClock, Worker

ORDERS, REPORTS = 0, 1


class Order(msgspec.Struct, frozen=True):
    """What a replica is to be; see `Processor`."""

    service: str
    bootstrap_servers: str
    max_poll: int
    max_bytes: int = 900_000
    instance: str | None = None
    session_timeout_ms: int | None = None
    die_at: int | None = None
    die_on: str | None = None
    """Count steps of this kind alone."""
    outside: str | None = None
    """Where the outside world is; None: errands wait."""
    jumps: int | None = None
    """The seed of a wall clock that is set again and again."""


class Report(msgspec.Struct, frozen=True, omit_defaults=True):
    """A replica was `started`, is about to die at a `step`, or has `ended` with a status (-9: SIGKILL)."""

    pid: int
    started: bool = False
    step: str | None = None
    ended: int | None = None


def report(what: Report) -> None:
    """One write, so that lines of several processes do not mix."""
    os.write(REPORTS, msgspec.json.encode(what) + b"\n")


async def live(order: Order) -> None:
    """Be a replica until SIGTERM."""
    steps = 0

    def on_step(step: str) -> None:
        nonlocal steps
        steps += order.die_on in (None, step)
        if steps == order.die_at and order.die_on in (None, step):
            report(Report(os.getpid(), step=step))
            os.kill(os.getpid(), signal.SIGKILL)

    worker = Worker(
        order.service,
        order.bootstrap_servers,
        order.outside,
        on_step,
        clock=None if order.jumps is None else JumpingClock(order.jumps),
        instance=order.instance,
        max_poll=order.max_poll,
        max_bytes=order.max_bytes,
        session_timeout_ms=order.session_timeout_ms,
    )
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    with contextlib.suppress(asyncio.CancelledError):
        await worker.run()


def fork(order: Order) -> int:
    """Start a replica and return its process id."""
    end_with_parent = die_with_parent()
    # One that is told to stop before it listens stops as soon as it does.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    pid = os.fork()
    if pid:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        return pid
    status = 1
    try:
        if end_with_parent:
            end_with_parent()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(ORDERS)
        sys.stdout = sys.stderr  # stdout is for reports
        asyncio.run(live(order))
        status = 0
    finally:
        os._exit(status)


def serve() -> None:
    """Obey until stdin ends."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    selector = selectors.DefaultSelector()
    selector.register(ORDERS, selectors.EVENT_READ)
    selector.register(woken, selectors.EVENT_READ)
    unread = b""
    while True:
        for key, _ in selector.select():
            received = os.read(key.fd, 65536)
            if key.fd == woken:
                _reap()
            elif not received:
                return
            else:
                *lines, unread = (unread + received).split(b"\n")
                for line in lines:
                    report(Report(fork(msgspec.json.decode(line, type=Order)), started=True))


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            report(Report(ended[0], ended=os.waitstatus_to_exitcode(ended[1])))


if __name__ == "__main__":
    serve()
