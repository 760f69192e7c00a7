"""How many files, connections among them, this process may have open.

Owns raising the soft limit to the hard one, which needs no privilege. Never fails: where the system refuses,
the limit stays as it is.
"""

from __future__ import annotations

import resource
import sys
from contextlib import suppress
from typing import Final

import structlog

_MACOS_MOST: Final = 10_240  # OPEN_MAX, however high the hard limit is

log = structlog.get_logger()


def raise_file_limit() -> int:
    """Raise the soft limit as far as it goes, and log it; the limit that holds then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(hard, _MACOS_MOST) if sys.platform == "darwin" and hard >= 0 else hard
    if soft != wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    log.debug("file limit", limit=limit, was=soft)
    return limit
