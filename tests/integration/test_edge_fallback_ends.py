"""How requests to `GET /events` end, and who may make them, at real edge processes."""

import asyncio
import itertools
import os
import signal
from urllib.parse import urlencode

import httpx
import pytest
from autodmca_kafka import EventProducer

from tests.brokers import Broker
from tests.integration.edge_site import Edge, edge_node, token, until, usage
from tests.integration.over_http import address, bearer, names, poll, streaming, until_metric, until_open
from tests.raw_client import RawClient

USAGE = "template_usage"
_users = itertools.count(5_500_000 + os.getpid())


@pytest.fixture
def user() -> int:
    """Nobody else's."""
    return next(_users)


async def test_who_hangs_up_leaves_no_session(any_broker: Broker, user: int) -> None:
    with edge_node(any_broker.bootstrap_servers) as edge:
        await hang_up(edge, user)


async def hang_up(edge: Edge, user: int) -> None:
    cursors = (await poll(edge, user, USAGE))["cursors"]
    query = urlencode({"types": USAGE, "token": token(user), "resume": ",".join(cursors)})
    clients = [RawClient(edge.port) for _ in range(20)]
    for index, client in enumerate(clients):
        accept = "text/event-stream" if index % 2 else "*/*"
        client.send(f"GET /events?{query} HTTP/1.1\r\nHost: x\r\nAccept: {accept}\r\n\r\n".encode())
    await until_open(edge, "poll", 10)
    await until_open(edge, "stream", 10)
    for client in clients:
        client.socket.close()
    await until_open(edge, "poll", 0)
    await until_open(edge, "stream", 0)
    await until_metric(edge, "connections", 0)
    assert await asyncio.to_thread(edge.metric, "subscriptions") == 0


async def test_browsers_of_other_origins_may_ask_where_they_may_open_websockets(
    embedded_broker: Broker,
) -> None:
    ask = {
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization,last-event-id",
    }
    with edge_node(embedded_broker.bootstrap_servers, EDGE_ORIGINS="https://app.example") as strict:
        async with httpx.AsyncClient() as client:
            good = await client.options(address(strict), headers={"Origin": "https://app.example", **ask})
            assert good.status_code == 200
            assert good.headers["access-control-allow-origin"] == "https://app.example"
            bad = await client.options(address(strict), headers={"Origin": "https://evil.example", **ask})
            assert bad.status_code == 400
            headers = {**bearer(1), "Origin": "https://evil.example"}
            refused = await client.get(address(strict), params={"types": USAGE}, headers=headers)
            assert refused.status_code == 403
            headers["Origin"] = "https://app.example"
            answer = await client.get(address(strict), params={"types": USAGE}, headers=headers)
            assert answer.headers["access-control-allow-origin"] == "https://app.example"


async def test_a_draining_node_ends_polls_and_streams_and_goes(embedded_broker: Broker, user: int) -> None:
    """PROTOCOL.md, draining: within the drain period, and with positions to go on from elsewhere."""
    servers = embedded_broker.bootstrap_servers
    with edge_node(servers, EDGE_DRAIN_SECONDS=1) as leaving, edge_node(servers) as staying:
        cursors = (await poll(leaving, user, USAGE))["cursors"]
        async with streaming(leaving, user, USAGE) as stream:
            waiting = asyncio.create_task(poll(leaving, user, USAGE, resume=cursors))
            await until_open(leaving, "poll", 1)
            leaving.process.send_signal(signal.SIGTERM)
            answer = await waiting
            assert (answer["events"], answer["recovered"]) == ([], True)
            await until(lambda: stream.ended, "the stream's end")
            assert stream.named("close")[0]["closeCode"] == 1012
        assert await asyncio.to_thread(leaving.process.wait, 15) == 0
        assert "Exception" not in leaving.output
        async with EventProducer(servers, client_id="test") as producer:
            await producer.send(usage("meanwhile"), user_id=user)
        assert names(await poll(staying, user, USAGE, resume=answer["cursors"])) == ["meanwhile"]
        async with streaming(staying, user, USAGE, last=stream.last_event_id) as again:
            await until(lambda: again.names() == ["meanwhile"], "what was missed")
