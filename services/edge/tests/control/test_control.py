"""What nodes ask of each other over `edge-control`, when the log, a node or a client is in trouble."""

import asyncio
from typing import Any

import pytest
from autodmca_edge.control import control, quota
from autodmca_edge.control.messages import DescribeAsk
from autodmca_edge.protocol import Refusal
from autodmca_edge.session.identifiers import ConnectionId
from autodmca_kafka.errors import Refused

from services.edge.tests.control_site import Site, error_of


@pytest.fixture
async def site() -> Site:
    return Site()


@pytest.mark.protocol("Subscriptions over HTTP: 503")
async def test_a_log_that_is_away_is_said(site: Site) -> None:
    peer = site.here.connect("7")
    site.control_log.away = True
    assert error_of(await site.subscribe(site.there, peer))[:2] == (503, "not_ready")
    assert (await site.subscribe(site.here, peer)).status_code == 201, "here the log is not needed"
    assert site.there.control.asks == {"log_away": 1}


async def test_a_node_without_its_log_says_so(site: Site) -> None:
    site.here.available = False
    assert error_of(await site.ask(site.here, "DELETE", "/ws/subscribe/c.s"))[:2] == (503, "not_ready")


@pytest.mark.protocol("Errors: internal")
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
    monkeypatch.setattr(quota, "OF_USERS", 2)
    peer = site.here.connect("7")
    site.control_log.held = True
    asked = [asyncio.create_task(site.subscribe(site.there, peer, name=name)) for name in "ab"]
    while site.there.control.waiting < 2:
        await asyncio.sleep(0)
    refused = await site.subscribe(site.there, peer, name="c")
    assert error_of(refused)[:2] == (503, "not_ready")
    assert int(refused.headers["retry-after"]) > 0
    site.control_log.held = False
    site.control_log.deliver()
    assert [each.status_code for each in await asyncio.gather(*asked)] == [201, 201]
    assert site.there.control.asks == {"too_many": 1, "elsewhere": 2}


@pytest.mark.protocol("Subscriptions over HTTP: 429")
async def test_a_user_has_a_share_of_the_places_for_requests(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota, "OF_ONE_USER", 2)
    peer, other = site.here.connect("7"), site.here.connect("8")
    site.control_log.held = True
    asked = [asyncio.create_task(site.subscribe(site.there, peer, name=name)) for name in "ab"]
    while site.there.control.waiting < 2:
        await asyncio.sleep(0)
    refused = await site.subscribe(site.there, peer, name="c")
    assert error_of(refused)[:2] == (429, "rate_limited")
    assert (refused.json()["retryable"], int(refused.headers["retry-after"]) > 0) == (True, True)
    path = f"/ws/subscribe/{peer.session.connection_id}.c"
    assert (await site.ask(site.there, "DELETE", path)).status_code == 429
    site.control_log.held = False
    assert (await site.subscribe(site.there, other, user="8")).status_code == 201, "another's share is free"
    assert [each.status_code for each in await asyncio.gather(*asked)] == [201, 201]
    assert (await site.subscribe(site.there, peer, name="c")).status_code == 201, "and so is this one's again"
    assert site.there.control.asks == {"too_many_of_user": 2, "elsewhere": 4}


async def test_what_users_ask_of_nobody_leaves_operators_their_places() -> None:
    """Twelve users, each of whom asks a hundred times about a connection that there is not."""
    site = Site()
    peer = site.there.connect("99")
    asked = [
        asyncio.create_task(
            site.ask(site.here, "DELETE", f"/ws/subscribe/{'x' * 16}.{number}", user=str(user))
        )
        for number in range(100)
        for user in range(1, 13)
    ]
    held = site.here.control.quota
    while sum(each.done() for each in asked) < 12 * (100 - quota.OF_ONE_USER):
        await asyncio.sleep(0)
    assert {(await each).status_code for each in asked if each.done()} == {429}
    assert (held.users, held.operators) == (12 * quota.OF_ONE_USER, 0)
    described = DescribeAsk(ask="a", connection_id=ConnectionId(peer.session.connection_id))
    assert (await site.here.control.ask(described))["userId"] == 99
    assert (await site.subscribe(site.here, peer, user="99")).status_code == 201
    for each in asked:
        each.cancel()
    await asyncio.wait(asked)
    assert (held.users, site.here.control.waiting) == (0, 0), "who goes away leaves its place"


async def test_operators_places_are_bounded_by_themselves(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota, "OF_OPERATORS", 1)
    peer = site.here.connect("7")
    site.control_log.held = True
    connection_id = ConnectionId(peer.session.connection_id)
    first = asyncio.create_task(site.there.control.ask(DescribeAsk(ask="a", connection_id=connection_id)))
    while not site.there.control.waiting:
        await asyncio.sleep(0)
    with pytest.raises(Refusal, match="too many requests") as refused:
        await site.there.control.ask(DescribeAsk(ask="b", connection_id=connection_id))
    assert (refused.value.code, refused.value.retryable) == ("not_ready", True)
    site.control_log.held = False
    assert (await site.subscribe(site.there, peer)).status_code == 201
    assert (await first)["userId"] == 7
    assert site.there.control.asks == {"too_many_of_operators": 1, "elsewhere": 2}


async def test_answers_to_users_do_not_take_the_places_of_those_to_operators(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "MOST_ANSWERING", 1)
    peer, hasty = site.here.connect("7"), site.node("hasty", patience_s=0.5)
    slow, send = asyncio.Event(), site.control_log.send_record

    async def slowly(topic: str, *, key: bytes, value: bytes, headers: Any) -> object:
        if b'"answer"' in value and b'"cursors"' in value:
            await slow.wait()
        return await send(topic, key=key, value=value, headers=headers)

    monkeypatch.setattr(site.control_log, "send_record", slowly)
    first = asyncio.create_task(site.subscribe(site.there, peer, name="a"))
    while not site.here.control.records["subscribe"]:
        await asyncio.sleep(0)
    assert (await site.subscribe(hasty, peer, name="b")).status_code == 404
    assert site.here.control.records["unanswered"] == 1
    described = DescribeAsk(ask="a", connection_id=ConnectionId(peer.session.connection_id))
    assert (await site.there.control.ask(described))["userId"] == 7
    slow.set()
    assert (await first).status_code == 201


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


async def test_an_answer_that_the_log_does_not_take_is_said_to_be_none(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = site.control_log.send_record

    async def refuse_answers(topic: str, *, key: bytes, value: bytes, headers: Any) -> object:
        if b'"payload"' in value:
            raise Refused(topic, "too large")
        return await send(topic, key=key, value=value, headers=headers)

    monkeypatch.setattr(site.control_log, "send_record", refuse_answers)
    answer = await site.subscribe(site.there, site.here.connect("7"))
    assert error_of(answer)[:2] == (500, "internal")
    assert site.here.control.records["unanswered"] == 1
