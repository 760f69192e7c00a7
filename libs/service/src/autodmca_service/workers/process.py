"""The process in which jobs are done: `python -m autodmca_service.workers ORDERS`.

Takes jobs from the socket that is its standard input, replies on it, one at a time, and ends with it. It
loads the service's module first, then confines itself for good (see `confinement`). A job that uses up its
processor time ends the process with SIGPROF, which nothing else sends, even when its service is gone. The
clock on the wall is the pool's business and says nothing about a job.
"""

from __future__ import annotations

import importlib
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import Struct

from autodmca_service.workers.confinement import Confinement, limit
from autodmca_service.workers.frames import (
    HEAD_BYTES,
    Aborted,
    Failed,
    Frame,
    Kind,
    Ready,
    head_of,
    lengths_of,
    message_of,
)
from autodmca_service.workers.jobs import job_types

_TRACE_CHARACTERS: Final = 4_000
_SCRATCH_BYTES: Final = 64 * 1024


class Orders(Struct, frozen=True, kw_only=True):
    """What a worker is told as it starts: what to load, and its limits."""

    service: int
    """Its process id."""
    module: str
    path: tuple[str, ...]
    reads: tuple[str, ...]
    threads: int
    memory_bytes: int
    frame_bytes: int
    file_bytes: int
    files: int
    cpu_s: float


class _Line:
    """The worker's end of the socket."""

    def __init__(self, sock: socket.socket, limit: int) -> None:
        self._socket = sock
        self._limit = limit

    def receive(self) -> list[bytearray] | None:
        """The parts of the next job; None at the end. Raises MemoryError for one too large to hold."""
        head = self._exactly(HEAD_BYTES)
        if head is None:
            return None
        _, size = head_of(bytes(head))
        lengths = lengths_of(bytes(self._exactly(size) or b""), self._limit)
        try:
            parts = [bytearray(length) for length in lengths]
        except MemoryError:
            # The service is heard out, so that it can hear the reply.
            scratch = memoryview(bytearray(_SCRATCH_BYTES))
            left = sum(lengths)
            while left and (received := self._socket.recv_into(scratch[:left])):
                left -= received
            raise
        return parts if all(map(self._filled, parts)) else None

    def send(self, frame: Frame) -> None:
        for piece in frame.pieces:
            self._socket.sendall(piece)

    def _exactly(self, count: int) -> bytearray | None:
        data = bytearray(count)
        return data if self._filled(data) else None

    def _filled(self, data: bytearray) -> bool:
        view = memoryview(data)
        while view:
            received = self._socket.recv_into(view)
            if not received:
                return False
            view = view[received:]
        return True


def _reply(work: Callable[[Any], Any], jobs: Any, parts: list[bytearray], limit: int) -> tuple[Kind, Frame]:
    """Do one job. Blocks for as long as it takes; never raises for what a job does."""
    try:
        kind, frame = Kind.DONE, Frame(Kind.DONE, work(message_of(parts, jobs)))
    except MemoryError:
        return _aborted()
    except Exception as error:  # noqa: BLE001 - the top of a worker; the pool logs and counts it
        return Kind.FAILED, Frame(Kind.FAILED, Failed(_trace(error)))
    if frame.size > limit:
        trace = f"the answer has {frame.size} bytes; {limit} are allowed"
        return Kind.FAILED, Frame(Kind.FAILED, Failed(trace))
    return kind, frame


def _trace(error: Exception) -> str:
    """Where it was raised, without its message, which may quote the job."""
    where = "".join(traceback.format_tb(error.__traceback__))
    return f"{where}{type(error).__name__}"[-_TRACE_CHARACTERS:]


def _aborted() -> tuple[Kind, Frame]:
    return Kind.ABORTED, Frame(Kind.ABORTED, Aborted("memory", "needs more memory than a job may have"))


def _serve(line: _Line, work: Callable[[Any], Any], orders: Orders) -> None:
    """Until the service hangs up, or this process is of no more use."""
    jobs, kind = job_types(work), Kind.DONE
    while kind is Kind.DONE:
        try:
            parts = line.receive()
        except MemoryError:
            kind, frame = _aborted()
        else:
            if parts is None:
                return
            # Processor time of this process alone, whatever else the machine does meanwhile.
            signal.setitimer(signal.ITIMER_PROF, orders.cpu_s)
            kind, frame = _reply(work, jobs, parts, orders.frame_bytes)
            signal.setitimer(signal.ITIMER_PROF, 0)
            del parts
        line.send(frame)
        del frame


def main() -> None:
    """Serve until the service hangs up."""
    orders = msgspec.json.decode(sys.argv[1], type=Orders)
    sock = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    sys.path[:] = orders.path
    confinement = Confinement()
    confinement.leave(orders.reads)
    limit(memory_bytes=orders.memory_bytes, file_bytes=orders.file_bytes, files=orders.files)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    work = importlib.import_module(orders.module).work
    confinement.close(threads=orders.threads, service=orders.service)
    os.dup2(0, 2)  # the service's log is no place for a worker
    line = _Line(sock, orders.frame_bytes)
    try:
        line.send(Frame(Kind.READY, Ready(dict(confinement.missing))))
        _serve(line, work, orders)
    except ConnectionError:
        os._exit(0)  # the service is gone, and with it whoever could be told
