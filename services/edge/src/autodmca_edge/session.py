"""One client's conversation with this node, from the handshake to the last byte.

Owns who the client is (authentication, expiry), what it is subscribed to, its heartbeat, and the
order in which replayed and live events reach it. Is a member of the hub while it is open. Does no I/O
of its own: it writes to a `Socket` and leaves waiting (keys, replays) to the node. A message that makes
no sense is answered with an `error`; ten of those in a minute end the connection.
"""

from collections.abc import Mapping
from typing import Any, Final

import structlog
from autodmca_events import CATALOGUE, rfc3339, user_key
from autodmca_runtime import Claims

from autodmca_edge import protocol
from autodmca_edge.auth import authenticate
from autodmca_edge.handshake import Upgrade
from autodmca_edge.log import Partition
from autodmca_edge.node import Node, Socket
from autodmca_edge.outbox import Outbox
from autodmca_edge.protocol import CloseCode, Refusal, State
from autodmca_edge.standing import Standing, partitions_of
from autodmca_edge.subscriptions import (
    Subscription,
    subscription,
)

__all__ = ["Session"]

HEARTBEAT_INTERVAL_S: Final = 30
HEARTBEAT_TIMEOUT_S: Final = 60
AUTH_TIMEOUT_S: Final = 10
EXPIRY_NOTICE_S: Final = 60
BAD_MESSAGES_A_MINUTE: Final = 10

log = structlog.get_logger()


class Session:
    """A connection's side of the protocol."""

    __slots__ = (
        "_bad",
        "_claims",
        "_deadline",
        "_family",
        "_heard",
        "_node",
        "_notified",
        "connection_id",
        "key",
        "pending",
        "socket",
        "standing",
        "state",
    )

    def __init__(self, node: Node, socket: Socket, connection_id: str) -> None:
        self._node = node
        self.socket = socket
        self.connection_id = connection_id
        self.state = State.UNAUTHENTICATED
        self.key = b""
        """The user's record key; empty until authenticated."""
        self.pending: list[bytes] | None = None
        self._claims: Claims | None = None
        self.standing = Standing()
        self._heard = node.clock()
        self._deadline = self._heard + AUTH_TIMEOUT_S
        self._notified = False
        self._bad: list[float] | None = None
        self._family: str | None = None

    # -- the socket's side ------------------------------------------------------------------------

    def opened(self, upgrade: Upgrade) -> None:
        """Say who we are, then take the token that came with the handshake, if one did."""
        node = self._node
        self._family = upgrade.family
        if node.draining:
            self._close(CloseCode.DRAINING, "this node is draining")
            return
        if not node.available:
            self._close(CloseCode.OVERLOADED, "no connection to the event log yet")
            return
        node.sessions[self.connection_id] = self
        node.wheel.add(self, self._deadline)
        self._answer(
            "connected",
            None,
            protocol=protocol.PROTOCOL_VERSION,
            connectionId=self.connection_id,
            node=node.name,
            serverTime=self._now(),
            heartbeatIntervalMs=HEARTBEAT_INTERVAL_S * 1000,
            heartbeatTimeoutMs=HEARTBEAT_TIMEOUT_S * 1000,
            authTimeoutMs=AUTH_TIMEOUT_S * 1000,
            maxMessageBytes=node.max_message_bytes,
            experiments={},
        )
        if upgrade.token is not None:
            authenticate(node, self, upgrade.token, None, answer=False)

    def heard(self) -> None:
        """Some frame came from the client."""
        self._heard = self._node.clock()

    def said(self, text: bytes) -> None:
        """A text message came."""
        if self.state is State.CLOSING:
            return
        try:
            command = protocol.parse(text)
            protocol.require(self.state, command)
            self._obey(command)
        except Refusal as refusal:
            self.refuse(refusal)

    def drained(self) -> None:
        """The socket takes bytes again."""
        if self in self._node.hub.gates:
            self._node.replayer.unblocked(self)

    def lost(self, code: int | None) -> None:
        """The socket is gone."""
        self._leave()
        log.info(
            "connection closed",
            connection_id=self.connection_id,
            user_id=self._claims.user_id if self._claims else None,
            close_code=code or 1006,
        )

    def due(self, now: float) -> float | None:
        """Deadlines: authentication, the client's heartbeat, the token's expiry and the notice of it."""
        if self.state is State.CLOSING:
            return None
        if self._claims is None:
            if now >= self._deadline:
                self._close(CloseCode.TIMED_OUT, "not authenticated in time")
            return self._deadline
        expires_at = self._claims.expires_at
        if now >= expires_at:
            self.refuse(Refusal("token_expired", "the token has expired"), misuse=False)
            self._close(CloseCode.NO_TOKEN, "the token has expired")
            return None
        silent_at = self._heard + HEARTBEAT_TIMEOUT_S
        if now >= silent_at:
            self._close(CloseCode.TIMED_OUT, "no heartbeat")
            return None
        if now >= expires_at - EXPIRY_NOTICE_S:
            if not self._notified:
                self._notified = True
                self._answer("auth_expiring", None, expiresAt=rfc3339(expires_at * 1000))
            return min(silent_at, expires_at)
        return min(silent_at, expires_at - EXPIRY_NOTICE_S)

    # -- commands ---------------------------------------------------------------------------------

    def _obey(self, command: protocol.Command) -> None:
        match command:
            case protocol.Heartbeat():
                if not command.response:
                    cursors = self.standing.cursors(self._node.log, self._node.hub.gates.get(self, {}))
                    self.socket.say(protocol.heartbeat_answer(command, self._now(), cursors))
            case protocol.Subscribe():
                self._subscribe(command)
            case protocol.Unsubscribe():
                if self.standing.remove(command.subscription_id):
                    self.standing.register(self._node.hub, self)
                self._answer("unsubscribed", command.in_reply_to, subscriptionId=command.subscription_id)
            case protocol.Authenticate() | protocol.AuthUpdate():
                authenticate(self._node, self, command.token, command.in_reply_to)
            case protocol.ClientMessage():
                self._node.publish(self, command)

    def authenticated(self, claims: Claims, in_reply_to: str | None, *, answer: bool) -> None:
        """A token was good: the first one opens the conversation, a later one may renew it."""
        former, self._claims = self._claims, self._claims or claims
        if former is not None and claims.user_id != former.user_id:
            message = "this is another user's token"
            self.refuse(Refusal("forbidden", message, field="payload.token", in_reply_to=in_reply_to))
            return
        if former is not None and claims.expires_at >= former.expires_at and claims != former:
            self._renew(claims)
        if answer:
            expires_at = rfc3339(self._claims.expires_at * 1000)
            self._answer("authenticated", in_reply_to, userId=claims.user_id, expiresAt=expires_at)
        if former is None:
            self._begin(claims)

    def _begin(self, claims: Claims) -> None:
        self.state = State.OPEN
        self.key = user_key(claims.user_id)
        self._node.wheel.add(self, min(self._deadline, claims.expires_at))
        log.info(
            "connection opened",
            connection_id=self.connection_id,
            user_id=claims.user_id,
            peer=self.socket.peer,
        )
        if self._family is not None:
            types = [name for name, each in CATALOGUE.items() if each.family == self._family]
            config = protocol.SubscriptionConfig(types=types)
            try:
                self._subscribe(protocol.Subscribe(subscription_id=self._family, config=config))
            except Refusal as refusal:
                self.refuse(refusal)

    def not_authenticated(self, refusal: Refusal) -> None:
        """A token was not good: without an earlier one that is the end."""
        self.refuse(refusal)
        if self._claims is None:
            self._close(CloseCode.NO_TOKEN, refusal.code)

    def _renew(self, claims: Claims) -> None:
        """A newer token: its limits hold for what stands, too."""
        self._claims, self._notified = claims, False
        for name in self.standing.narrow(claims):
            message = "the new token does not allow this subscription"
            self.refuse(Refusal("forbidden", message, subscription_id=name), misuse=False)
        self.standing.register(self._node.hub, self)

    def _subscribe(self, command: protocol.Subscribe) -> None:
        name = command.subscription_id
        assert self._claims is not None
        limit = self._node.max_subscriptions
        try:
            if name not in self.standing and len(self.standing) >= limit:
                raise Refusal("limit_exceeded", f"at most {limit} subscriptions a connection")  # noqa: TRY301
            wanted = subscription(name, command.config, self._claims)
        except Refusal as refusal:
            refusal.subscription_id, refusal.in_reply_to = name, command.in_reply_to
            raise
        if command.config.resume or command.config.since:
            self._node.replayer.begin(self, wanted, command)
        else:
            self.stand(wanted, {})
            self.subscribed(wanted, command.in_reply_to)

    # -- what the replayer uses too ---------------------------------------------------------------

    def stand(self, wanted: Subscription, starts: Mapping[Partition, int]) -> None:
        """Let a subscription take part in live delivery from now on, or from `starts` where given."""
        wanted.since = {
            each: starts.get(each, each.position) for each in partitions_of(self._node.log, wanted)
        }
        self.standing.put(wanted)
        self.standing.register(self._node.hub, self)

    def subscribed(
        self, wanted: Subscription, in_reply_to: str | None, *, replayed: int = 0, reason: str | None = None
    ) -> None:
        """Answer a subscribe; `reason`: why what came before could not be replayed."""
        payload: dict[str, Any] = {
            "subscriptionId": wanted.name,
            "types": wanted.types,
            "cursors": [each.cursor() for each in partitions_of(self._node.log, wanted)],
            "recovered": reason is None,
            "replayed": replayed,
        }
        if reason is not None:
            payload["reason"] = reason
        self._answer("subscribed", in_reply_to, **payload)

    # -- the hub's side ---------------------------------------------------------------------------

    @property
    def outbox(self) -> Outbox:
        """Where events go."""
        return self.socket.outbox

    def overflowed(self, events: int) -> None:
        """The client is too slow for its outbox: it is let go, after the hub is done."""
        self._node.dropped("too_slow", events)
        self._node.soon(self._too_slow)

    def _too_slow(self) -> None:
        if self.state is not State.CLOSING:
            self._leave()
            self._node.closed(CloseCode.TOO_SLOW)
            self.socket.close(CloseCode.TOO_SLOW, "too slow", discard=True)

    def drain(self) -> None:
        """This node is leaving: so must the client."""
        self._close(CloseCode.DRAINING, "this node is draining")

    # -- inside -----------------------------------------------------------------------------------

    def _leave(self) -> None:
        if self.state is not State.CLOSING:
            self.state = State.CLOSING
            self.standing.leave(self._node.hub, self)
            self._node.replayer.forget(self)
            self._node.sessions.pop(self.connection_id, None)

    def _close(self, code: CloseCode, reason: str) -> None:
        self._leave()
        self._node.closed(code)
        self.socket.close(code, reason)

    def refuse(self, refusal: Refusal, *, misuse: bool = True) -> None:
        """Answer with an error; `misuse`: it is the client's fault and counts against it."""
        self._node.said_bad(refusal.code)
        self.socket.say(protocol.error(refusal, self._now()))
        if not misuse or refusal.retryable:
            return
        now = self._node.clock()
        self._bad = [each for each in self._bad or () if each > now - 60]
        self._bad.append(now)
        if len(self._bad) >= BAD_MESSAGES_A_MINUTE:
            self._close(CloseCode.MISUSE, "too many bad messages")

    def _answer(self, action: str, in_reply_to: str | None, **payload: Any) -> None:
        self.socket.say(protocol.answer(action, self._now(), in_reply_to, **payload))

    def _now(self) -> str:
        return rfc3339(int(self._node.clock() * 1000))
