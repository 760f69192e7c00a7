"""One socket's unsent bytes.

Owns what has been promised to a socket and not yet taken by the kernel. `send` is a non-blocking
attempt that returns how many bytes went out; what is left over goes to `spill`, which is expected
to report back through `blocked` and `drained`. While blocked, bytes wait here up to a bound; over
the bound nothing more is taken and the caller is told. Knows neither sockets nor Kafka.
"""

from collections.abc import Callable

__all__ = ["Outbox"]


class Outbox:
    """Bytes on their way to one socket, in order."""

    __slots__ = ("_limit", "_queue", "_send", "_spill", "blocked", "size")

    def __init__(self, send: Callable[[bytes], int], spill: Callable[[bytes], object], limit: int) -> None:
        self._send = send
        self._spill = spill
        self._limit = limit
        self._queue: list[bytes] | None = None
        self.blocked = False
        self.size = 0
        """Bytes waiting here (what `spill` still holds not counted)."""

    def write(self, data: bytes) -> bool:
        """Send now if the socket takes it, keep it otherwise. False: over the bound, not taken.

        Never raises: a broken socket is left to `spill` to find out about.
        """
        if self.blocked:
            return self._keep(data)
        try:
            sent = self._send(data)
        except OSError:
            sent = 0
        if sent != len(data):
            self.blocked = True
            self._spill(data[sent:] if sent else data)
        return True

    def _keep(self, data: bytes) -> bool:
        if self.size + len(data) > self._limit:
            return False
        self.size += len(data)
        if self._queue is None:
            self._queue = [data]
        else:
            self._queue.append(data)
        return True

    def drained(self) -> None:
        """What was spilled has gone out: send what waited."""
        self.blocked = False
        if self._queue is not None:
            data = b"".join(self._queue)
            self._queue, self.size = None, 0
            self.write(data)

    def seal(self) -> None:
        """The socket is gone: whatever is written from now on goes nowhere."""
        self.discard()
        self._send = self._spill = len
        self.blocked = False

    def discard(self) -> int:
        """Drop what waits here; how many bytes that was."""
        dropped, self._queue, self.size = self.size, None, 0
        return dropped
