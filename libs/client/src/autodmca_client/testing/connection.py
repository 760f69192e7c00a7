"""One connection of the fake edge: what it has been told, and what it wants."""

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from autodmca_events import CATALOGUE, InvalidTimestamp
from websockets.asyncio.server import ServerConnection

from autodmca_client.dial import user_of
from autodmca_client.errors import BadFilter
from autodmca_client.matching import Matcher
from autodmca_client.testing.log import Stored

if TYPE_CHECKING:
    from autodmca_client.testing.fake_edge import FakeEdge


class _Subscription(NamedTuple):
    types: list[str]
    matcher: Matcher


class FakeConnection:
    """Answers as the wire protocol says; what it sends goes through one queue, so in order."""

    def __init__(self, socket: ServerConnection, edge: "FakeEdge", user_id: int | None) -> None:
        self.socket = socket
        self.user_id = user_id
        self._edge = edge
        self._subscriptions: dict[str, _Subscription] = {}
        self._queue: asyncio.Queue[bytes | tuple[int | None, str]] = asyncio.Queue()
        self._ended = False

    def greet(self, number: int) -> None:
        """The first message."""
        ids = {"connectionId": f"c{number}", "node": "fake"}
        self.say("connection_established", {"action": "connected", **ids, **self._edge.greeting})

    def say(self, message_type: str, payload: dict[str, Any]) -> None:
        """Send a message, unless the edge was told to be mute."""
        if not self._edge.mute:
            message = {"type": message_type, "payload": payload, "timestamp": "2023-12-07T10:30:00.000Z"}
            self._queue.put_nowait(msgspec.json.encode(message))

    def offer(self, stored: Stored) -> None:
        """Send an event if a subscription wants it: once, however many do."""
        if any(self._wants(each, stored) for each in self._subscriptions.values()):
            self._send(stored)

    def end(self, code: int | None = None, reason: str = "") -> None:
        """End the connection once what is queued is out: with a close code, or None to cut it."""
        self._ended = True
        self._queue.put_nowait((code, reason))

    async def write(self) -> None:
        """Send what is queued, for as long as the connection lives."""
        while True:
            match await self._queue.get():
                case bytes(data):
                    await self.socket.send(data, text=True)
                case (None, _):
                    self.socket.transport.abort()
                    return
                case (int(code), str(reason)):
                    await self.socket.close(code, reason)
                    return

    async def hear(self, message: dict[str, Any]) -> None:
        """Answer a client's message."""
        payload = message["payload"]
        action = payload.get("action", message["type"])
        reply = {"inReplyTo": message["id"]} if "id" in message else {}
        failure = self._edge.failure_for(action)
        if failure is not None:
            named = {"subscriptionId": payload["subscriptionId"]} if "subscriptionId" in payload else {}
            self.say("error", {**named, **reply, **failure})
        elif message["type"] == "heartbeat":
            if payload.get("response") is not True:
                types = [name for each in self._subscriptions.values() for name in each.types]
                cursors = self._edge.log.cursors(types)
                self.say(
                    "heartbeat", {"timestamp": payload["timestamp"], "cursors": cursors, "response": True}
                )
        elif message["type"] == "user_notification":
            self.say("connection_established", {"action": "accepted", **reply})
        else:
            await self._control(action, payload, reply)

    async def _control(self, action: str, payload: dict[str, Any], reply: dict[str, Any]) -> None:
        match action:
            case "authenticate" | "auth_update":
                if not self._edge.token_ok(payload["token"]):
                    await self.socket.close(4401, "token")
                    return
                self.user_id = user_of(payload["token"]) or 1
                self.say(
                    "connection_established",
                    {"action": "authenticated", "userId": self.user_id, "expiresAt": 0, **reply},
                )
            case "subscribe":
                self._subscribe(payload["subscriptionId"], payload["config"], reply)
            case "unsubscribe":
                self._subscriptions.pop(payload["subscriptionId"], None)
                answer = {"action": "unsubscribed", "subscriptionId": payload["subscriptionId"], **reply}
                self.say("connection_established", answer)

    def _subscribe(self, name: str, config: dict[str, Any], reply: dict[str, Any]) -> None:
        unknown = [each for each in config["types"] if each not in CATALOGUE]
        if unknown:
            detail = {"code": "unknown_type", "message": f"no type {unknown[0]}", "retryable": False}
            self.say("error", {**detail, "subscriptionId": name, "field": "payload.config.types[0]", **reply})
            return
        try:
            wanted = _Subscription(config["types"], Matcher(config.get("filters", {}), config["types"]))
        except BadFilter as refused:
            detail = {"code": refused.code, "message": refused.message, "retryable": False}
            self.say("error", {**detail, "subscriptionId": name, "field": refused.field, **reply})
            return
        try:
            reason, replay = self._edge.log.after(
                config.get("resume", []), config.get("since"), lambda stored: self._wants(wanted, stored)
            )
        except InvalidTimestamp as fault:
            detail = {"code": "bad_message", "message": str(fault), "retryable": False}
            self.say("error", {**detail, "subscriptionId": name, "field": "payload.config.since", **reply})
            return
        for stored in replay:
            self._send(stored)
        self._subscriptions[name] = wanted
        answer = {
            "action": "subscribed",
            "subscriptionId": name,
            "types": config["types"],
            "cursors": self._edge.log.cursors(config["types"]),
            "recovered": reason is None,
            "replayed": len(replay),
            **({"reason": reason} if reason else {}),
            **reply,
        }
        self.say("connection_established", answer)

    def _wants(self, wanted: _Subscription, stored: Stored) -> bool:
        envelope = stored.envelope
        return envelope["type"] in wanted.types and wanted.matcher.matches(
            user_id=envelope.get("userId"),
            payload=lambda: envelope["payload"],
            own_user_id=self.user_id,
        )

    def _send(self, stored: Stored) -> None:
        if self._ended:
            return
        self._queue.put_nowait(stored.data)
        if self._edge.is_last():
            self.end()
