"""What a damaged client says when compression was agreed: good streams, broken ones, and those that swell."""

import random
import zlib

from autodmca_edge.testing import client_frame

from tests.raw_client import BINARY, CLOSE, COMPRESSED, CONT, PING, TEXT

BOMB = bytes(1 << 20)


def compressed(rng: random.Random, text: bytes) -> bytes:
    """`text` as a compressed message; some are broken, or larger than they may be."""
    first = TEXT | COMPRESSED
    kind = rng.random()
    if kind < 0.7:
        return client_frame(_stream(rng, text), first, mask=rng.randbytes(4))
    if kind < 0.85:
        data = _stream(rng, text)
        cut = rng.randint(0, len(data))
        between = client_frame(b"between", PING) * rng.randrange(2)
        return client_frame(data[:cut], first, fin=False) + between + client_frame(data[cut:], CONT)
    return _broken(rng, text)


def _stream(rng: random.Random, text: bytes) -> bytes:
    """By any window and level, in one stream or in several."""
    data = b""
    for part in (text,) if rng.random() < 0.8 else (text[:50], text[50:]):
        stream = zlib.compressobj(rng.randint(0, 9), wbits=-rng.randint(9, 15), memLevel=rng.randint(1, 9))
        data += stream.compress(part) + stream.flush(zlib.Z_FINISH)
    if len(data) > 1 and rng.random() < 0.8:
        stream = zlib.compressobj(wbits=-15)
        return (stream.compress(text) + stream.flush(zlib.Z_SYNC_FLUSH))[:-4]
    return data + b"\x00"


def _broken(rng: random.Random, text: bytes) -> bytes:
    data = _stream(rng, text)
    match rng.randrange(8):
        case 0:
            scarred = bytearray(data)
            scarred[rng.randrange(len(scarred))] ^= 1 << rng.randrange(8)
            return client_frame(bytes(scarred), TEXT | COMPRESSED)
        case 1:
            return client_frame(data[: rng.randint(0, len(data))], TEXT | COMPRESSED)
        case 2:
            return client_frame(_stream(rng, BOMB), TEXT | COMPRESSED)
        case 3:
            return client_frame(rng.randbytes(rng.randint(0, 300)), TEXT | COMPRESSED)
        case 4:
            final = b"\x03\x00" * rng.choice([1, 63, 64, 20_000])
            return client_frame(final + data, TEXT | COMPRESSED)
        case 5:
            return client_frame(data, rng.choice([BINARY, CONT, PING, CLOSE]) | COMPRESSED)
        case 6:
            start = client_frame(data, TEXT | COMPRESSED, fin=False)
            return start + client_frame(b"", CONT | COMPRESSED)
        case _:
            return client_frame(data, TEXT | rng.choice([0x20, 0x10, 0x50, 0x60, 0x70]))
