"""Messages compressed by permessage-deflate without context takeover (RFC 7692, section 7.2), without I/O.

Owns the two directions: a message is compressed once for all who want it in a window of that size, and a
client's is decompressed up to a bound. Nothing is kept from one message to the next, so a connection costs
no memory for it. What is no deflate stream, or would be too large, raises `Undeflatable`.
"""

import zlib
from typing import Final

__all__ = ["Undeflatable", "deflated", "inflated"]

SMALLEST: Final = 200  # bytes: below it compressing costs more than it saves
STREAMS: Final = 64  # in one message: see `inflated`
_LEVEL: Final = 6
_MEMORY: Final = 5
_TAIL: Final = b"\x00\x00\xff\xff"  # section 7.2.1: ends each message, and is not sent
_END: Final = _TAIL + b"\x01" + _TAIL  # and an empty final block: what can be read up to its end was whole
_WINDOW: Final = 15


class Undeflatable(Exception):
    """A compressed message that cannot be had. `code` is the close code to answer with."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def deflated(payload: bytes, window: int) -> bytes | None:
    """`payload` compressed with a window of so many bits; None where sending it as it is costs less."""
    if len(payload) < SMALLEST:
        return None
    stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, -window, _MEMORY)
    data = (stream.compress(payload) + stream.flush(zlib.Z_SYNC_FLUSH))[: -len(_TAIL)]
    return data if len(data) < len(payload) else None


def inflated(data: bytes, limit: int) -> bytes:
    """A message of at most `limit` bytes. Raises Undeflatable, 1009 for a larger one, having made no more.

    A final block may be followed by more (section 7.2.3.4), for which zlib wants a stream of its own: so
    often that it would keep us busy, it is refused.
    """
    message, rest = b"", data + _END
    for _ in range(STREAMS):
        stream = zlib.decompressobj(-_WINDOW, zdict=message[-(1 << _WINDOW) :])
        try:
            message += stream.decompress(rest, limit - len(message) + 1)
        except zlib.error:
            raise Undeflatable(1007, "not a deflate stream") from None
        if len(message) > limit:
            raise Undeflatable(1009, f"message over {limit} bytes")
        if not stream.eof:
            raise Undeflatable(1007, "a deflate stream without its end")
        rest = stream.unused_data
        if not rest:
            return message
    raise Undeflatable(1008, "message in too many deflate streams")
