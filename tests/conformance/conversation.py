"""What a conformance test says to the echo, and what must come back."""

from autodmca_edge.testing import client_frame

from tests.raw_client import CLOSE, Frame, RawClient

LIMIT = 100_000
"""Of a message to the echo, in bytes."""
DONE = Frame(CLOSE, b"\x03\xe8")


def close(code: int = 1000, reason: bytes = b"") -> bytes:
    return client_frame(code.to_bytes(2, "big") + reason, CLOSE)


def said(client: RawClient, data: bytes, sizes: list[int] | None = None) -> list[Frame]:
    """Send `data` and a Close frame; all that comes back, which must end with the answer to it."""
    client.send(data + close(), sizes or [])
    frames = list(client.frames())
    assert frames[-1] == DONE
    return frames[:-1]


def refused(client: RawClient, data: bytes, sizes: list[int] | None = None) -> tuple[list[Frame], int | None]:
    """Send `data`; what comes back before the Close frame, and its code. The edge must end it."""
    client.send(data, sizes or [])
    frames = list(client.frames())
    assert [each.opcode for each in frames].index(CLOSE) == len(frames) - 1
    return frames[:-1], frames[-1].code
