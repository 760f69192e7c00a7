"""How answers are cut from what a broker sends: by a server that sends it as the test says."""

import asyncio
import struct
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import uvloop
from aiokafka.errors import CorrelationIdError, KafkaConnectionError
from aiokafka.protocol.admin import ApiVersionRequest
from autodmca_kafka import connection as connection_module
from autodmca_kafka.access import NotReached
from autodmca_kafka.connection import LARGEST_ANSWER, LARGEST_GREETING, Connection

Loop = Callable[[], asyncio.AbstractEventLoop]
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
LOOPS = pytest.mark.parametrize(
    "loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
)
NO_ANSWERS = {
    "negative": struct.pack(">i", -1),
    "too long": struct.pack(">i", LARGEST_ANSWER + 1),
    "too short": struct.pack(">i", 3) + b"abc",
    "empty": struct.pack(">i", 0),
    "end": b"",
}


async def question(reader: asyncio.StreamReader) -> int:
    """The correlation id of the next request."""
    (size,) = struct.unpack(">i", await reader.readexactly(4))
    request = await reader.readexactly(size)
    return int.from_bytes(request[4:8], "big")


def versions(correlation: int, count: int = 3) -> bytes:
    """An answer to ApiVersions (version 0) that names `count` of them."""
    body = struct.pack(">ihi", correlation, 0, count) + struct.pack(">hhh", 18, 0, 0) * count
    return struct.pack(">i", len(body)) + body


@asynccontextmanager
async def connected(script: Script) -> AsyncIterator[Connection]:
    """A connection to a server that answers the first question, then does as the script says."""
    served = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(versions(await question(reader)))
            await script(reader, writer)
        finally:
            writer.close()
            served.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    connection = Connection(host, port, request_timeout_ms=10_000)
    await connection.connect()
    try:
        yield connection
    finally:
        await connection.close()
        await served.wait()
        server.close()
        await server.wait_closed()


def run(loop: Loop, test: Awaitable[None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(30):
            await test

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(bounded())


@LOOPS
def test_answers_come_whole_and_in_order_however_they_are_cut(loop: Loop) -> None:
    """Among them large ones, cut within a length and within a body, and several at once."""
    counts = [200_000, 1, 40_000, 2]

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = b"".join([versions(await question(reader), count) for count in counts])
        for cut in (1, 2, 3, 5, 70_000, len(data)):  # within a length, within a body, over the edge of one
            writer.write(data[:cut])
            data = data[cut:]
            await writer.drain()
            await asyncio.sleep(0)
        await reader.read()

    async def test() -> None:
        async with connected(script) as connection:
            answers = await asyncio.gather(*(connection.send(ApiVersionRequest()) for _ in counts))
            assert [len(answer.api_versions) for answer in answers] == counts

    run(loop, test())


@LOOPS
@pytest.mark.parametrize("sent", [*NO_ANSWERS.values(), versions(77)], ids=[*NO_ANSWERS, "another's"])
def test_what_is_no_answer_fails_who_waits_and_closes(loop: Loop, sent: bytes) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await question(reader)
        writer.write(sent)
        if sent:
            assert await reader.read() == b""  # the other side closes

    async def test() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # the loop reports it as well
        async with connected(script) as connection:
            with pytest.raises((KafkaConnectionError, CorrelationIdError)):
                await connection.send(ApiVersionRequest())
            assert not connection.connected()

    run(loop, test())


GREETINGS = {
    "a TLS alert": (b"\x15\x03\x03\x00\x02\x02\x50", "speaks TLS, and this client does not"),
    "HTTP": (b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not begin as an answer of a Kafka broker: b'HTTP'"),
    "too long": (struct.pack(">i", LARGEST_GREETING + 1), "does not begin as an answer"),
    "nonsense": (struct.pack(">i", 7) + b"\x00\x00\x00\x01abc", "ended the connection|does not answer as"),
    "another's": (versions(77), "does not answer as a Kafka broker does"),
    "the end": (b"", "ended the connection before its first answer"),
}


@LOOPS
@pytest.mark.parametrize(("sent", "reason"), GREETINGS.values(), ids=GREETINGS)
def test_what_is_no_broker_is_said_and_gets_no_memory(loop: Loop, sent: bytes, reason: str) -> None:
    """What is announced before there is a connection may be anything: an alert's bytes are 350 MB."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await question(reader)
        writer.write(sent)
        writer.close()

    async def test() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # the loop reports it as well
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        tracemalloc.start()
        try:
            with pytest.raises(NotReached, match=reason):
                await Connection(host, port).connect()
            assert tracemalloc.get_traced_memory()[1] < 8 << 20
        finally:
            tracemalloc.stop()
            server.close()
            await server.wait_closed()

    run(loop, test())


@LOOPS
def test_memory_for_a_large_answer_grows_as_it_comes(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that announces half a gigabyte and sends little gets little; a large answer comes whole."""
    monkeypatch.setattr(connection_module, "AT_ONCE", 1000)

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(versions(await question(reader), 50_000))
        writer.write(struct.pack(">i", LARGEST_ANSWER) + bytes(5000))
        await reader.read()

    async def test() -> None:
        async with connected(script) as connection:
            tracemalloc.start()
            assert len((await connection.send(ApiVersionRequest())).api_versions) == 50_000
            assert tracemalloc.get_traced_memory()[1] < 32 << 20
            tracemalloc.stop()

    run(loop, test())
