"""Fan-out of ready 260-byte events to 500 connections, against a bare `os.write` loop on the same sockets.

Both run in this process on one core, in turns, on the very sockets that the edge's transport opened; the
clients on the other core read them. Also: what the same fan-out reaches when a poll yields 20 events.
"""

import asyncio
import os
import statistics
import time
from typing import Any, Final

import uvloop
from autodmca_edge.config import EdgeSettings
from autodmca_edge.log.broker import Broker
from autodmca_edge.log.event_log import TOPICS
from autodmca_edge.metrics import Exposition
from autodmca_edge.node import EdgeNode
from autodmca_edge.server.entrance import Entrance
from autodmca_edge.testing import StoredRecord, record_of
from autodmca_events import SystemNotification
from autodmca_events.topics import BROADCAST
from autodmca_runtime import LogSettings, TokenVerifier, configure_logging, load, settle_garbage_collector

from tests.load.clients import Clients
from tests.load.tokens import SECRET, pin

CONNECTIONS: Final = 500
FRAME_BYTES: Final = 260
ROUNDS: Final = 20
WRITES: Final = 20  # of each socket, a round
BATCH: Final = 20


def main() -> None:
    """Measure and print the rows."""
    pin(0)
    configure_logging("bench", LogSettings(level="warning"))
    uvloop.run(_measure())


async def _measure() -> None:
    settings = load(EdgeSettings, {"KAFKA_BOOTSTRAP_SERVERS": "unused:9092", "JWT_SECRET": SECRET})
    broker = Broker(settings.kafka, Exposition().producer)  # never reached
    node = EdgeNode(settings, broker, TokenVerifier(settings.tokens))
    for topic in TOPICS:
        node.log.open(topic, "bench1", {0: 0})
    node.tail.started = node.control_tail.started = True
    server = await asyncio.get_running_loop().create_server(
        lambda: Entrance(node), "127.0.0.1", 0, backlog=4096
    )
    port = server.sockets[0].getsockname()[1]
    with Clients(port, users=CONNECTIONS) as clients:
        await clients.wait_ready()
        settle_garbage_collector()
        await _compare(node, clients)
    server.close()


async def _compare(node: EdgeNode, clients: Clients) -> None:
    partition = node.log.get(BROADCAST, 0)
    assert partition is not None
    record = _record()
    numbers = [_number(session.socket) for session in node.sessions.values()]
    frame = (
        b"\x81\x7e" + (FRAME_BYTES - 4).to_bytes(2, "big") + b'{"x":1,"cursor":"' + b"x" * (FRAME_BYTES - 21)
    )
    assert len(frame) == FRAME_BYTES

    def floor() -> None:
        write = os.write
        for _ in range(WRITES):
            for number in numbers:
                write(number, frame)

    def single() -> None:
        for _ in range(WRITES):
            node.hub.dispatch([(partition, [(record,)])])

    def batched() -> None:
        for _ in range(WRITES // BATCH):
            node.hub.dispatch([(partition, [(record,) * BATCH])])

    rates: dict[str, list[float]] = {"floor": [], "single": [], "batched": []}
    for _ in range(ROUNDS):
        for name, run in (("floor", floor), ("single", single), ("batched", batched)):
            await _drained(clients)
            began = time.process_time()  # of this core alone: what else the machine does is not ours
            run()
            rates[name].append(CONNECTIONS * WRITES / (time.process_time() - began))
            assert not any(session.outbox.blocked for session in node.sessions.values())
    bare = statistics.median(rates["floor"])
    ratios = [ours / theirs for ours, theirs in zip(rates["single"], rates["floor"], strict=True)]
    ours, many = statistics.median(rates["single"]), statistics.median(rates["batched"])
    print(
        f"| broadcast to {CONNECTIONS}, one event a write | {ours:,.0f}/s | os.write {bare:,.0f}/s "
        f"| {statistics.median(ratios):.2f} |"
    )
    print(f"| the same, {BATCH} events a poll | {many:,.0f}/s | os.write {bare:,.0f}/s | {many / bare:.1f} |")


async def _drained(clients: Clients) -> None:
    """Until the clients have read everything there is."""
    before = -1
    while before != (frames := clients.counters.others.value):
        before = frames
        await asyncio.sleep(0.03)


def _number(socket: Any) -> int:
    return int(socket._transport.get_extra_info("socket").fileno())


def _record() -> StoredRecord:
    """An event whose frame has the size of the floor's."""

    def made(message: str) -> StoredRecord:
        payload = SystemNotification(
            level="info", code="c", title="Maintenance", message=message, dismissible=True
        )
        return record_of(123_456, payload, timestamp_ms=int(time.time() * 1000))

    head_and_cursor = 4 + len(',"cursor":"5.0.bench1:123456"')
    missing = FRAME_BYTES - head_and_cursor - len(made("").value or b"")
    return made("x" * missing)


if __name__ == "__main__":
    main()
