"""One socket's unsent bytes.

Owns what has been promised to a socket and not yet taken by the kernel. `send` is a non-blocking
attempt that returns how many bytes went out; what is left over goes to `spill`, which is expected
to report back through `blocked` and `drained`. While blocked, bytes wait here up to a bound; over
the bound nothing more is taken and the caller is told. Knows neither sockets nor Kafka.
"""

from collections.abc import Callable

__all__ = ["Outbox"]


class Outbox:
    """Bytes on their way to one socket, in order.

    `send` may be called from outside, to save a call in the innermost loop, while the outbox is not in
    `congested`, which holds those of one node that are not to be sent to; what it leaves over goes to `rest`.
    """

    __slots__ = ("_congested", "_limit", "_queue", "_spill", "send", "size")

    def __init__(
        self,
        send: Callable[[bytes], int],
        spill: Callable[[bytes], object],
        limit: int,
        congested: "set[Outbox]",
    ) -> None:
        self.send = send
        self._spill = spill
        self._limit = limit
        self._congested = congested
        self._queue: list[bytes] | None = None
        self.size = 0
        """Bytes waiting here (what `spill` still holds not counted)."""

    @property
    def blocked(self) -> bool:
        """Whether bytes wait, or nothing may be sent any more."""
        return self in self._congested

    def write(self, data: bytes) -> bool:
        """Send now if the socket takes it, keep it otherwise. False: over the bound, not taken.

        Never raises: a broken socket is left to `spill` to find out about.
        """
        if self in self._congested:
            return self._keep(data)
        try:
            sent = self.send(data)
        except OSError:
            sent = 0
        if sent != len(data):
            self.rest(data, sent)
        return True

    def rest(self, data: bytes, sent: int) -> None:
        """`send` took only the first `sent` bytes of `data`."""
        self.block()
        self._spill(data[sent:] if sent else data)

    def block(self) -> None:
        """Something is on its way that must go out first: `drained` will tell."""
        self._congested.add(self)

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
        self._congested.discard(self)
        if self._queue is not None:
            data = b"".join(self._queue)
            self._queue, self.size = None, 0
            self.write(data)

    def seal(self) -> None:
        """The socket is gone: whatever is written from now on goes nowhere."""
        self.discard()
        self.send = self._spill = len
        self._congested.discard(self)

    def discard(self) -> int:
        """Drop what waits here; how many bytes that was."""
        dropped, self._queue, self.size = self.size, None, 0
        return dropped
