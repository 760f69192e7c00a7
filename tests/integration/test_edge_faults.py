"""Edges and brokers that die: nobody misses an event, nobody is left hanging."""

import asyncio
import itertools
import os
import signal
import time

import pytest
from autodmca_events import partition_for, user_key
from autodmca_events.topics import events_topic
from autodmca_kafka import EventProducer
from autodmca_kafka.embedded import free_port

from tests.broker_process import embedded_kafka
from tests.brokers import Broker
from tests.contract.garbage import append, batch_with_a_name_that_is_no_utf_8
from tests.integration.edge_site import Edge, Listener, edge_node, heard, listening, until, usage

USAGE = "template_usage"
_users = itertools.count(9_000_000 + os.getpid())


async def pour(producer: EventProducer, user: int, numbers: range) -> None:
    """Events of a user, a few milliseconds apart."""
    for number in numbers:
        await producer.send(usage(f"{number}"), user_id=user)
        await asyncio.sleep(0.002)


async def test_a_client_of_an_edge_that_was_killed_goes_on_at_another(any_broker: Broker) -> None:
    servers, user = any_broker.bootstrap_servers, next(_users)
    async with EventProducer(servers, client_id="test") as producer:
        with edge_node(servers, ready=False) as first, edge_node(servers, EDGE_WINDOW_BYTES=0) as second:
            first.until_ready()
            async with listening(first, user) as before, listening(second, user) as witness:
                await before.subscribe(USAGE)
                await witness.subscribe(USAGE)
                pouring = asyncio.create_task(pour(producer, user, range(300)))
                await heard(before, 30)
                first.kill()
                await before.closed()
                await heard(witness, len(before.events()) + 30)
                async with listening(second, user) as after:
                    answer = await after.subscribe(USAGE, resume=before.cursors())
                    assert answer["recovered"]
                    await pouring
                    missing = 300 - len(before.events())
                    await heard(after, missing)
                    await heard(witness, 300)
                    assert before.names() + after.names() == [str(number) for number in range(300)]
                    assert witness.names() == before.names() + after.names()


async def test_an_edge_lives_through_its_broker_being_killed(fault_broker: Broker) -> None:
    servers, user = fault_broker.bootstrap_servers, next(_users)
    with edge_node(servers) as edge:
        async with listening(edge, user) as listener:
            await listener.subscribe(USAGE)
            async with EventProducer(servers, client_id="test") as producer:
                await pour(producer, user, range(10))
                await heard(listener, 10)
            await asyncio.to_thread(fault_broker.kill)
            await asyncio.to_thread(edge.until_ready, 503)
            assert (await asyncio.to_thread(edge.get, "/healthz"))[0] == 200
            await heartbeat(listener)
            await asyncio.to_thread(fault_broker.start)
            await asyncio.to_thread(edge.until_ready)
            async with EventProducer(servers, client_id="test") as producer:
                await pour(producer, user, range(10, 20))
                await heard(listener, 20)
                assert listener.names() == [str(number) for number in range(20)]
        assert edge.process.poll() is None


async def test_records_that_cannot_be_decoded_are_counted_and_hold_up_nobody(fault_broker: Broker) -> None:
    servers, user = fault_broker.bootstrap_servers, next(_users)
    topic = events_topic("templates")
    with edge_node(servers) as edge:
        async with listening(edge, user) as listener, EventProducer(servers, client_id="test") as producer:
            await listener.subscribe(USAGE)
            await producer.send(usage("before"), user_id=user)
            where = partition_for(user_key(user), 6)
            await append(fault_broker, topic, batch_with_a_name_that_is_no_utf_8(), where)
            await producer.send(usage("after"), user_id=user)
            await heard(listener, 2)
            assert listener.names() == ["before", "after"]
            dropped = 'events_dropped_total{reason="unreadable"}'
            await until(lambda: edge.metric(dropped) == 2, "both counted")


async def heartbeat(listener: Listener) -> None:
    def beats() -> int:
        return sum(each["type"] == "heartbeat" for each in listener.heard)

    before = beats()
    await listener.socket.send('{"type":"heartbeat"}')
    await until(lambda: beats() > before, "a heartbeat's answer")


async def test_an_edge_waits_for_a_broker_that_comes_later(tmp_path_factory: pytest.TempPathFactory) -> None:
    broker = embedded_kafka(tmp_path_factory.mktemp("late"))
    user = next(_users)
    with edge_node(broker.bootstrap_servers, ready=False) as edge:
        await asyncio.to_thread(edge.until_ready, 503)
        async with listening(edge, user) as early:
            assert await early.closed() == 4503
        try:
            broker.start()
            await asyncio.to_thread(edge.until_ready)
            async with (
                EventProducer(broker.bootstrap_servers, client_id="test") as producer,
                listening(edge, user) as listener,
            ):
                await listener.subscribe(USAGE)
                await producer.send(usage("at last"), user_id=user)
                await heard(listener, 1)
        finally:
            broker.close()


async def test_sigterm_sends_clients_away_one_by_one(embedded_broker: Broker) -> None:
    with edge_node(embedded_broker.bootstrap_servers, EDGE_DRAIN_SECONDS=4) as edge:
        listeners: list[Listener] = []
        async with asyncio.TaskGroup() as tasks, asyncio.timeout(120):
            ready: asyncio.Queue[Listener] = asyncio.Queue()
            stays = [tasks.create_task(_stay(edge, next(_users), ready)) for _ in range(10)]
            listeners = [await ready.get() for _ in stays]
            begun = time.monotonic()
            edge.process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(edge.until_ready, 503)
            async with listening(edge, next(_users)) as late:
                assert await late.closed() == 1012
        assert [task.result() for task in stays] == [1012] * len(listeners)
        assert time.monotonic() - begun > 2.8
        assert await asyncio.to_thread(edge.process.wait, 15) == 0


async def _stay(edge: Edge, user: int, ready: "asyncio.Queue[Listener]") -> int | None:
    async with listening(edge, user) as listener:
        await listener.subscribe(USAGE)
        await ready.put(listener)
        return await listener.closed()


async def test_a_second_signal_ends_an_edge_at_once(embedded_broker: Broker) -> None:
    with edge_node(embedded_broker.bootstrap_servers, EDGE_DRAIN_SECONDS=60) as edge:
        async with listening(edge, next(_users)) as one, listening(edge, next(_users)) as other:
            await one.subscribe(USAGE)
            await other.subscribe(USAGE)
            edge.process.send_signal(signal.SIGTERM)
            assert await one.closed() == 1012
            edge.process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(edge.process.wait, 15) != 0


async def test_a_bad_configuration_fails_by_name() -> None:
    with edge_node(f"127.0.0.1:{free_port()}", ready=False, JWT_SECRET="", EDGE_PORT="many") as edge:
        assert await asyncio.to_thread(edge.process.wait, 15) == 78
        assert "JWT_SECRET" in edge.output
        assert "EDGE_PORT" in edge.output
