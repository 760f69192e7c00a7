"""Edges behind HAProxy replaced one after the other: no client loses an event, and none gets one twice."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from autodmca_client.development import development_token
from autodmca_edge.testing import upgrade_request
from autodmca_kafka import EventProducer

from tests.brokers import Broker
from tests.e2e.balanced import haproxy
from tests.e2e.chaos.client import CLOSE, LeanClient, frames
from tests.e2e.chaos.edges import EdgeProcess, edges
from tests.e2e.chaos.oracle import Ledger, Verdict
from tests.e2e.chaos.run import Crowd, Plan
from tests.e2e.chaos.sdk import SdkClient
from tests.e2e.chaos.traffic import Traffic
from tests.integration.edge_site import SECRET

CLIENTS = 500
STANDING_S, SETTLED_S = 180, 180
DRAIN_S = 3
PATIENCE_S = 60


@pytest.mark.kafka
@pytest.mark.alone
async def test_three_edges_replaced_one_after_the_other_lose_nothing_and_give_nothing_twice(
    kafka_broker: Broker, tmp_path: Path
) -> None:
    rng = random.Random("rolling update")
    plan = Plan(clients=CLIENTS, sdk_clients=20, rate=100, seed="rolling update", impatient_s=60)
    ledger = Ledger()
    async with AsyncExitStack() as stack:
        nodes = edges(kafka_broker.bootstrap_servers, tmp_path, DRAIN_S)
        fleet = await asyncio.to_thread(nodes.__enter__)
        stack.callback(nodes.__exit__, None, None, None)
        balancer = stack.enter_context(haproxy(fleet, tmp_path))
        crowd = Crowd(plan, ledger, balancer.port, rng)
        producer = await stack.enter_async_context(
            EventProducer(kafka_broker.bootstrap_servers, client_id="rolling-update", idempotent=True)
        )
        traffic = Traffic(producer, ledger, [*crowd.users, *crowd.others], plan.rate, rng)
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(each.run()) for each in crowd.clients]
            await all_stand(crowd)
            running.append(pouring := tasks.create_task(traffic.run()))
            for edge in fleet:
                await asyncio.to_thread(edge.close)
                await all_stand(crowd)
                await asyncio.to_thread(edge.start)
            pouring.cancel()
            await traffic.settle(SETTLED_S)
            async with asyncio.timeout(SETTLED_S):
                while crowd.missing(crowd.receptions):
                    await asyncio.sleep(0.1)
            for each in running:
                each.cancel()
        trouble = [found for each in fleet if (found := each.trouble())]
    verdict = Verdict(crowd.receptions)
    assert not verdict.faults, str(verdict)
    assert crowd.repeats(LeanClient) + crowd.repeats(SdkClient) == 0, "an event came over the wire twice"
    assert crowd.ends().keys() == {"1012"}, f"clients were not sent away but cut off: {crowd.ends()}"
    assert not trouble, "\n".join(trouble)


async def all_stand(crowd: Crowd) -> None:
    """Wait until every subscription stands."""
    async with asyncio.timeout(STANDING_S):
        while not all(each.standing for each in crowd.clients):
            await asyncio.sleep(0.05)


async def test_no_token_that_came_in_an_address_is_in_the_load_balancer_s_log(
    embedded_broker: Broker, tmp_path: Path
) -> None:
    edge = EdgeProcess("edge-1", embedded_broker.bootstrap_servers, tmp_path)
    await asyncio.to_thread(edge.start)
    token = development_token(SECRET, 42)
    try:
        with haproxy([edge], tmp_path) as balancer:
            reader, writer = await asyncio.open_connection("127.0.0.1", balancer.port)
            writer.write(upgrade_request(f"/ws?token={token}"))
            async with asyncio.timeout(PATIENCE_S):
                assert await first_word(reader) is None
                writer.close()
                await writer.wait_closed()
                while "GET /ws" not in (log := (tmp_path / "haproxy.log").read_text()):
                    await asyncio.sleep(0.05)
    finally:
        await asyncio.to_thread(edge.kill)
    assert token not in log
    assert token.rpartition(".")[2] not in log


async def test_an_edge_counts_clients_by_the_address_that_the_load_balancer_saw_whatever_they_claim(
    embedded_broker: Broker, tmp_path: Path
) -> None:
    edge = EdgeProcess(
        "edge-1", embedded_broker.bootstrap_servers, tmp_path,
        EDGE_TRUSTED_PROXIES="127.0.0.1/32", EDGE_ADDRESS_CONNECTIONS=1,
    )  # fmt: skip
    await asyncio.to_thread(edge.start)
    try:
        with haproxy([edge], tmp_path) as balancer:
            async with AsyncExitStack() as stack:

                async def code(source: str, claimed: str) -> int | None:
                    return await stack.enter_async_context(greeted(balancer.port, source, claimed))

                assert await code("127.0.0.2", "198.51.100.1") is None
                assert await code("127.0.0.3", "198.51.100.1") is None
                assert await code("127.0.0.3", "198.51.100.2") == 4429
    finally:
        await asyncio.to_thread(edge.kill)


@asynccontextmanager
async def greeted(port: int, source: str, claimed: str) -> AsyncIterator[int | None]:
    """A client from `source`: the close code with which it is turned away, None if it is welcome."""
    token = development_token(SECRET, 42)
    request = upgrade_request("/ws", f"Authorization: Bearer {token}", f"X-Forwarded-For: {claimed}")
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    try:
        writer.write(request)
        async with asyncio.timeout(PATIENCE_S):
            yield await first_word(reader)
    finally:
        writer.close()
        await writer.wait_closed()


async def first_word(reader: asyncio.StreamReader) -> int | None:
    """After the handshake the code of the Close frame, None when the greeting comes."""
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 "), head
    buffer = bytearray()
    while True:
        buffer += await reader.readexactly(1)
        for opcode, payload in frames(buffer):
            if opcode == CLOSE:
                return int.from_bytes(payload[:2], "big")
            if b'"connected"' in payload:
                return None
