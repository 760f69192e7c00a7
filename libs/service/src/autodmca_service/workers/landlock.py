"""Landlock, by its three system calls: no files but those that may be read, no TCP, no signals to others.

Linux 5.13 and later; each version of its interface can refuse more. Read: landlock(7). The packages for it
on PyPI are first releases of 2025 and 2026, so this is our own.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from typing import Final

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""The same numbers on every architecture."""
_VERSION: Final = 1
_PATH_BENEATH: Final = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_FILES_BY_VERSION: Final = (13, 14, 15, 15, 16)
"""How many rights to files the versions 1 to 5 know."""
_TCP: Final = 0b11
_SIGNALS_AND_ABSTRACT_SOCKETS: Final = 0b11
_SYSTEM: Final = (
    *("/usr", "/lib", "/lib64", "/bin"),
    *("/etc/ld.so.cache", "/etc/localtime", "/etc/mime.types"),
    *("/proc", "/sys/devices/system", "/dev/null", "/dev/zero", "/dev/urandom"),
)
"""What the C library, Python and numerical libraries look at."""

_libc: Final = ctypes.CDLL(None, use_errno=True)


def restrict(reads: Sequence[str]) -> bool:
    """Let this process open only code, what the system shows to all, and what is under `reads`.

    It can write no file. True if signals to other processes are refused as well. For a process with one
    thread: others are not bound. Raises OSError where the kernel has no Landlock.
    """
    version = _call(_CREATE_RULESET, None, 0, _VERSION)
    rights = (1 << _FILES_BY_VERSION[min(version, len(_FILES_BY_VERSION)) - 1]) - 1
    attributes = struct.pack("Q", rights)
    if version >= 4:
        attributes += struct.pack("Q", _TCP)
    if version >= 6:
        attributes += struct.pack("Q", _SIGNALS_AND_ABSTRACT_SOCKETS)
    rules = _call(_CREATE_RULESET, attributes, len(attributes), 0)
    try:
        for path in _readable(reads):
            _allow(rules, path)
        _call(_RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)
    return version >= 6


def _readable(reads: Sequence[str]) -> Iterator[str]:
    yield from _SYSTEM
    yield from {sys.executable, sys.prefix, sys.base_prefix, *sysconfig.get_paths().values()}
    yield from sys.path
    yield from reads


def _allow(rules: int, path: str) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # not there, and then not needed either
    try:
        folder = stat.S_ISDIR(os.fstat(opened).st_mode)
        rights = _EXECUTE | _READ_FILE | (_READ_DIR if folder else 0)
        if path == os.devnull:
            rights |= _WRITE_FILE
        _call(_ADD_RULE, rules, _PATH_BENEATH, struct.pack("=Qi", rights, opened), 0)
    finally:
        os.close(opened)


def _call(number: int, *arguments: object) -> int:
    result = int(_libc.syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        code = ctypes.get_errno()
        reason = (
            "the kernel has no Landlock" if code in (errno.ENOSYS, errno.EOPNOTSUPP) else os.strerror(code)
        )
        raise OSError(code, reason)
    return result
