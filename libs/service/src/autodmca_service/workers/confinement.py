"""How a worker keeps itself apart from the rest of the machine, as far as the kernel lets it. Linux alone.

In this order: another user where the service is root, namespaces of its own for users, network and IPC, no
capabilities, Landlock for files, signals and sockets (`landlock`), limits of what it may use. Irrevocable:
what a process has given up it does not get back. What cannot be had is no error: `Confinement.missing` says
it by name. Read: user_namespaces(7), capabilities(7), PR_SET_DUMPABLE(2const), getrlimit(2).
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import signal
import struct
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Literal, get_args

from autodmca_service.workers import landlock

Part = Literal["user", "network", "files", "signals", "memory", "processes"]
PARTS: Final[tuple[Part, ...]] = get_args(Part)
"""user: not the service's, or apart from it by a namespace. network: none. files: only code is read, and
nothing written. signals: none to other processes. memory: no process of the same user reads the service's or
the worker's, nor its environment. processes: no more than allowed."""

_CLONE_NEWIPC: Final = 0x08000000
_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_KEEPCAPS: Final = 8
_PR_SET_NO_NEW_PRIVS: Final = 38
_CAPABILITIES_V3: Final = 0x20080522
_CAP_DAC_READ_SEARCH: Final = 2
_FIRST_USER, _USERS = 61_184, 4_096
"""Users without a name, of systemd's range for such; a worker takes one by its process id."""

_libc: Final = ctypes.CDLL(None, use_errno=True)


class Confinement:
    """One process' own: first `leave`, as a namespace wants a single thread, then load, then `close`."""

    def __init__(self) -> None:
        self.missing: dict[Part, str] = {}
        self._service_user = os.geteuid()

    def leave(self, reads: Sequence[str]) -> None:
        """Give up user, network, privileges, and all files but code and `reads`."""
        apart = _CLONE_NEWNET | _CLONE_NEWIPC
        reading = False
        if self._service_user == 0:
            with self._part("network"):
                _call("unshare", apart)
                apart = 0
            with self._part("user"):
                reading = _become_nobody(reads)
        if not reading:
            # It would lose the right to read code that only root can read.
            lost: list[Part] = ["network"] if apart else []
            if self._service_user:
                lost.append("user")
            with self._part(*lost):
                _call("unshare", _CLONE_NEWUSER | apart)
                self.missing.pop("network", None)
        _keep(_CAP_DAC_READ_SEARCH if reading else None)
        _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        scoped = False
        with self._part("files"):
            scoped = landlock.restrict(reads)
        if not scoped and os.geteuid() == self._service_user:
            self.missing["signals"] = "the worker's user is the service's, and Landlock has no such scope"

    def close(self, *, threads: int, service: int) -> None:
        """Start no more than so many further threads, be unreadable, and die with the service."""
        if os.geteuid() == 0:
            self.missing["processes"] = "root has no such limit"
        elif threads and "user" in self.missing:
            self.missing["processes"] = "the processes of one user are counted together"
        else:
            most = len(os.listdir("/proc/self/task")) + threads
            resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
        with self._part("memory"):
            hide()
        _call("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != service:
            os._exit(0)  # it ended before this could be asked for

    @contextmanager
    def _part(self, *parts: Part) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.missing |= dict.fromkeys(parts, error.strerror or repr(error))


def hide() -> None:
    """Let no process of this user read this one's memory or environment. Raises OSError."""
    _call("prctl", _PR_SET_DUMPABLE, 0, 0, 0, 0)


def limit(*, memory_bytes: int, file_bytes: int, files: int) -> None:
    """Bound the address space, the size of a file, and the number of open files; no core dumps."""
    for kind, most in {
        resource.RLIMIT_AS: memory_bytes,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: file_bytes,
        resource.RLIMIT_NOFILE: files,
    }.items():
        resource.setrlimit(kind, (most, most))


def _call(name: str, *arguments: Any) -> int:
    function = getattr(_libc, name, None)
    if function is None:
        raise OSError(errno.ENOSYS, f"{name}: {os.strerror(errno.ENOSYS)}")
    result = int(function(*arguments))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def _become_nobody(reads: Sequence[str]) -> bool:
    """Root becomes a user without a name; True if it keeps the right to read what only root can read.

    That right is kept where Python itself is in a folder of root's; Landlock then bounds what is read.
    """
    user = _FIRST_USER + os.getpid() % _USERS
    needed = [path for path in (sys.executable, *sys.path, *reads) if os.path.exists(path)]
    os.setgroups([])
    try:
        os.setegid(user)
        os.seteuid(user)
        reading = not all(os.access(path, os.R_OK, effective_ids=True) for path in needed)
    finally:
        os.seteuid(0)
        os.setegid(0)
    _call("prctl", _PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    return reading


def _keep(capability: int | None) -> None:
    """No capability but this one, in the namespace that the process is in now."""
    low = 0 if capability is None else 1 << capability
    header = struct.pack("Ii", _CAPABILITIES_V3, 0)
    _call("capset", header, struct.pack("6I", low, low, 0, 0, 0, 0))
