"""One socket's unsent bytes.

Owns what has been promised to a socket and not yet taken by the kernel. A `Wire` makes non-blocking
attempts to send; what is left over goes to `spill`, which is expected to report back through `block` and
`drained`. While blocked, bytes wait here up to a bound; over the bound nothing more is taken and the caller
is told. After the last bytes, a Close frame, nothing is taken at all. Knows neither sockets nor Kafka.
"""

from collections.abc import Callable
from typing import Final

__all__ = ["WRITE_BYTES", "Outbox", "Wire"]

WRITE_BYTES: Final = 65_536
"""About so many bytes of events are written to a socket at once: a peer that stops reading in between costs
no more, and other connections have their turn."""
_GONE: Final = -1  # the handle of no socket


class Wire:
    """The way out that all outboxes of a node share.

    `send` is a non-blocking attempt to write to a handle; it returns how many bytes went out, and raises
    OSError for none (BlockingIOError among them). It may be called past the outbox, to save a call in the
    innermost loop, for a handle whose outbox is not `congested`; what it leaves over goes to `Outbox.rest`.
    """

    __slots__ = ("congested", "send")

    def __init__(self, send: Callable[[int, bytes], int]) -> None:
        self.send = send
        self.congested: set[Outbox] = set()
        """Those that may not be sent to: something is on its way that must go out first."""


class Outbox:
    """Bytes on their way to one socket, in order."""

    __slots__ = ("_ended", "_limit", "_queue", "_spill", "_wire", "handle", "size", "spilled", "window")

    def __init__(self, wire: Wire, handle: int, spill: Callable[[bytes], object], limit: int) -> None:
        self._wire = wire
        self.handle = handle
        self._spill = spill
        self._limit = limit
        self._queue: list[bytes] | None = None
        self._ended = False
        self.size = 0
        """Bytes waiting here (what `spill` still holds not counted)."""
        self.spilled = 0
        """Bytes that `spill` was given and has not reported all gone: it holds at most these."""
        self.window = 0
        """In which the peer decompresses messages, in bits; 0: it does not."""

    @property
    def blocked(self) -> bool:
        """Whether bytes wait, or nothing may be sent any more."""
        return self in self._wire.congested

    @property
    def unsent(self) -> bool:
        """Whether there are bytes, here or with `spill`, that have not gone out."""
        return self.spilled > 0 or self._queue is not None

    @property
    def room(self) -> int:
        """Bytes that may wait here beside those that do."""
        return self._limit - self.size

    def write(self, data: bytes) -> bool:
        """Send now if the socket takes it, keep it otherwise. False: over the bound, not taken.

        Never raises: a broken socket is left to `spill` to find out about.
        """
        if self in self._wire.congested:
            return self._keep(data)
        try:
            sent = self._wire.send(self.handle, data)
        except OSError:
            sent = 0
        if sent != len(data):
            self.rest(data, sent)
        return True

    def rest(self, data: bytes, sent: int) -> None:
        """Only the first `sent` bytes of `data` went out."""
        if self.handle != _GONE:
            self.block()
            self.spilled = len(data) - sent
            self._spill(data[sent:] if sent else data)

    def block(self) -> None:
        """Something is on its way that must go out first: `drained` will tell."""
        self._wire.congested.add(self)

    def end(self, data: bytes) -> None:
        """Write the last bytes, if need be over the bound: what comes after them goes nowhere."""
        self.owe(data)
        self._ended = True
        self.block()  # nobody may send past us

    def _keep(self, data: bytes) -> bool:
        if self._ended:
            return True
        if self.size + len(data) > self._limit:
            return False
        self._wait(data)
        return True

    def owe(self, data: bytes) -> None:
        """Write what was counted against the bound before, and so is not refused now."""
        if not self.write(data):
            self._wait(data)

    def _wait(self, data: bytes) -> None:
        self.size += len(data)
        if self._queue is None:
            self._queue = [data]
        else:
            self._queue.append(data)

    def drained(self) -> None:
        """What was spilled has gone out: send what waited."""
        self._wire.congested.discard(self)
        self.spilled = 0
        if self._queue is not None:
            data = b"".join(self._queue)
            self._queue, self.size = None, 0
            self.write(data)
        if self._ended:
            self.block()

    def seal(self) -> None:
        """The socket is gone: whatever is written from now on goes nowhere."""
        self.discard()
        self.handle, self._spill = _GONE, len
        self._wire.congested.discard(self)

    def discard(self) -> int:
        """Drop what waits here; how many bytes that was."""
        dropped, self._queue, self.size = self.size, None, 0
        return dropped
