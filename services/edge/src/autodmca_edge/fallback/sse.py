"""Server-Sent Events (WHATWG HTML, section 9.2).

Owns the event stream: an event of ours is a `message` event whose id is all positions after it, so that
`Last-Event-ID` alone resumes everything; what else there is to say comes under names of its own. What the
client does not read waits in the session's outbox and then in the log. Never ends without saying why.
"""

import random
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Final

import msgspec

from autodmca_edge.fallback.answers import error_of
from autodmca_edge.fallback.listening import Listening, Subscribed, Waiting
from autodmca_edge.protocol import CloseCode

__all__ = ["stream", "turned_away"]

BEAT_S: Final = 15.0  # proxies take a silent response for a dead one after 30 to 60
LONG_ID: Final = 1024  # bytes; a longer one comes only after the last event of what is written together
RETRY_MS: Final = (1000, 5000)  # not all at once


async def stream(
    listening: Listening, write: Callable[[bytes, bool], Awaitable[None]], clock: Callable[[], float]
) -> str | None:
    """Write events until the session or the client ends it; how it ended. None: nothing was written.

    `write` gets a run of bytes, and whether more will come.
    """
    begun, said, beats = False, b"", clock() + BEAT_S
    listening.wake_at(beats)
    while not listening.gone:
        closed = listening.closed
        blocks = [*_blocks(listening)]
        if closed is not None or listening.error is not None:
            if not begun:
                return None
            code = CloseCode.FORBIDDEN if closed is None else closed.code
            blocks.append(_close(code, error_of(listening.error, closed)))
            await write(b"".join(blocks), False)
            return str(int(code))
        if listening.authenticated and not begun:
            begun = True
            blocks.insert(0, b"retry: %d\n\n" % random.randint(*RETRY_MS))  # noqa: S311 - no secret
        positions = _id(listening)
        if positions != said:
            blocks.append(b"id: %b\n\n" % positions)
            said = positions
        if clock() >= beats:
            listening.beat()
            blocks.append(b":\n\n")
            beats = clock() + BEAT_S
            listening.wake_at(beats)
        if blocks and begun:
            await write(b"".join(blocks), True)
        else:
            await listening.wait()
    return "gone"


def turned_away(error: Mapping[str, Any], after_s: int) -> bytes:
    """A stream that ends at once, to which an `EventSource` comes back; to an error status it never does."""
    code = CloseCode.OVERLOADED if error["code"] == "not_ready" else CloseCode.TOO_MANY
    return b"retry: %d\n\n%b" % (after_s * 1000, _close(code, error))


def _close(code: int, error: Mapping[str, Any]) -> bytes:
    return _named("close", {"closeCode": code, **error})


def _id(listening: Listening) -> bytes:
    return str(listening.positions).encode() if listening.positions.complete else b""


def _blocks(listening: Listening) -> Iterator[bytes]:
    for each in listening.take():
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
        mark = _id(listening)
        if mark and len(mark) <= LONG_ID:
            yield b"id: %b\ndata: %b\n\n" % (mark, data)
        else:
            yield b"data: %b\n\n" % data


def _named(name: str, data: object) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), msgspec.json.encode(data))
