"""`GET /events` of real edges on a real broker: long poll, event stream, and both beside WebSockets."""

import asyncio
import itertools
import os
import socket
from urllib.parse import urlencode

import pytest
from autodmca_events import SystemNotification, partition_for, user_key
from autodmca_events.example import example
from autodmca_events.topics import events_topic
from autodmca_kafka import EventProducer, TopicPartition
from msgspec import structs

from tests.brokers import Broker
from tests.contract.reading import expire_before
from tests.integration.edge_site import Edge, edge_node, heard, listening, token, until, usage
from tests.integration.over_http import EventStream, names, poll, streaming, until_open
from tests.raw_client import RawClient

USAGE, NOTICE = "template_usage", "system_notification"
_users = itertools.count(5_000_000 + os.getpid())


@pytest.fixture
def user() -> int:
    """Nobody else's."""
    return next(_users)


async def test_what_happens_while_no_poll_is_open_is_in_the_next_one(
    edge: Edge, producer: EventProducer, user: int
) -> None:
    cursors = (await poll(edge, user, USAGE))["cursors"]
    seen: list[str] = []
    for index in range(5):
        await producer.send(usage(f"{index}"), user_id=user)
        await producer.send(usage("another's"), user_id=next(_users))
        answer = await poll(edge, user, USAGE, resume=cursors)
        assert answer["recovered"]
        seen += names(answer)
        cursors = answer["cursors"]
    assert seen == [*map(str, range(5))]
    assert await poll(edge, user, USAGE, resume=cursors, timeout=1) == {
        "events": [],
        "cursors": cursors,
        "recovered": True,
    }


async def test_a_poll_is_answered_when_something_happens(
    edge: Edge, producer: EventProducer, user: int
) -> None:
    cursors = (await poll(edge, user, USAGE))["cursors"]
    waiting = asyncio.create_task(poll(edge, user, USAGE, resume=cursors))
    await until_open(edge, "poll", 1)
    await producer.send(usage("now"), user_id=user)
    assert names(await waiting) == ["now"]


async def arrived(stream: EventStream, count: int) -> None:
    await until(lambda: len(stream.events()) >= count, f"{count} events")


async def positioned(stream: EventStream) -> None:
    await until(lambda: stream.last_event_id, "positions")


async def test_clients_go_between_websocket_poll_and_stream_on_two_nodes_and_lose_nothing(
    edge: Edge, servers: str, producer: EventProducer
) -> None:
    """Each event exactly once by its id, in order per user, while events keep coming."""
    people = [next(_users) for _ in range(3)]
    stop = asyncio.Event()
    sent = dict.fromkeys(people, 0)

    async def pour() -> None:
        while not stop.is_set():
            for user in people:
                await producer.send(usage(f"{sent[user]}"), user_id=user)
                sent[user] += 1
            await asyncio.sleep(0.002)

    with edge_node(servers, EDGE_WINDOW_BYTES=65_536) as other:
        start = asyncio.Event()
        ready: asyncio.Queue[None] = asyncio.Queue()

        async def wander(user: int, edges: list[Edge]) -> tuple[list[str], list[str]]:
            """Names and ids of what came on the way."""
            events = []
            cursors = (await poll(edges[0], user, USAGE))["cursors"]
            ready.put_nowait(None)
            await start.wait()
            for turn, here in zip(range(9), itertools.cycle(edges), strict=False):
                match turn % 3:
                    case 0:
                        async with listening(here, user) as listener:
                            answer = await listener.subscribe(USAGE, resume=cursors)
                            assert answer["recovered"]
                            await heard(listener, 10)
                        events += listener.events()
                        cursors = listener.cursors()
                    case 1:
                        for _ in range(5):
                            answer = await poll(here, user, USAGE, resume=cursors)
                            assert answer["recovered"]
                            assert answer["events"]
                            events += answer["events"]
                            cursors = answer["cursors"]
                    case _:
                        last = ",".join(cursors)
                        for _ in range(2):
                            async with streaming(here, user, USAGE, last=last) as stream:
                                assert not stream.named("lost")
                                await arrived(stream, len(stream.events()) + 5)
                            events += stream.events()
                            last = stream.last_event_id
                        cursors = last.split(",")
            stop_at = sent[user]
            while not events or int(events[-1]["payload"]["name"]) < stop_at:
                answer = await poll(edges[0], user, USAGE, resume=cursors)
                events += answer["events"]
                cursors = answer["cursors"]
            return [each["payload"]["name"] for each in events], [each["id"] for each in events]

        async with asyncio.TaskGroup() as tasks, asyncio.timeout(90):
            ways = [
                tasks.create_task(wander(user, [edge, other] if user % 2 else [other, edge]))
                for user in people
            ]
            for _ in people:
                await ready.get()
            pouring = tasks.create_task(pour())
            start.set()
            await asyncio.wait(ways)
            stop.set()
            await pouring
        for way in ways:
            came, ids = way.result()
            assert came == [str(number) for number in range(len(came))]
            assert len(set(ids)) == len(ids) > 50


async def test_a_stream_that_is_not_read_costs_a_bounded_memory_and_then_catches_up(
    edge: Edge, producer: EventProducer, user: int
) -> None:
    before = await asyncio.to_thread(edge.metric, "outbox_bytes")
    loop = asyncio.get_running_loop()
    with RawClient(edge.port, receive_buffer=4096) as slow:
        query = urlencode({"types": USAGE, "token": token(user)})
        slow.send(f"GET /events?{query} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n".encode())
        assert slow.head().startswith("HTTP/1.1 200 ")
        while b"subscribed" not in slow.received:
            slow.received += slow.socket.recv(4096)
        async with listening(edge, user) as other:
            await other.subscribe(USAGE)
            sent = stuck = 0
            while stuck < 3 or sent < 200:  # its gate stays closed
                for _ in range(50):
                    # An entity of its own each: states are conflated.
                    producer.enqueue(usage("n" * 20_000, template_id=f"t{sent}"), user_id=user)
                    sent += 1
                await producer.flush()
                await heard(other, sent)
                stuck = stuck + 1 if await asyncio.to_thread(edge.metric, "gates_open") else 0
                assert sent < 2000
        held = await asyncio.to_thread(edge.metric, "outbox_bytes") - before
        assert held < 1_500_000 < sent * 20_000  # one poll's write may come on top of the bounds
        await producer.send(usage("the newest", template_id="newest"), user_id=user)
        slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        slow.socket.setblocking(False)
        came = slow.received
        async with asyncio.timeout(60):
            while b"the newest" not in came[-2000:]:
                came += await loop.sock_recv(slow.socket, 1 << 20)
        seen = [number for number in range(sent) if f'"templateId":"t{number}"'.encode() in came]
        assert len(seen) >= sent - 1  # one may lie across two chunks of the transfer
        assert came.count(b"data: {") - came.count(b"event: ") == sent + 1


@pytest.mark.parametrize("stream", [False, True], ids=["poll", "stream"])
async def test_what_the_log_no_longer_has_is_said(any_broker: Broker, user: int, stream: bool) -> None:
    """PROTOCOL.md: recovered: false with retention, epoch, cursor."""
    servers = any_broker.bootstrap_servers
    with edge_node(servers, EDGE_WINDOW_BYTES=0) as fresh:
        async with EventProducer(servers, client_id="test") as producer:
            cursors = (await poll(fresh, user, USAGE))["cursors"]
            for _ in range(4):
                position = await producer.send(usage("lost"), user_id=user)
        read: list[str] = []
        while len(read) < 4:  # the edge stands behind them all
            read = names(await poll(fresh, user, USAGE, resume=cursors[0]))
        where = TopicPartition(events_topic("templates"), partition_for(user_key(user), 6))
        place, _, offset = cursors[0].rpartition(":")
        wrong = {
            "epoch": f"{place[:-6]}abcdef:{offset}",
            "cursor": f"{place}:{position.offset + 1_000_000}",
        }
        if any_broker.name == "apache":  # the embedded one deletes no records
            await expire_before(any_broker, where, position.offset)
            wrong["retention"] = cursors[0]
        for reason, cursor in wrong.items():
            if stream:
                async with streaming(fresh, user, USAGE, last=cursor) as found:
                    assert found.named("lost") == [{"reason": reason}]
                    await positioned(found)
                    again = found.last_event_id
            else:
                late = asyncio.create_task(poll(fresh, user, USAGE, resume=cursor, timeout=2))
                answer = await late
                assert (answer["recovered"], answer["reason"]) == (False, reason)
                again = ",".join(answer["cursors"])
            async with EventProducer(servers, client_id="test") as producer:
                await producer.send(usage(f"after {reason}"), user_id=user)
            assert names(await poll(fresh, user, USAGE, resume=again)) == [f"after {reason}"]


async def test_everybodys_events_come_with_ones_own(edge: Edge, producer: EventProducer, user: int) -> None:
    payload = example(NOTICE).payload
    assert isinstance(payload, SystemNotification)
    async with streaming(edge, user, USAGE, NOTICE) as stream:
        await producer.send(usage("mine"), user_id=user)
        await producer.send(structs.replace(payload, title=f"for all {user}"), user_id=None)
        await until(lambda: len(stream.events()) >= 2, "both")
        last = stream.last_event_id
        assert len(last.split(",")) == 2
    await producer.send(usage("later"), user_id=user)
    answer = await poll(edge, user, USAGE, NOTICE, resume=last)
    assert [each["payload"].get("name") for each in answer["events"]] == ["later"]
