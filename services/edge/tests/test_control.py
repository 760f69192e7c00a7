"""What nodes ask of each other over `edge-control`, when the log, a node or a client is in trouble."""

import asyncio
from typing import Any

import pytest
from autodmca_edge import control
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
