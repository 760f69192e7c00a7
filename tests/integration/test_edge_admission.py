"""Limits, storms, overload and draining on a real edge process, as the clients and the probes see them."""

import asyncio
import itertools
import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager

import pytest
from autodmca_edge.testing import client_frame, upgrade_request
from autodmca_kafka import EventProducer
from websockets.asyncio.client import ClientConnection

from tests.brokers import Broker
from tests.integration.edge_site import Edge, Listener, edge_node, heard, listening, token, until, usage

USAGE = "template_usage"
STORM = 600
_users = itertools.count(9_000_000 + os.getpid())


@pytest.fixture
def user() -> int:
    return next(_users)


def reason(listener: Listener) -> str:
    socket: ClientConnection = listener.socket
    return socket.close_reason or ""


async def greeted(listener: Listener) -> None:
    await until(lambda: listener.answers("connected"), "connected")


async def answered(listener: Listener) -> None:
    await until(lambda: listener.heard or listener.socket.close_code, "an answer")


async def subscribed(stack: AsyncExitStack, edge: Edge, user: int) -> Listener:
    listener = await stack.enter_async_context(listening(edge, user))
    await listener.subscribe(USAGE)
    return listener


# -- open files ------------------------------------------------------------------------------------


@contextmanager
def reading(reader: asyncio.StreamReader) -> Iterator[asyncio.Task[bytes]]:
    """What comes first from it, if anything does."""
    task = asyncio.create_task(reader.read(400))
    yield task
    task.cancel()


@pytest.fixture
def cramped(embedded_broker: Broker) -> Iterator[Edge]:
    with edge_node(embedded_broker.bootstrap_servers, files=256, EDGE_USER_CONNECTIONS=0) as node:
        yield node


async def test_a_node_at_its_limit_of_files_says_so_and_serves_those_who_are_connected(
    cramped: Edge, embedded_broker: Broker, user: int
) -> None:
    async with AsyncExitStack() as stack:
        listener = await subscribed(stack, cramped, user)
        sockets = [await asyncio.open_connection("127.0.0.1", cramped.port) for _ in range(300)]
        for _, writer in sockets:
            stack.callback(writer.close)
        reads = [stack.enter_context(reading(reader)) for reader, _ in sockets]
        # What is over the limit itself is closed by the system; what is just under it is answered.
        await until(lambda: all(each.done() for each in reads[-40:]), "an end")
        answers = [each.result() for each in reads if each.done() and each.result()]
        assert answers
        assert all(b" 503 " in answer and b"Retry-After: 5" in answer for answer in answers)
        await until(lambda: "files are open" in cramped.output, "a line that says so")
        async with EventProducer(embedded_broker.bootstrap_servers, client_id="files") as producer:
            await producer.send(usage("still"), user_id=user)
        await heard(listener, 1)
        for _, writer in sockets:
            writer.close()
        await until(lambda: cramped.get("/readyz")[0] == 200, "room again")
        assert cramped.metric("open_files") < 100
        await subscribed(stack, cramped, user)


# -- limits ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def narrow(embedded_broker: Broker) -> Iterator[Edge]:
    with edge_node(
        embedded_broker.bootstrap_servers,
        EDGE_USER_CONNECTIONS=2,
        EDGE_ADDRESS_CONNECTIONS=3,
        EDGE_TRUSTED_PROXIES="127.0.0.0/8",
    ) as node:
        yield node


async def test_a_user_has_so_many_connections_and_one_that_ends_makes_room(narrow: Edge, user: int) -> None:
    """PROTOCOL, 4429: too many connections."""
    async with AsyncExitStack() as stack:
        first, second = [await subscribed(stack, narrow, user) for _ in range(2)]
        async with listening(narrow, user) as late:
            assert await late.closed() == 4429
            assert [each["code"] for each in late.errors()] == ["limit_exceeded"]
        await first.leave()
        await subscribed(stack, narrow, user)
        await second.say(action="unsubscribe", subscriptionId="s")
        await until(lambda: second.answers("unsubscribed"), "an answer")


async def test_an_address_behind_the_load_balancer_has_so_many(narrow: Edge) -> None:
    """PROTOCOL, 4429. Other clients of the same load balancer have their own count."""

    def headers(address: str, user: int) -> dict[str, str]:
        return {"Authorization": f"Bearer {token(user)}", "X-Forwarded-For": f"6.6.6.6, {address}"}

    async with AsyncExitStack() as stack:
        for _ in range(3):
            options = {"additional_headers": headers("203.0.113.7", next(_users))}
            one = await stack.enter_async_context(listening(narrow, None, **options))
            await greeted(one)
        for address, welcome in (("203.0.113.7", False), ("203.0.113.8", True)):
            options = {"additional_headers": headers(address, next(_users))}
            async with listening(narrow, None, **options) as late:
                if welcome:
                    await greeted(late)
                else:
                    assert await late.closed() == 4429
    text = (await asyncio.to_thread(narrow.get, "/metrics"))[1]
    assert 'autodmca_edge_turned_away_total{reason="address"} 1.0' in text


async def test_those_who_do_not_authenticate_are_bounded(embedded_broker: Broker, user: int) -> None:
    """PROTOCOL, 4503, and "Authentication": who brings a token does not wait behind strangers."""
    with edge_node(embedded_broker.bootstrap_servers, EDGE_UNAUTHENTICATED_CONNECTIONS=2) as edge:
        async with AsyncExitStack() as stack:
            for _ in range(2):
                stranger = await stack.enter_async_context(listening(edge, None))
                await greeted(stranger)
            async with listening(edge, None) as late:
                assert await late.closed() == 4503
                assert re.search(r"; retry after \d+ ms$", reason(late))
            await subscribed(stack, edge, user)


# -- storms ----------------------------------------------------------------------------------------


async def test_a_storm_waits_its_turn_and_the_rest_are_told_when_to_come_back(
    embedded_broker: Broker, user: int
) -> None:
    """PROTOCOL, 4503. All come at once; some leave while they wait; who is in goes on."""
    servers = embedded_broker.bootstrap_servers
    with edge_node(servers, EDGE_HANDSHAKES_PER_SECOND=200, EDGE_HANDSHAKES_WAITING=300) as edge:
        async with (
            listening(edge, user) as bystander,
            EventProducer(servers, client_id="test") as producer,
        ):
            await bystander.subscribe(USAGE)
            comers = [asyncio.create_task(_come(edge, next(_users))) for _ in range(STORM)]
            for number in range(20):
                await producer.send(usage(f"{number}"), user_id=user)
            answers = await asyncio.gather(*comers)
            await heard(bystander, 20)
        hints = [int(each[1]) for each in map(re.compile(rb"retry after (\d+) ms").search, answers) if each]
        welcome = [each for each in answers if b'"connected"' in each]
        assert len(welcome) >= 300
        assert len(hints) == STORM - len(welcome) > 50
        assert min(hints) > 500
        assert len(set(hints)) > len(hints) * 0.9
        for _ in range(100):
            await _hang_up(edge)
        await until(lambda: edge.metric("handshakes_waiting") == 0, "the queue to be empty")
        await until(lambda: edge.metric("connections") == 0, "everybody to be gone")
        text = (await asyncio.to_thread(edge.get, "/metrics"))[1]
        assert f'handshakes_total{{outcome="full"}} {len(hints)}.0' in text
        assert "Traceback" not in edge.output


async def _come(edge: Edge, user: int) -> bytes:
    """Connect, hear the first message or the close, and leave."""
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
    try:
        writer.write(upgrade_request(f"/ws?token={token(user)}"))
        async with asyncio.timeout(30):
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 101 ")
            first = await reader.readexactly(2)
            size = first[1] if first[1] < 126 else int.from_bytes(await reader.readexactly(2), "big")
            frame = await reader.readexactly(size)
            writer.write(client_frame(b"\x03\xe8", 8))
            await reader.read()
            return first + frame
    finally:
        writer.close()


async def _hang_up(edge: Edge) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", edge.port)
    writer.write(upgrade_request())
    writer.close()


# -- overload --------------------------------------------------------------------------------------


async def test_over_its_memory_a_node_is_unready_and_takes_nobody(embedded_broker: Broker, user: int) -> None:
    """PROTOCOL, 4503: node overloaded."""
    servers = embedded_broker.bootstrap_servers
    with edge_node(servers, ready=False, EDGE_MAX_MEMORY_BYTES=1_000_000) as edge:
        await until(lambda: '"event log":"ok"' in edge.get("/readyz")[1], "following the log")
        await until(lambda: "memory is over" in edge.get("/readyz")[1], "a look at its memory")
        async with listening(edge, user) as late:
            assert await late.closed() == 4503
            assert re.search(r"memory is over 1000000 bytes; retry after \d+ ms$", reason(late))
        assert await asyncio.to_thread(edge.metric, "overloaded") == 1
        assert (await asyncio.to_thread(edge.get, "/healthz"))[0] == 200
        assert edge.output.count("newcomers are turned away") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="stops and continues the process again and again")
async def test_a_loop_that_is_late_turns_newcomers_away_keeps_the_others_and_recovers(
    embedded_broker: Broker, user: int
) -> None:
    """PROTOCOL, 4503. The process is stopped for a moment, again and again: its loop comes late each time."""
    with edge_node(embedded_broker.bootstrap_servers, EDGE_MAX_LOOP_LAG_MS=60) as edge:
        async with (
            AsyncExitStack() as stack,
            EventProducer(embedded_broker.bootstrap_servers, client_id="test") as producer,
        ):
            await until(lambda: edge.get("/readyz")[0] == 200, "ready")
            standing = await subscribed(stack, edge, user)
            refused = asyncio.create_task(_refused(edge))
            while not refused.done():
                edge.process.send_signal(signal.SIGSTOP)
                await asyncio.sleep(0.3)
                edge.process.send_signal(signal.SIGCONT)
                await asyncio.sleep(0.02)
            assert "the event loop is over 60 ms late" in await refused
            await until(lambda: edge.get("/readyz")[0] == 200, "recovered")
            await subscribed(stack, edge, next(_users))
            await producer.send(usage("still here"), user_id=user)
            await heard(standing, 1)
        assert "no longer overloaded" in edge.output


async def _refused(edge: Edge) -> str:
    """Connect until that is refused; the reason."""
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        async with listening(edge, next(_users), open_timeout=30) as late:
            await answered(late)
            if late.socket.close_code == 4503:
                return reason(late)
    raise AssertionError("newcomers were let in all the time")


# -- draining --------------------------------------------------------------------------------------


async def test_a_draining_node_is_unready_and_ends_with_a_close_frame_for_everybody(
    embedded_broker: Broker,
) -> None:
    """PROTOCOL, "Draining", 1012: also for who does not answer the close; newcomers get the same."""
    with edge_node(embedded_broker.bootstrap_servers, EDGE_DRAIN_SECONDS=4) as edge:
        mute = await asyncio.open_connection("127.0.0.1", edge.port)
        mute[1].write(upgrade_request(f"/ws?token={token(next(_users))}"))
        await mute[0].readuntil(b'"connected"')
        async with listening(edge, next(_users)) as listener:
            await listener.subscribe(USAGE)
            edge.process.send_signal(signal.SIGTERM)
            await until(lambda: edge.get("/readyz")[0] == 503, "unready")
            async with listening(edge, next(_users)) as late:
                assert await late.closed() == 1012
            assert await listener.closed() == 1012
        async with asyncio.timeout(60):
            rest = await mute[0].read()
        mute[1].close()
        assert rest.rpartition(b"\x88")[2][1:3] == (1012).to_bytes(2, "big")
        assert await asyncio.to_thread(edge.process.wait, 15) == 0
