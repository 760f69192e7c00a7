"""Whether this node has more to do than it can.

Owns how late the event loop comes, how much memory the process holds and how many files it has open, each
against a limit. Over one of them the node is overloaded, and it stays so until it has been well under it for
a while: it does not flap. Turns nobody away itself; it says why newcomers should be, and logs each change.
The node's pulse, four times a second, brings it the readings.
"""

from collections.abc import Callable
from typing import Final

import structlog

from autodmca_edge.admission.descriptors import Descriptors
from autodmca_edge.counts import Histogram

__all__ = ["Pressure", "Threshold"]

MEMORY_BEATS: Final = 4
"""Memory is read once in so many beats."""
ROOM: Final = 0.98
"""Of the limit of open files: under it there is room again."""
LAG_UP, LAG_DOWN = 3, 4
"""Late beats in a row that make an overload, and good ones that end it: about 1 s."""
EASED: Final = 0.9
"""Of the limit of memory: under it the overload ends. An allocator gives little back."""

log = structlog.get_logger()


class Threshold:
    """A limit that is crossed after `up` readings in a row over `high`, and left after `down` under `low`."""

    __slots__ = ("_down", "_high", "_low", "_run", "_up", "crossed")

    def __init__(self, high: float, low: float, *, up: int = 1, down: int = 1) -> None:
        self._high, self._low, self._up, self._down = high, low, up, down
        self._run = 0
        self.crossed = False

    def read(self, value: float) -> bool:
        """Take a reading; whether the limit is crossed now."""
        changes = value < self._low if self.crossed else value > self._high
        self._run = self._run + 1 if changes else 0
        if self._run >= (self._down if self.crossed else self._up):
            self.crossed, self._run = not self.crossed, 0
        return self.crossed


class Pressure:
    """Readings against limits. `max_bytes` None: memory is not limited; `resident` None: not known; `files`
    None: there may be any number."""

    def __init__(
        self,
        *,
        max_lag_s: float,
        max_bytes: int | None,
        resident: Callable[[], int | None],
        files: Descriptors | None = None,
    ) -> None:
        self.overloaded: str | None = None
        """Why newcomers should be turned away; None: they need not."""
        self.resident = 0
        """Bytes of memory when last looked at."""
        self.lags = Histogram()
        self._read_resident = resident
        self._max_lag_s, self.max_bytes = max_lag_s, max_bytes
        self._lag = Threshold(max_lag_s, max_lag_s / 2, up=LAG_UP, down=LAG_DOWN)
        self._memory = Threshold(max_bytes or 0, (max_bytes or 0) * EASED)
        self.open_files = 0
        """When last looked at."""
        self._descriptors = files
        self.max_files = files.enough if files is not None else 0
        self._files = Threshold(self.max_files, self.max_files * ROOM)
        self._beats = 0

    def beat(self, late_s: float) -> None:
        """A pulse came `late_s` seconds late."""
        self.lags.add(late_s, 1)
        self._lag.read(late_s)
        if self._beats % MEMORY_BEATS == 0:
            self.resident = self._read_resident() or 0
            if self.max_bytes is not None:
                self._memory.read(self.resident)
        if self._descriptors is not None:
            self.open_files = self._descriptors.open()
            self._files.read(self.open_files)
        self._beats += 1
        was, self.overloaded = self.overloaded, self._reason()
        if self.overloaded and not was:
            log.warning("overloaded, newcomers are turned away", reason=self.overloaded)
        elif was and not self.overloaded:
            log.info("no longer overloaded", reason=was)

    def pressed(self) -> bool:
        """Whether the node is overloaded."""
        return self.overloaded is not None

    def problem(self) -> str | None:
        """For the readiness probe."""
        return self.overloaded

    def _reason(self) -> str | None:
        if self._files.crossed:
            return f"over {self.max_files} files are open, connections among them"
        if self._memory.crossed:
            return f"memory is over {self.max_bytes} bytes"
        if self._lag.crossed:
            return f"the event loop is over {self._max_lag_s * 1000:.0f} ms late"
        return None
