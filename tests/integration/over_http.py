"""People who listen to an edge without a WebSocket, by long poll and by event stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec

from tests.integration.edge_site import DEADLINE_S, Edge, token, until

LONG_S = httpx.Timeout(DEADLINE_S)


def address(edge: Edge) -> str:
    return f"http://127.0.0.1:{edge.port}/events"


def bearer(user: int) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(user)}"}


async def poll(edge: Edge, user: int, *types: str, status: int = 200, **query: Any) -> dict[str, Any]:
    """The answer to one poll."""
    async with httpx.AsyncClient(timeout=LONG_S) as client:
        wanted = {"types": ",".join(types), **query}
        answer = await client.get(address(edge), params=wanted, headers=bearer(user))
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found


class EventStream:
    """An event stream as a browser reads it; `heard` are its blocks by field."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self.heard: list[dict[str, str]] = []
        self.ended = False
        self._reading = asyncio.create_task(self._read(lines))

    async def _read(self, lines: AsyncIterator[str]) -> None:
        block: dict[str, str] = {}
        try:
            async for line in lines:
                if line:
                    name, _, value = line.partition(":")
                    block[name] = value.removeprefix(" ")
                else:
                    self.heard.append(block)
                    block = {}
            self.ended = True
        except httpx.HTTPError:  # the edge is gone
            self.ended = True

    def events(self) -> list[dict[str, Any]]:
        return [
            msgspec.json.decode(each["data"]) for each in self.heard if "data" in each and "event" not in each
        ]

    def names(self) -> list[str]:
        return [each["payload"]["name"] for each in self.events()]

    def named(self, name: str) -> list[dict[str, Any]]:
        return [msgspec.json.decode(each["data"]) for each in self.heard if each.get("event") == name]

    @property
    def last_event_id(self) -> str:
        """With which a browser would come back."""
        return next((each["id"] for each in reversed(self.heard) if "id" in each), "")

    async def leave(self) -> None:
        self._reading.cancel()
        await asyncio.wait([self._reading])


@asynccontextmanager
async def streaming(
    edge: Edge, user: int, *types: str, last: str = "", **query: Any
) -> AsyncIterator[EventStream]:
    """An event stream whose subscription stands."""
    headers = {**bearer(user), "Accept": "text/event-stream", **({"Last-Event-ID": last} if last else {})}
    wanted = {"types": ",".join(types), **query}
    async with (
        httpx.AsyncClient(timeout=LONG_S) as client,
        client.stream("GET", address(edge), params=wanted, headers=headers) as answer,
    ):
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"] == "text/event-stream"
        stream = EventStream(answer.aiter_lines())
        try:
            await until(lambda: stream.named("subscribed"), "subscribed")
            yield stream
        finally:
            await stream.leave()


async def until_open(edge: Edge, kind: str, count: int) -> None:
    """Until so many requests of the kind are being served."""
    await until_metric(edge, f'fallback_open{{kind="{kind}"}}', count)


async def until_metric(edge: Edge, name: str, value: float) -> None:
    async with asyncio.timeout(30):
        while await asyncio.to_thread(edge.metric, name) != value:
            await asyncio.sleep(0.05)


def names(answer: dict[str, list[dict[str, dict[str, str]]]]) -> list[str]:
    return [each["payload"]["name"] for each in answer["events"]]
