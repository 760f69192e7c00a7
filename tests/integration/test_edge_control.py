"""Two edge nodes on one broker: one is asked, the other does it; no client harms what operators said."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from autodmca_events.topics import EDGE_CONTROL
from autodmca_kafka import EventProducer, Record, TailReader, TopicPartition, ensure_topics, event_topics

from tests.broker_process import embedded_kafka
from tests.brokers import Broker
from tests.contract.reading import Seen
from tests.integration.edge_site import (
    DEADLINE_S,
    SECRET,
    Edge,
    edge_node,
    heard,
    listening,
    token,
    until,
    usage,
)
from tests.integration.test_edge_operations import operate, operated


async def ask(
    edge: Edge, method: str, path: str, *, user: int = 1, headers: Any = None, **options: Any
) -> httpx.Response:
    """A request to a node, with a user's token unless other headers are given."""
    headers = {"Authorization": f"Bearer {token(user)}"} if headers is None else headers
    async with httpx.AsyncClient(timeout=DEADLINE_S, trust_env=False) as client:
        return await client.request(method, f"http://127.0.0.1:{edge.port}{path}", headers=headers, **options)


async def test_a_subscription_is_made_and_ended_on_any_node(any_broker: Broker) -> None:
    """PROTOCOL.md: `POST /ws/subscribe` and `DELETE /ws/subscribe/{id}`; any node accepts them."""
    servers = any_broker.bootstrap_servers
    with edge_node(servers, EDGE_NODE="a") as holding, edge_node(servers, EDGE_NODE="b") as other:
        async with EventProducer(servers, client_id="test") as producer, listening(holding) as listener:
            await until(lambda: listener.answers("connected"), "the first message")
            connection = listener.answers("connected")[0]["connectionId"]
            body = {
                "connectionId": connection,
                "subscriptionId": "http",
                "config": {"types": ["template_usage"]},
            }
            made = await ask(other, "POST", "/ws/subscribe", json=body)
            assert made.status_code == 201, made.text
            assert made.json()["id"] == f"{connection}.http"
            await producer.send(usage("first"), user_id=1)
            await heard(listener, 1)
            stranger = await ask(other, "POST", "/ws/subscribe", json=body, user=2)
            assert stranger.status_code == 403

            path = f"/ws/subscribe/{connection}.http"
            assert (await ask(other, "DELETE", path)).status_code == 204
            assert (await ask(other, "DELETE", path)).status_code == 204
            await producer.send(usage("unheard"), user_id=1)
            resumed = {**body, "config": {"types": ["template_usage"], "resume": made.json()["cursors"]}}
            again = await ask(other, "POST", "/ws/subscribe", json=resumed)
            assert (again.status_code, again.json()["replayed"]) == (201, 2)
            await heard(listener, 3)
            assert listener.names() == ["first", "first", "unheard"]
            await listener.leave()
            lost = await ask(other, "POST", "/ws/subscribe", json=body)
            assert lost.status_code == 404, lost.text


async def newest_of_each_key(servers: str) -> list[Record]:
    """What compaction leaves of `edge-control`, in its order."""
    control = TopicPartition(EDGE_CONTROL, 0)
    async with TailReader(servers, client_id="test") as reader:
        earliest, end = (await reader.bounds([control]))[control]
        await reader.add({control: earliest})
        seen = Seen(reader)
        await seen.until(lambda: bool(seen.records) and seen.records[-1][1].offset >= end - 1)
    newest = {record.key: record for _, record in seen.records}
    return sorted(newest.values(), key=lambda each: each.offset)


@asynccontextmanager
async def compacted(servers: str, directory: Path) -> AsyncIterator[str]:
    """A broker whose `edge-control` is that of `servers` after compaction."""
    broker = embedded_kafka(directory)
    broker.start()
    try:
        await ensure_topics(broker.bootstrap_servers, event_topics(6))
        async with EventProducer(broker.bootstrap_servers, client_id="test") as producer:
            for record in await newest_of_each_key(servers):
                headers = [(name, value or b"") for name, value in record.headers]
                await producer.send_record(EDGE_CONTROL, key=record.key, value=record.value, headers=headers)
        yield broker.bootstrap_servers
    finally:
        broker.close()


async def test_no_client_can_take_a_revocations_place_in_the_log(any_broker: Broker, tmp_path: Path) -> None:
    """Compaction keeps the newest record of each key: that is all that a node reads which starts later."""
    servers, user, name = any_broker.bootstrap_servers, 4717, f"lent {time.time_ns()}"
    claims = {"sub": 4718, "exp": int(time.time()) + 3600, "jti": name}
    lent = {"Authorization": f"Bearer {jwt.encode(claims, SECRET)}"}
    with operated(servers, "a") as (edge, port):
        for revoked in ({"userId": user}, {"jti": name}):
            answer = await operate(port, "POST", "/admin/revocations", json=revoked)
            assert answer.status_code == 201, answer.text
        statuses = []
        for key in (
            *(f"revoked {user}", f"revoked-user:{user}", f"revoked jti {name}", f"revoked-jti:{name}"),
            *(f"user {user}", "node a", "", "x" * 60_000),
        ):
            body = {"connectionId": key, "subscriptionId": "s", "config": {"types": ["template_usage"]}}
            statuses.append((await ask(edge, "POST", "/ws/subscribe", json=body)).status_code)
    async with compacted(servers, tmp_path) as fewer:
        with edge_node(fewer, EDGE_NODE="fresh") as fresh:
            async with listening(fresh, user) as cut_off:
                assert await cut_off.closed() == 4403
            async with listening(fresh, None, additional_headers=lent) as cut_off:
                assert await cut_off.closed() == 4401
            async with listening(fresh, 4719) as another:
                await another.subscribe("template_usage")
    assert set(statuses) == {400}


@pytest.mark.parametrize("name", ["a b", "revoked 7", "x" * 129])
async def test_a_nodes_name_is_checked_at_its_start(embedded_broker: Broker, name: str) -> None:
    with edge_node(embedded_broker.bootstrap_servers, ready=False, EDGE_NODE=name) as edge:
        assert edge.process.wait(DEADLINE_S) not in {0, None}
        assert "EDGE_NODE" in edge.output
