"""Whether a test runs beside others of the same run, in pytest-xdist's processes, or alone.

Owns two locks. The room's is shared by all who run, or held by the one marked `alone`; at the door one waits
at a time, so that whoever wants to be alone is let in before those who come later.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

RUN: Final = Path(__file__).parents[1] / ".run"


@contextmanager
def room(*, alone: bool) -> Iterator[None]:
    """To be in the room; waits until there is place."""
    RUN.mkdir(exist_ok=True)
    with open(RUN / "tests.door", "w") as door, open(RUN / "tests.room", "w") as held:
        fcntl.flock(door, fcntl.LOCK_EX)
        fcntl.flock(held, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(door, fcntl.LOCK_UN)
        yield
