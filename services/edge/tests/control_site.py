"""Two nodes on one log for tests: what one is asked over HTTP, the other does."""

from typing import Any

import httpx
from autodmca_edge.server.subscriptions import subscription_routes
from autodmca_edge.testing import FakeControlLog, FakeLog, FakeNode, FakePeer
from starlette.applications import Starlette

USAGE = {"types": ["template_usage"]}


class Site:
    """Two nodes on one log; clients are on `here`, requests come to either."""

    def __init__(self) -> None:
        self.log = FakeLog()
        self.control_log = FakeControlLog()
        self.here, self.there = self.node("here"), self.node("there")

    def node(self, name: str, *, patience_s: float = 30, a_second: float = 100) -> FakeNode:
        node = FakeNode(self.log, name=name, control_log=self.control_log, patience_s=patience_s)
        app = Starlette(routes=subscription_routes(node, node.control, a_second_of_user=a_second))
        self.apps = {**getattr(self, "apps", {}), name: app}
        return node

    async def ask(self, node: FakeNode, method: str, path: str, **options: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self.apps[node.name])
        options.setdefault("headers", {"Authorization": f"Bearer {options.pop('user', '7')}"})
        async with httpx.AsyncClient(transport=transport, base_url="http://edge.example") as client:
            return await client.request(method, path, **options)

    async def subscribe(
        self, node: FakeNode, peer: FakePeer, name: str = "s", user: str = "7", **config: Any
    ) -> httpx.Response:
        return await self.ask(
            node,
            "POST",
            "/ws/subscribe",
            user=user,
            json={
                "connectionId": peer.session.connection_id,
                "subscriptionId": name,
                "config": {**USAGE, **config},
            },
        )


def error_of(answer: httpx.Response) -> tuple[int, str, Any]:
    body = answer.json()
    assert set(body) <= {"code", "message", "retryable", "field"}
    return answer.status_code, body["code"], body.get("field")
