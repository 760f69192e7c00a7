"""The Python SDK at real edges behind something that cuts connections, or lets no WebSocket through."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
from autodmca_client import (
    AuthenticationFailed,
    Backoff,
    Client,
    Event,
    Gap,
    Status,
    StayAway,
    Subscription,
    Timing,
    UnknownType,
)
from autodmca_events import TemplateUsage, rfc3339
from autodmca_events.example import example
from autodmca_kafka import EventProducer

from tests.integration.edge_site import Edge, edge_node, listening, token, until, usage
from tests.integration.middlebox import Middlebox, middlebox

USAGE = ["template_usage"]
EVER = rfc3339(0)
FAST = Timing(backoff=Backoff(first_s=0.02, longest_s=0.2), upgrade_s=0.2, stream_s=2.0, poll_s=2.0)
STAYING = Timing(backoff=Backoff(first_s=0.02, longest_s=0.2), upgrade_s=3600.0, stream_s=2.0, poll_s=2.0)
_users = itertools.count(7_100_000 + os.getpid())


@pytest.fixture
def user() -> int:
    """Nobody else's."""
    return next(_users)


@pytest.fixture
async def box(edge: Edge) -> AsyncIterator[Middlebox]:
    async with middlebox(edge.port) as box:
        yield box


async def take(subscription: Subscription, count: int) -> list[Event]:
    async with asyncio.timeout(30):
        return [await anext(subscription) for _ in range(count)]


def names(events: list[Event]) -> list[str]:
    return [name_of(event) for event in events]


def name_of(event: Event) -> str:
    assert isinstance(event.payload, TemplateUsage)
    return event.payload.name


async def away(box: Middlebox, client: Client) -> None:
    """The client has lost its connection, and gets no other."""
    box.websockets, before = "cut", client.counters.reconnects
    box.cut()
    await until(lambda: client.counters.reconnects > before, "the cut")


async def emit(producer: EventProducer, user: int, *names: str, **fields: Any) -> None:
    for name in names:
        await producer.send(usage(name, **fields), user_id=user)


@pytest.mark.parametrize("refusal", ["refuse", "cut"])
@pytest.mark.parametrize("kind", ["stream", "poll"])
async def test_events_come_over_http_where_a_websocket_cannot_be_had(
    box: Middlebox, producer: EventProducer, user: int, refusal: Any, kind: str
) -> None:
    box.websockets = refusal
    box.holds_streams = kind == "poll"
    seen: list[Status] = []
    async with Client(box.url, token=token(user), timing=STAYING, on_status=seen.append) as client:
        events = client.subscribe(USAGE)
        await events.ready()
        assert client.status == Status("open", transport="fallback")
        await emit(producer, user, "one", "two \u2028 lines", "three")
        assert names(await take(events, 3)) == ["one", "two \u2028 lines", "three"]
        mine = client.subscribe(USAGE, {"templateIds": ["t \u00e9&"]})  # begun on the open connection
        await mine.ready()
        await emit(producer, user, "other", "mine", template_id="t \u00e9&")
        await emit(producer, user, "last")
        assert names(await take(mine, 2)) == ["other", "mine"]
        assert names(await take(events, 3)) == ["other", "mine", "last"]
        cursors = events.cursors
        await mine.aclose()
    assert box.seen[kind] >= 2
    assert box.seen["websocket"] == (2 if refusal == "refuse" else 3)  # the last one beside the fallback
    assert client.counters.gaps == client.counters.duplicates == 0
    await emit(producer, user, "afterwards")
    async with Client(box.url, token=token(user), timing=STAYING) as client:
        assert names(await take(client.subscribe(USAGE, resume=cursors), 1)) == ["afterwards"]
        everything = client.subscribe(USAGE, since=EVER)
        assert len(await take(everything, 7)) == 7


async def test_nothing_is_lost_or_repeated_on_the_way_there_and_back(
    box: Middlebox, servers: str, edge: Edge, producer: EventProducer, user: int
) -> None:
    """WebSockets are let through and refused in turn, connections cut, edges changed, under a flow of events.

    Compared with what a client on a WebSocket of its own hears.
    """
    stop = asyncio.Event()

    async def pour() -> None:
        for number in itertools.count():
            if stop.is_set():
                return
            await producer.send(usage(f"{number}", template_id=f"t{number % 3}"), user_id=user)
            await asyncio.sleep(0.002)

    carried: set[str] = set()
    with edge_node(servers) as other:
        async with (
            Client(edge.url, token=token(user)) as witness,
            Client(
                box.url,
                token=token(user),
                timing=FAST,
                on_status=lambda status: carried.add(status.transport if status.state == "open" else ""),
            ) as client,
        ):
            expected = witness.subscribe(USAGE)
            every = client.subscribe(USAGE)
            some = client.subscribe(USAGE, {"templateIds": ["t1"]})
            for each in (expected, every, some):
                await each.ready()
            pouring = asyncio.create_task(pour())
            heard, heard_some = [], []
            for turn in range(12):
                box.websockets = "pass" if turn % 3 == 1 else "refuse"
                if turn % 3 == 1:
                    await until(lambda: client.status.transport == "websocket", "a WebSocket")
                elif turn % 3 == 2:
                    box.edge_port = other.port if box.edge_port == edge.port else edge.port
                box.holds_streams = turn >= 6
                box.cut()
                heard += await take(every, 30)
                heard_some += await take(some, 10)
            stop.set()
            await pouring
            await producer.flush()
            await emit(producer, user, "end", template_id="t1")
            while name_of(heard[-1]) != "end":
                heard += await take(every, 1)
            while name_of(heard_some[-1]) != "end":
                heard_some += await take(some, 1)
            ids = [each.id for each in await take(expected, len(heard))]
    assert [each.id for each in heard] == ids
    assert names(heard[:-1]) == [str(number) for number in range(len(heard) - 1)]
    assert names(heard_some[:-1]) == [str(number) for number in range(1, len(heard) - 1, 3)]
    assert client.counters.gaps == 0
    assert carried >= {"websocket", "fallback"}


async def test_a_subscription_to_the_past_gets_what_another_has_had(
    edge: Edge, producer: EventProducer, user: int
) -> None:
    async with Client(edge.url, token=token(user), timing=FAST) as client:
        first = client.subscribe(USAGE)
        await first.ready()
        await emit(producer, user, "one", "two")
        assert names(await take(first, 2)) == ["one", "two"]
        second = client.subscribe(USAGE, since=EVER)
        await second.ready()
        await emit(producer, user, "three")
        assert names(await take(second, 3)) == ["one", "two", "three"]
        assert names(await take(first, 1)) == ["three"]


async def test_subscriptions_that_resume_together_are_each_given_their_events_in_order(
    box: Middlebox, producer: EventProducer, user: int
) -> None:
    """What both want comes once, with the first one's replay: before what only the second has missed."""
    box.websockets = "pass"
    sent: list[str] = []
    async with Client(box.url, token=token(user), timing=FAST, fallback=False) as client:
        usages = client.subscribe(USAGE)
        everything = client.subscribe([*USAGE, "template_approval"])
        for each in (usages, everything):
            await each.ready()
        for turn in range(5):
            await away(box, client)
            for number in range(6):
                event_type = "template_approval" if number % 2 == 0 else "template_usage"
                sent.append(f"msg_{user}_{turn}_{number}")
                await producer.send(example(event_type).payload, user_id=user, id=sent[-1])
            box.websockets = "pass"
            assert [each.id for each in await take(everything, 6)] == sent[-6:]
            assert [each.id for each in await take(usages, 3)] == sent[-5::2]
    assert client.counters.gaps == client.counters.unordered == 0


@pytest.mark.parametrize("held", [False, True], ids=["stream", "poll"])
async def test_a_slow_application_loses_nothing_when_a_websocket_takes_over(
    box: Middlebox, producer: EventProducer, user: int, held: bool
) -> None:
    box.holds_streams = held
    async with Client(box.url, token=token(user), timing=FAST, queue_size=1) as client:
        events = client.subscribe(USAGE)
        await events.ready()
        await emit(producer, user, *map(str, range(50)))
        await until(lambda: client.counters.pauses > 0, "a full queue")
        box.websockets = "pass"
        await until(lambda: client.status.transport == "websocket", "a WebSocket")
        assert names(await take(events, 50)) == [*map(str, range(50))]
        await emit(producer, user, "then")
        assert names(await take(events, 1)) == ["then"]


async def test_a_message_waits_for_a_websocket(box: Middlebox, user: int) -> None:
    async with Client(box.url, token=token(user), timing=FAST) as client:
        await client.opened()
        sending = asyncio.create_task(client.send("mark_read", {"notificationId": "n1"}))
        tried = box.seen["websocket"]
        await until(lambda: box.seen["websocket"] > tried + 1, "another try")
        assert not sending.done()
        box.websockets = "pass"
        async with asyncio.timeout(30):
            await sending


async def test_a_token_that_expires_is_replaced(box: Middlebox, producer: EventProducer, user: int) -> None:
    given = 0

    async def fresh() -> str:
        nonlocal given
        given += 1
        return token(user, ttl_s=2)

    async with Client(box.url, token=fresh, timing=STAYING) as client:
        events = client.subscribe(USAGE)
        await events.ready()
        sent = 0
        while given < 3:
            await emit(producer, user, f"{sent}")
            assert names(await take(events, 1)) == [f"{sent}"]
            sent += 1
    async with Client(box.url, token=token(user, ttl_s=1), timing=STAYING) as client:
        with pytest.raises(AuthenticationFailed):
            await take(client.subscribe(USAGE), 1)


@pytest.mark.parametrize("held", [False, True], ids=["stream", "poll"])
async def test_a_refused_subscription_and_a_gap_are_told_and_the_others_go_on(
    box: Middlebox, producer: EventProducer, user: int, held: bool
) -> None:
    box.holds_streams = held
    gaps: list[Gap] = []
    async with Client(box.url, token=token(user), timing=STAYING) as client:
        good = client.subscribe(USAGE)
        await good.ready()
        with pytest.raises(UnknownType):
            await take(client.subscribe(["no_such_type"]), 1)
        await emit(producer, user, "before")
        assert names(await take(good, 1)) == ["before"]
        prefix, _, offset = good.cursors[0].rpartition(":")
        stale = client.subscribe(USAGE, resume=[f"{prefix[:-6]}abcdef:{offset}"], on_gap=gaps.append)
        await stale.ready()
        await emit(producer, user, "after")
        assert names(await take(stale, 1)) == names(await take(good, 1)) == ["after"]
    assert gaps == [Gap(stale.id, "epoch")]
    assert client.counters.gaps == 1


async def test_what_is_no_edge_ends_the_client(box: Middlebox, user: int) -> None:
    """A refused handshake is final, with `fallback=False` as well as where `/events` cannot be had either."""
    for options in ({"fallback": False}, {"authentication": "header"}):
        address = box.url if options == {"fallback": False} else f"{box.url}x"
        async with Client(address, token=token(user), timing=STAYING, **options) as client:
            with pytest.raises(StayAway) as caught:
                await client.opened()
        assert caught.value.code == 403


async def test_an_edge_that_comes_late_is_found_over_http(servers: str, user: int) -> None:
    with edge_node(servers) as edge:
        port = edge.port
    async with middlebox(port) as box, Client(box.url, token=token(user), timing=STAYING) as client:
        await until(lambda: client.counters.reconnects >= 4, "attempts")
        with edge_node(servers, EDGE_PORT=port) as edge:
            async with asyncio.timeout(30):
                await client.subscribe(USAGE).ready()
            async with listening(edge, user):
                assert client.status.transport == "fallback"


async def test_an_edge_that_comes_back_is_found_by_a_websocket(servers: str, user: int) -> None:
    """Its closed port says nothing about WebSockets, so `/events` is not even asked."""
    with edge_node(servers) as edge:
        port = edge.port
    seen: list[Status] = []
    url = f"ws://127.0.0.1:{port}/ws"
    async with Client(url, token=token(user), timing=STAYING, on_status=seen.append) as client:
        await until(lambda: client.counters.reconnects >= 5, "attempts at a closed port")
        with edge_node(servers, EDGE_PORT=port):
            async with asyncio.timeout(30):
                await client.subscribe(USAGE).ready()
    assert [each.transport for each in seen if each.state == "open"] == ["websocket"]


async def test_a_websocket_is_had_again_once_the_edge_behind_a_proxy_is_back(
    box: Middlebox, edge: Edge, user: int
) -> None:
    """A proxy without an edge behind it looks like one that lets no WebSocket through."""
    box.websockets, box.edge_port = "cut", 1
    async with Client(box.url, token=token(user), timing=STAYING) as client:
        await until(lambda: client.counters.reconnects >= 5, "attempts")
        box.websockets, box.edge_port = "pass", edge.port
        await until(lambda: client.status == Status("open", node=client.status.node), "a WebSocket")
