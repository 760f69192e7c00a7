"""How much memory this process holds, and how much it may, as Linux says.

Reads files of /proc and /sys and nothing else. Elsewhere, and where a file is not as expected, the answer is
None: not known.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["cgroup_limit", "resident_bytes", "share_of_limit"]

_STATM: Final = "/proc/self/statm"
_UNLIMITED: Final = 1 << 60
"""Version 1 says "no limit" with a number about as large as there is."""


def resident_bytes() -> int | None:
    """Resident memory (RSS) of this process, in bytes."""
    try:
        with open(_STATM, "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def cgroup_limit(root: Path = Path("/")) -> int | None:
    """The smallest limit of memory among the control groups that this process is in, in bytes.

    Version 2 and version 1; a container sees its own group as the root, or all groups as the host does.
    """
    limits = [limit for file in _limit_files(root) if (limit := _limit(file)) is not None]
    return min(limits, default=None)


def share_of_limit(limit: int | None) -> int | None:
    """How much of a limit a process may use before it should worry: nine tenths."""
    return None if limit is None else limit * 9 // 10


def _limit_files(root: Path) -> Iterator[Path]:
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except (OSError, ValueError):
        return
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers == "":
            mount, name = root / "sys/fs/cgroup", "memory.max"
        elif "memory" in controllers.split(","):
            mount, name = root / "sys/fs/cgroup/memory", "memory.limit_in_bytes"
        else:
            continue
        group = mount / path.lstrip("/")
        yield from (each / name for each in (group, *group.parents) if each.is_relative_to(mount))


def _limit(file: Path) -> int | None:
    try:
        limit = int(file.read_text())
    except (OSError, ValueError):  # `max` is no number
        return None
    return limit if limit < _UNLIMITED else None
