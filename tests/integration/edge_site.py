"""Edge nodes as child processes on a real broker, and people who listen to them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import msgspec
import websockets
from autodmca_client.development import development_token
from autodmca_events import TemplateUsage
from autodmca_events.example import example
from autodmca_kafka.embedded import free_port
from msgspec import structs
from websockets.asyncio.client import ClientConnection

SECRET = "a secret of tests, which has 32 bytes and more"
DEADLINE_S = 120


async def until(condition: Callable[[], Any], what: str, deadline_s: float = DEADLINE_S) -> None:
    """Wait for a condition; fails by name after the deadline."""
    clock = asyncio.get_running_loop().time
    ends = clock() + deadline_s
    while not condition():
        assert clock() < ends, f"waited {deadline_s} s for: {what}"
        await asyncio.sleep(0.02)


def token(user: int, **more: Any) -> str:
    return development_token(SECRET, user, **more)


def usage(name: str, **fields: Any) -> TemplateUsage:
    payload = example("template_usage").payload
    assert isinstance(payload, TemplateUsage)
    return structs.replace(payload, name=name, **fields)


class Edge:
    """One `python -m autodmca_edge`, on a free port unless EDGE_PORT is given; `files` limits open ones."""

    def __init__(self, bootstrap_servers: str, *, files: int | None = None, **settings: Any) -> None:
        self.port: int = settings.get("EDGE_PORT") or free_port()
        self.url = f"ws://127.0.0.1:{self.port}/ws"
        environ = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
            "JWT_SECRET": SECRET,
            "EDGE_HOST": "127.0.0.1",
            "EDGE_PORT": str(self.port),
            "EDGE_DRAIN_SECONDS": "0",
            "LOG_FORMAT": "json",
            **{name: str(value) for name, value in settings.items()},
        }
        self._output = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by `close`
        command = [sys.executable, "-m", "autodmca_edge"]
        if files is not None:
            command = ["sh", "-c", f'ulimit -n {files} && exec "$@"', "sh", *command]
        self.process = subprocess.Popen(command, env=environ, stdout=self._output, stderr=self._output)

    @property
    def output(self) -> str:
        """What it has logged."""
        self._output.seek(0)
        return self._output.read()

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Status and text of a plain request; status 0 when nobody answers."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - our own node
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read().decode()
        except OSError as trouble:
            return 0, str(trouble)

    def metric(self, name: str) -> float:
        """The value of one line of /metrics, by its name and labels; 0 when it is not there."""
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith(f"autodmca_edge_{name} "):
                return float(line.rpartition(" ")[2])
        return 0

    def until_ready(self, status: int = 200) -> None:
        """Until /readyz answers with `status`."""
        ends = time.monotonic() + DEADLINE_S
        while self.get("/readyz")[0] != status:
            assert time.monotonic() < ends, f"/readyz did not become {status}:\n{self.output}"
            time.sleep(0.05)

    async def raw(self, data: bytes) -> bytes:
        """Send bytes on a socket of their own; everything that comes until the edge closes it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(data)
            await writer.drain()
            async with asyncio.timeout(DEADLINE_S):
                return await reader.read()
        finally:
            writer.close()

    def kill(self) -> None:
        """`kill -9`."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """Stop it as an operator would."""
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()
        self._output.close()


@contextmanager
def edge_node(bootstrap_servers: str, *, ready: bool = True, **settings: Any) -> Iterator[Edge]:
    """A node, ready unless told not to wait for that; it is gone at the end."""
    edge = Edge(bootstrap_servers, **settings)
    try:
        if ready:
            edge.until_ready()
        yield edge
    finally:
        edge.close()


class Listener:
    """A client that keeps what it hears."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.heard: list[dict[str, Any]] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            async for text in self.socket:
                self.heard.append(msgspec.json.decode(text))
        except websockets.ConnectionClosed:
            pass

    async def say(self, **payload: Any) -> None:
        message = {"type": "connection_established", "payload": payload}
        await self.socket.send(msgspec.json.encode(message).decode())

    async def subscribe(self, *types: str, name: str = "s", **config: Any) -> dict[str, Any]:
        """The answer."""
        before = len(self.answers("subscribed"))
        await self.say(action="subscribe", subscriptionId=name, config={"types": types, **config})
        await until(lambda: len(self.answers("subscribed")) > before or self.errors(), "an answer")
        assert not self.errors()
        return self.answers("subscribed")[-1]

    def answers(self, action: str) -> list[dict[str, Any]]:
        return [each["payload"] for each in self.heard if each.get("payload", {}).get("action") == action]

    def errors(self) -> list[dict[str, Any]]:
        return [each["payload"] for each in self.heard if each["type"] == "error"]

    def events(self) -> list[dict[str, Any]]:
        return [each for each in self.heard if "cursor" in each]

    def names(self) -> list[str]:
        """The `name` of each event's payload, in order."""
        return [each["payload"]["name"] for each in self.events()]

    def cursors(self) -> list[str]:
        """What a client keeps."""
        newest: dict[str, str] = {}
        for message in self.heard:
            found: Iterable[str] = (
                *message["payload"].get("cursors", ()),
                *filter(None, [message.get("cursor")]),
            )
            newest.update({each.rpartition(":")[0]: each for each in found})
        return list(newest.values())

    async def closed(self) -> int | None:
        """Until the edge has closed; the code."""
        await asyncio.wait_for(asyncio.shield(self._reading), DEADLINE_S)
        return self.socket.close_code

    async def leave(self) -> None:
        await self.socket.close()
        await self._reading


@asynccontextmanager
async def listening(edge: Edge, user: int | None = 1, **options: Any) -> AsyncIterator[Listener]:
    """A connection with `user`'s token in its header."""
    if user is not None:
        options.setdefault("additional_headers", {"Authorization": f"Bearer {token(user)}"})
    socket = await websockets.connect(options.pop("url", edge.url), compression=None, **options)
    listener = Listener(socket)
    try:
        yield listener
    finally:
        await listener.leave()


async def heard(listener: Listener, count: int) -> None:
    await until(lambda: len(listener.events()) >= count, f"{count} events")
