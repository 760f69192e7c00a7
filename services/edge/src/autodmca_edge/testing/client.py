"""The client's side of the wire: frames with a mask, requests for an upgrade."""

from collections.abc import Iterable

from websockets.utils import apply_mask

__all__ = ["client_frame", "upgrade_request"]

KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455, section 1.3


def client_frame(
    payload: bytes, opcode: int = 1, *, fin: bool = True, mask: bytes = b"\x01\x02\x03\x04"
) -> bytes:
    """A frame as a client sends it. `opcode` may carry reserved bits."""
    size = len(payload)
    if size < 126:
        length = bytes((0x80 | size,))
    elif size < 65536:
        length = b"\xfe" + size.to_bytes(2, "big")
    else:
        length = b"\xff" + size.to_bytes(8, "big")
    return bytes((0x80 * fin | opcode,)) + length + mask + apply_mask(payload, mask)


def upgrade_request(
    target: str = "/ws",
    *extra: str,
    without: Iterable[str] = (),
    method: str = "GET",
    version: str = "HTTP/1.1",
) -> bytes:
    """The head of a valid handshake, less the headers named in `without`, with `extra` lines at its end."""
    lines = [
        "Host: edge.example",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {KEY}",
        "Sec-WebSocket-Version: 13",
    ]
    dropped = {each.lower() for each in without}
    kept = [each for each in lines if each.partition(":")[0].lower() not in dropped]
    return "\r\n".join([f"{method} {target} {version}", *kept, *extra, "", ""]).encode("latin-1")
