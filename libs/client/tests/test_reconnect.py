"""What happens when connections end: every close code, resume, silence, refusals."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from autodmca_client import (
    Backoff,
    BadFilter,
    Client,
    ConnectionDropped,
    Event,
    Gap,
    Opened,
    Status,
    StayAway,
    Subscription,
    Timing,
    UnknownType,
)
from autodmca_client.testing import FakeEdge

FAST = Timing(backoff=Backoff(first_s=0.01, longest_s=0.05))
USAGE = ["template_usage"]


@pytest.fixture
async def edge() -> AsyncIterator[FakeEdge]:
    async with FakeEdge() as edge:
        yield edge


async def take(subscription: Subscription, count: int) -> list[Event]:
    async with asyncio.timeout(60):
        return [await anext(subscription) for _ in range(count)]


def ids(events: list[Event]) -> list[str]:
    return [event.id for event in events]


@pytest.mark.parametrize("code", [1012, 4408, 4410, 4429, 4503, 1011])
async def test_the_client_comes_back_and_resumes_after(edge: FakeEdge, code: int) -> None:
    async with Client(edge.url, token="t", timing=FAST) as client:
        events = client.subscribe(USAGE)
        await events.ready()
        sent = [edge.emit("template_usage")]
        assert ids(await take(events, 1)) == sent
        edge.close(code)
        missed = [edge.emit("template_usage") for _ in range(3)]
        assert ids(await take(events, 3)) == missed
    assert edge.said("subscribe")[-1]["config"]["resume"] == ["autodmca.templates.v1.e1:0"]


@pytest.mark.parametrize("code", [1009, 4400, 4403])
async def test_the_client_stays_away_after(edge: FakeEdge, code: int) -> None:
    async with Client(edge.url, token="t", timing=FAST) as client:
        events = client.subscribe(USAGE)
        await events.ready()
        sent = edge.emit("template_usage")
        edge.close(code, "why")
        assert ids(await take(events, 1)) == [sent]
        with pytest.raises(StayAway) as caught:
            await take(events, 1)
        assert (caught.value.code, caught.value.reason) == (code, "why")
        with pytest.raises(StayAway):
            await client.send("mark_read")
        with pytest.raises(StayAway):
            await take(client.subscribe(USAGE), 1)
        assert client.status == Status("closed", code, "why")
    assert len(edge.handshakes) == 1


async def test_an_edge_that_is_done_ends_the_iteration_without_an_error(edge: FakeEdge) -> None:
    async with Client(edge.url, token="t", timing=FAST) as client:
        events = client.subscribe(USAGE)
        await events.ready()
        edge.close(1000)
        async with asyncio.timeout(60):
            assert [event async for event in events] == []
    assert len(edge.handshakes) == 1


async def test_a_dropped_connection_loses_and_repeats_nothing(edge: FakeEdge) -> None:
    async with Client(edge.url, token="t", timing=FAST) as client:
        events = client.subscribe(USAGE)
        await events.ready()
        sent = []
        for _ in range(20):
            sent.append(edge.emit("template_usage"))
            edge.repeat(2)
            edge.drop()
            sent += [edge.emit("template_usage") for _ in range(3)]
            assert ids(await take(events, 4)) == sent[-4:]
        last = edge.emit("template_usage")
        assert ids(await take(events, 1)) == [last]
    assert client.counters.reconnects >= 20


async def test_a_drop_in_the_middle_of_a_replay_goes_on_where_it_was(edge: FakeEdge) -> None:
    sent = [edge.emit("template_usage") for _ in range(10)]
    edge.drop_after(4)
    async with Client(edge.url, token="t", timing=FAST) as client:
        events = client.subscribe(USAGE, since="2023-01-01T00:00:00Z")
        assert ids(await take(events, 10)) == sent
    assert edge.said("subscribe")[1]["config"]["resume"] == ["autodmca.templates.v1.e1:3"]
    assert client.counters.received == 10


async def test_two_replays_cut_short_are_both_completed(edge: FakeEdge) -> None:
    sent = [edge.emit("template_usage", {"templateId": f"t{n % 2}"}) for n in range(10)]
    edge.drop_after(7)
    async with Client(edge.url, token="t", timing=FAST) as client:
        odd = client.subscribe(USAGE, {"templateIds": ["t1"]}, since="2023-01-01T00:00:00Z")
        every = client.subscribe(USAGE, since="2023-01-01T00:00:00Z")
        assert sorted(ids(await take(odd, 5))) == sorted(sent[1::2])
        assert sorted(ids(await take(every, 10))) == sorted(sent)


async def test_cursors_carry_over_to_another_client(edge: FakeEdge) -> None:
    async with Client(edge.url, token="t") as client:
        events = client.subscribe(USAGE)
        await events.ready()
        for _ in range(3):
            edge.emit("template_usage")
        await take(events, 2)
        cursors = events.cursors
    async with Client(edge.url, token="t") as client:
        (event,) = await take(client.subscribe(USAGE, resume=cursors), 1)
    assert event.cursor == "autodmca.templates.v1.e1:2"


async def test_a_silent_subscription_resumes_from_the_heartbeats_position() -> None:
    async with FakeEdge(heartbeat_interval_ms=20) as edge:
        edge.emit("template_usage")
        async with Client(edge.url, token="t", timing=FAST) as client:
            events = client.subscribe(USAGE, {"templateIds": ["none"]})
            await events.ready()
            edge.emit("template_usage")
            count = len(edge.received)
            await edge.until(lambda: sum(m["type"] == "heartbeat" for m in edge.received[count:]) >= 3)
            edge.drop()
            await edge.until(lambda: len(edge.said("subscribe")) == 2)
    assert edge.said("subscribe")[1]["config"]["resume"] == ["autodmca.templates.v1.e1:1"]


@pytest.mark.parametrize("loss", ["retention", "epoch"])
async def test_events_lost_for_good_are_told_in_their_place(edge: FakeEdge, loss: str) -> None:
    gaps: list[Gap] = []
    async with Client(edge.url, token="t", timing=FAST) as client:
        events = client.subscribe(USAGE, on_gap=gaps.append)
        await events.ready()
        edge.emit("template_usage")
        await take(events, 1)
        edge.drop()
        edge.emit("template_usage")
        if loss == "retention":
            edge.log.forget()
        else:
            edge.log.recreate()
        await edge.until(lambda: len(edge.said("subscribe")) == 2)
        after = edge.emit("template_usage")
        assert gaps == []
        assert ids(await take(events, 1)) == [after]
    assert gaps == [Gap(events.id, loss)]
    assert client.counters.gaps == 1


async def test_a_mute_connection_is_dead_and_replaced() -> None:
    quick = FakeEdge(heartbeat_interval_ms=20, heartbeat_timeout_ms=100)
    async with quick as edge, Client(edge.url, token="t", timing=FAST) as client:
        await client.opened()
        edge.mute = True
        await edge.until(lambda: len(edge.handshakes) == 2)
    assert client.counters.reconnects >= 1


async def test_the_clients_heartbeats_are_the_only_ones_it_sends(edge: FakeEdge) -> None:
    async with Client(edge.url, token="t") as client:
        await client.opened()
        edge.say("heartbeat", {"timestamp": "x", "response": True})
        edge.say("heartbeat", {"timestamp": "x"})
        await client.send("after")
    beats = [each["payload"] for each in edge.received if each["type"] == "heartbeat"]
    assert [beat.get("response") for beat in beats] == [True]


async def test_a_refused_subscription_raises_and_the_others_go_on(edge: FakeEdge) -> None:
    async with Client(edge.url, token="t") as client:
        good = client.subscribe(USAGE)
        await good.ready()
        with pytest.raises(UnknownType) as caught:
            await take(client.subscribe(["no_such_type"]), 1)
        assert caught.value.field == "payload.config.types[0]"
        edge.fail("subscribe", "bad_filter", field="payload.config.filters.x")
        bad = client.subscribe(USAGE, {"usageCount": 1})
        with pytest.raises(BadFilter):
            await bad.ready()
        sent = edge.emit("template_usage")
        assert ids(await take(good, 1)) == [sent]
    assert len(edge.handshakes) == 1


async def test_a_subscription_refused_for_now_is_asked_for_again(edge: FakeEdge) -> None:
    edge.fail("subscribe", "not_ready", retryable=True)
    edge.fail("subscribe", "not_ready", retryable=True)
    async with Client(edge.url, token="t", timing=FAST) as client, asyncio.timeout(60):
        await client.subscribe(USAGE).ready()
    assert len(edge.said("subscribe")) == 3


async def test_a_message_without_an_answer_fails_with_its_connection(edge: FakeEdge) -> None:
    async with Client(edge.url, token="t", timing=FAST) as client:
        await client.opened()
        edge.mute = True
        sending = asyncio.create_task(client.send("mark_read"))
        await edge.until(lambda: bool(edge.said("mark_read")))
        edge.drop()
        with pytest.raises(ConnectionDropped):
            await sending


async def test_an_edge_that_is_not_up_yet_is_waited_for() -> None:
    edge = FakeEdge()
    await edge.start()
    await edge.stop()
    async with Client(edge.url, token="t", timing=FAST) as client:
        events = client.subscribe(USAGE)
        await edge.start()
        async with asyncio.timeout(60):
            await events.ready()
    await edge.stop()


async def test_the_status_tells_the_connections_life(edge: FakeEdge) -> None:
    seen: list[Status] = []
    edge.refuse(4503)
    async with Client(edge.url, token="t", timing=FAST, on_status=seen.append) as client:
        await client.opened()
        assert client.status == Status("open", node="fake")
        assert client.greeting == Opened("c2", "fake", {"layout": "b"})
    assert [each.state for each in seen] == ["reconnecting", "open", "closed"]
    assert (seen[0].code, seen[0].reason) == (4503, "as told")
    assert seen[0].retry_in_s > 0


@pytest.mark.parametrize(
    ("code", "reason", "least_s", "most_s"),
    [
        (4503, "too many at once; retry after 70 ms", 0.07, 0.08),
        (4503, "memory is over", 0.0, 0.04),
        (4429, "this node takes at most 2 connections of this user", 0.0, 0.04),
        (1012, "this node is draining", 0.0, 0.01),
    ],
)
async def test_when_the_client_comes_back_is_what_the_edge_asked_for(
    edge: FakeEdge, code: int, reason: str, least_s: float, most_s: float
) -> None:
    """PROTOCOL, close codes: back off after 4429 and 4503, a random delay after 1012."""
    seen: list[Status] = []
    timing = Timing(backoff=Backoff(first_s=0.01, longest_s=0.08, busy_steps=2))
    async with Client(edge.url, token="t", timing=timing, on_status=seen.append) as client:
        await client.opened()
        edge.close(code, reason)
        await edge.until(lambda: len(edge.handshakes) == 2)
    (ended,) = [each for each in seen if each.state == "reconnecting"]
    assert (ended.code, ended.reason) == (code, reason)
    assert least_s <= ended.retry_in_s <= most_s
