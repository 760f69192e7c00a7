"""Plain HTTP connections: an answer that nobody takes does not stay for ever."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
from autodmca_edge.server.one_request import ABORT, STALL_S, OneRequest
from uvicorn.config import Config
from uvicorn.server import ServerState


class Timer:
    def __init__(self, seconds: float, ring: Callable[[], None]) -> None:
        self.seconds = seconds
        self.ring = ring
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Loop:
    """The running loop's tasks; its timers are the test's to ring."""

    def __init__(self) -> None:
        self.timers: list[Timer] = []
        self.create_task = asyncio.get_running_loop().create_task

    def call_later(self, seconds: float, ring: Callable[[], None]) -> Timer:
        self.timers.append(Timer(seconds, ring))
        return self.timers[-1]

    @property
    def running(self) -> list[Timer]:
        return [each for each in self.timers if not each.cancelled]


class Transport(asyncio.Transport):
    """Takes what is written and lets nothing of it go."""

    def __init__(self) -> None:
        super().__init__({"peername": ("192.0.2.1", 1), "sockname": ("192.0.2.2", 80)})
        self.held = 0
        self.closing = self.aborted = False

    def write(self, data: Any) -> None:
        self.held += len(data)

    def get_write_buffer_size(self) -> int:
        return self.held

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        self.closing = self.aborted = True


async def answer(scope: Any, _receive: Any, send: Any) -> None:
    assert ABORT in scope["extensions"]
    headers = [(b"content-length", b"5")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"hello"})


class Place:
    """A request that has been answered, into a transport that holds the answer."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.transport = Transport()
        config = Config(cast("Any", answer), lifespan="off", log_config=None)
        self.request = OneRequest(config, ServerState(), {}, cast("Any", self.loop))
        self.request.connection_made(self.transport)

    async def ask(self) -> None:
        self.request.data_received(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        for _ in range(10):
            await asyncio.sleep(0)


@pytest.fixture
async def place() -> Place:
    return Place()


async def test_an_answer_that_is_not_taken_is_cut_off(place: Place) -> None:
    await place.ask()
    (timer,) = place.loop.running
    assert timer.seconds == STALL_S
    assert place.transport.closing
    timer.ring()
    assert place.transport.aborted


async def test_an_answer_that_was_taken_is_not(place: Place) -> None:
    await place.ask()
    place.request.connection_lost(None)
    assert not place.loop.running


async def test_a_client_that_reads_again_has_its_time_again(place: Place) -> None:
    place.request.pause_writing()
    (first,) = place.loop.running
    place.request.resume_writing()
    assert not place.loop.running
    place.request.pause_writing()
    (second,) = place.loop.running
    assert second is not first
    second.ring()
    assert place.transport.aborted


async def test_the_end_of_an_answer_that_moves_slowly_is_timed_too(place: Place) -> None:
    await place.ask()
    place.request.pause_writing()
    place.request.resume_writing()
    assert len(place.loop.running) == 1
