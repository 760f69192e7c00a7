"""The smoke test finds what it looks for: events that are lost or come twice, targets that are down."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from autodmca_client.testing import FakeEdge
from autodmca_events.example import example
from autodmca_kafka.embedded import free_port

from deploy.smoke.listeners import EVENT, Listeners
from deploy.smoke.stack import StackError, expected_targets, until_scraped

SECRET = "a secret of tests, which has 32 bytes and more"
USER = 7
PATIENCE_S = 60


def payload(template: str) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(example(EVENT).payload)
    return {**found, "templateId": template}


async def test_a_listener_tells_what_is_lost_and_what_comes_twice() -> None:
    async with FakeEdge() as edge, Listeners(edge.url, SECRET, [USER], [], PATIENCE_S) as listeners:
        for template in ("one", "two", "two"):
            edge.emit(EVENT, payload(template), user_id=USER)
        async with asyncio.timeout(PATIENCE_S):
            await listeners.have({USER: ["one", "two"]})
        assert listeners.verdict({USER: ["one"]}) == [f"client 1 of user {USER}: two twice"]
        verdict = listeners.verdict({USER: ["one", "two", "three"]})
        assert f"client 1 of user {USER}: three lost" in verdict


async def test_clients_that_meet_no_second_edge_are_an_error() -> None:
    async with FakeEdge() as edge:
        with pytest.raises(StackError, match=r"have met .*, not \['edge-2'\]"):
            async with Listeners(edge.url, SECRET, [USER], ["edge-2"], PATIENCE_S):
                pass


async def test_an_edge_that_does_not_answer_is_an_error() -> None:
    with pytest.raises(StackError, match="client 1 could not subscribe"):
        async with Listeners(f"ws://127.0.0.1:{free_port()}/ws", SECRET, [USER], [], 0.2):
            pass


@asynccontextmanager
async def prometheus(targets: Callable[[], list[dict[str, Any]]]) -> AsyncIterator[int]:
    """A server that answers as Prometheus does when asked for its targets; its port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = json.dumps({"status": "success", "data": {"activeTargets": targets()}}).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def targets(**health: str) -> list[dict[str, Any]]:
    """All that should be there, with another health for some jobs."""
    return [
        {
            "labels": {"job": job, "instance": f"{job}:{n}"},
            "health": health.get(job, "up"),
            "lastError": "refused",
        }
        for job, count in expected_targets().items()
        for n in range(count)
    ]


async def test_targets_are_waited_for() -> None:
    answers = iter([targets(edge="unknown"), targets()[1:], targets()])
    async with prometheus(lambda: next(answers)) as port:
        assert await until_scraped(port, PATIENCE_S) == len(targets())


@pytest.mark.parametrize(
    ("found", "named"),
    [
        (targets(templates="down"), "templates at templates:0 is down: refused"),
        (targets()[1:], "it scrapes"),
        ([], "it scrapes"),
    ],
)
async def test_a_target_that_is_down_or_missing_is_named(found: list[dict[str, Any]], named: str) -> None:
    async with prometheus(lambda: found) as port:
        with pytest.raises(StackError, match=named):
            await until_scraped(port, 1.0)
