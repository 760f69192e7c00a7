"""A JWS in compact form (RFC 7515, section 7.1), taken apart strictly.

Owns the shape: size, three segments, base64url without padding or stray bits, a header that we understand. So
one token has one spelling, and the cache's key cannot be varied. Never looks at a key or a claim, and never
follows the header's `jwk`, `jku`, `x5u` or `x5c` (RFC 8725, section 3.10). Fails with `InvalidToken`, which
quotes nothing.
"""

from __future__ import annotations

import binascii
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from ..errors import InvalidToken

LARGEST: Final = 16_384
"""Bytes of a token that we look at."""

_TYPES: Final = frozenset({"jwt", "at+jwt", "application/at+jwt"})
"""RFC 8725, section 3.11: a token that says it is something else (a logout, a DPoP proof) is not taken."""

# base64url to base64; the three characters that only base64 has become one that neither has.
_TO_BASE64: Final = bytes.maketrans(b"-_+/=", b"+/!!!")
_PADDING: Final = (b"", None, b"==", b"=")
_LAST: Final = (None, None, frozenset(b"AQgw"), frozenset(b"AEIMQUYcgkosw048"))
"""By length modulo 4: what a canonical last character may be (RFC 4648, section 3.5)."""


class Header(msgspec.Struct, frozen=True, gc=False):
    """The JOSE header's parameters that we read."""

    alg: str
    kid: str | UnsetType = UNSET
    typ: str | UnsetType = UNSET
    crit: Any = UNSET


class Compact(NamedTuple):
    """The parts of a token: nothing about it is verified yet."""

    header: Header
    payload: bytes
    signed: bytes
    signature: bytes


_header: Final = msgspec.json.Decoder(Header).decode


def parse(token: bytes) -> Compact:
    """Take `token` apart. Raises InvalidToken (`too large`, `malformed`, `type not accepted`)."""
    if len(token) > LARGEST:
        raise InvalidToken("too large", f"more than {LARGEST} bytes")
    parts = token.split(b".", 3)
    if len(parts) != 3:
        raise InvalidToken("malformed", "not three segments")
    try:
        header = _header(_decode(parts[0]))
        payload = _decode(parts[1])
        signature = _decode(parts[2])
    except (
        msgspec.MsgspecError,
        ValueError,
        RecursionError,
    ):  # UnicodeDecodeError and binascii.Error among them
        raise InvalidToken("malformed", "a segment is not what it should be") from None
    if header.crit is not UNSET:  # RFC 7515, section 4.1.11: what must be understood and is not, is refused
        raise InvalidToken("malformed", "it has critical header parameters")
    if isinstance(header.typ, str) and header.typ.lower() not in _TYPES:
        raise InvalidToken("type not accepted")
    return Compact(header, payload, token[: len(parts[0]) + 1 + len(parts[1])], signature)


def _decode(segment: bytes) -> bytes:
    rest = len(segment) & 3
    padding, last = _PADDING[rest], _LAST[rest]
    if padding is None or (last is not None and segment[-1] not in last):
        raise ValueError
    return binascii.a2b_base64(segment.translate(_TO_BASE64) + padding, strict_mode=True)
