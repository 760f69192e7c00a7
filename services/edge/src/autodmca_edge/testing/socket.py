"""A peer in memory, which reads when told to."""

from collections.abc import Iterable
from typing import Any

import msgspec
from autodmca_events import CATALOGUE

from autodmca_edge.frames import parse_close
from autodmca_edge.outbox import Outbox
from autodmca_edge.session import Session

__all__ = ["FakeSocket", "cursors_of", "messages"]


def messages(data: bytes) -> list[dict[str, Any]]:
    """The JSON messages in a run of a server's frames; a Close frame as `{"close": code}`."""
    found = []
    while data:
        opcode, size, head = data[0] & 15, data[1], 2
        if size == 126:
            size, head = int.from_bytes(data[2:4], "big"), 4
        elif size == 127:
            size, head = int.from_bytes(data[2:10], "big"), 10
        body, data = data[head : head + size], data[head + size :]
        found.append({"close": parse_close(body).code} if opcode == 8 else msgspec.json.decode(body))
    return found


class FakeSocket:
    """A peer that reads when told to. `received` is what has reached it."""

    def __init__(self, limit: int = 1_048_576) -> None:
        self.received: list[dict[str, Any]] = []
        self.reading = True
        self.closed: int | None = None
        self.peer = "192.0.2.1"
        self._stuck = b""
        self.outbox = Outbox(self._take, self._spill, limit)

    def _take(self, data: bytes) -> int:
        if not self.reading:
            raise BlockingIOError
        self.received += messages(data)
        return len(data)

    def _spill(self, data: bytes) -> None:
        self._stuck = data

    def say(self, text: bytes) -> bool:
        self.received.append(msgspec.json.decode(text))
        return True

    def close(self, code: int, reason: str = "", *, discard: bool = False) -> None:
        self.closed = self.closed or int(code)

    def read(self, session: Session) -> None:
        """Take what waits, and go on reading."""
        self.reading = True
        data, self._stuck = self._stuck, b""
        self.received += messages(data)
        if self.outbox.blocked:
            self.outbox.drained()
            session.drained()

    def answers(self, action: str) -> list[dict[str, Any]]:
        """The payloads of the answers with this action."""
        return [each["payload"] for each in self.received if each.get("payload", {}).get("action") == action]

    def errors(self) -> list[dict[str, Any]]:
        return [each["payload"] for each in self.received if each["type"] == "error"]

    def events(self) -> list[dict[str, Any]]:
        """The events, in order."""
        return [each for each in self.received if each["type"] in CATALOGUE]

    def ids(self) -> list[str]:
        return [each["id"] for each in self.events()]


def cursors_of(received: Iterable[dict[str, Any]]) -> list[str]:
    """The newest cursor of each prefix, as a client keeps them."""
    newest: dict[str, str] = {}
    for message in received:
        payload = message.get("payload", {})
        for cursor in [*payload.get("cursors", ()), *([message["cursor"]] if "cursor" in message else ())]:
            newest[cursor.rpartition(":")[0]] = cursor
    return list(newest.values())
