"""Events from a real socket to typed values, on one and on several subscriptions."""

import asyncio
import gc
from collections.abc import AsyncIterator

import pytest
from autodmca_client import Client, Event, MessageTooLarge, NotOpen, Subscription, Unavailable
from autodmca_client.testing import FakeEdge
from autodmca_events import SystemNotification, TemplateUsage


@pytest.fixture
async def edge() -> AsyncIterator[FakeEdge]:
    async with FakeEdge() as edge:
        yield edge


async def take(subscription: Subscription, count: int) -> list[Event]:
    async with asyncio.timeout(60):
        return [await anext(subscription) for _ in range(count)]


async def test_an_event_arrives_typed_with_its_cursor_and_the_message_as_it_was(edge: FakeEdge) -> None:
    async with Client(edge.url, token="t") as client:
        events = client.subscribe(["template_usage"])
        await events.ready()
        sent = edge.emit("template_usage")
        (event,) = await take(events, 1)
    assert isinstance(event.payload, TemplateUsage)
    assert (event.type, event.id, event.user_id) == ("template_usage", sent, 1)
    assert event.cursor is not None
    assert event.cursor.encode() in event.raw
    assert events.cursors == [event.cursor]


async def test_an_event_for_everybody_has_no_user(edge: FakeEdge) -> None:
    async with Client(edge.url, token="t") as client:
        events = client.subscribe(["system_notification"])
        await events.ready()
        edge.emit("system_notification")
        (event,) = await take(events, 1)
    assert isinstance(event.payload, SystemNotification)
    assert event.user_id is None


async def test_a_payload_that_the_struct_cannot_hold_arrives_as_a_dict(edge: FakeEdge) -> None:
    async with Client(edge.url, token="t") as client:
        events = client.subscribe(["template_usage"])
        await events.ready()
        edge.emit("template_usage", {"templateId": "t1", "shape": "of a later version"})
        (event,) = await take(events, 1)
    assert event.payload == {"templateId": "t1", "shape": "of a later version"}


async def test_subscriptions_on_one_connection_get_only_their_own(edge: FakeEdge) -> None:
    async with Client(edge.url, token="t") as client:
        usages = client.subscribe(["template_usage"])
        one = client.subscribe(["template_usage", "template_approval"], {"templateIds": ["t1"]})
        await usages.ready()
        await one.ready()
        for template_id in ("t2", "t1"):
            edge.emit("template_usage", {"templateId": template_id})
        assert [event.payload for event in await take(usages, 2)] == [
            {"templateId": "t2"},
            {"templateId": "t1"},
        ]
        assert [event.payload for event in await take(one, 1)] == [{"templateId": "t1"}]
    assert len(edge.handshakes) == 1
    assert client.counters.received == 2


async def test_leaving_the_block_unsubscribes_and_ends_the_iteration(edge: FakeEdge) -> None:
    async with Client(edge.url, token="t") as client:
        async with client.subscribe(["template_usage"]) as events:
            await events.ready()
        await edge.until(lambda: len(edge.said("unsubscribe")) == 1)
        assert edge.said("unsubscribe") == [{"action": "unsubscribe", "subscriptionId": events.id}]
        assert [event async for event in events] == []


async def test_a_loop_that_is_left_unsubscribes(edge: FakeEdge) -> None:
    edge.emit("template_usage")
    async with Client(edge.url, token="t") as client:
        async for _ in client.subscribe(["template_usage"], since="2023-01-01T00:00:00Z"):
            break
        gc.collect()
        await edge.until(lambda: len(edge.said("unsubscribe")) == 1)


async def test_an_unsubscribed_event_on_its_way_reaches_no_other_subscription(edge: FakeEdge) -> None:
    async with Client(edge.url, token="t") as client:
        narrow = client.subscribe(["template_usage"], {"templateIds": ["t1"]})
        wide = client.subscribe(["template_usage"])
        await narrow.ready()
        await wide.ready()
        edge.emit("template_usage", {"templateId": "t2"})
        await wide.aclose()
        await edge.until(lambda: len(edge.said("unsubscribe")) == 1)
        edge.emit("template_usage", {"templateId": "t1"})
        assert [event.payload for event in await take(narrow, 1)] == [{"templateId": "t1"}]


async def test_a_replay_for_one_subscription_is_no_news_to_another(edge: FakeEdge) -> None:
    old = edge.emit("template_usage")
    async with Client(edge.url, token="t") as client:
        live = client.subscribe(["template_usage"])
        await live.ready()
        history = client.subscribe(["template_usage"], since="2023-01-01T00:00:00Z")
        await history.ready()
        new = edge.emit("template_usage")
        assert [event.id for event in await take(history, 2)] == [old, new]
        assert [event.id for event in await take(live, 1)] == [new]


async def test_a_full_queue_stops_the_reading_and_loses_nothing(edge: FakeEdge) -> None:
    async with Client(edge.url, token="t", queue_size=3) as client:
        events = client.subscribe(["template_usage"])
        await events.ready()
        sent = [edge.emit("template_usage") for _ in range(50)]
        first = await take(events, 1)
        await asyncio.sleep(0)
        assert events.waiting <= 3
        assert [event.id for event in first + await take(events, 49)] == sent
    assert client.counters.pauses > 0


async def test_a_client_that_is_paused_can_be_closed(edge: FakeEdge) -> None:
    async with asyncio.timeout(60):
        async with Client(edge.url, token="t", queue_size=1) as client:
            events = client.subscribe(["template_usage"])
            await events.ready()
            for _ in range(500):
                edge.emit("template_usage")
            await take(events, 2)
        remaining = [event async for event in events]
    assert len(remaining) <= 1


async def test_a_cancelled_iteration_loses_no_event(edge: FakeEdge) -> None:
    async with Client(edge.url, token="t") as client:
        events = client.subscribe(["template_usage"])
        await events.ready()
        waiting = asyncio.create_task(anext(events))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        sent = edge.emit("template_usage")
        assert [event.id for event in await take(events, 1)] == [sent]


async def test_an_application_message_is_answered(edge: FakeEdge) -> None:
    async with Client(edge.url, token="t") as client:
        await client.send("mark_read", {"notificationId": "n1"})
    assert edge.said("mark_read") == [{"action": "mark_read", "data": {"notificationId": "n1"}}]


async def test_a_refused_application_message_raises(edge: FakeEdge) -> None:
    edge.fail("mark_read", "rate_limited", retryable=True)
    async with Client(edge.url, token="t") as client:
        with pytest.raises(Unavailable) as caught:
            await client.send("mark_read")
    assert (caught.value.code, caught.value.retryable) == ("rate_limited", True)


async def test_a_message_over_the_edges_limit_is_not_sent() -> None:
    async with FakeEdge(max_message_bytes=200) as edge, Client(edge.url, token="t") as client:
        with pytest.raises(MessageTooLarge):
            await client.send("mark_read", "x" * 200)
        assert edge.said("mark_read") == []


async def test_the_clients_methods_need_its_block(edge: FakeEdge) -> None:
    client = Client(edge.url, token="t")
    with pytest.raises(NotOpen):
        client.subscribe(["template_usage"])
    with pytest.raises(NotOpen):
        await client.send("mark_read")


@pytest.mark.parametrize("url", ["http://localhost/ws", "localhost:8080", "ws://"])
def test_an_address_that_is_no_websockets_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="ws://"):
        Client(url, token="t")


async def test_a_subscription_needs_types_and_one_way_back(edge: FakeEdge) -> None:
    async with Client(edge.url, token="t") as client:
        with pytest.raises(ValueError, match="type"):
            client.subscribe([])
        with pytest.raises(ValueError, match="either"):
            client.subscribe(["template_usage"], since="2023-01-01T00:00:00Z", resume=["a:1"])


async def test_an_exception_in_the_body_is_not_wrapped(edge: FakeEdge) -> None:
    async def body() -> None:
        async with Client(edge.url, token="t") as client:
            await client.opened()
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        await body()
