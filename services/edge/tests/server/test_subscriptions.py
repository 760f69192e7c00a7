"""PROTOCOL.md, endpoints: `POST /ws/subscribe` and `DELETE /ws/subscribe/{id}`, on any node."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from autodmca_edge.server import requests as http_requests

from services.edge.tests.control_site import Site, error_of


@pytest.fixture
async def site() -> Site:
    return Site()


@pytest.mark.parametrize("where", ["here", "there"])
@pytest.mark.protocol("Addresses: POST /ws/subscribe", "Addresses: DELETE /ws/subscribe/{id}")
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


@pytest.mark.protocol("Subscriptions over HTTP: 404")
async def test_a_connection_that_nobody_holds_is_not_found(site: Site) -> None:
    peer, hasty = site.here.connect("7"), site.node("hasty", patience_s=0.05)
    peer.leave()
    assert error_of(await site.subscribe(hasty, peer)) == (404, "bad_message", "connectionId")
    assert hasty.control.asks == {"nobody": 1}
    gone = await site.ask(hasty, "DELETE", f"/ws/subscribe/{peer.session.connection_id}.s")
    assert gone.status_code == 204, "also when it is already gone"
    assert hasty.control.waiting == 0


@pytest.mark.parametrize("where", ["here", "there"])
@pytest.mark.protocol("Subscriptions over HTTP: 403")
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
@pytest.mark.protocol("Subscriptions over HTTP: 400")
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
@pytest.mark.protocol("Subscriptions over HTTP: 401")
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


@pytest.mark.protocol("Subscriptions over HTTP: 413")
async def test_a_body_is_bounded(site: Site) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 1000

    for content in (b" " * 70_000, chunks()):
        answer = await site.ask(site.here, "POST", "/ws/subscribe", content=content)
        assert error_of(answer) == (413, "limit_exceeded", None)


@pytest.mark.protocol("Subscriptions over HTTP: 408")
async def test_a_body_that_does_not_end_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_requests, "BODY_TIMEOUT_S", 0.05)

    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    answer = await site.ask(site.here, "POST", "/ws/subscribe", content=slow())
    assert error_of(answer) == (408, "limit_exceeded", None)


async def test_the_id_of_a_subscription_has_two_parts(site: Site) -> None:
    for name in ("c", "c.s", ".s", f"{'c' * 16}.", f"{'c' * 16}.{'s' * 257}", "revoked%207.s"):
        answer = await site.ask(site.here, "DELETE", f"/ws/subscribe/{name}")
        assert error_of(answer) == (400, "bad_message", "id")


@pytest.mark.parametrize(
    "name", ["", "c", "revoked 7", "revoked jti abc", "revoked-user:7", "node here", "user 7", "x" * 60_000,
             "0123456789abcde\n", "0123456789abcdeé"],
)  # fmt: skip
async def test_what_is_no_connections_id_never_becomes_a_key(site: Site, name: str) -> None:
    body = {"connectionId": name, "subscriptionId": "s", "config": {"types": ["template_usage"]}}
    answer = await site.ask(site.here, "POST", "/ws/subscribe", json=body)
    assert error_of(answer) == (400, "bad_message", "connectionId")
    assert not site.control_log.records


@pytest.mark.protocol("Subscriptions over HTTP: 429")
async def test_a_user_has_a_rate(site: Site) -> None:
    slow = site.node("slow", a_second=1)
    answers = [await site.ask(slow, "DELETE", "/ws/subscribe/x") for _ in range(4)]
    assert [each.status_code for each in answers] == [400, 400, 400, 429]
    assert int(answers[-1].headers["retry-after"]) > 0
    assert (await site.ask(slow, "DELETE", "/ws/subscribe/x", user="8")).status_code == 400
