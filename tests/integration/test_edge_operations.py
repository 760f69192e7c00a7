"""Operating real nodes: revocation, the operators' endpoints, draining, a broker that comes back."""

import asyncio
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from hashlib import sha256
from typing import Any

import httpx
import jwt
import websockets
from autodmca_edge.testing import upgrade_request
from autodmca_edge.wire.handshake import MAX_HEAD
from autodmca_events.topics import EDGE_CONTROL
from autodmca_kafka.embedded import free_port

from tests.brokers import Broker
from tests.contract.reading import delete_topic
from tests.integration.edge_site import DEADLINE_S, SECRET, Edge, Listener, edge_node, listening, token, until
from tests.raw_client import RawClient

ADMIN_TOKEN = "a token of operators, for tests"


@contextmanager
def operated(servers: str, name: str) -> Iterator[tuple[Edge, int]]:
    """A node with an operators' port."""
    port = free_port()
    settings: dict[str, Any] = {"EDGE_ADMIN_PORT": port, "EDGE_ADMIN_TOKEN": ADMIN_TOKEN, "EDGE_NODE": name}
    with edge_node(servers, **settings) as edge:
        yield edge, port


async def operate(port: int, method: str, path: str, **options: Any) -> httpx.Response:
    options.setdefault("headers", {"Authorization": f"Bearer {ADMIN_TOKEN}"})
    async with httpx.AsyncClient(timeout=DEADLINE_S, trust_env=False) as client:
        return await client.request(method, f"http://127.0.0.1:{port}{path}", **options)


async def test_a_user_is_cut_off_on_all_nodes_and_on_one_that_starts_later(any_broker: Broker) -> None:
    servers, user = any_broker.bootstrap_servers, 4711
    with operated(servers, "a") as (first, port), operated(servers, "b") as (second, _):
        async with (
            listening(first, user) as one,
            listening(second, user) as other,
            listening(second, 1) as bystander,
        ):
            for each in (one, other, bystander):
                await each.subscribe("template_usage")
            listed = await operate(port, "GET", f"/admin/connections?node=b&user={user}")
            assert [each["userId"] for each in listed.json()["connections"]] == [user], listed.text
            connection = listed.json()["connections"][0]["connectionId"]
            told = await operate(port, "GET", f"/admin/connections/{connection}")
            assert told.json()["subscribed"][0]["types"] == ["template_usage"]
            assert token(user) not in listed.text + told.text

            revoked = await operate(port, "POST", "/admin/revocations", json={"userId": user})
            assert revoked.status_code == 201, revoked.text
            assert [await one.closed(), await other.closed()] == [4403, 4403]
            with edge_node(servers, EDGE_NODE="c") as third:
                for edge in (first, second, third):
                    async with listening(edge, user) as again:
                        assert await again.closed() == 4403
            past = "2020-01-01T00:00:00Z"
            lifted = await operate(port, "POST", "/admin/revocations", json={"userId": user, "until": past})
            assert lifted.status_code == 201
            await until_welcome(first, user)
            assert bystander.socket.close_code is None


def _welcome_or_not(listener: Listener) -> bool:
    return bool(listener.answers("connected")) or listener.socket.close_code is not None


async def until_welcome(edge: Edge, user: int) -> None:
    """Until a node lets a user stay: it hears soon, not at once, that a revocation was lifted."""
    deadline = asyncio.get_running_loop().time() + DEADLINE_S
    while True:
        async with listening(edge, user) as listener:
            await until(partial(_welcome_or_not, listener), "the first message, or the end")
            with suppress(AssertionError, websockets.ConnectionClosed):
                await listener.subscribe("template_usage")
                return
        assert asyncio.get_running_loop().time() < deadline, "the user is still cut off"


async def test_a_token_is_cut_off_though_the_node_remembers_it(any_broker: Broker) -> None:
    servers, user = any_broker.bootstrap_servers, 4712
    bad, good = token(user), token(user, ttl_s=7200)
    headers = [{"Authorization": f"Bearer {each}"} for each in (bad, good)]
    with operated(servers, "a") as (edge, port):
        async with (
            listening(edge, None, additional_headers=headers[0]) as one,
            listening(edge, None, additional_headers=headers[1]) as other,
        ):
            for each in (one, other):
                await each.subscribe("template_usage")
            digest = sha256(bad.encode()).hexdigest()
            revoked = await operate(port, "POST", "/admin/revocations", json={"tokenDigest": digest})
            assert revoked.status_code == 201
            assert await one.closed() == 4401
            async with listening(edge, None, additional_headers=headers[0]) as again:
                assert await again.closed() == 4401
            assert other.socket.close_code is None
            assert bad not in edge.output
            assert ADMIN_TOKEN not in edge.output


async def test_a_token_is_cut_off_by_its_jti_on_a_node_that_starts_later(any_broker: Broker) -> None:
    servers, user = any_broker.bootstrap_servers, 4715
    claims = {"sub": user, "exp": int(time.time()) + 3600, "jti": f"lent {time.time_ns()}"}
    lent = {"Authorization": f"Bearer {jwt.encode(claims, SECRET)}"}
    with operated(servers, "a") as (first, port):
        async with listening(first, None, additional_headers=lent) as one, listening(first, user) as other:
            for each in (one, other):
                await each.subscribe("template_usage")
            revoked = await operate(port, "POST", "/admin/revocations", json={"jti": claims["jti"]})
            assert revoked.status_code == 201, revoked.text
            assert await one.closed() == 4401
            with edge_node(servers, EDGE_NODE="c") as later:
                async with listening(later, None, additional_headers=lent) as again:
                    assert await again.closed() == 4401
            assert other.socket.close_code is None


async def test_a_node_that_is_told_to_drain_does_what_sigterm_does(embedded_broker: Broker) -> None:
    with operated(embedded_broker.bootstrap_servers, "a") as (edge, port):
        async with listening(edge) as listener:
            await listener.subscribe("template_usage")
            assert (await operate(port, "GET", "/readyz", headers={})).status_code == 200
            assert "autodmca_edge_revocations" in (await operate(port, "GET", "/metrics")).text
            assert (await operate(port, "POST", "/admin/drain")).status_code == 202
            edge.process.send_signal(signal.SIGTERM)  # as Kubernetes does after a preStop hook
            assert await listener.closed() == 1012
        assert await asyncio.to_thread(edge.process.wait, DEADLINE_S) == 0


async def test_operators_are_not_served_on_the_clients_port(embedded_broker: Broker) -> None:
    with operated(embedded_broker.bootstrap_servers, "a") as (edge, port):
        assert edge.get("/admin/connections")[0] == 404
        refused = await operate(port, "GET", "/admin/connections", headers={"Authorization": "Bearer wrong"})
        assert refused.status_code == 401


def test_the_operators_listener_takes_one_request_with_a_head_within_the_bound(
    embedded_broker: Broker,
) -> None:
    """What takes its time is in test_edge_hostile.py."""
    with operated(embedded_broker.bootstrap_servers, "a") as (edge, port):

        def ask(request: bytes) -> int:
            with RawClient(port) as client:
                client.send(request)
                return client.status()

        assert ask(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n" * 2) == 200
        assert ask(upgrade_request(f"/ws?token={token(1)}")) == 404
        endless = b"GET /metrics HTTP/1.1\r\nX: " + b"x" * MAX_HEAD
        assert ask(endless) == ask(endless + b"\r\n\r\n") == 431
        assert edge.metric('handshakes_refused_total{status="431"}') == 2


async def test_nodes_find_each_other_again_when_the_broker_is_back(fault_broker: Broker) -> None:
    servers, user = fault_broker.bootstrap_servers, 4713
    with operated(servers, "a") as (first, port), operated(servers, "b") as (second, _):
        async with listening(second, user) as listener:
            await listener.subscribe("template_usage")
            assert (await operate(port, "GET", "/admin/connections?node=b")).status_code == 200
            await operate(port, "POST", "/admin/revocations", json={"userId": 1})
            await until(lambda: second.metric("revocations") >= 1, "the other node's knowing")
            fault_broker.kill()
            away = await operate(port, "GET", "/admin/connections?node=b")
            assert away.status_code in {404, 503}, away.text
            assert (await operate(port, "GET", "/admin/connections")).status_code == 200
            fault_broker.restart()

            async def answers() -> bool:
                return (await operate(port, "GET", "/admin/connections?node=b")).status_code == 200

            deadline = asyncio.get_running_loop().time() + DEADLINE_S
            while not await answers():
                assert asyncio.get_running_loop().time() < deadline, first.output[-2000:]
            async with listening(second, 1) as cut_off:
                assert await cut_off.closed() == 4403


async def test_what_is_cut_off_stays_so_when_the_topic_is_deleted(fault_broker: Broker) -> None:
    servers, user = fault_broker.bootstrap_servers, 4714
    with operated(servers, "a") as (first, port):
        await operate(port, "POST", "/admin/revocations", json={"userId": user})
        async with listening(first, user) as cut_off:
            assert await cut_off.closed() == 4403
        await delete_topic(fault_broker, EDGE_CONTROL)
        await until(lambda: "topic was made again" in first.output, "the topic's return")
        with edge_node(servers, EDGE_NODE="c") as later:
            async with listening(later, user) as still:
                assert await still.closed() == 4403
