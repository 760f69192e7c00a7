"""WebSocket frames (RFC 6455, section 5), without I/O.

Owns the wire format: building a server's frames, and taking a client's apart whatever way the
bytes arrive. Never reads or writes a socket. A client that breaks the framing rules raises
`FrameError` with the close code of section 7.4.1; the parser is then of no further use.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from websockets.frames import Opcode

try:
    from websockets.speedups import apply_mask
except ImportError:  # built without its C part
    from websockets.utils import apply_mask

from autodmca_edge.wire.deflate import Undeflatable, deflated, inflated

__all__ = [
    "CloseFrame",
    "FrameCache",
    "FrameError",
    "FrameParser",
    "Opcode",
    "close_frame",
    "encode",
    "message_frame",
    "parse_close",
    "payloads",
    "server_frames",
]

MAX_CONTROL: Final = 125
MAX_FRAGMENTS: Final = 1024  # of one message: a peer may not keep us busy with empty fragments
FRAGMENT_BYTES: Final = 32  # large messages may come in more fragments, when these are not smaller
FRAMES_A_TURN: Final = 16  # of one connection, before others have theirs
TURN_BYTES: Final = 65_536  # the same; one frame may go beyond

CACHE_BYTES: Final = 1 << 20
_ENTRY_BYTES: Final = 300  # of Python objects beside an entry's bytes

_CONTINUATION, _TEXT, _CLOSE, _PONG = int(Opcode.CONT), int(Opcode.TEXT), int(Opcode.CLOSE), int(Opcode.PONG)
_COMPRESSED: Final = 0x40  # RSV1 of a message's first frame: RFC 7692, section 6
_KNOWN: Final = frozenset(int(opcode) for opcode in Opcode)
_FIRST: Final = (_TEXT, int(Opcode.BINARY))
# RFC 6455, section 7.4.2: codes that an endpoint may send.
_CLOSE_CODES: Final = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})


class FrameError(Exception):
    """The client broke the framing rules. `code` is the close code to answer with."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class CloseFrame(NamedTuple):
    """What a Close frame said: `code` is None when its body was empty."""

    code: int | None
    reason: str


def encode(payload: bytes, opcode: int = _TEXT) -> bytes:
    """One final, unmasked frame, as a server sends it."""
    return head(len(payload), opcode) + payload


def head(size: int, opcode: int = _TEXT) -> bytes:
    """What goes before `size` bytes of payload."""
    if size < 126:
        return bytes((0x80 | opcode, size))
    if size < 65536:
        return b"%c\x7e%b" % (0x80 | opcode, size.to_bytes(2, "big"))
    return b"%c\x7f%b" % (0x80 | opcode, size.to_bytes(8, "big"))


def message_frame(payload: bytes, window: int, opcode: int = _TEXT) -> bytes:
    """A message in one frame, compressed if that was agreed (`window` is not 0) and saves something."""
    data = deflated(payload, window) if window else None
    return encode(payload, opcode) if data is None else encode(data, opcode | _COMPRESSED)


class ServerFrame(NamedTuple):
    """A frame as a server sends it: its first byte (opcode and flags), its payload, and where it ends."""

    first: int
    payload: bytes
    end: int


def server_frames(data: bytes) -> Iterator[ServerFrame]:
    """The whole frames in a run of them, as a server sends it."""
    at, size_of_all = 0, len(data)
    while at + 2 <= size_of_all:
        first, size, start = data[at], data[at + 1], at + 2
        if size > 125:
            start = at + (4 if size == 126 else 10)
            size = int.from_bytes(data[at + 2 : start], "big")
        at = start + size
        if at > size_of_all:
            return
        yield ServerFrame(first, data[start:at], at)


def payloads(frames: bytes) -> Iterator[bytes]:
    """What is in a run of frames, as a server sends them."""
    return (each.payload for each in server_frames(frames))


def close_frame(code: int, reason: str = "") -> bytes:
    """A Close frame; a reason that does not fit into 123 bytes of UTF-8 is cut."""
    text = reason.encode()[: MAX_CONTROL - 2].decode(errors="ignore").encode()
    return encode(code.to_bytes(2, "big") + text, _CLOSE)


def parse_close(payload: bytes) -> CloseFrame:
    """The code and reason of a Close frame's body. Raises FrameError (1002, 1007)."""
    if not payload:
        return CloseFrame(None, "")
    if len(payload) == 1:
        raise FrameError(1002, "close frame of one byte")
    code = int.from_bytes(payload[:2], "big")
    if code not in _CLOSE_CODES and not 3000 <= code < 5000:
        raise FrameError(1002, "invalid close code")
    try:
        return CloseFrame(code, payload[2:].decode())
    except UnicodeDecodeError:
        raise FrameError(1007, "close reason is not UTF-8") from None


class FrameCache:
    """Messages that were compressed lately, by payload and window.

    A message is compressed once for all who want it in a window of the same size: the members of a broadcast,
    the connections of one user, a replay that many share. When the cache is full it is emptied; what is asked
    for again is made again.
    """

    __slots__ = ("_frames", "made", "size")

    def __init__(self) -> None:
        self._frames: dict[tuple[bytes, int], bytes] = {}
        self.size = 0
        """Bytes that it takes, about; never over CACHE_BYTES by more than one message."""
        self.made = 0
        """Frames made so far."""

    def frame(self, payload: bytes, window: int) -> bytes:
        """A text message's frame for peers with this window; compressed if that saves something."""
        key = payload, window
        frame = self._frames.get(key)
        if frame is None:
            if self.size > CACHE_BYTES:
                self._frames, self.size = {}, 0
            frame = self._frames[key] = message_frame(payload, window)
            self.size += len(payload) + len(frame) + _ENTRY_BYTES
            self.made += 1
        return frame


class FrameParser:
    """Takes bytes as they arrive and gives whole messages and control frames, in order.

    Holds at most one message of `max_message` bytes, one unfinished frame and what came with it.
    `inflates`: messages may be compressed.
    """

    __slots__ = ("_buffer", "_fragments", "_max", "_message", "_opcode", "_reserved", "_wanted", "taken")

    def __init__(self, max_message: int, *, inflates: bool = False) -> None:
        self._max = max_message
        self._reserved = 0x30 if inflates else 0x70  # bits that may not be set
        self._buffer: bytearray | None = None  # an unfinished frame, or what was left for the next turn
        self._wanted = 2  # bytes to wait for before looking again
        self._message: bytearray | None = None  # fragments of an unfinished message
        self._fragments = 0
        self._opcode = 0
        self.taken = 0
        """Frames that the last `feed` took apart, those among them of which nothing was given."""

    @property
    def behind(self) -> bool:
        """There is more to take from what has come: call `feed` again, when others have had their turn."""
        return self._buffer is not None and not self._wanted

    def feed(self, data: bytes = b"") -> list[tuple[int, bytes]]:
        """The frames completed by `data`: (opcode, unmasked payload); fragments are joined.

        At most FRAMES_A_TURN are taken at once, no more after TURN_BYTES, and what came before a fault is
        given first: the rest, or the fault, is for the next call (see `behind`). Raises FrameError.
        """
        self.taken = 0
        buffer = self._buffer
        if buffer is not None:
            buffer += data
            if len(buffer) < self._wanted:
                return []
            data = bytes(buffer)
            self._buffer = None
        out: list[tuple[int, bytes]] = []
        position, end, wanted, spent = 0, len(data), 0, 0
        try:
            while self.taken < FRAMES_A_TURN and spent < TURN_BYTES:
                if position == end:
                    return out
                size = self._frame_size(data, position, end)
                if position + size > end:
                    wanted = size
                    break
                self._take(data, position, size, out)
                self.taken += 1
                position += size
                spent += max(size, len(out[-1][1]) if out else 0)  # what was inflated is work, too
                if out and out[-1][0] == _CLOSE:
                    return out  # section 1.4: what follows a Close frame is discarded
        except FrameError:
            if not out:
                raise
        if position < end:
            self._buffer, self._wanted = bytearray(data[position:]), wanted
        return out

    def _frame_size(self, data: bytes, start: int, end: int) -> int:
        """Bytes of the frame at `start`, or as many as are needed to know more."""
        if end - start < 2:
            if end - start == 1:
                self._check_first(data[start])
            return 2
        self._check_first(data[start])
        second = data[start + 1]
        if not second & 0x80:
            raise FrameError(1002, "frame is not masked")
        size = second & 0x7F
        opcode = data[start] & 0x0F
        if opcode & 0x08 and size > MAX_CONTROL:
            raise FrameError(1002, "control frame too long")
        if size < 126:
            header = 6
        else:
            wide = 2 if size == 126 else 8
            header = 6 + wide
            if end - start < 2 + wide:
                return 2 + wide
            size = int.from_bytes(data[start + 2 : start + 2 + wide], "big")
            if size >> 63 or size < (126 if wide == 2 else 65536):
                raise FrameError(1002, "invalid frame length")
        if not opcode & 0x08 and size + (len(self._message) if self._message is not None else 0) > self._max:
            raise FrameError(1009, f"message over {self._max} bytes")
        return header + size

    def _check_first(self, first: int) -> None:
        opcode = first & 0x0F
        # RFC 7692, section 6.1: RSV1 is for the first frame of a message.
        if first & (self._reserved if opcode in _FIRST else 0x70):
            raise FrameError(1002, "reserved bit set")
        if opcode not in _KNOWN:
            raise FrameError(1002, "reserved opcode")
        if opcode & 0x08:
            if not first & 0x80:
                raise FrameError(1002, "fragmented control frame")
        elif opcode == _CONTINUATION:
            if self._message is None:
                raise FrameError(1002, "continuation without a message")
        elif self._message is not None:
            raise FrameError(1002, "new message inside a fragmented one")

    def _take(self, data: bytes, start: int, size: int, out: list[tuple[int, bytes]]) -> None:
        first, length = data[start], data[start + 1] & 0x7F
        mask_at = start + (2 if length < 126 else 4 if length == 126 else 10)
        payload = apply_mask(data[mask_at + 4 : start + size], data[mask_at : mask_at + 4])
        opcode = first & (0x0F | _COMPRESSED)
        if opcode & 0x08:
            if opcode != _PONG:
                out.append((opcode, payload))
            return
        if self._message is None:
            if first & 0x80:
                out.append(self._whole(opcode, payload))
                return
            self._message, self._opcode, self._fragments = bytearray(payload), opcode, 1
            return
        # What is refused here is looked at again when it was held back: nothing changes before.
        if first & 0x80:
            out.append(self._whole(self._opcode, bytes(self._message) + payload))
            self._message = None
            return
        if self._fragments + 1 >= max(MAX_FRAGMENTS, self._max // FRAGMENT_BYTES):
            raise FrameError(1008, "message in too many fragments")
        self._message += payload
        self._fragments += 1

    def _whole(self, opcode: int, payload: bytes) -> tuple[int, bytes]:
        """A message; section 8.1: a text that is not UTF-8 ends the connection."""
        if opcode & _COMPRESSED:
            opcode ^= _COMPRESSED
            try:
                payload = inflated(payload, self._max)
            except Undeflatable as fault:
                raise FrameError(fault.code, fault.reason) from None
        if opcode == _TEXT and not payload.isascii():
            try:
                payload.decode()
            except UnicodeDecodeError:
                raise FrameError(1007, "text is not UTF-8") from None
        return opcode, payload
