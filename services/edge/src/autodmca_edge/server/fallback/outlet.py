"""What a session writes to when there is no WebSocket.

Owns the texts between a session and an HTTP response: a `Socket` whose outbox has a handle that takes
nothing, so that every frame is spilled, unframed and kept here until the response takes it. Over the bound
the outbox is blocked, as that of a WebSocket is whose peer does not read, and the session's gates catch up
from the log afterwards. Never drops anything; once closed it takes nothing more.
"""

import asyncio
import itertools
from collections.abc import Callable
from typing import Final, NamedTuple

from autodmca_edge.wire.frames import Opcode, encode, server_frames
from autodmca_edge.wire.outbox import Outbox, Wire

__all__ = ["Alarm", "Closed", "Outlet", "Text"]

KEPT_BYTES: Final = 64 * 1024  # until the response takes them; one frame more may come on top
_SAID: Final = int(Opcode.BINARY)  # between us: what the session says, apart from events
_handles = itertools.count()


class Text(NamedTuple):
    """A message. `said`: by the session; else it is an event."""

    said: bool
    text: bytes


class Closed(NamedTuple):
    """How the session ended the conversation."""

    code: int
    reason: str


class Alarm:
    """Calls `ring` when it is due: for the timer wheel, which knows it for longer than there is need."""

    __slots__ = ("_ring",)

    def __init__(self, ring: Callable[[], object]) -> None:
        self._ring = ring

    def due(self, _now: float) -> None:
        self._ring()


class Outlet:
    """A `Socket` (session/ports.py) that is read with `take`. `ended`: the session closes it."""

    __slots__ = ("_ended", "_limit", "_size", "_texts", "closed", "gone", "outbox", "peer", "ready")

    def __init__(self, wire: Wire, peer: str, limit: int, ended: Callable[[], object]) -> None:
        self.peer = peer
        self._ended = ended
        self.closed: Closed | None = None
        self.gone = False
        """Whether the client has hung up."""
        self.ready = asyncio.Event()
        """Something has happened since the last `take`."""
        self._texts: list[Text] = []
        self._size = 0
        self._limit: float = KEPT_BYTES
        # No file has a negative number; each its own, as the hub finds a member by its handle.
        handle = -3 - next(_handles) % (1 << 30)
        self.outbox = Outbox(wire, handle, self._spill, limit)

    # -- the session's side: node.Socket ----------------------------------------------------------

    def say(self, text: bytes) -> bool:
        return self.closed is not None or self.outbox.write(encode(text, _SAID))

    def close(self, code: int, reason: str = "", *, discard: bool = False) -> None:
        if self.closed is None:
            if discard:
                self.outbox.discard()
            self.flush()
            self.outbox.seal()
            self.closed = Closed(int(code), reason)
            self.ready.set()
            self._ended()

    def _spill(self, data: bytes) -> None:
        for first, text, _ in server_frames(data):
            self._texts.append(Text(first & 0x0F == _SAID, text))
            self._size += len(text)
        self.ready.set()
        if self._size < self._limit:
            self.outbox.drained()

    # -- the response's side ----------------------------------------------------------------------

    def take(self, resumed: Callable[[], object]) -> list[Text]:
        """What has come, in order. `resumed` is called when more is taken again after too much was."""
        self.ready.clear()
        texts, self._texts, self._size = self._texts, [], 0
        blocked = self.outbox.blocked
        if blocked:
            self.outbox.drained()
        if blocked and not self.outbox.blocked:
            resumed()
        return texts

    def flush(self) -> None:
        """Have all that was written in what `take` gives next, and from now on without a bound."""
        self._limit = float("inf")
        self.outbox.drained()

    def hang_up(self) -> None:
        """The client is gone, or has been answered: keep nothing."""
        self.gone = True
        self.outbox.seal()
        self._texts, self._size = [], 0
        self.ready.set()
