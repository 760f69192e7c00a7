"""What operators do in the console, on real parts: who is behind, experiments, dead letters sent again."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator

import msgspec
import pytest
from autodmca_edge.testing import client_frame, upgrade_request
from autodmca_events.partitions import user_key
from autodmca_events.topics import inputs_topic
from autodmca_kafka import EventProducer
from autodmca_kafka.embedded import free_port
from autodmca_runtime import Secret
from autodmca_service.testing import Process, processes
from autodmca_service.testing.caller import token
from playwright.async_api import expect

from tests.brokers import Broker
from tests.integration.console_site import ANY_ORIGIN, WAIT_MS, Console, console, faults, sure
from tests.integration.edge_site import usage

ADMIN_TOKEN = "a token of operators, for tests"
EXPERIMENTS = {
    "pace": {"variants": {"control": 50, "batched": 50}, "features": {"batched": {"batchMs": 50}}},
}


@pytest.fixture
async def templates(embedded_broker: Broker) -> AsyncIterator[Process]:
    servers = embedded_broker.bootstrap_servers
    async with processes("templates", servers, 1, SERVICE_ALLOWED_ORIGINS=ANY_ORIGIN) as (running,):
        yield running


@pytest.fixture
async def site(embedded_broker: Broker, templates: Process) -> AsyncIterator[Console]:
    port = free_port()
    async with console(
        embedded_broker,
        {"templates": templates},
        edge_environ={
            "EDGE_ADMIN_PORT": str(port),
            "EDGE_ADMIN_TOKEN": ADMIN_TOKEN,
            "EDGE_NODE": "edge-1",
            "EDGE_EXPERIMENTS": json.dumps(EXPERIMENTS),
        },
        edges=(f"edge=http://localhost:{port}", "gone=http://127.0.0.1:1"),
        admin_token=Secret(ADMIN_TOKEN),
    ) as made:
        yield made


@pytest.fixture
async def producer(embedded_broker: Broker) -> AsyncIterator[EventProducer]:
    async with EventProducer(embedded_broker.bootstrap_servers, client_id="test") as made:
        yield made


async def test_whose_connection_is_furthest_behind_stands_first(
    site: Console, producer: EventProducer
) -> None:
    """The user of a socket that does not read: Health, then the first row."""
    slow = socket.create_connection(("127.0.0.1", site.edge.port))
    slow.setblocking(False)
    try:
        subscribe = {"action": "subscribe", "subscriptionId": "s", "config": {"types": ["template_usage"]}}
        message = msgspec.json.encode({"type": "connection_established", "payload": subscribe})
        opening = upgrade_request(f"/ws?token={token(site.author)}") + client_frame(message)
        await asyncio.get_running_loop().sock_sendall(slow, opening)
        sent = 0
        while not await asyncio.to_thread(site.edge.metric, "events_deferred_total"):
            for _ in range(20):
                producer.enqueue(usage("n" * 50_000), user_id=site.author)
            await producer.flush()
            sent += 20
            assert sent < 2000

        page = await site.page("Operator")
        await page.get_by_role("link", name="Health").click()
        first = page.get_by_role("table", name="Who is behind").get_by_role("row").nth(1)
        await expect(first).to_contain_text(str(site.author), timeout=WAIT_MS)
        await expect(first.get_by_role("cell").nth(1)).not_to_have_text("0")
        await expect(page.get_by_text("gone does not say who is behind: ConnectError")).to_be_visible()
        variants = page.get_by_role("table", name="Experiments").get_by_role("row")
        await expect(variants.filter(has_text="Pace: control")).to_be_visible()
        await expect(variants.filter(has_text="Pace: batched")).to_be_visible()
        assert await faults(page) == []
    finally:
        slow.close()
    other = await site.page("Author", "health")
    await expect(other.get_by_text("For operators")).to_be_visible()


async def test_a_dead_letter_is_looked_at_and_sent_again(site: Console, producer: EventProducer) -> None:
    damaged = b'{"type": "write", "template": '
    await producer.send_record(
        inputs_topic("templates"), key=user_key(site.author), value=damaged, headers=[("request", b"r-1")]
    )
    page = await site.page("Operator", "dead-letters")
    table = page.get_by_role("table", name="Dead letters")
    row = table.get_by_role("row").filter(has_text=str(site.author))
    ends = asyncio.get_running_loop().time() + WAIT_MS / 1000
    while not await row.count():  # the service has yet to meet it
        assert asyncio.get_running_loop().time() < ends
        await page.get_by_role("button", name="Look again").click()
        await expect(page.get_by_text("Loading", exact=False)).to_have_count(0)
    await expect(
        page.get_by_role("alert").filter(has_text="Delisting")
    ).to_be_visible()  # it does not run here
    await row.first.get_by_role("button").click()
    one = page.get_by_role("region", name="One dead letter")
    await expect(one.get_by_role("region", name="Input")).to_contain_text('{\\"type\\": \\"write\\"')
    assert await faults(page) == []
    await sure(page, "Send again")
    await expect(one.get_by_text("Sent again as")).to_be_visible(timeout=WAIT_MS)
    again = table.get_by_role("row").filter(has_text="Sent again")  # whose it is stands beside the table now
    await expect(again).to_be_visible(timeout=WAIT_MS)
    await sure(page, "Send once more")
    await expect(one.get_by_role("button", name="Send once more")).to_be_enabled(timeout=WAIT_MS)

    other = await site.page("Author", "dead-letters")
    await expect(other.get_by_text("For operators")).to_be_visible()
