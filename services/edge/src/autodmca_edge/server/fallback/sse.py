"""Server-Sent Events (WHATWG HTML, section 9.2).

Owns the event stream: an event of ours is a `message` event whose id is all positions after it, so that
`Last-Event-ID` alone resumes everything; what else there is to say comes under names of its own. What the
client does not read waits in the session's outbox and then in the log. Never ends without saying why.
"""

import random
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Final

import msgspec

from autodmca_edge.server.answers import close_code_of, error_of
from autodmca_edge.server.fallback.listener import Listener, Subscribed, Waiting

__all__ = ["stream", "turned_away"]

BEAT_S: Final = 15.0  # proxies take a silent response for a dead one after 30 to 60
PROBE_S: Final = 2.0  # where the client has ended its half: it is gone, if writing fails
LONG_ID: Final = 1024  # bytes; a longer one comes only after the last event of what is written together
RETRY_MS: Final = (1000, 5000)  # not all at once


async def stream(
    listener: Listener, write: Callable[[bytes, bool], Awaitable[None]], clock: Callable[[], float]
) -> str | None:
    """Write events until the session or the client ends it; how it ended. None: nothing was written.

    `write` gets a run of bytes, and whether more will come.
    """
    begun, said, every, beats = False, b"", BEAT_S, clock() + BEAT_S
    listener.wake_at(beats)
    while not listener.gone:
        closed = listener.closed
        blocks = [*_blocks(listener)]
        if closed is not None or listener.error is not None:
            if not begun:
                return None
            error = error_of(listener.error, closed)
            code = close_code_of(error) if closed is None else closed.code
            blocks.append(_close(code, error))
            await write(b"".join(blocks), False)
            return str(int(code))
        if listener.authenticated and not begun:
            begun = True
            blocks.insert(0, b"retry: %d\n\n" % random.randint(*RETRY_MS))  # noqa: S311 - no secret
        positions = _id(listener)
        if positions != said:
            blocks.append(b"id: %b\n\n" % positions)
            said = positions
        if listener.half_closed and every != PROBE_S:
            every, beats = PROBE_S, clock()
        if clock() >= beats:
            listener.beat()
            blocks.append(b":\n\n")
            beats = clock() + every
            listener.wake_at(beats)
        if blocks and begun:
            await write(b"".join(blocks), True)
        else:
            await listener.wait()
    return "gone"


def turned_away(error: Mapping[str, Any], after_s: int) -> bytes:
    """A stream that ends at once, to which an `EventSource` comes back; to an error status it never does."""
    return b"retry: %d\n\n%b" % (after_s * 1000, _close(close_code_of(error), error))


def _close(code: int, error: Mapping[str, Any]) -> bytes:
    return _named("close", {"closeCode": code, **error})


def _id(listener: Listener) -> bytes:
    return str(listener.positions).encode() if listener.positions.complete else b""


def _blocks(listener: Listener) -> Iterator[bytes]:
    for each in listener.take():
        if isinstance(each, Waiting):
            yield _named("waiting", each)
            continue
        if isinstance(each, Subscribed):
            if not each.recovered:
                yield _named("lost", {"reason": each.reason})
            yield _named("subscribed", each)
            continue
        data = each
        if b"\n" in data or b"\r" in data:  # white space of a foreign producer
            data = data.replace(b"\r", b" ").replace(b"\n", b" ")
        mark = _id(listener)
        if mark and len(mark) <= LONG_ID:
            yield b"id: %b\ndata: %b\n\n" % (mark, data)
        else:
            yield b"data: %b\n\n" % data


def _named(name: str, data: object) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), msgspec.json.encode(data))
