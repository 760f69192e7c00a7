"""The entrance in a storm: a handshake that waits for its turn, and what may happen to it meanwhile."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest
from autodmca_edge.admission.descriptors import Descriptors
from autodmca_edge.admission.queue import BURST, Admission
from autodmca_edge.server.entrance import EARLY_BYTES, HEAD_TIMEOUT_S, Entrance
from autodmca_edge.session.ports import Socket
from autodmca_edge.testing import client_frame, upgrade_request
from autodmca_edge.timers import TimerWheel
from autodmca_edge.wire.handshake import Upgrade
from autodmca_edge.wire.outbox import Wire

HEARTBEAT = client_frame(b'{"type":"heartbeat"}')


class Talk:
    """What a session hears."""

    def __init__(self, socket: Socket) -> None:
        self.socket = socket
        self.heard_of: list[Any] = []

    def compresses(self, upgrade: Upgrade) -> bool:
        return False

    def opened(self, upgrade: Upgrade) -> None:
        self.heard_of.append("opened")

    def turn_away(self, reason: str) -> None:
        self.socket.close(4503, reason)

    def said(self, text: bytes) -> None:
        self.heard_of.append(text)

    def heard(self, frames: int = 0) -> None: ...
    def drained(self) -> None: ...
    def leave(self) -> None: ...
    def lost(self, code: int | None) -> None: ...

    def due(self, now: float) -> float | None:
        return None


class Gateway:
    """A node with one place in its queue, whose admission steps when told to."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.wheel = TimerWheel()
        self.origins: frozenset[str] = frozenset()
        self.max_message_bytes, self.outbox_bytes, self.compression = 65_536, 65_536, False
        self.files = Descriptors(1 << 30)
        self.transports: list[FakeTransport] = []
        self.wire = Wire(self._send)
        self.steps: list[Callable[[], None]] = []
        self.admission = Admission(1000, 1, self.clock, lambda _, call: self.steps.append(call))
        self.talks: list[Talk] = []
        self.statuses: list[int] = []

    def _send(self, handle: int, data: bytes) -> int:
        self.transports[handle].write(data)
        return len(data)

    def clock(self) -> float:
        return self.now

    def converse(self, socket: Socket) -> Talk:
        self.talks.append(Talk(socket))
        return self.talks[-1]

    def compresses(self, upgrade: Upgrade) -> bool:
        return self.compression

    def refused(self, status: int) -> None:
        self.statuses.append(status)

    def sent(self, size: int) -> None: ...

    def step(self) -> None:
        self.now += 0.01
        for call in [self.steps.pop() for _ in self.steps]:
            call()

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.wheel.advance(self.now)


class FakeTransport(asyncio.Transport):
    """Its peer is the test."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__({"socket": self, "peername": ("192.0.2.1", 1)})
        self._number = len(gateway.transports)
        gateway.transports.append(self)
        self.protocol: Any = Entrance(gateway)
        self.written = b""
        self.reading = True
        self.protocol.connection_made(self)

    def fileno(self) -> int:
        return self._number

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0

    def write(self, data: Any) -> None:
        self.written += data

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None: ...

    def is_closing(self) -> bool:
        return False

    def abort(self) -> None:
        self.protocol.connection_lost(None)

    def say(self, data: bytes) -> None:
        self.protocol.data_received(data)

    @property
    def upgraded(self) -> bool:
        return self.written.startswith(b"HTTP/1.1 101 ")


@pytest.fixture
def gateway() -> Gateway:
    """Its burst is spent."""
    gateway = Gateway()
    for _ in range(BURST):
        FakeTransport(gateway).say(upgrade_request())
    gateway.talks.clear()
    return gateway


def test_an_idle_node_answers_at_once() -> None:
    gateway = Gateway()
    transport = FakeTransport(gateway)
    transport.say(upgrade_request() + HEARTBEAT)
    assert transport.upgraded
    assert gateway.talks[0].heard_of == ["opened", b'{"type":"heartbeat"}']


def test_who_waits_is_let_in_later_with_all_it_said_meanwhile(gateway: Gateway) -> None:
    transport = FakeTransport(gateway)
    transport.say(upgrade_request() + HEARTBEAT[:5])
    transport.say(HEARTBEAT[5:])
    transport.say(HEARTBEAT)
    assert (transport.written, gateway.talks, gateway.admission.waiting) == (b"", [], 1)
    gateway.step()
    assert transport.upgraded
    assert gateway.talks[0].heard_of == ["opened"] + [b'{"type":"heartbeat"}'] * 2


def test_who_waits_is_not_late_with_its_head(gateway: Gateway) -> None:
    """PROTOCOL: 408 is for a head that takes over 10 s; this one came at once."""
    transport = FakeTransport(gateway)
    transport.say(upgrade_request())
    gateway.wait(HEAD_TIMEOUT_S + 2)
    assert transport.written == b""
    gateway.step()
    assert transport.upgraded
    late = FakeTransport(gateway)
    late.say(upgrade_request()[:-2])
    gateway.wait(HEAD_TIMEOUT_S + 2)
    assert late.written.startswith(b"HTTP/1.1 408 ")


def test_who_hangs_up_makes_room_and_no_session(gateway: Gateway) -> None:
    for _ in range(5):
        transport = FakeTransport(gateway)
        transport.say(upgrade_request())
        assert gateway.admission.waiting == 1
        transport.protocol.connection_lost(None)
        assert gateway.admission.waiting == 0
    gateway.step()
    gateway.wait(60)
    assert gateway.talks == []
    assert gateway.admission.outcomes["left"] == 5


def test_beyond_the_queue_a_close_frame_says_when_to_come_back(gateway: Gateway) -> None:
    """PROTOCOL: a refusal known before the upgrade is sent as a close code after it."""
    FakeTransport(gateway).say(upgrade_request())
    late = FakeTransport(gateway)
    late.say(upgrade_request() + HEARTBEAT)
    assert late.upgraded
    _, _, told = late.written.partition(b"\r\n\r\n")
    assert told[:1] == b"\x88"
    assert int.from_bytes(told[2:4], "big") == 4503
    assert re.fullmatch(rb"too many at once; retry after \d+ ms", told[4:])
    assert gateway.talks[0].heard_of == []


async def test_what_one_that_waits_may_say_is_bounded(gateway: Gateway) -> None:
    transport = FakeTransport(gateway)
    transport.say(upgrade_request())
    said = 0
    while transport.reading:
        transport.say(HEARTBEAT * 100)
        said += 100
        assert said * len(HEARTBEAT) <= EARLY_BYTES + 100 * len(HEARTBEAT)
    gateway.step()
    heard = gateway.talks[0].heard_of
    for _ in range(said):
        await asyncio.sleep(0)
    assert heard[0] == "opened"
    transport.say(HEARTBEAT)
    assert len(heard) == 2 + said


def test_a_bad_handshake_that_waited_gets_its_answer(gateway: Gateway) -> None:
    transport = FakeTransport(gateway)
    transport.say(upgrade_request(without=["Host"]))
    gateway.step()
    assert transport.written.startswith(b"HTTP/1.1 400 ")
    assert gateway.statuses == [400]
    transport.say(b"more")
    gateway.wait(5)
    assert gateway.talks == []
