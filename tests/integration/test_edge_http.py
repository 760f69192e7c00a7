"""Clients whose HTTP is old, half closed or none at all, on both listeners of a real edge process."""

import itertools
import json
import os
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from urllib.parse import urlencode

import pytest
from autodmca_events import new_id
from autodmca_kafka.embedded import free_port

from tests.brokers import Broker
from tests.integration.edge_site import Edge, edge_node, token
from tests.raw_client import RawClient

AT_ONCE_S = 9.0  # of ten that a head may take
USAGE = "template_usage"
_users = itertools.count(9_300_000 + os.getpid())
Opening = Callable[[], RawClient]


@pytest.fixture(scope="module")
def operators_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def edge(embedded_broker: Broker, operators_port: int) -> Iterator[Edge]:
    with edge_node(embedded_broker.bootstrap_servers, EDGE_ADMIN_PORT=operators_port) as node:
        yield node


@pytest.fixture(params=["clients", "operators"])
def connect(request: pytest.FixtureRequest, edge: Edge, operators_port: int) -> Iterator[Opening]:
    port = edge.port if request.param == "clients" else operators_port
    with ExitStack() as stack:
        yield lambda: stack.enter_context(RawClient(port))


def events(version: str, *lines: str, **query: str) -> bytes:
    """A request for them, by a user of its own."""
    given = urlencode({"types": USAGE, "token": token(next(_users)), **query})
    head = [f"GET /events?{given} HTTP/{version}", "Host: edge.example:8080", *lines, "", ""]
    return "\r\n".join(head).encode()


def answered(client: RawClient) -> tuple[str, bytes]:
    head, _, body = client.rest().partition(b"\r\n\r\n")
    return head.decode("latin-1").lower(), body


@pytest.mark.parametrize(
    "noise",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00\x01\x02\x03",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"EHLO example.com\r\n",
        b"PING\r\n",
        b"get / HTTP/1.1\r\n",
        b"GET /\r\n",
        b"GET / HTTP/1.1\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
        b"\r\n\r\n\x00\r\nQUIT\n",
        b"G" * 100,
    ],
)
def test_what_is_no_http_is_closed_at_once(connect: Opening, noise: bytes) -> None:
    client, began = connect(), time.monotonic()
    client.send(noise)
    assert client.status() == 400
    assert time.monotonic() - began < AT_ONCE_S


def test_a_client_of_tls_is_refused_at_once(connect: Opening) -> None:
    client, began = connect(), time.monotonic()
    context = ssl.create_default_context()
    with pytest.raises((ssl.SSLError, OSError)) as caught:
        context.wrap_socket(client.socket, server_hostname="edge.example")
    assert not isinstance(caught.value, TimeoutError)
    assert time.monotonic() - began < AT_ONCE_S


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/nothing"])
def test_a_client_that_ends_its_half_is_answered(connect: Opening, version: str, path: str) -> None:
    client = connect()
    client.send(f"GET {path} HTTP/{version}\r\nHost: a\r\n\r\n".encode())
    client.socket.shutdown(1)
    assert client.status() == (404 if path == "/nothing" else 200)


@pytest.mark.parametrize("ends", [True, False])
@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("resumes", [True, False])
def test_a_poll_is_answered_whole(edge: Edge, version: str, ends: bool, resumes: bool) -> None:
    """With its half closed and nothing to tell, before its time is over: it might be gone."""
    since = {"since": "2026-01-01T00:00:00+00:00", "timeout": "55" if ends else "1"} if resumes else {}
    with RawClient(edge.port, timeout_s=45) as client:  # it fails where the answer waits for the poll's end
        client.send(events(version, **since))
        if ends:
            client.socket.shutdown(1)
        head, body = answered(client)
    assert head.startswith("http/1.1 200 ")
    assert "transfer-encoding" not in head
    assert json.loads(body)["events"] == []


def test_a_body_after_which_the_client_ends_its_half_is_answered(edge: Edge) -> None:
    body = json.dumps({"connectionId": new_id(), "subscriptionId": "s", "config": {"types": ["none"]}})
    head = f"POST /ws/subscribe HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token(next(_users))}\r\n"
    with RawClient(edge.port) as client:
        client.send(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        client.socket.shutdown(1)
        assert client.status() in (400, 404)


@pytest.mark.parametrize("ends", [True, False])
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_stream_goes_on_without_the_clients_half_and_without_chunks_for_1_0(
    edge: Edge, version: str, ends: bool
) -> None:
    with RawClient(edge.port, timeout_s=15) as client:
        client.send(events(version, "Accept: text/event-stream"))
        if ends:
            client.socket.shutdown(1)
        head = client.head().lower()
        assert head.startswith("http/1.1 200 ")
        assert ("transfer-encoding: chunked" in head) == (version == "1.1")
        while b"event: subscribed\n" not in client.received:
            client.received += client.socket.recv(4096)
        if version == "1.0":
            assert client.received.startswith((b"retry: ", b"event: ", b"id: "))
        if ends:  # it is asked whether it is there by being written to
            while client.received.count(b":\n\n") < 2:
                client.received += client.socket.recv(4096)


def test_who_has_really_gone_leaves_nothing_behind(edge: Edge) -> None:
    for lines in ([], ["Accept: text/event-stream"]):
        with RawClient(edge.port) as client:
            client.send(events("1.1", *lines, since="2026-01-01T00:00:00Z", timeout="50"))
            with suppress(TimeoutError):
                client.socket.settimeout(1)
                client.head()
    ends = time.monotonic() + 45  # the poll would last five seconds more
    while edge.metric("connections"):
        assert time.monotonic() < ends, "requests of nobody are being served"
        time.sleep(0.1)
