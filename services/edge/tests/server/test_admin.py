"""The operators' endpoints: who is connected, who is behind and by how much, cutting off, draining."""

from hashlib import sha256
from typing import Any

import httpx
import pytest
from autodmca_edge.server.admin import admin_routes
from autodmca_edge.testing import FakeNode, FakePeer
from autodmca_runtime import Secret
from starlette.applications import Starlette

from services.edge.tests.control_site import Site, error_of

TOKEN = "an operator's token"


class Operated(Site):
    """Nodes whose apps are the operators'."""

    def __init__(self) -> None:
        self.drained: list[str] = []
        super().__init__()

    def node(self, name: str, *, patience_s: float = 0.2, a_second: float = 100) -> FakeNode:
        node = super().node(name, patience_s=patience_s, a_second=a_second)
        drain = lambda: self.drained.append(name)  # noqa: E731
        routes = admin_routes(node, node.control, Secret(TOKEN), drain, revoke_s=3600)
        self.apps[name] = Starlette(routes=routes)
        return node

    async def do(self, node: FakeNode, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return await self.ask(node, method, f"/admin{path}", headers=headers, **options)

    async def get(self, node: FakeNode, path: str) -> Any:
        answer = await self.do(node, "GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
async def site() -> Operated:
    return Operated()


def fall_behind(site: Operated, user: str, events: int) -> FakePeer:
    """A client of `here` that stops reading after its first event and misses so many."""
    peer = site.here.connect(user, limit=0)
    peer.subscribe("s", "template_usage", filters={"templateId": {"prefix": "t"}})
    peer.stall()
    for _ in range(events + 1):
        site.log.emit(
            "template_usage", int(user), template_id="t1", timestamp_ms=int(site.here.clock() * 1000)
        )
        site.here.poll()
    return peer


@pytest.mark.parametrize(
    "header", [None, "Bearer wrong", f"Basic {TOKEN}", "Bearer é", f"Bearer {TOKEN[:-1]}", "Bearer"]
)
async def test_nothing_is_told_without_the_admin_token(site: Operated, header: str | None) -> None:
    encoded = {} if header is None else {"Authorization": header.encode()}
    for method, path in (
        ("GET", "/connections"),
        ("GET", "/connections/c"),
        ("DELETE", "/connections/c"),
        ("DELETE", "/users/7/connections"),
        ("POST", "/revocations"),
        ("POST", "/drain"),
    ):
        answer = await site.ask(site.here, method, f"/admin{path}", headers=encoded)
        assert error_of(answer)[:2] == (401, "unauthenticated")
    assert not site.drained


async def test_without_a_token_in_the_settings_there_are_no_such_addresses(site: Operated) -> None:
    assert admin_routes(site.here, site.here.control, None, list, revoke_s=1) == []


async def test_connections_are_listed_in_pages(site: Operated) -> None:
    peers = [site.here.connect(str(user)) for user in (7, 8, 7, 9)]
    first = await site.get(site.here, "/connections?limit=3")
    assert first["node"] == "here"
    rest = await site.get(site.here, f"/connections?limit=3&after={first['next']}")
    assert "next" not in rest
    shown = [*first["connections"], *rest["connections"]]
    assert sorted(each["connectionId"] for each in shown) == sorted(
        each.session.connection_id for each in peers
    )
    assert shown[0] == {
        "connectionId": peers[0].session.connection_id,
        "userId": 7,
        "state": "open",
        "since": "2023-11-14T22:13:20.000Z",
        "peer": "192.0.2.1",
        "address": None,
        "subscriptions": 0,
        "replays": 0,
        "outboxBytes": 0,
        "behind": {"records": 0, "ms": None},
    }
    assert len((await site.get(site.here, "/connections?user=7"))["connections"]) == 2


async def test_any_node_tells_of_another_by_its_name(site: Operated) -> None:
    peer = site.there.connect("7")
    listed = await site.get(site.here, "/connections?node=there")
    assert (listed["node"], listed["connections"][0]["connectionId"]) == ("there", peer.session.connection_id)
    assert error_of(await site.do(site.here, "GET", "/connections?node=nowhere")) == (
        404,
        "bad_message",
        "node",
    )


async def test_who_is_furthest_behind_comes_first(site: Operated) -> None:
    fall_behind(site, "10", 2)  # on another partition
    slow = fall_behind(site, "7", 5)
    site.here.connect("9")
    site.here.pass_time(3)
    listed = (await site.get(site.there, "/connections?node=here&sort=behind&limit=2"))["connections"]
    assert [each["userId"] for each in listed] == [7, 10]
    assert listed[0]["behind"] == {"records": 5, "ms": 3000}
    assert listed[0]["outboxBytes"] > 0
    slow.read()
    await site.here.settle()
    assert (await site.get(site.here, "/connections?user=7"))["connections"][0]["behind"]["records"] == 0


async def test_a_node_that_is_behind_puts_all_its_clients_behind(site: Operated) -> None:
    peer = site.here.connect("7")
    peer.subscribe("s", "template_usage")
    for _ in range(4):
        site.log.emit("template_usage", 7)
    (shown,) = (await site.get(site.here, "/connections"))["connections"]
    assert shown["behind"] == {"records": 4, "ms": None}


@pytest.mark.parametrize("where", ["here", "there"])
async def test_one_connection_is_told_in_full_by_any_node(site: Operated, where: str) -> None:
    peer = fall_behind(site, "7", 5)
    site.here.pass_time(1)
    told = await site.get(getattr(site, where), f"/connections/{peer.session.connection_id}")
    assert told["node"] == "here"
    assert told["subscribed"] == [
        {
            "subscriptionId": "s",
            "types": ["template_usage"],
            "filters": {"templateId": {"prefix": "t"}},
            "limits": [],
            "users": [7],
        }
    ]
    (partition,) = told["partitions"]
    assert partition["topic"] == "autodmca.templates.v1"
    assert (partition["next"], partition["end"]) == (1, 6)
    assert partition["behind"] == {"records": 5, "ms": 1000}
    assert partition["replaying"]
    assert partition["cursor"].endswith(":0")
    assert told["stalledSince"] is not None
    assert told["expiresAt"] > told["since"]


@pytest.mark.parametrize("where", ["here", "there"])
async def test_a_connection_is_ended_by_any_node(site: Operated, where: str) -> None:
    node, peer, other = getattr(site, where), site.here.connect("7"), site.here.connect("7")
    path = f"/connections/{peer.session.connection_id}"
    assert (await site.do(node, "DELETE", path)).status_code == 204
    assert (peer.closed, other.closed) == (1012, None)
    assert error_of(await site.do(node, "DELETE", path)) == (404, "bad_message", "id")
    assert error_of(await site.do(node, "GET", path)) == (404, "bad_message", "id")


async def test_a_users_connections_are_ended_everywhere(site: Operated) -> None:
    peers = [site.here.connect("7"), site.there.connect("7"), site.there.connect("8")]
    assert (await site.do(site.here, "DELETE", "/users/7/connections")).status_code == 202
    await site.here.settle()
    assert [each.closed for each in peers] == [1012, 1012, None]


async def test_a_user_or_a_token_is_revoked(site: Operated) -> None:
    user, token, lent = site.there.connect("7"), site.there.connect("8:old"), site.there.connect("8:lent")
    digest = sha256(b"8:old").hexdigest()
    first = await site.do(site.here, "POST", "/revocations", json={"userId": 7})
    second = await site.do(
        site.here,
        "POST",
        "/revocations",
        json={"tokenDigest": digest.upper(), "until": "2023-11-15T00:00:00Z"},
    )
    third = await site.do(site.here, "POST", "/revocations", json={"jti": "id of lent"})
    await site.here.settle()
    assert (first.status_code, first.json()) == (201, {"userId": 7, "until": "2023-11-14T23:13:20.000Z"})
    assert second.json() == {"tokenDigest": digest, "until": "2023-11-15T00:00:00.000Z"}
    assert third.json() == {"jti": "id of lent", "until": "2023-11-14T23:13:20.000Z"}
    assert (user.closed, token.closed, lent.closed) == (4403, 4401, 4401)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "userId"),
        ({"userId": 7, "tokenDigest": "a" * 64}, "userId"),
        ({"userId": 0}, "userId"),
        ({"userId": "7"}, "userId"),
        ({"userId": 7, "jti": "x"}, "userId"),
        ({"jti": ""}, "jti"),
        ({"jti": "x" * 257}, "jti"),
        ({"jti": 5}, "jti"),
        ({"tokenDigest": "abc"}, "tokenDigest"),
        ({"tokenDigest": "g" * 64}, "tokenDigest"),
        ({"userId": 7, "until": "tomorrow"}, "until"),
        ({"userId": 7, "until": "2024-01-01T00:00:00Z"}, "until"),
    ],
)
async def test_a_revocation_that_makes_no_sense_is_refused(
    site: Operated, body: dict[str, Any], field: str
) -> None:
    answer = await site.do(site.here, "POST", "/revocations", json=body)
    assert error_of(answer) == (400, "bad_message", field)
    assert not site.control_log.records


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=-1", "limit"),
        ("user=x", "user"),
        ("sort=name", "sort"),
        ("sort=behind&after=c", "after"),
        ("users=7", "users"),
        ("node=", "node"),
        ("node=a%20b", "node"),
        (f"node={'x' * 129}", "node"),
        ("after=x", "after"),
    ],
)
async def test_a_query_that_makes_no_sense_is_refused(site: Operated, query: str, field: str) -> None:
    answer = await site.do(site.here, "GET", f"/connections?{query}")
    assert error_of(answer) == (400, "bad_message", field)


@pytest.mark.parametrize("name", ["c", "revoked%207", "revoked-user:7", "x" * 17, "x" * 60_000, "%0A" * 16])
async def test_what_is_no_connections_id_is_refused_at_the_door(site: Operated, name: str) -> None:
    for method in ("GET", "DELETE"):
        answer = await site.do(site.here, method, f"/connections/{name}")
        assert error_of(answer) == (400, "bad_message", "id")
    assert not site.control_log.records


@pytest.mark.parametrize("name", ["x", "-7", "0", str(2**53), "9" * 5000])
async def test_what_is_no_user_is_refused_at_the_door(site: Operated, name: str) -> None:
    answer = await site.do(site.here, "DELETE", f"/users/{name}/connections")
    assert error_of(answer) == (400, "bad_message", "id")
    assert not site.control_log.records


async def test_draining_begins_when_it_is_asked_for(site: Operated) -> None:
    answer = await site.do(site.here, "POST", "/drain")
    assert (answer.status_code, answer.json()) == (202, {"node": "here", "draining": True})
    assert site.drained == ["here"]


async def test_a_log_that_is_away_is_said(site: Operated) -> None:
    site.control_log.away = True
    for method, path, body in (
        ("DELETE", "/users/7/connections", None),
        ("POST", "/revocations", {"userId": 7}),
        ("GET", "/connections/0123456789abcdef", None),
    ):
        answer = await site.do(site.here, method, path, json=body)
        assert error_of(answer)[:2] == (503, "not_ready")
    assert (await site.do(site.here, "GET", "/connections")).status_code == 200, "this node's need no log"
