"""A real edge process on a real broker: authentication, delivery, resume, slow readers."""

import asyncio
import itertools
import os
import socket
from typing import Any

import msgspec
import pytest
from autodmca_edge.log.cursors import record_of
from autodmca_edge.testing import client_frame, upgrade_request
from autodmca_events import partition_for, user_key
from autodmca_events.topics import events_topic
from autodmca_kafka import EventProducer

from tests.integration.edge_site import Edge, heard, listening, token, until, usage

USAGE = "template_usage"
TEMPLATES = events_topic("templates")
_users = itertools.count(7_000_000 + os.getpid())


@pytest.fixture
def user() -> int:
    """Nobody else's."""
    return next(_users)


@pytest.mark.protocol("Addresses: GET /ws")
async def test_a_token_is_taken_in_four_ways(edge: Edge, producer: EventProducer, user: int) -> None:
    ways: list[dict[str, Any]] = [
        {"additional_headers": {"Authorization": f"Bearer {token(user)}"}},
        {"subprotocols": ["autodmca.v1", f"bearer.{token(user)}"]},
        {"url": f"{edge.url}?token={token(user)}"},
        {},
    ]
    for index, way in enumerate(ways):
        async with listening(edge, None, **way) as listener:
            if not way:
                await listener.say(action="authenticate", token=token(user))
                await until(lambda: listener.answers("authenticated"), "authenticated")
            await listener.subscribe(USAGE)
            await producer.send(usage(f"way {index}"), user_id=user)
            await heard(listener, 1)
            assert listener.names() == [f"way {index}"]
            assert listener.socket.subprotocol == ("autodmca.v1" if index == 1 else None)


async def test_events_come_in_order_with_cursors_and_only_ones_own(
    edge: Edge, producer: EventProducer, user: int
) -> None:
    async with listening(edge, user) as listener, listening(edge, next(_users)) as other:
        await listener.subscribe(USAGE)
        await other.subscribe(USAGE)
        for index in range(100):
            producer.enqueue(usage(f"n{index} é €"), user_id=user)
        position = await producer.send(usage("last"), user_id=user)
        await heard(listener, 101)
        assert listener.names() == [*(f"n{index} é €" for index in range(100)), "last"]
        assert record_of(listener.events()[-1]["cursor"].rpartition(":")[2])[1] == position.offset
        assert {each["userId"] for each in listener.events()} == {user}
        assert other.events() == []


async def test_a_filter_looks_into_the_payload(edge: Edge, producer: EventProducer, user: int) -> None:
    async with listening(edge, user) as listener:
        await listener.subscribe(USAGE, filters={"usageCount": {"gte": 5}, "templateIds": ["t1", "t2"]})
        for index in range(10):
            await producer.send(
                usage(f"{index}", usage_count=index, template_id=f"t{index % 3}"), user_id=user
            )
        await heard(listener, 3)
        assert listener.names() == ["5", "7", "8"]
        await listener.say(
            action="subscribe", subscriptionId="x", config={"types": [USAGE], "filters": {"no": 1}}
        )
        await until(listener.errors, "an error")
        assert listener.errors()[0]["field"] == "payload.config.filters.no"


@pytest.mark.protocol("Addresses: GET /ws/{family}")
async def test_a_family_address_needs_no_subscribe(edge: Edge, producer: EventProducer, user: int) -> None:
    async with listening(edge, user, url=f"{edge.url}/templates") as listener:
        await until(lambda: listener.answers("subscribed"), "subscribed")
        await producer.send(usage("by family"), user_id=user)
        await heard(listener, 1)


async def test_what_was_missed_comes_first(edge: Edge, producer: EventProducer, user: int) -> None:
    async with listening(edge, user) as before:
        cursors = (await before.subscribe(USAGE))["cursors"]
    for index in range(20):
        await producer.send(usage(f"{index}"), user_id=user)
    async with listening(edge, user) as after:
        answer = await after.subscribe(USAGE, resume=cursors)
        assert answer["recovered"]
        assert answer["replayed"] <= 20  # the node's own reading may have been behind
        await producer.send(usage("live"), user_id=user)
        await heard(after, 21)
        assert after.names() == [*map(str, range(20)), "live"]


SKIPPED = [f'events_malformed_total{{reason="{why}"}}' for why in ("json", "type", "payload", "user")]


async def test_garbage_on_the_topic_is_counted_and_skipped(
    edge: Edge, producer: EventProducer, user: int
) -> None:
    key = user_key(user)
    async with listening(edge, user) as listener:
        await listener.subscribe(USAGE)
        before = [await asyncio.to_thread(edge.metric, name) for name in SKIPPED]
        positions = [
            await producer.send_record(TEMPLATES, key=key, value=value, headers=[("type", USAGE.encode())])
            for value in (b"not json", b'{"type":', b"[]", b"\xff")
        ]
        positions.append(await producer.send_record(TEMPLATES, key=key, value=b'{"type":"nothing"}'))
        positions += [
            await producer.send_record(TEMPLATES, key=key, value=value)
            for value in (b'{"type":"template_usage"}', b'{"type":"template_usage","payload":{},"userId":1}')
        ]
        await producer.send(usage("after"), user_id=user)
        await heard(listener, 1)
        assert listener.names() == ["after"]
    after = [await asyncio.to_thread(edge.metric, name) for name in SKIPPED]
    assert [now - then for now, then in zip(after, before, strict=True)] == [4, 1, 1, 1]
    skipped = [msgspec.json.decode(line) for line in edge.output.splitlines() if "record skipped" in line]
    where = {(line["topic"], line["partition"], line["offset"]) for line in skipped}
    number = partition_for(key, 6)
    assert {(TEMPLATES, number, each.offset) for each in positions} <= where


async def test_who_does_not_read_is_served_from_the_log_later_and_delays_nobody(
    edge: Edge, producer: EventProducer, user: int
) -> None:
    slow = socket.create_connection(("127.0.0.1", edge.port))
    slow.setblocking(False)
    try:
        subscribe = {"action": "subscribe", "subscriptionId": "s", "config": {"types": [USAGE]}}
        message = msgspec.json.encode({"type": "connection_established", "payload": subscribe})
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(slow, upgrade_request(f"/ws?token={token(user)}") + client_frame(message))
        async with listening(edge, user) as other:
            await other.subscribe(USAGE)
            sent = 0
            while not await asyncio.to_thread(edge.metric, "events_deferred_total"):
                for _ in range(20):
                    producer.enqueue(usage("n" * 50_000), user_id=user)
                await producer.flush()
                sent += 20
                assert sent < 1000
                await heard(other, sent)
            await producer.send(usage("the newest"), user_id=user)
            await heard(other, sent + 1)
        async with asyncio.timeout(30):
            tail = b""
            while b"the newest" not in tail:
                tail = tail[-20:] + await loop.sock_recv(slow, 1 << 20)
        assert not await asyncio.to_thread(edge.metric, 'closes_total{code="4410"}')
    finally:
        slow.close()
