"""Messages that were compressed lately.

Owns a bounded memory of frames, so that a message is compressed once for all who want it in a window of the
same size: the members of a broadcast, the connections of one user, a replay that many share. When it is
full it is emptied; what is asked for again is made again. Synchronous, no I/O.
"""

from typing import Final

from autodmca_edge.frames import message_frame

__all__ = ["Compressed"]

MOST_BYTES: Final = 1 << 20
_ENTRY_BYTES: Final = 300  # of Python objects beside an entry's bytes


class Compressed:
    """Frames by payload and window."""

    __slots__ = ("_frames", "made", "size")

    def __init__(self) -> None:
        self._frames: dict[tuple[bytes, int], bytes] = {}
        self.size = 0
        """Bytes that it takes, about; never over MOST_BYTES by more than one message."""
        self.made = 0
        """Frames made so far."""

    def frame(self, payload: bytes, window: int) -> bytes:
        """A text message's frame for peers with this window; compressed if that saves something."""
        key = payload, window
        frame = self._frames.get(key)
        if frame is None:
            if self.size > MOST_BYTES:
                self._frames, self.size = {}, 0
            frame = self._frames[key] = message_frame(payload, window)
            self.size += len(payload) + len(frame) + _ENTRY_BYTES
            self.made += 1
        return frame
