"""Jobs by which a worker tries to get at what is none of its business; tests and workers import this."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Final

from autodmca_service.workers.jobs import Job
from msgspec import Struct


class Told(Struct, frozen=True, tag="told"):
    """What was had, or the name of the error number."""

    got: str = ""
    refused: str = ""


class Try(Job[Told], frozen=True, tag="try"):
    what: str
    on: str = ""
    number: int = 0


def read(job: Try) -> str:
    with open(job.on, "rb") as file:
        return repr(file.read(job.number or -1))


def read_memory(job: Try) -> str:
    """process_vm_readv(2), which looks at permission before it looks at the address."""

    class Vector(ctypes.Structure):
        _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))

    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(16)
    here = Vector(ctypes.addressof(buffer), 16)
    if libc.process_vm_readv(job.number, ctypes.byref(here), 1, ctypes.byref(here), 1, 0) < 0:
        raise OSError(ctypes.get_errno(), "process_vm_readv")
    return "itself" if job.number == os.getpid() else "read"


def attach(job: Try) -> str:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(16, job.number, None, None) < 0:  # PTRACE_ATTACH
        raise OSError(ctypes.get_errno(), "ptrace")
    return "attached"


def write(job: Try) -> str:
    with open(job.on, "wb") as file:
        file.write(b"x" * job.number)
    return "written"


def remove(job: Try) -> str:
    os.remove(job.on)
    return "removed"


def tcp(job: Try) -> str:
    with socket.create_connection(("127.0.0.1", job.number), timeout=5):
        return "connected"


def udp(job: Try) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        return str(sock.sendto(b"x", ("127.0.0.1", job.number)))


def abstract(job: Try) -> str:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect("\0" + job.on)
    return "connected"


def stop(job: Try) -> str:
    os.kill(job.number, 0)
    return "itself" if job.number == os.getpid() else "may be killed"


def fork(job: Try) -> str:
    children = []
    try:
        for _ in range(job.number):
            child = os.fork()
            if child == 0:
                signal.pause()
            children.append(child)
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    return str(len(children))


def thread(job: Try) -> str:
    over, threads = threading.Event(), []
    try:
        for _ in range(job.number):
            each = threading.Thread(target=over.wait)
            each.start()
            threads.append(each)
    except RuntimeError as error:
        raise OSError(11, str(error)) from error
    finally:
        over.set()
        for each in threads:
            each.join()
    return str(len(threads))


def files(job: Try) -> str:
    with contextlib.ExitStack() as stack:
        for _ in range(job.number):
            stack.enter_context(open(os.devnull, "rb"))
    return str(job.number)


def memory_file(job: Try) -> str:
    """A file in memory that a library is given by its name, as it would be a video."""
    file = os.memfd_create("video")
    try:
        os.write(file, b"x" * job.number)
        with open(f"/proc/self/fd/{file}", "rb") as again:
            return str(len(again.read()))
    finally:
        os.close(file)


def inside(job: Try) -> str:
    core = resource.getrlimit(resource.RLIMIT_CORE)
    streams = [os.readlink(f"/proc/self/fd/{each}") for each in range(3)]
    return f"{dict(os.environ)} {core} {streams}"


TRIES: Final[Mapping[str, Callable[[Try], str]]] = {
    each.__name__: each
    for each in (
        *(read, read_memory, attach, write, remove, tcp, udp, abstract, stop),
        *(fork, thread, files, memory_file, inside),
    )
}


def work(job: Try) -> Told:
    try:
        return Told(got=TRIES[job.what](job))
    except OSError as error:
        return Told(refused=os.strerror(error.errno or 0))
