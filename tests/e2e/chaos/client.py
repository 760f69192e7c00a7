"""A lean client that follows the wire protocol: a thousand of them fit into one event loop.

Owns its connection (opened again whenever it ends or goes silent), the newest cursor of each place, and the
ids it has had, so that what comes again goes no further. What is new goes to the reception of its
subscription. A refusal, a resume that could not be complete, an event twice on one connection and a close
code that says "stay away" are faults. Never ends by itself.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec
from autodmca_client import Backoff
from autodmca_client.closing import Policy, delay_s, policy_of
from autodmca_edge.testing import client_frame, upgrade_request

from tests.e2e.chaos.oracle import Reception

OPEN_S: Final = 60.0
READ_BYTES: Final = 1 << 16
BACKOFF: Final = Backoff(first_s=0.3, longest_s=15.0)
LOST: Final = 1006
HEARTBEAT: Final = client_frame(b'{"type":"heartbeat","payload":{"timestamp":"now"}}')
TEXT, CLOSE = 1, 8


class Mark(msgspec.Struct):
    """What the traffic writes into each event's metadata."""

    number: int


class Message(msgspec.Struct, rename="camel"):
    """All that is read of an edge's message."""

    type: str
    payload: msgspec.Raw
    id: str = ""
    user_id: int | None = None
    metadata: Mark | None = None
    cursor: str | None = None


class Control(msgspec.Struct, rename="camel"):
    """The payload of an answer."""

    action: str = ""
    subscription_id: str = ""
    cursors: Sequence[str] = ()
    recovered: bool = True
    reason: str = ""
    code: str = ""
    retryable: bool = False


_message: Final = msgspec.json.Decoder(Message)
_control: Final = msgspec.json.Decoder(Control)


class Ended(Exception):
    """The connection is over."""

    def __init__(self, how: str, code: int = LOST) -> None:
        super().__init__(how)
        self.how = how
        self.code = code


class LeanClient:
    """One user's client. Its subscriptions must not share a topic: they share the cursors."""

    def __init__(
        self,
        port: int,
        token: str,
        subscriptions: Mapping[str, Reception],
        *,
        silence_s: float,
        rng: random.Random,
    ) -> None:
        self.ends: Counter[str] = Counter()
        """Connections by how they ended: the close code, or how without one."""
        self.repeats = 0
        """Events that came over the wire once more."""
        self.longest = 0.0
        """The longest time without a standing subscription after the first, seconds."""
        self._request = upgrade_request("/ws", f"Authorization: Bearer {token}")
        self._port = port
        self._subscriptions = subscriptions
        self._silence_s = silence_s
        self._rng = rng
        self._cursors: dict[str, str] = {}
        self._had: set[str] = set()
        self._here: set[str] = set()
        self._standing: set[str] = set()
        self._stood = False
        self._heard = 0.0
        self._lost = 0.0
        self._attempt = 0
        self._writer: asyncio.StreamWriter | None = None
        self._beating: asyncio.TimerHandle | None = None

    @property
    def standing(self) -> bool:
        """Whether every subscription stands."""
        return len(self._standing) == len(self._subscriptions)

    async def run(self) -> None:
        """Stay connected until cancelled."""
        while True:
            self._standing, self._here = set(), set()
            try:
                await self._connection()
            except Ended as end:
                code, how = end.code, end.how
            except OSError:  # TimeoutError too
                code, how = LOST, "reset"
            except EOFError:
                code, how = LOST, "closed in the handshake"
            finally:
                if self._beating is not None:
                    self._beating.cancel()
                if self._writer is not None:
                    self._writer.close()
                    self._writer = None
            self.ends[how] += 1
            self._lost = self._lost or time.monotonic()
            policy = policy_of(code)
            if policy in (Policy.STAY_AWAY, Policy.NEW_TOKEN):
                self._broken(f"sent away with {code}")
            await asyncio.sleep(delay_s(policy, self._attempt, BACKOFF, self._rng))
            self._attempt += 1

    async def _connection(self) -> None:
        try:
            async with asyncio.timeout(min(OPEN_S, 2 * self._silence_s)):
                reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
                self._writer.write(self._request)
                head = await reader.readuntil(b"\r\n\r\n")
        except TimeoutError:
            raise Ended("no answer to the handshake") from None
        if not head.startswith(b"HTTP/1.1 101 "):
            self._broken(f"the handshake was refused: {head.decode('latin-1')}")
            raise Ended("handshake refused")
        self._beat_in(self._silence_s / 2 * self._rng.random())
        buffer = bytearray()
        while True:
            try:
                async with asyncio.timeout(self._silence_s):
                    data = await reader.read(READ_BYTES)
            except TimeoutError:
                raise Ended("silent") from None
            if not data:
                raise Ended("closed without a word")
            self._heard = time.monotonic()
            buffer += data
            for opcode, payload in frames(buffer):
                self._frame(opcode, payload)

    def _beat_in(self, seconds: float) -> None:
        self._beating = asyncio.get_running_loop().call_later(seconds, self._beat)

    def _beat(self) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(HEARTBEAT)
            self._beat_in(min(30.0, self._silence_s / 2))

    def _frame(self, opcode: int, payload: bytes) -> None:
        if opcode == CLOSE:
            code = int.from_bytes(payload[:2], "big") if payload else 1005
            assert self._writer is not None
            self._writer.write(client_frame(payload[:2], CLOSE))
            raise Ended(str(code), code)
        if opcode == TEXT:
            message = _message.decode(payload)
            if message.cursor is not None:
                self._event(message, message.cursor)
            else:
                self._answer(message.type, _control.decode(message.payload))
        else:
            self._broken(f"a frame of kind {opcode}")

    def _answer(self, kind: str, control: Control) -> None:
        if control.action == "connected":
            self._subscribe()
        elif kind == "error":
            if not control.retryable:
                self._broken(f"refused: {control.code}")
            raise Ended(control.code)
        elif control.action == "subscribed":
            if not control.recovered:
                self._broken(f"not recovered: {control.reason}")
            self._standing.add(control.subscription_id)
            if self.standing:
                self._stands()
        for cursor in control.cursors:
            self._cursors[cursor.rpartition(":")[0]] = cursor

    def _stands(self) -> None:
        if self._stood and self._lost:
            self.longest = max(self.longest, time.monotonic() - self._lost)
        self._stood, self._lost, self._attempt = True, 0.0, 0

    def _subscribe(self) -> None:
        assert self._writer is not None
        for name, reception in self._subscriptions.items():
            config: dict[str, object] = {"types": sorted(reception.types)}
            if self._cursors:
                config["resume"] = list(self._cursors.values())
            payload = {"action": "subscribe", "subscriptionId": name, "config": config}
            message = {"type": "connection_established", "payload": payload}
            self._writer.write(client_frame(msgspec.json.encode(message)))

    def _event(self, message: Message, cursor: str) -> None:
        self._cursors[cursor.rpartition(":")[0]] = cursor
        if message.id in self._here:
            self._broken(f"{message.id} came twice on one connection")
        self._here.add(message.id)
        if message.id in self._had:
            self.repeats += 1
            return
        self._had.add(message.id)
        number = message.metadata.number if message.metadata else None
        wanted = [each for each in self._subscriptions.values() if message.type in each.types]
        for reception in wanted or self._subscriptions.values():
            reception.take(message.id, message.type, message.user_id, number, self._heard)

    def _broken(self, what: str) -> None:
        next(iter(self._subscriptions.values())).fault("broken", what)


def frames(buffer: bytearray) -> Iterator[tuple[int, bytes]]:
    """The whole frames of a server at the head of `buffer`, which they leave: opcode and payload."""
    at = 0
    try:
        while len(buffer) - at >= 2:
            size, head = buffer[at + 1], 2
            if size > 125:
                head = 4 if size == 126 else 10
                if len(buffer) - at < head:
                    return
                size = int.from_bytes(buffer[at + 2 : at + head], "big")
            if len(buffer) - at < head + size:
                return
            opcode = buffer[at] & 0x0F
            payload = bytes(buffer[at + head : at + head + size])
            at += head + size
            yield opcode, payload
    finally:
        del buffer[:at]
