"""`python -m tests.integration.edge_command`: an edge on the embedded broker, for tests in other languages.

Reads one JSON object a line on standard input and answers each with one on standard output. `emit` sends the
events of `many`, with a `type`, a `user` and `changes` to the type's example; `token` makes one for `user`
and `ttl` seconds; `kill` and `start` are of the edge, which keeps its port. The first line out says where the
edge is. The end of the input ends the edge and the broker.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
from autodmca_events import CATALOGUE
from autodmca_events.example import example
from autodmca_kafka import EventProducer
from msgspec import json

from tests.broker_process import embedded_kafka
from tests.integration.edge_site import Edge, edge_node, token


class Site:
    """What the commands act on."""

    def __init__(self, servers: str, edge: Edge, producer: EventProducer, nodes: ExitStack) -> None:
        self._servers = servers
        self._edge = edge
        self._producer = producer
        self._nodes = nodes

    async def do(self, command: Mapping[str, Any]) -> Mapping[str, Any]:
        """Obey one command; the answer."""
        match command["do"]:
            case "emit":
                await asyncio.gather(*[self._emit(each) for each in command["many"]])
            case "token":
                return {"token": token(command["user"], ttl_s=command["ttl"])}
            case "kill":
                self._edge.kill()
            case "start":
                node = edge_node(self._servers, EDGE_PORT=self._edge.port)
                self._edge = self._nodes.enter_context(node)
        return {}

    async def _emit(self, wanted: Mapping[str, Any]) -> None:
        kind = CATALOGUE[wanted["type"]]
        fields = msgspec.to_builtins(example(kind.name).payload) | wanted.get("changes", {})
        payload = msgspec.convert(fields, kind.payload)
        await self._producer.send(payload, user_id=None if kind.everybody else wanted["user"])


def lines() -> Iterator[bytes]:
    """The commands."""
    return iter(sys.stdin.buffer.readline, b"")


async def main() -> None:
    """Until the input ends."""
    with tempfile.TemporaryDirectory() as directory, ExitStack() as nodes:
        broker = embedded_kafka(Path(directory))
        broker.start()
        nodes.callback(broker.close)
        servers = broker.bootstrap_servers
        edge = nodes.enter_context(edge_node(servers))
        async with EventProducer(servers, client_id="test") as producer:
            site = Site(servers, edge, producer, nodes)
            print(json.encode({"url": edge.url}).decode(), flush=True)
            commands = lines()
            while line := await asyncio.to_thread(next, commands, None):
                print(json.encode(await site.do(json.decode(line))).decode(), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
