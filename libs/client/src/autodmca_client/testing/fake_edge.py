"""An edge to test clients against: a real WebSocket server that follows the wire protocol, and a script.

It keeps its log in memory and can be told to drop connections, close with a code, stay mute, send an event
again, refuse, or lose its log. It does not verify tokens, limit rates or conflate. For tests only: nothing
in it is bounded.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

import msgspec
from autodmca_events import CATALOGUE, new_id, rfc3339
from autodmca_events.example import example
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from autodmca_client.dial import PROTOCOL, user_of
from autodmca_client.testing.connection import FakeConnection
from autodmca_client.testing.log import EventLog


class Handshake(msgspec.Struct, frozen=True):
    """What a client came with; `token` from wherever it was."""

    path: str
    subprotocols: tuple[str, ...]
    authorization: str | None
    token: str | None


class FakeEdge:
    """`async with FakeEdge() as edge:` serves at `edge.url` on a free port of the loopback."""

    def __init__(
        self,
        *,
        heartbeat_interval_ms: int = 30_000,
        heartbeat_timeout_ms: int = 60_000,
        max_message_bytes: int = 65_536,
        token_ok: Callable[[str], bool] = lambda token: True,
        port: int = 0,
    ) -> None:
        self.greeting = {
            "protocol": 1,
            "heartbeatIntervalMs": heartbeat_interval_ms,
            "heartbeatTimeoutMs": heartbeat_timeout_ms,
            "authTimeoutMs": 10_000,
            "maxMessageBytes": max_message_bytes,
            "experiments": {"layout": "b"},
        }
        self.token_ok = token_ok
        self.log = EventLog()
        self.mute = False
        self.handshakes: list[Handshake] = []
        self.received: list[dict[str, Any]] = []
        self.connections: list[FakeConnection] = []
        self._refusals: deque[int] = deque()
        self._failures: deque[tuple[str, dict[str, Any]]] = deque()
        self._events_left: int | None = None
        self._clock_ms = 1_700_000_000_000
        self._changed = asyncio.Condition()
        self._server: Server | None = None
        self._port = port

    # -- the script ------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Where it listens; the same after `restart`."""
        return f"ws://127.0.0.1:{self._port}/ws"

    def emit(
        self, event_type: str, payload: dict[str, Any] | None = None, *, user_id: int = 1, event_id: str = ""
    ) -> str:
        """Put an event (by default the type's example) into the log and send it to whom it is for; its id."""
        self._clock_ms += 1_000
        body = msgspec.to_builtins(example(event_type).payload) if payload is None else payload
        envelope: dict[str, Any] = {
            "type": event_type,
            "payload": body,
            "timestamp": rfc3339(self._clock_ms),
            "id": event_id or new_id(),
        }
        if not CATALOGUE[event_type].everybody:
            envelope["userId"] = user_id
        stored = self.log.append(envelope)
        for connection in self.connections:
            connection.offer(stored)
        return stored.id

    def repeat(self, count: int = 1) -> None:
        """Send the newest events once more, as a producer does that restarted between two writes."""
        for stored in self.log.newest(count):
            for connection in self.connections:
                connection.offer(stored)

    def drop(self) -> None:
        """Cut every connection, without a close frame."""
        for connection in self.connections:
            connection.socket.transport.abort()

    def drop_after(self, events: int) -> None:
        """Cut the connection that is sent the last of the next `events` events, right after it."""
        self._events_left = events

    def close(self, code: int, reason: str = "") -> None:
        """Close every connection with `code` once what is queued for it is out."""
        for connection in self.connections:
            connection.end(code, reason)

    def refuse(self, *codes: int) -> None:
        """Accept the next connections and close them at once with these codes, one each."""
        self._refusals.extend(codes)

    def fail(self, action: str, code: str, **fields: object) -> None:
        """Answer the next message with this action (or `heartbeat`) with an error of this code."""
        self._failures.append((action, {"code": code, "message": code, "retryable": False, **fields}))

    def say(self, message_type: str, payload: dict[str, Any]) -> None:
        """Send a message of any kind to every connection."""
        for connection in self.connections:
            connection.say(message_type, payload)

    async def stop(self) -> None:
        """Stop listening and cut all connections; `start` again serves the same log at the same port."""
        if self._server is not None:
            self.drop()
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def start(self) -> None:
        """Listen."""
        self._server = await serve(
            self._serve,
            "127.0.0.1",
            self._port,
            compression=None,
            ping_interval=None,
            select_subprotocol=_select,
            close_timeout=1,
        )
        self._port = next(iter(self._server.sockets)).getsockname()[1]

    async def until(self, condition: Callable[[], bool], deadline_s: float = 60.0) -> None:
        """Wait until `condition` holds, tested whenever this edge hears or loses something.

        Raises TimeoutError.
        """
        async with asyncio.timeout(deadline_s), self._changed:
            await self._changed.wait_for(condition)

    def said(self, action: str) -> list[dict[str, Any]]:
        """The payloads of the control messages and application messages with this action, oldest first."""
        return [each["payload"] for each in self.received if each["payload"].get("action") == action]

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    # -- what connections ask of it --------------------------------------------------------------------

    def is_last(self) -> bool:
        """Count one event sent; whether `drop_after` wants the connection cut now."""
        if self._events_left is None:
            return False
        self._events_left -= 1
        if self._events_left > 0:
            return False
        self._events_left = None
        return True

    def failure_for(self, action: str) -> dict[str, Any] | None:
        """The scripted error for a message with this action."""
        if self._failures and self._failures[0][0] == action:
            return self._failures.popleft()[1]
        return None

    async def _serve(self, socket: ServerConnection) -> None:
        handshake = _handshake(socket)
        self.handshakes.append(handshake)
        if self._refusals:
            await self._notify()
            await socket.close(self._refusals.popleft(), "as told")
            return
        if handshake.token is not None and not self.token_ok(handshake.token):
            await self._notify()
            await socket.close(4401, "token")
            return
        user_id = None if handshake.token is None else (user_of(handshake.token) or 1)
        connection = FakeConnection(socket, self, user_id)
        self.connections.append(connection)
        connection.greet(len(self.handshakes))
        await self._notify()
        try:
            async with asyncio.TaskGroup() as tasks:
                writer = tasks.create_task(connection.write())
                async for data in socket:
                    message = msgspec.json.decode(data, type=dict[str, Any])
                    self.received.append(message)
                    await connection.hear(message)
                    await self._notify()
                writer.cancel()
        except* ConnectionClosed:
            pass
        finally:
            self.connections.remove(connection)
            await self._notify()

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()


def _select(socket: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    return PROTOCOL if PROTOCOL in offered else None


def _handshake(socket: ServerConnection) -> Handshake:
    request = socket.request
    if request is None:
        raise RuntimeError("the handler runs after the handshake")
    offered = tuple(
        name.strip()
        for value in request.headers.get_all("Sec-WebSocket-Protocol")
        for name in value.split(",")
    )
    authorization = request.headers.get("Authorization")
    bearer = [name.removeprefix("bearer.") for name in offered if name.startswith("bearer.")]
    token = authorization.removeprefix("Bearer ") if authorization else next(iter(bearer), None)
    return Handshake(request.path, offered, authorization, token)
