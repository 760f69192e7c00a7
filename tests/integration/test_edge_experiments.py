"""Compression and experiments on a real edge: PROTOCOL.md, `experiments`; RFC 7692 on the wire."""

import asyncio
import itertools
import json
import os
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
import pytest
import websockets
from autodmca_edge.testing import client_frame
from autodmca_kafka import EventProducer

from tests.brokers import Broker
from tests.integration.edge_site import (
    DEADLINE_S,
    Edge,
    Listener,
    edge_node,
    heard,
    listening,
    token,
    until,
    usage,
)
from tests.raw_client import DEFLATE, Frame, RawClient

USAGE = "template_usage"
BATCH_MS = 2000
EXPERIMENTS = {
    "pace": {
        "variants": {"control": 50, "batched": 50},
        "features": {"batched": {"batchMs": BATCH_MS}},
    },
    "squeeze": {"variants": {"off": 50, "on": 50}, "features": {"on": {"compression": True}}},
}


@pytest.fixture(scope="module")
def edge(embedded_broker: Broker) -> Iterator[Edge]:
    with edge_node(embedded_broker.bootstrap_servers, EDGE_EXPERIMENTS=json.dumps(EXPERIMENTS)) as node:
        yield node


@pytest.fixture(scope="module")
def other_edge(embedded_broker: Broker) -> Iterator[Edge]:
    with edge_node(embedded_broker.bootstrap_servers, EDGE_EXPERIMENTS=json.dumps(EXPERIMENTS)) as node:
        yield node


@pytest.fixture
async def producer(embedded_broker: Broker) -> AsyncIterator[EventProducer]:
    async with EventProducer(embedded_broker.bootstrap_servers, client_id="test") as writing:
        yield writing


_users = itertools.count(8_000_000 + 1000 * (os.getpid() % 1000))


class Listening:
    """A client that reads frame by frame, subscribed."""

    def __init__(self, edge: Edge, user: int, *lines: str) -> None:
        self.client = RawClient(edge.port)
        self.head = self.client.upgrade("/ws", f"Authorization: Bearer {token(user)}", *lines)
        self.variants: dict[str, str] = self.message()["payload"]["experiments"]
        subscribe = {"action": "subscribe", "subscriptionId": "s", "config": {"types": [USAGE]}}
        text = msgspec.json.encode({"type": "connection_established", "payload": subscribe})
        self.client.send(client_frame(text))
        assert self.message()["payload"]["action"] == "subscribed"

    def message(self) -> dict[str, Any]:
        found: dict[str, Any] = msgspec.json.decode(self.frame().payload)
        return found

    def frame(self) -> Frame:
        return self.client.frame()

    def close(self) -> None:
        self.client.socket.close()


def listener_in(edge: Edge, variants: dict[str, str], *lines: str) -> tuple[int, Listening]:
    """A user in these variants, whom the edge tells so, and its connection."""
    for user in itertools.islice(_users, 200):
        listening = Listening(edge, user, *lines)
        if variants.items() <= listening.variants.items():
            return user, listening
        listening.close()
    raise AssertionError(f"none of 200 users is in {variants}")


async def test_users_are_told_their_variants_alike_on_every_node(edge: Edge, other_edge: Edge) -> None:
    seen = set()
    for user in itertools.islice(_users, 12):
        async with listening(edge, user) as one, listening(other_edge, None) as other:
            await until(lambda: one.answers("connected") and other.answers("connected"), "greetings")
            assert other.answers("connected")[0]["experiments"] == {}
            await other.say(action="authenticate", token=token(user))
            await until(lambda: other.answers("authenticated"), "authenticated")
            variants = one.answers("connected")[0]["experiments"]
            assert variants == other.answers("authenticated")[0]["experiments"]
            seen.add(tuple(variants.values()))
    assert len(seen) > 1


async def test_events_of_a_batching_variant_come_together_and_others_at_once(
    edge: Edge, producer: EventProducer
) -> None:
    batched_user, batched = await asyncio.to_thread(listener_in, edge, {"pace": "batched"})
    user, plain = await asyncio.to_thread(listener_in, edge, {"pace": "control"})
    try:
        for index in range(5):
            await producer.send(usage(f"n{index}"), user_id=batched_user)
            await producer.send(usage(f"n{index}"), user_id=user)
        # The control's five have come one by one while the other's first still waits for company.
        names = [(await asyncio.to_thread(plain.message))["payload"]["name"] for _ in range(5)]
        assert names == [f"n{index}" for index in range(5)]
        first = await asyncio.to_thread(batched.message)
        assert first["payload"]["name"] == "n0"
        # All that waited was in the same segment as the first.
        together = [msgspec.json.decode(each.payload)["payload"]["name"] for each in complete(batched.client)]
        assert together
        assert together == [f"n{index}" for index in range(1, len(together) + 1)]
    finally:
        batched.close()
        plain.close()
    held = 'experiment_held_seconds_sum{experiment="pace",variant="batched"}'
    await until(lambda: edge.metric(held) > 0, "what waited to be counted")
    assert edge.metric('experiment_held_seconds_sum{experiment="pace",variant="control"}') == 0
    for variant in ("batched", "control"):
        labels = f'{{experiment="pace",variant="{variant}"}}'
        assert edge.metric(f"experiment_deliveries_total{labels}") >= 5
        assert edge.metric(f"experiment_bytes_total{labels}") > 500


def complete(client: RawClient) -> list[Frame]:
    """The frames that have been received already."""
    client.socket.settimeout(0)
    frames = []
    try:
        while True:
            frames.append(client.frame())
    except (BlockingIOError, EOFError):
        return frames


async def test_compression_is_agreed_with_whom_the_variant_says(edge: Edge, producer: EventProducer) -> None:
    for variant in ("on", "off"):
        user, listener = await asyncio.to_thread(listener_in, edge, {"squeeze": variant}, DEFLATE)
        try:
            assert ("permessage-deflate" in listener.head) is (variant == "on")
            listener.client.compressed = listener.client.compressed and 0
            await producer.send(usage("squeezed " * 30), user_id=user)
            event = await asyncio.to_thread(listener.message)
            assert event["payload"]["name"] == "squeezed " * 30
            assert listener.client.compressed == (1 if variant == "on" else None)
        finally:
            listener.close()


async def test_a_client_library_and_the_edge_compress_for_each_other(
    embedded_broker: Broker, producer: EventProducer
) -> None:
    """The `websockets` package with its defaults: it offers windows of 12 bits both ways."""
    user = next(_users)
    with edge_node(embedded_broker.bootstrap_servers, EDGE_COMPRESSION="true") as node:
        bearer = {"Authorization": f"Bearer {token(user)}"}
        async with websockets.connect(node.url, additional_headers=bearer) as socket:
            assert [each.name for each in socket.protocol.extensions] == ["permessage-deflate"]
            listener = Listener(socket)
            await listener.subscribe(USAGE)
            for index in range(20):
                await producer.send(usage(f"é € {index} " + "x" * 2000), user_id=user)
            await heard(listener, 20)
            assert listener.names() == [f"é € {index} " + "x" * 2000 for index in range(20)]
            await listener.leave()


async def test_a_node_does_not_start_with_experiments_that_make_no_sense(embedded_broker: Broker) -> None:
    bad = '{"pace": {"variants": {"on": -1}}}'
    with edge_node(embedded_broker.bootstrap_servers, ready=False, EDGE_EXPERIMENTS=bad) as node:
        ends = time.monotonic() + DEADLINE_S
        while node.process.poll() is None:
            assert time.monotonic() < ends, "it runs"
            await asyncio.sleep(0.05)
        assert "EDGE_EXPERIMENTS" in node.output
        assert "$.pace.variants.on" in node.output
