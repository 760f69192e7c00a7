"""Messages compressed by permessage-deflate without context takeover (RFC 7692), without I/O.

Owns the agreement and the two directions. Of what a client offers in Sec-WebSocket-Extensions (RFC 6455,
section 9.1) the first good offer is taken; one that is malformed, or that cannot be met, is declined, which
never fails a handshake. A message is compressed once for all who want it in a window of that size, and a
client's is decompressed up to a bound. Nothing is kept from one message to the next, so a connection costs no
memory for it. What is no deflate stream, or would be too large, raises `Undeflatable`.
"""

import re
import zlib
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

__all__ = ["Deflate", "Undeflatable", "agreed", "deflated", "inflated"]

SMALLEST: Final = 200  # bytes: below it compressing costs more than it saves
STREAMS: Final = 64  # in one message: see `inflated`
_LEVEL: Final = 6
_MEMORY: Final = 5
_TAIL: Final = b"\x00\x00\xff\xff"  # section 7.2.1: ends each message, and is not sent
_END: Final = _TAIL + b"\x01" + _TAIL  # and an empty final block: what can be read up to its end was whole
_WINDOW: Final = 15

NAME: Final = "permessage-deflate"
LARGEST_WINDOW: Final = 12
"""Bits: an event is smaller than such a window, and a larger one takes longer to set up for each message."""
SMALLEST_WINDOW: Final = 9  # zlib writes no raw stream for a window of 8 bits

_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ELEMENT: Final = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*")*')
_BITS: Final = {str(bits): bits for bits in range(8, 16)}  # section 7.1.2: decimal, no leading zeros
_FLAGS: Final = frozenset({"server_no_context_takeover", "client_no_context_takeover"})


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


class Deflate(NamedTuple):
    """What was agreed. `window`: of what we send, in bits; `answer`: the extension as the answer names it."""

    window: int
    answer: str


class _Malformed(ValueError):
    """Not an offer that RFC 7692 allows."""


def agreed(headers: Iterable[str]) -> Deflate | None:
    """What comes of the values of Sec-WebSocket-Extensions: the first offer that can be met, or None."""
    for element in _elements(", ".join(headers)):
        name, *parameters = element.split(";")
        if name.strip(" \t") != NAME:
            continue
        try:
            offer = _offer(parameters)
        except _Malformed:
            continue
        bits = offer.get("server_max_window_bits")
        if bits is None or bits >= SMALLEST_WINDOW:
            named = "" if bits is None else f"; server_max_window_bits={bits}"
            answer = f"{NAME}; server_no_context_takeover; client_no_context_takeover{named}"
            return Deflate(min(bits or LARGEST_WINDOW, LARGEST_WINDOW), answer)
    return None


def _elements(text: str) -> Iterator[str]:
    """The elements of a list, whose commas may also be inside quotes; none after a quote without end."""
    at = 0
    while at <= len(text):
        found = _ELEMENT.match(text, at)
        assert found is not None
        at = found.end() + 1
        if text[found.end() : at] == '"':
            return
        yield found[0]


def _offer(parameters: Iterable[str]) -> dict[str, int]:
    """An offer's parameters (section 7.1); raises _Malformed for unknown, double and invalid ones.

    No value that is allowed has a semicolon in it, quoted or not, so they were split at any.
    """
    offer: dict[str, int] = {}
    for each in parameters:
        name, given, text = (part.strip(" \t") for part in each.partition("="))
        value = _value(text) if given else None
        if name in offer:
            raise _Malformed(name)
        if name in _FLAGS and value is None:
            offer[name] = 1
        elif name == "client_max_window_bits" and value is None:
            offer[name] = 15
        elif name in {"client_max_window_bits", "server_max_window_bits"} and value in _BITS:
            offer[name] = _BITS[value]
        else:
            raise _Malformed(name)
    return offer


def _value(text: str) -> str:
    """A token, quoted or not."""
    quoted = _QUOTED.fullmatch(text)
    value = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else text
    if not _TOKEN.fullmatch(value):
        raise _Malformed(text)
    return value
