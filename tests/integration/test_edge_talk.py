"""One user says as much as the network takes, over many connections, on a real edge process; a bystander has
nothing to complain of."""

import itertools
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from autodmca_edge.testing import client_frame
from autodmca_events import CATALOGUE
from autodmca_kafka import EventProducer

from tests.brokers import Broker
from tests.integration.edge_site import DEADLINE_S, Edge, edge_node, heard, listening, token, usage
from tests.raw_client import CLOSE, RawClient
from tests.witness import Witness

TALKERS = 30
ENDS = 3 * TALKERS
LATE_S = 1.0
WATCHED_S = 8.0
"""So that the bystander's p99 is of more than a hundred heartbeats."""
_users = itertools.count(7_400_000 + os.getpid())


def subscribes() -> bytes:
    """A megabyte of large ones."""
    found = []
    for number in range(16):
        filters: dict[str, Any] = {"name": {"in": [f"{number}.{each}" for each in range(999)]}}
        filters["templateId"] = {"in": [f"tpl_{number}_{each:x}" for each in range(999)]}
        filters["profileId"] = {"in": list(range(10_000, 10_999))}
        config = {"types": [*CATALOGUE], "filters": filters}
        payload = {"action": "subscribe", "subscriptionId": f"s{number}", "config": config}
        found.append(json.dumps({"type": "connection_established", "id": str(number), "payload": payload}))
    assert max(map(len, found)) < 65_536
    return b"".join(client_frame(each.encode()) for each in found)


@contextmanager
def talkers(edge: Edge, user: int, said: bytes) -> Iterator[Counter[int | None]]:
    """Connections that say this without end, and come again when they are closed: by which codes."""
    ends: Counter[int | None] = Counter()
    stop = threading.Event()

    def read(client: RawClient) -> None:
        with suppress(OSError, EOFError):
            while (frame := client.frame()).opcode != CLOSE:
                pass
            ends[frame.code] += 1
        with suppress(OSError):
            client.socket.shutdown(2)

    def talk() -> None:
        while not stop.is_set():
            with suppress(OSError, EOFError), RawClient(edge.port) as client:
                client.upgrade(f"/ws?token={token(user)}")
                reader = threading.Thread(target=read, args=(client,))
                reader.start()
                with suppress(OSError):
                    while not stop.is_set():
                        client.send(said)
                    client.socket.shutdown(2)
                reader.join()

    threads = [threading.Thread(target=talk) for _ in range(TALKERS)]
    for thread in threads:
        thread.start()
    try:
        yield ends
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.mark.alone
@pytest.mark.parametrize("kind", ["large filters", "heartbeats", "pings"])
async def test_a_user_who_talks_without_end_is_limited_and_a_bystander_is_served(
    embedded_broker: Broker, kind: str
) -> None:
    said = {
        "large filters": subscribes(),
        "heartbeats": client_frame(b'{"type":"heartbeat"}') * 10_000,
        "pings": client_frame(b"x" * 100, 9) * 5000,
    }[kind]
    bystander, talker = next(_users), next(_users)
    late: list[float] = []
    with edge_node(embedded_broker.bootstrap_servers) as edge, Witness(edge, token(bystander)) as witness:
        async with (
            EventProducer(embedded_broker.bootstrap_servers, client_id="talk") as producer,
            listening(edge, bystander) as listener,
        ):
            await listener.subscribe("template_usage")
            watched = time.monotonic() + WATCHED_S
            deadline = time.monotonic() + 2 * DEADLINE_S
            with talkers(edge, talker, said) as ends:
                while (sent := time.monotonic()) < watched or sum(ends.values()) < ENDS:
                    assert sent < deadline, ends
                    await producer.send(usage(f"n{len(late)}"), user_id=bystander)
                    await heard(listener, len(late) + 1)
                    late.append(time.monotonic() - sent)
                async with listening(edge, next(_users)) as newcomer:
                    await newcomer.subscribe("template_usage")
        report = witness.report()
        assert set(ends) == {4429}
        assert edge.metric('refusals_total{code="rate_limited"}') > 0
        assert report.served, report
        assert sorted(late)[int(len(late) * 0.99)] < LATE_S * report.slowdown
        assert "Traceback" not in edge.output
