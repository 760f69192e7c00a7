"""A client in memory: its end of the socket, which it reads when told to, and what it says."""

import json
import math
from collections.abc import Iterable
from typing import Any

import msgspec
from autodmca_events import CATALOGUE

from autodmca_edge.session.session import Session
from autodmca_edge.wire.deflate import inflated
from autodmca_edge.wire.frames import close_frame, message_frame, parse_close, server_frames
from autodmca_edge.wire.outbox import Outbox, Wire

__all__ = ["FakePeer", "cursors_of", "messages"]


_MOST = 1 << 24


def messages(data: bytes) -> list[dict[str, Any]]:
    """The JSON messages in a run of a server's frames; a Close frame as `{"close": code, "reason": ...}`."""
    found, rest, _ = _whole(data)
    assert not rest, "the run ends inside a frame"
    return found


def _whole(data: bytes) -> tuple[list[dict[str, Any]], bytes, int]:
    """The messages of whole frames, the bytes after them, and how many were compressed."""
    found, at, compressed = [], 0, 0
    for first, body, at in server_frames(data):  # noqa: B007 - where the last whole one ends
        if first & 0x40:
            body, compressed = inflated(body, _MOST), compressed + 1
        found.append(_closing(body) if first & 0x0F == 8 else json.loads(body))
    return found, data[at:], compressed


def _closing(body: bytes) -> dict[str, Any]:
    said = parse_close(body)
    return {"close": said.code, "reason": said.reason}


class FakeWire(Wire):
    """Sends to fake peers by their number."""

    def __init__(self) -> None:
        super().__init__(
            lambda handle, data: self._peers[handle].take(data) if handle >= 0 else self._broken()
        )
        self._peers: list[FakePeer] = []

    def connect(self, peer: "FakePeer") -> int:
        """The peer's handle."""
        self._peers.append(peer)
        return len(self._peers) - 1

    @staticmethod
    def _broken() -> int:
        raise OSError


class FakePeer:
    """`received` is what has reached it. `room`: bytes that its kernel still takes."""

    def __init__(self, wire: FakeWire, limit: int = 1_048_576) -> None:
        self.received: list[dict[str, Any]] = []
        self.closed: int | None = None
        """The close code that reached it."""
        self.close_reason = ""
        self.peer = "192.0.2.1"
        self.room: float = math.inf
        self.writes = 0
        self.compressed = 0
        """Messages that came compressed."""
        self.session: Session
        self._closing = self._gone = False
        self._wire = b""
        self._stuck = b""  # what the transport holds
        self.outbox = Outbox(wire, wire.connect(self), self._spill, limit)

    @property
    def held(self) -> int:
        """Bytes that wait on the edge's side."""
        return len(self._stuck) + self.outbox.size

    # -- the edge's side: node.Socket ---------------------------------------------------------------

    def say(self, text: bytes) -> bool:
        return self._closing or self.outbox.write(message_frame(text, self.outbox.window))

    def close(self, code: int, reason: str = "", *, discard: bool = False) -> None:
        if not self._closing:
            if discard:
                self.outbox.discard()
            self.outbox.end(close_frame(code, reason))
            self._closing = True

    def take(self, data: bytes) -> int:
        """What the peer's kernel takes of `data`."""
        self.writes += 1
        if self.room <= 0:
            raise BlockingIOError
        sent = int(min(len(data), self.room))
        self._arrive(data[:sent])
        return sent

    def _spill(self, data: bytes) -> None:
        self._stuck += data

    def _arrive(self, data: bytes) -> None:
        self.room -= len(data)
        found, self._wire, compressed = _whole(self._wire + data)
        self.compressed += compressed
        for message in found:
            assert self.closed is None, f"after a Close frame: {message}"  # RFC 6455, section 5.5.1
            self.received.append(message)
            self.closed, self.close_reason = message.get("close"), message.get("reason", "")

    # -- the client's side --------------------------------------------------------------------------

    def stall(self) -> None:
        """Stop reading."""
        self.room = 0

    def read(self, size: float = math.inf) -> None:
        """Take `size` bytes more of what waits; without a size go on reading."""
        self.room = size
        while self._stuck and self.room > 0:
            sent = int(min(len(self._stuck), self.room))
            data, self._stuck = self._stuck[:sent], self._stuck[sent:]
            self._arrive(data)
            if not self._stuck:
                self.outbox.drained()
        if self.session and not self.outbox.blocked:
            self.session.drained()

    @property
    def gone(self) -> bool:
        return self._gone

    def leave(self) -> None:
        """Be gone, without a word."""
        self._gone = True
        self.outbox.seal()
        self.session.lost(None)

    def say_payload(self, type_name: str = "connection_established", **payload: Any) -> None:
        """Send a message."""
        text = msgspec.json.encode(
            {"type": type_name, "payload": payload, "id": f"m-{payload.get('action')}"}
        )
        self.session.heard()
        self.session.said(text)

    def subscribe(self, name: str, *types: str, **config: Any) -> None:
        """Subscribe; `config` may hold filters, resume, since."""
        self.say_payload(action="subscribe", subscriptionId=name, config={"types": types, **config})

    def unsubscribe(self, name: str) -> None:
        self.say_payload(action="unsubscribe", subscriptionId=name)

    def heartbeat(self, **payload: Any) -> None:
        self.say_payload("heartbeat", **payload)

    def authenticate(self, token: str, action: str = "authenticate") -> None:
        self.say_payload(action=action, token=token)

    # -- what has come ------------------------------------------------------------------------------

    def answers(self, action: str) -> list[dict[str, Any]]:
        """The payloads of the answers with this action."""
        return [each["payload"] for each in self.received if each.get("payload", {}).get("action") == action]

    def errors(self) -> list[dict[str, Any]]:
        return [each["payload"] for each in self.received if each.get("type") == "error"]

    def events(self) -> list[dict[str, Any]]:
        """The events, in order."""
        return [each for each in self.received if each.get("type") in CATALOGUE]

    def ids(self) -> list[str]:
        """The events' ids, in order."""
        return [each["id"] for each in self.events()]

    def cursors(self) -> list[str]:
        """What a client keeps to resume from."""
        return cursors_of(self.received)


def cursors_of(received: Iterable[dict[str, Any]]) -> list[str]:
    """The newest cursor of each prefix, as a client keeps them: the one that came last."""
    newest: dict[str, str] = {}
    for message in received:
        payload = message.get("payload", {})
        for cursor in [*payload.get("cursors", ()), *([message["cursor"]] if "cursor" in message else ())]:
            newest[cursor.rpartition(":")[0]] = cursor
    return list(newest.values())
