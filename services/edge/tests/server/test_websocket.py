"""A WebSocket on a transport in memory: turns, what the kernel does not take, the end."""

import asyncio
import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from autodmca_edge.admission.descriptors import Descriptors
from autodmca_edge.admission.queue import Admission
from autodmca_edge.server.websocket import LAST_READ, WebSocket
from autodmca_edge.session.ports import Socket
from autodmca_edge.testing import client_frame
from autodmca_edge.timers import TimerWheel
from autodmca_edge.wire.frames import FRAMES_A_TURN
from autodmca_edge.wire.handshake import Upgrade
from autodmca_edge.wire.outbox import Wire

UPGRADE = Upgrade(family=None, key=b"", token=None, origin=None, subprotocol=None)


class FakeSocket:
    def fileno(self) -> int:
        return 3


class FakeTransport(asyncio.Transport):
    """`room`: how many bytes the kernel takes when the transport tries; the rest is held."""

    def __init__(self, room: int = 1_000_000) -> None:
        super().__init__({"socket": FakeSocket(), "peername": ("192.0.2.1", 1)})
        self.room = room
        self.held = b""
        self.sent = b""
        self.reading = True
        self.eof = self.closed = self.aborted = False
        self.protocol: WebSocket

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        assert high == 0

    def get_write_buffer_size(self) -> int:
        return len(self.held)

    def write(self, data: Any) -> None:
        self.sent += bytes(data[: self.room])
        self.held += bytes(data[self.room :])
        if self.held:
            self.protocol.pause_writing()

    def drain(self) -> None:
        """The peer reads on."""
        self.sent, self.held = self.sent + self.held, b""
        self.protocol.resume_writing()

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.eof = True

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.aborted = True

    def is_closing(self) -> bool:
        return self.closed


class Talk:
    """A conversation that keeps what it hears."""

    def __init__(self, socket: Socket) -> None:
        self.socket = socket
        self.texts: list[bytes] = []
        self.drains = 0

    def opened(self, upgrade: Upgrade) -> None: ...
    def turn_away(self, reason: str) -> None: ...
    def heard(self, frames: int = 0) -> None: ...
    def leave(self) -> None: ...
    def lost(self, code: int | None) -> None: ...

    def said(self, text: bytes) -> None:
        self.texts.append(text)

    def drained(self) -> None:
        self.drains += 1

    def due(self, now: float) -> float | None:
        return None


class FakeNode:
    """The kernel takes `room` bytes of each attempt past the transport."""

    def __init__(self) -> None:
        self.wheel = TimerWheel()
        self.origins: frozenset[str] = frozenset()
        self.compression = False
        self.max_message_bytes = 65_536
        self.outbox_bytes = 1000
        self.files = Descriptors(1 << 30)
        self.room = 1_000_000
        self.direct = b""
        self.wire = Wire(self._send)
        self.talk: Talk
        self.now = 1000.0
        self.admission = Admission(1000, 10, self.clock, lambda *_: None)

    def _send(self, handle: int, data: bytes) -> int:
        self.direct += data[: self.room]
        return min(len(data), self.room)

    def clock(self) -> float:
        return self.now

    def converse(self, socket: Socket) -> Talk:
        self.talk = Talk(socket)
        return self.talk

    def compresses(self, upgrade: Upgrade) -> bool:
        return True

    def refused(self, status: int) -> None: ...
    def sent(self, size: int) -> None: ...


@pytest.fixture
def node() -> FakeNode:
    return FakeNode()


@pytest.fixture
def transport() -> FakeTransport:
    return FakeTransport()


@pytest.fixture
def socket(node: FakeNode, transport: FakeTransport) -> WebSocket:
    socket = transport.protocol = WebSocket(node, transport)
    socket.open(UPGRADE)
    node.direct = transport.sent = b""
    return socket


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def test_what_the_kernel_takes_at_the_second_attempt_does_not_block(
    node: FakeNode, transport: FakeTransport, socket: WebSocket
) -> None:
    """The transport, which tries again at once, then neither pauses nor resumes anybody."""
    node.room = 3
    assert socket.say(b"hello")
    assert (node.direct, transport.sent) == (b"\x81\x05h", b"ello")
    assert not socket.outbox.blocked
    node.room = 100
    assert socket.say(b"again")
    assert node.direct == b"\x81\x05h" + b"\x81\x05again"


def test_what_the_kernel_does_not_take_waits_in_order(
    node: FakeNode, transport: FakeTransport, socket: WebSocket
) -> None:
    node.room = transport.room = 0
    assert socket.say(b"one")
    assert socket.say(b"two")
    assert (socket.outbox.blocked, node.talk.drains) == (True, 0)
    node.room = 100
    transport.drain()
    assert transport.sent + node.direct == b"\x81\x03one\x81\x03two"
    assert (socket.outbox.blocked, node.talk.drains) == (False, 1)


async def test_a_flood_is_taken_in_turns_and_read_on_after_it(
    node: FakeNode, transport: FakeTransport, socket: WebSocket
) -> None:
    socket.data_received(client_frame(b"x") * (2 * FRAMES_A_TURN + 1))
    for texts, reading in [(FRAMES_A_TURN, False), (2 * FRAMES_A_TURN, False), (2 * FRAMES_A_TURN + 1, True)]:
        assert (len(node.talk.texts), transport.reading) == (texts, reading)
        await asyncio.sleep(0)


async def test_a_turn_that_comes_too_late_is_none(
    node: FakeNode, transport: FakeTransport, socket: WebSocket
) -> None:
    socket.data_received(client_frame(b"x") * (FRAMES_A_TURN + 1))
    socket.connection_lost(None)
    await asyncio.sleep(0)
    assert len(node.talk.texts) == FRAMES_A_TURN


def test_who_breaks_the_rules_hears_why_before_the_socket_closes(
    node: FakeNode, transport: FakeTransport, socket: WebSocket
) -> None:
    socket.data_received(b"\x81\x00")
    assert (node.direct[:1], node.direct[2:4]) == (b"\x88", b"\x03\xea")
    assert transport.eof
    assert not transport.closed
    socket.data_received(b"more of it")
    assert node.talk.texts == []


@pytest.mark.usefixtures("no_collector")
def test_what_is_lost_is_freed_though_timers_know_it_and_no_collector_runs(
    node: FakeNode, transport: FakeTransport, socket: WebSocket
) -> None:
    socket.close(1000)
    talk = weakref.ref(node.talk)
    socket.connection_lost(None)
    del node.talk
    assert talk() is None
    node.wheel.advance(node.now + 60)
    assert not transport.closed


async def test_of_a_peer_that_talks_on_after_our_close_little_is_read(
    node: FakeNode, transport: FakeTransport, socket: WebSocket
) -> None:
    socket.data_received(client_frame(b"x") * 10_000)
    socket.close(4429)
    for _ in range(100):
        await asyncio.sleep(0)
    assert len(node.talk.texts) == FRAMES_A_TURN
    assert transport.eof, "it is told, and not listened to any more"
    socket.data_received(b"x" * LAST_READ)
    assert not transport.reading
    node.wheel.advance(node.now + 60)
    assert transport.aborted


def test_a_close_that_answers_ours_is_found_behind_what_was_on_its_way(
    node: FakeNode, transport: FakeTransport, socket: WebSocket
) -> None:
    socket.close(1012)
    socket.data_received(client_frame(b"x") * 10 + client_frame(b"\x03\xf4", 8))
    assert transport.closed
    assert node.talk.texts == []
