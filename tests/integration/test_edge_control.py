"""Two edge nodes on one broker: what one is asked, the other does."""

from typing import Any

import httpx
from autodmca_kafka import EventProducer

from tests.brokers import Broker
from tests.integration.edge_site import DEADLINE_S, Edge, edge_node, heard, listening, token, until, usage


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
