"""A client of the fallback in memory: its request, and what it has read of the answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast
from urllib.parse import urlencode

import msgspec
from autodmca_edge.server.fallback.endpoint import Fallback
from autodmca_edge.testing import FakeNode

__all__ = ["Asked", "asking", "settled"]

DEFAULT_USER = "7"
STREAM = {"accept": "text/event-stream"}


async def settled(node: FakeNode) -> None:
    """Run what is ready."""
    for _ in range(30):
        await node.settle()
        await asyncio.sleep(0)


class Asked:
    """One request. `reading` may be cleared: then the answer is not taken."""

    def __init__(self, fallback: Fallback, headers: dict[str, str], method: str, query: str) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self.complete = False
        self.reading = asyncio.Event()
        self.reading.set()
        self._gone = asyncio.Event()
        scope: dict[str, Any] = {
            "type": "http",
            "method": method,
            "path": "/events",
            "query_string": query.encode("latin-1"),
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()],
            "client": ("192.0.2.1", 1),
            "extensions": {"autodmca.abort": self.hang_up},
        }
        self.task = asyncio.create_task(fallback(scope, cast("Any", self._receive), cast("Any", self._send)))

    async def _receive(self) -> dict[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        await self.reading.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.body += message.get("body", b"")
            self.complete = not message.get("more_body", False)

    def hang_up(self) -> None:
        self._gone.set()
        self.reading.set()

    def json(self) -> Any:
        """The whole answer."""
        assert self.complete
        return msgspec.json.decode(self.body)

    def polled(self) -> tuple[list[str], list[str], bool]:
        """Ids of events, cursors, recovered."""
        assert self.status == 200, self.body
        answer = self.json()
        return [each["id"] for each in answer["events"]], answer["cursors"], answer["recovered"]

    def blocks(self) -> list[dict[str, str]]:
        """The blocks of an event stream, each by field; a comment's is the empty one."""
        assert self.headers["content-type"].startswith("text/event-stream")
        whole = self.body.decode().split("\n\n")
        assert whole.pop() == ""
        return [
            {
                name: value.removeprefix(" ")
                for name, _, value in (line.partition(":") for line in block.split("\n"))
            }
            for block in whole
        ]

    def named(self, name: str) -> list[Any]:
        """The data of the blocks of that event."""
        return [msgspec.json.decode(each["data"]) for each in self.blocks() if each.get("event") == name]

    def events(self) -> list[dict[str, Any]]:
        """Those that a browser would hand to `onmessage`."""
        return [
            msgspec.json.decode(each["data"])
            for each in self.blocks()
            if "data" in each and "event" not in each
        ]

    def ids(self) -> list[str]:
        return [each["id"] for each in self.events()]

    def last_event_id(self) -> str:
        """What a browser would send when it comes back."""
        return next((each["id"] for each in reversed(self.blocks()) if "id" in each), "")


class Asking:
    """Makes requests."""

    def __init__(self, node: FakeNode) -> None:
        self.node = node
        self.fallback = Fallback(node)
        self.asked: list[Asked] = []

    async def get(
        self,
        *types: str,
        token: str | None = DEFAULT_USER,
        headers: dict[str, str] | None = None,
        method: str = "GET",
        **query: Any,
    ) -> Asked:
        """A poll, run as far as it goes."""
        wanted = {**({"types": ",".join(types)} if types else {}), **query}
        if token is not None:
            wanted["token"] = token
        asked = self.raw(urlencode(wanted, doseq=True), headers or {}, method)
        await settled(self.node)
        return asked

    def raw(self, query: str, headers: dict[str, str], method: str = "GET") -> Asked:
        """A request with any query."""
        self.asked.append(Asked(self.fallback, headers, method, query))
        return self.asked[-1]

    async def stream(self, *types: str, last: str = "", **query: Any) -> Asked:
        """An event stream."""
        headers = {**STREAM, **({"last-event-id": last} if last else {})}
        return await self.get(*types, headers=headers, **query)


@asynccontextmanager
async def asking(node: FakeNode) -> AsyncIterator[Asking]:
    """At the end all are hung up, and must have left nothing behind."""
    client = Asking(node)
    yield client
    for each in client.asked:
        each.hang_up()
    await settled(node)
    assert all(each.task.done() for each in client.asked)
    for each in client.asked:
        each.task.result()
    assert not node.sessions
    assert not node.hub.gates
    assert not node.wire.congested
    assert not node.hub.users
    assert set(client.fallback.counts.open.values()) == {0}
