"""PROTOCOL.md, endpoints: `POST /ws/subscribe` and `DELETE /ws/subscribe/{id}`, on any node."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from autodmca_edge import control, http_requests
from autodmca_edge.http_subscriptions import subscription_routes
from autodmca_edge.testing import FakeControlLog, FakeLog, FakeNode, FakePeer
from autodmca_kafka.errors import Refused
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


@pytest.fixture
async def site() -> Site:
    return Site()


def error_of(answer: httpx.Response) -> tuple[int, str, Any]:
    body = answer.json()
    assert set(body) <= {"code", "message", "retryable", "field"}
    return answer.status_code, body["code"], body.get("field")


@pytest.mark.parametrize("where", ["here", "there"])
async def test_a_subscription_made_over_http_is_one_like_any_other(site: Site, where: str) -> None:
    peer = site.here.connect("7")
    answer = await site.subscribe(getattr(site, where), peer, name="s.1")
    connection = peer.session.connection_id
    assert answer.status_code == 201
    assert answer.json() == {
        "id": f"{connection}.s.1",
        "types": ["template_usage"],
        "cursors": answer.json()["cursors"],
        "recovered": True,
        "replayed": 0,
    }
    assert answer.json()["cursors"]
    site.log.emit("template_usage", 7)
    site.log.emit("template_usage", 8)
    site.here.poll()
    assert len(peer.events()) == 1
    assert not peer.answers("subscribed"), "its socket is told nothing: the answer is the request's"
    assert answer.headers["location"] == f"/ws/subscribe/{connection}.s.1"

    gone = await site.ask(getattr(site, where), "DELETE", f"/ws/subscribe/{connection}.s.1")
    assert (gone.status_code, gone.content) == (204, b"")
    site.log.emit("template_usage", 7)
    site.here.poll()
    assert len(peer.events()) == 1


@pytest.mark.parametrize("where", ["here", "there"])
async def test_it_can_resume_and_answers_when_it_has_caught_up(site: Site, where: str) -> None:
    peer = site.here.connect("7")
    cursors = (await site.subscribe(site.here, peer)).json()["cursors"]
    await site.ask(site.here, "DELETE", f"/ws/subscribe/{peer.session.connection_id}.s")
    for _ in range(3):
        site.log.emit("template_usage", 7)
    site.here.poll()
    answer = await site.subscribe(getattr(site, where), peer, resume=cursors)
    assert (answer.json()["recovered"], answer.json()["replayed"]) == (True, 3)
    assert len(peer.ids()) == 3


async def test_a_replay_may_take_longer_than_the_node_that_holds_it_takes_to_say_so(site: Site) -> None:
    peer, hasty = site.here.connect("7"), site.node("hasty", patience_s=0.2)
    for _ in range(2):
        site.log.emit("template_usage", 7, timestamp_ms=1_700_000_000_000)
    site.here.poll()
    site.log.away = True
    asked = asyncio.create_task(site.subscribe(hasty, peer, since="2023-01-01T00:00:00Z"))
    await asyncio.sleep(0.4)  # longer than its patience
    assert not asked.done()
    site.log.away = False
    while not asked.done():
        site.here.pass_time(1)
        await asyncio.sleep(0)
    assert (await asked).json()["replayed"] == 2


async def test_a_connection_that_nobody_holds_is_not_found(site: Site) -> None:
    peer, hasty = site.here.connect("7"), site.node("hasty", patience_s=0.05)
    peer.leave()
    assert error_of(await site.subscribe(hasty, peer)) == (404, "bad_message", "connectionId")
    assert hasty.control.asks == {"nobody": 1}
    gone = await site.ask(hasty, "DELETE", f"/ws/subscribe/{peer.session.connection_id}.s")
    assert gone.status_code == 204, "also when it is already gone"
    assert hasty.control.waiting == 0


@pytest.mark.parametrize("where", ["here", "there"])
async def test_another_users_connection_is_forbidden(site: Site, where: str) -> None:
    peer, node = site.here.connect("7"), getattr(site, where)
    assert error_of(await site.subscribe(node, peer, user="8:admin")) == (403, "forbidden", "connectionId")
    path = f"/ws/subscribe/{peer.session.connection_id}.s"
    assert error_of(await site.ask(node, "DELETE", path, user="8")) == (403, "forbidden", "connectionId")
    assert not peer.session.standing


async def test_a_connection_that_has_not_authenticated_is_nobodys_yet(site: Site) -> None:
    peer = site.here.connect(None)
    answer = await site.subscribe(site.there, peer)
    assert (answer.status_code, answer.json()["retryable"]) == (403, True)


@pytest.mark.parametrize("where", ["here", "there"])
@pytest.mark.parametrize(
    ("config", "status", "code", "field"),
    [
        ({"types": ["no_such"]}, 400, "unknown_type", "config.types[0]"),
        ({"types": []}, 400, "bad_message", "config.types"),
        ({"types": "template_usage"}, 400, "bad_message", "config.types"),
        ({"filters": {"nope": 1}}, 400, "bad_filter", "config.filters.nope"),
        ({"filters": {"userId": 8}}, 403, "forbidden", "config.filters.userId"),
        ({"since": "yesterday"}, 400, "bad_message", "config.since"),
    ],
)
async def test_what_makes_no_sense_is_refused_by_name(
    site: Site, where: str, config: dict[str, Any], status: int, code: str, field: str
) -> None:
    peer = site.here.connect("7")
    answer = await site.subscribe(getattr(site, where), peer, **config)
    assert error_of(answer) == (status, code, field)
    assert not peer.session.standing
    assert not peer.errors(), "the refusal is the request's, not the socket's"


async def test_the_limits_of_both_tokens_hold(site: Site) -> None:
    peer = site.here.connect("7")
    site.there.verifier.types = ("template_approval",)
    assert error_of(await site.subscribe(site.there, peer))[:2] == (403, "forbidden")
    answer = await site.subscribe(site.there, peer, types=["template_usage", "template_approval"])
    assert answer.json()["types"] == ["template_approval"]


async def test_a_connection_has_so_many_subscriptions(site: Site) -> None:
    peer = site.here.connect("7")
    site.here.max_subscriptions = 1
    await site.subscribe(site.there, peer, name="a")
    assert error_of(await site.subscribe(site.there, peer, name="b"))[:2] == (429, "limit_exceeded")
    assert (await site.subscribe(site.there, peer, name="a")).status_code == 201, "in place of itself"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "unauthenticated"),
        ({"Authorization": "Basic Nzo="}, "unauthenticated"),
        ({"Authorization": "Bearer bad"}, "invalid_token"),
        ({"Authorization": "Bearer expired"}, "token_expired"),
    ],
)
async def test_a_token_is_needed(site: Site, headers: dict[str, str], code: str) -> None:
    for method, path in (("POST", "/ws/subscribe"), ("DELETE", "/ws/subscribe/c.s")):
        answer = await site.ask(site.here, method, path, headers=headers)
        assert error_of(answer) == (401, code, "token" if headers and "Basic" not in str(headers) else None)
        assert answer.headers["www-authenticate"] == "Bearer"
    assert site.here.counts[code] == 2


async def test_the_token_may_be_in_the_query(site: Site) -> None:
    path = f"/ws/subscribe/{site.here.connect('7').session.connection_id}.s?token=7"
    assert (await site.ask(site.there, "DELETE", path, headers={})).status_code == 204


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (b"", "bad_json", None),
        (b"{", "bad_json", None),
        (b"\xff", "bad_json", None),
        (b'{"a":' * 10_000, "bad_json", None),
        (b"[]", "bad_message", None),
        (b"{}", "bad_message", "connectionId"),
        (b'{"connectionId": 5}', "bad_message", "connectionId"),
        (b'{"connectionId": "c", "subscriptionId": ""}', "bad_message", "subscriptionId"),
        (b'{"connectionId": "c", "subscriptionId": "s"}', "bad_message", "config"),
    ],
)  # fmt: skip
async def test_a_body_that_is_none_is_refused(site: Site, body: bytes, code: str, field: str | None) -> None:
    site.here.max_message_bytes = 200_000
    answer = await site.ask(site.here, "POST", "/ws/subscribe", content=body)
    assert error_of(answer) == (400, code, field)


async def test_a_body_is_bounded(site: Site) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 1000

    for content in (b" " * 70_000, chunks()):
        answer = await site.ask(site.here, "POST", "/ws/subscribe", content=content)
        assert error_of(answer) == (413, "limit_exceeded", None)


async def test_a_body_that_does_not_end_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_requests, "BODY_TIMEOUT_S", 0.05)

    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    answer = await site.ask(site.here, "POST", "/ws/subscribe", content=slow())
    assert error_of(answer) == (408, "limit_exceeded", None)


async def test_the_id_of_a_subscription_has_two_parts(site: Site) -> None:
    for name in ("c", "c.", ".s"):
        answer = await site.ask(site.here, "DELETE", f"/ws/subscribe/{name}")
        assert error_of(answer) == (400, "bad_message", "id")


async def test_a_user_has_a_rate(site: Site) -> None:
    slow = site.node("slow", a_second=1)
    answers = [await site.ask(slow, "DELETE", "/ws/subscribe/x") for _ in range(4)]
    assert [each.status_code for each in answers] == [400, 400, 400, 429]
    assert int(answers[-1].headers["retry-after"]) > 0
    assert (await site.ask(slow, "DELETE", "/ws/subscribe/x", user="8")).status_code == 400


async def test_a_log_that_is_away_is_said(site: Site) -> None:
    peer = site.here.connect("7")
    site.control_log.away = True
    assert error_of(await site.subscribe(site.there, peer))[:2] == (503, "not_ready")
    assert (await site.subscribe(site.here, peer)).status_code == 201, "here the log is not needed"
    assert site.there.control.asks == {"log_away": 1}


async def test_a_node_without_its_log_says_so(site: Site) -> None:
    site.here.available = False
    assert error_of(await site.ask(site.here, "DELETE", "/ws/subscribe/c.s"))[:2] == (503, "not_ready")


async def test_what_the_log_refuses_is_our_fault(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: Any, **__: Any) -> object:
        raise Refused("autodmca.edge-control.v1", "too large")

    monkeypatch.setattr(site.control_log, "send_record", refuse)
    answer = await site.subscribe(site.there, site.here.connect("7"))
    assert error_of(answer)[:2] == (500, "internal")


async def test_repeats_and_duplicates_change_nothing(site: Site) -> None:
    site.control_log.repeats = True
    peer = site.here.connect("7")
    first = await site.subscribe(site.there, peer, since="2023-01-01T00:00:00Z")
    again = await site.subscribe(site.there, peer, since="2023-01-01T00:00:00Z")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]
    assert peer.session.standing.names() == {"s"}
    await site.here.settle()
    kinds = [each.headers[0][1] for each in site.control_log.records]
    assert kinds.count(b"subscribe") == 4
    assert kinds.count(b"answer") == 4, "each ask was obeyed once, and its answer written twice"
    site.log.emit("template_usage", 7)
    site.here.poll()
    assert len(peer.events()) == 1


async def test_asks_that_wait_are_bounded(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "MOST_WAITING", 2)
    peer = site.here.connect("7")
    site.control_log.held = True
    asked = [asyncio.create_task(site.subscribe(site.there, peer, name=name)) for name in "ab"]
    while site.there.control.waiting < 2:
        await asyncio.sleep(0)
    assert error_of(await site.subscribe(site.there, peer, name="c"))[:2] == (503, "not_ready")
    site.control_log.held = False
    site.control_log.deliver()
    assert [each.status_code for each in await asyncio.gather(*asked)] == [201, 201]
    assert site.there.control.asks == {"too_many": 1, "elsewhere": 2}


async def test_a_subscription_comes_in_time_or_not_at_all_but_always_ends(site: Site) -> None:
    peer, hasty = site.here.connect("7"), site.node("hasty", patience_s=0.05)
    await site.subscribe(site.here, peer, name="old")
    site.control_log.held = True
    assert (await site.subscribe(hasty, peer, name="new")).status_code == 404
    connection = peer.session.connection_id
    assert (await site.ask(hasty, "DELETE", f"/ws/subscribe/{connection}.old")).status_code == 204
    site.here.pass_time(31)
    site.control_log.held = False
    site.control_log.deliver()
    assert not peer.session.standing.names()
    assert site.here.control.records["too_late"] == 1


async def test_records_that_make_no_sense_are_counted_and_skipped(site: Site) -> None:
    peer = site.here.connect("7")
    values = (
        None,
        b"",
        b"nonsense",
        b"\xff",
        b'{"kind": "of_tomorrow"}',
        b'{"kind": "subscribe"}',
        b"[" * 9999,
    )
    for value in values:
        await site.control_log.send_record("", key=b"k", value=value, headers=())  # type: ignore[arg-type]
    assert (await site.subscribe(site.there, peer)).status_code == 201
    assert site.here.control.records["unreadable"] == len(values)


async def test_who_asked_hears_that_the_connection_ended_meanwhile(site: Site) -> None:
    peer = site.here.connect("7")
    site.log.away = True
    asked = asyncio.create_task(site.subscribe(site.there, peer, since="2023-01-01T00:00:00Z"))
    while not site.here.replayer.running:
        await asyncio.sleep(0)
    peer.leave()
    answer = await asked
    assert (answer.status_code, answer.json()["retryable"]) == (503, True)
    site.here.pass_time(1)
    await site.here.settle()


async def test_who_asked_hears_that_another_took_its_place(site: Site) -> None:
    peer = site.here.connect("7")
    site.log.away = True
    asked = asyncio.create_task(site.subscribe(site.there, peer, since="2023-01-01T00:00:00Z"))
    while not site.here.replayer.running:
        await asyncio.sleep(0)
    assert (await site.subscribe(site.here, peer)).status_code == 201
    assert error_of(await asked)[:2] == (503, "not_ready")
    site.here.pass_time(1)
    await site.here.settle()
