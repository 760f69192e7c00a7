"""What belongs to the request that is answered, or the job that is performed, for whatever is done for it.

Owns two context variables: its trace (W3C Trace Context, level 1), and how new what it shows is. Starts no
trace and exports nothing.
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from typing import Final

_TRACEPARENT: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
)

traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)
"""Of the request that is being answered, or of the input that a job follows from; None outside of these, and
where there is none or a malformed one."""


as_of_ms: ContextVar[int | None] = ContextVar("as_of_ms", default=None)
"""A moment (ms since the Unix epoch): every event of what is not shown yet is in the log after it. None while
nothing was read."""


def valid_traceparent(header: str) -> str | None:
    """The header, if it is well formed."""
    return header if _TRACEPARENT.fullmatch(header) else None


def trace_id(parent: str) -> str:
    """The trace of a well-formed traceparent: 32 hexadecimal digits."""
    return parent[3:35]
