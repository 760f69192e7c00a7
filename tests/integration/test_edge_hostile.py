"""Clients that mean harm, on a real edge process: each gets its answer, and a bystander notices nothing.

Slow ones are opened with the module and judged at its end, as their time is up only then.
"""

import itertools
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from autodmca_edge.testing import client_frame, upgrade_request
from autodmca_edge.wire.frames import MAX_FRAGMENTS
from autodmca_kafka.embedded import free_port

from tests.brokers import Broker
from tests.integration.edge_site import Edge, edge_node, token
from tests.raw_client import BINARY, CLOSE, CONT, PING, PONG, TEXT, Frame, RawClient
from tests.witness import Witness

BYSTANDER = 7_000_000 + os.getpid()
CLOSING = client_frame(b"\x03\xe8", CLOSE)
Opening = Callable[..., RawClient]
_users = itertools.count(BYSTANDER + 1)


@pytest.fixture(scope="module")
def operators_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def edge(embedded_broker: Broker, operators_port: int) -> Iterator[Edge]:
    with edge_node(embedded_broker.bootstrap_servers, EDGE_ADMIN_PORT=operators_port) as node:
        yield node


@pytest.fixture(scope="module", autouse=True)
def witness(edge: Edge) -> Iterator[Witness]:
    with Witness(edge, token(BYSTANDER)) as witness:
        yield witness


@pytest.fixture(scope="module", autouse=True)
def slow(edge: Edge, operators_port: int, witness: Witness) -> Iterator[dict[str, RawClient]]:
    """Connections that are in no hurry."""
    with ExitStack() as stack:
        names = ("silent", "half a head", "trickles", "not authenticated", "pings instead")
        clients = {name: stack.enter_context(RawClient(edge.port, timeout_s=20)) for name in names}
        for name in ("silent to operators", "trickles to operators"):
            clients[name] = stack.enter_context(RawClient(operators_port, timeout_s=20))
        clients["half a head"].send(upgrade_request()[:-2])
        clients["not authenticated"].upgrade()
        clients["pings instead"].upgrade()
        ended = threading.Event()

        def trickle() -> None:
            for byte in upgrade_request("/ws", "X: " + "x" * 1000):
                with suppress(OSError):
                    clients["trickles"].send(bytes((byte,)))
                    clients["trickles to operators"].send(bytes((byte,)))
                    clients["pings instead"].send(client_frame(b"", PING))
                if ended.wait(0.05):
                    return

        thread = threading.Thread(target=trickle)
        thread.start()
        yield clients
        ended.set()
        thread.join()


@pytest.fixture
def connect(edge: Edge) -> Iterator[Opening]:
    """Open a connection; as somebody with a token unless told not to."""
    with ExitStack() as stack:

        def opening(user: int | None = None, **options: Any) -> RawClient:
            client = stack.enter_context(RawClient(edge.port, **options))
            user = next(_users) if user is None else user
            if user:
                client.upgrade(f"/ws?token={token(user)}")
                assert payload(client.frame())["action"] == "connected"
            return client

        yield opening


def payload(frame: Frame) -> dict[str, Any]:
    assert frame.opcode == TEXT, frame
    found: dict[str, Any] = json.loads(frame.payload)["payload"]
    return found


def close_code(client: RawClient) -> int | None:
    """Of the Close frame, which is not answered; what comes before it is well-formed."""
    while (frame := client.frame()).opcode != CLOSE:
        assert frame.opcode == PONG or payload(frame)
    return frame.code


def resident_bytes(edge: Edge) -> int:
    text = Path(f"/proc/{edge.process.pid}/statm").read_text()
    return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE")


# -- the handshake ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"G" * 40_000, 400),
        (b"GET /" + b"x" * 40_000, 431),
        (upgrade_request("/ws", "Host: a b", without=["Host"]), 400),
        (upgrade_request("/ws", "Host: a/b", without=["Host"]), 400),
        (b"GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\n\r\n", 400),
        (b"GET /healthz HTTP/2.0\r\nHost: a\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.0\r\n\r\n", 200),
        (b"GET /ws HTTP/1.1\r\nX: " + b"x" * 2_000_000, 431),
        (b"GET /ws HTTP/1.1\r\n" + b"X: x\r\n" * 200_000, 431),
        (b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 40_000 + b"\r\n\r\n", 431),
        (upgrade_request("/ws?token=" + "t" * 65_536), 431),
        (upgrade_request("/ws", "Authorization: Bearer " + "t" * 1_000_000), 431),
        (upgrade_request("/ws", "Sec-WebSocket-Protocol: autodmca.v1, bearer." + "t" * 65_536), 431),
        (upgrade_request(without=["Sec-WebSocket-Version"]), 426),
        (upgrade_request("/ws", "Sec-WebSocket-Version: 14", without=["Sec-WebSocket-Version"]), 426),
        (upgrade_request("/ws", "Sec-WebSocket-Version: \xff", without=["Sec-WebSocket-Version"]), 426),
        (upgrade_request(without=["Host"]), 400),
        (upgrade_request("/ws", "Host: another"), 400),
        (upgrade_request(without=["Connection"]), 400),
        (upgrade_request("/ws", "Connection: close", without=["Connection"]), 400),
        (upgrade_request(without=["Sec-WebSocket-Key"]), 400),
        (upgrade_request("/ws", "Sec-WebSocket-Key: " + "A" * 30_000, without=["Sec-WebSocket-Key"]), 400),
        (upgrade_request(version="HTTP/1.0"), 400),
        (upgrade_request(method="POST"), 405),
        (upgrade_request("/ws", "Content-Length: 2000000") + b"x" * 2_000_000, 400),
        (upgrade_request("/ws", "Transfer-Encoding: chunked") + b"5\r\nhello\r\n" * 1000, 400),
        (upgrade_request("/ws", "X: \x00"), 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"\r\n\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 200),
    ],
    ids=lambda value: value[:40] if isinstance(value, bytes) else None,
)
@pytest.mark.parametrize("sizes", [[], [1] * 60, [700] * 50], ids=["whole", "bytes", "pieces"])
def test_a_request_that_will_not_do_is_told_so_however_it_is_cut(
    connect: Opening, request_: bytes, status: int, sizes: list[int]
) -> None:
    client = connect(0)
    with suppress(ConnectionError):  # the edge need not take all of it
        client.send(request_, sizes)
    assert client.status() == status


def test_bytes_that_are_no_utf8_in_a_head_do_no_harm(connect: Opening) -> None:
    for target, lines, status in [
        ("/ws\xff", [], 400),
        ("/ws/\xc3\x28", [], 400),
        ("/ws?token=%ff%fe\x80", [], 400),
        ("/ws", ["Upgrade: \xff", "Connection: \xff"], 101),
    ]:
        client = connect(0)
        client.send(upgrade_request(target, *lines))
        assert client.head().startswith(f"HTTP/1.1 {status} "), target
    for target, lines in [("/ws?token=%ff%fe", []), ("/ws", ["Authorization: Bearer \xff\xfe.\xff.\xff"])]:
        client = connect(0)
        client.upgrade(target, *lines)
        assert close_code(client) == 4401


def test_a_plain_connection_is_good_for_one_request(connect: Opening) -> None:
    client = connect(0)
    request = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
    client.send(request * 1000)
    answer = client.rest()
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"\r\nconnection: close\r\n" in answer.lower()


def test_a_body_that_never_comes_is_not_waited_for(connect: Opening) -> None:
    client = connect(0)
    client.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nx")
    assert client.status() == 200


def test_frames_that_come_with_the_handshake_are_taken(connect: Opening) -> None:
    client = connect(0)
    heartbeat = client_frame(b'{"type":"heartbeat","payload":{"timestamp":7}}')
    client.send(upgrade_request(f"/ws?token={token(next(_users))}") + heartbeat * 200)
    assert client.head().startswith("HTTP/1.1 101 ")
    assert payload(client.frame())["action"] == "connected"
    assert [payload(client.frame())["timestamp"] for _ in range(200)] == [7] * 200


# -- frames -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", [b"", b"x"])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_fragments_without_end_are_misuse(connect: Opening, part: bytes, opcode: int) -> None:
    client = connect()
    with suppress(ConnectionError):
        client.send(
            client_frame(part, opcode, fin=False) + client_frame(part, CONT, fin=False) * 100 * MAX_FRAGMENTS
        )
    assert client.close_code() == 1008


@pytest.mark.parametrize(
    "stream",
    [
        client_frame(b"\xff"),
        client_frame(b'{"type":"\xed\xa0\x80"}'),
        client_frame(b"\xc3", TEXT, fin=False) + client_frame(b"(", CONT),
        client_frame(b"{}" + b"\x80" * 60_000),
        client_frame(b"\x03\xe8\xff", CLOSE),
    ],
)
def test_bytes_that_are_no_utf8_end_the_connection(connect: Opening, stream: bytes) -> None:
    client = connect()
    client.send(stream)
    assert client.close_code() == 1007


@pytest.mark.parametrize("body", [b"", b"p" * 125])
def test_a_flood_of_pings_is_answered_or_dropped_within_bounds(
    edge: Edge, connect: Opening, body: bytes
) -> None:
    """Nobody of these reads until all is sent."""
    before = resident_bytes(edge)
    flood = client_frame(body, PING) * 10_000
    clients = [connect(receive_buffer=4096) for _ in range(8)]
    threads = [threading.Thread(target=client.send, args=(flood + CLOSING,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert resident_bytes(edge) - before < 40 << 20
    for client in clients:
        frames = list(client.frames())
        assert {each.payload for each in frames[:-1]} == {body}
    assert edge.process.poll() is None


def test_a_flood_of_heartbeats_is_answered_up_to_a_point_and_then_ended(connect: Opening) -> None:
    flood = client_frame(b'{"type":"heartbeat","payload":{"timestamp":1}}') * 5000
    clients = [connect() for _ in range(4)]
    threads = [threading.Thread(target=client.send, args=(flood + CLOSING,)) for client in clients]
    for thread in threads:
        thread.start()
    for client in clients:
        *answers, last = client.frames()
        assert last.code == 4429
        codes = [payload(each).get("code") for each in answers]
        assert 300 < codes.count(None) < 1000
        assert {*codes} == {None, "rate_limited"}
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("sent", [b"", b"\x81", client_frame(b"x" * 100)[:50], client_frame(b"x", fin=False)])
def test_a_client_that_ends_its_half_is_let_go(connect: Opening, sent: bytes) -> None:
    client = connect()
    client.send(sent)
    client.socket.shutdown(1)
    assert client.rest() == b""


# -- what took its time -----------------------------------------------------------------------------


def test_a_head_that_does_not_come_in_time_gets_408(slow: dict[str, RawClient]) -> None:
    """Neither on the clients' listener nor on the operators'."""
    for name in ("silent", "half a head", "trickles", "silent to operators", "trickles to operators"):
        assert slow[name].status() == 408, name


def test_who_does_not_authenticate_is_closed_with_4408(slow: dict[str, RawClient]) -> None:
    for name in ("not authenticated", "pings instead"):
        assert close_code(slow[name]) == 4408, name


def test_nothing_was_left_behind_and_the_bystander_noticed_nothing(edge: Edge, witness: Witness) -> None:
    ends = time.monotonic() + 20
    while edge.metric("connections") != 1:
        assert time.monotonic() < ends, f"{edge.metric('connections')} connections, not the bystander's alone"
        time.sleep(0.1)
    report = witness.report()
    assert report.served, report
    output = edge.output
    assert "Traceback" not in output, output[output.index("Traceback") - 500 :][:4000]
