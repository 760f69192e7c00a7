"""What clients do wrong, what is asked beside the WebSocket, and how a real edge process answers it."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest
import websockets
from autodmca_edge.testing import client_frame, upgrade_request
from autodmca_kafka import EventProducer

from tests.brokers import Broker
from tests.integration.edge_site import Edge, edge_node, heard, listening, token, until, usage

USAGE = "template_usage"
_users = itertools.count(8_000_000 + os.getpid())


@pytest.fixture(scope="module")
def edge(embedded_broker: Broker) -> Iterator[Edge]:
    with edge_node(embedded_broker.bootstrap_servers, EDGE_ORIGINS="https://app.example") as node:
        yield node


@pytest.fixture
async def producer(embedded_broker: Broker) -> AsyncIterator[EventProducer]:
    async with EventProducer(embedded_broker.bootstrap_servers, client_id="test") as writing:
        yield writing


@pytest.fixture
def user() -> int:
    """Nobody else's."""
    return next(_users)


@pytest.mark.parametrize(
    "bad",
    [
        "nonsense",
        token(1)[:-4] + "AAAA",
        token(1, ttl_s=-10),
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIiwiZXhwIjo5OTk5OTk5OTk5fQ.",
        token(1) + "A" * 20_000,
    ],
)
async def test_a_bad_token_closes_with_4401(edge: Edge, bad: str) -> None:
    async with listening(edge, None, url=f"{edge.url}?token={bad}") as listener:
        assert await listener.closed() == 4401
        assert [each["code"] for each in listener.errors()] in (["invalid_token"], ["token_expired"])


async def test_a_token_of_64_kilobytes_is_too_much_wherever_it_stands(edge: Edge) -> None:
    huge = "A" * 65_536
    for head in (
        upgrade_request(f"/ws?token={huge}"),
        upgrade_request("/ws", f"Authorization: Bearer {huge}"),
    ):
        assert (await edge.raw(head)).startswith(b"HTTP/1.1 431 ")
    async with listening(edge, None) as listener:
        await listener.say(action="authenticate", token="A" * 65_000)
        assert await listener.closed() == 4401
    async with listening(edge, None) as listener:
        await listener.say(action="authenticate", token=huge)
        assert await listener.closed() == 1009


async def test_heartbeats_pings_and_odd_messages(edge: Edge, user: int) -> None:
    async with listening(edge, user) as listener:
        await listener.subscribe(USAGE)
        await listener.socket.send('{"type":"heartbeat","payload":{"timestamp":"2023-12-07T10:30:00Z"}}')
        await until(lambda: any(each["type"] == "heartbeat" for each in listener.heard), "a heartbeat")
        beat = listener.heard[-1]["payload"]
        assert beat["response"]
        assert beat["timestamp"] == "2023-12-07T10:30:00Z"
        assert beat["cursors"]
        await (await listener.socket.ping())
        for _ in range(10):
            await listener.socket.send("nonsense")
        assert await listener.closed() == 4400


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (client_frame(b"x", 2), 1003),
        (client_frame(b"\xff"), 1007),
        (client_frame(b"x" * 70_000), 1009),
        (b"\x81\x01x", 1002),
        (b"\xf1\x80\x00\x00\x00\x00", 1002),
        (client_frame(b"", 0), 1002),
        (client_frame(b"\x03", 8), 1002),
    ],
)
@pytest.mark.protocol("Close codes: 1003", "Close codes: 1009")
async def test_who_breaks_the_framing_is_told_and_stays_out_of_the_way(
    edge: Edge, producer: EventProducer, user: int, frame: bytes, code: int
) -> None:
    """It neither reads nor closes its end, and events for it go on coming."""
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
    subscribe = {"action": "subscribe", "subscriptionId": "s", "config": {"types": [USAGE]}}
    message = msgspec.json.encode({"type": "connection_established", "payload": subscribe})
    try:
        writer.write(upgrade_request(f"/ws?token={token(user)}") + client_frame(message))
        seen = b""
        while b"subscribed" not in seen:
            seen += await reader.read(65536)
        writer.write(frame)
        for index in range(20):
            await producer.send(usage(f"{index}"), user_id=user)
        async with listening(edge, user) as other:
            await other.subscribe(USAGE)
            await producer.send(usage("served"), user_id=user)
            await heard(other, 1)
        rest = b""
        while chunk := await asyncio.wait_for(reader.read(65536), 60):
            rest += chunk
        close = b"\x88" + rest.rpartition(b"\x88")[2]
        assert int.from_bytes(close[2:4], "big") == code
        assert len(close) == 2 + close[1], "something follows the close frame"
    finally:
        writer.close()
    assert edge.process.poll() is None


@pytest.mark.protocol("Addresses: GET /healthz", "Addresses: GET /readyz", "Addresses: GET /metrics")
async def test_metrics_and_health_are_there(edge: Edge, producer: EventProducer, user: int) -> None:
    async with listening(edge, user) as listener:
        await listener.subscribe(USAGE)
        await producer.send(usage("counted"), user_id=user)
        await heard(listener, 1)
        assert (await asyncio.to_thread(edge.get, "/healthz"))[0] == 200
        status, text = await asyncio.to_thread(edge.get, "/metrics")
        assert status == 200
        for name, least in [
            ("connections", 1),
            ("subscriptions", 1),
            ("events_total", 1),
            ("deliveries_total", 1),
            ("sent_bytes_total", 100),
            ("delivery_latency_seconds_count", 1),
            ('delivery_latency_seconds_bucket{le="+Inf"}', 1),
        ]:
            assert await asyncio.to_thread(edge.metric, name) >= least, name
        assert str(user) not in text
        assert (await asyncio.to_thread(edge.get, "/ws"))[0] == 426
        assert (await asyncio.to_thread(edge.get, "/nothing"))[0] == 404
    assert token(user)[:20] not in edge.output


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (upgrade_request(without=["Host"]), 400),
        (upgrade_request(without=["Sec-WebSocket-Key"]), 400),
        (b"nonsense upgrade\r\n\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
        (upgrade_request("/ws", "Origin: https://evil.example"), 403),
        (upgrade_request("/elsewhere"), 404),
        (upgrade_request(method="POST"), 405),
        (upgrade_request(without=["Sec-WebSocket-Version"]), 426),
        (upgrade_request("/ws", "X: " + "x" * 40_000), 431),
        (b"GET /ws HTTP/1.1\r\nX: " + b"x" * 200_000, 431),
    ],
)
async def test_what_is_no_handshake_gets_an_http_answer(edge: Edge, head: bytes, status: int) -> None:
    answer = await edge.raw(head)
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:100]
    assert b"\r\n\r\n" in answer


async def test_a_head_that_takes_too_long_gets_408(edge: Edge) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
    try:
        answer = asyncio.create_task(reader.read())
        for byte in upgrade_request():
            writer.write(bytes([byte]))
            done, _ = await asyncio.wait([answer], timeout=0.2)
            if done:
                break
        assert (await asyncio.wait_for(answer, 60)).startswith(b"HTTP/1.1 408 ")
    finally:
        writer.close()


async def test_an_allowed_origin_may_connect(edge: Edge, user: int) -> None:
    async with listening(edge, user, origin=websockets.Origin("https://app.example")) as listener:
        await until(lambda: listener.answers("connected"), "connected")
