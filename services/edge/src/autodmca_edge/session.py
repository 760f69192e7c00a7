"""One client's conversation with this node, from the handshake to the last byte.

Owns who the client is (authentication, expiry), what it is subscribed to, its heartbeat, and the
order in which replayed and live events reach it. Is a member of the hub while it is open. Does no I/O
of its own: it writes to a `Socket` and leaves waiting (keys, replays) to the node. A message that makes
no sense is answered with an `error`; ten of those in a minute end the connection.
"""

from collections.abc import Mapping
from typing import Any, Final

import structlog
from autodmca_events import rfc3339, user_key
from autodmca_runtime import Claims

from autodmca_edge import entering, protocol, subscribing, treating
from autodmca_edge.auth import authenticate
from autodmca_edge.deadlines import Deadlines, Due
from autodmca_edge.handshake import Upgrade
from autodmca_edge.log import Partition
from autodmca_edge.node import Node, Socket
from autodmca_edge.outbox import Outbox
from autodmca_edge.pacing import Pacer
from autodmca_edge.protocol import CloseCode, Refusal, State
from autodmca_edge.standing import Standing
from autodmca_edge.treatment import Treatment

__all__ = ["Session"]

BAD_MESSAGES_A_MINUTE: Final = 10
HELD_MESSAGES: Final = 16  # while a token's key is being fetched

log = structlog.get_logger()


class Session:
    """A connection's side of the protocol."""

    __slots__ = (
        "_bad",
        "_family",
        "_held",
        "address",
        "claims",
        "connection_id",
        "deadlines",
        "key",
        "node",
        "pacer",
        "pending",
        "seat",
        "socket",
        "standing",
        "state",
        "treatment",
    )

    def __init__(self, node: Node, socket: Socket, connection_id: str) -> None:
        self.node = node
        self.socket = socket
        self.connection_id = connection_id
        self.state = State.UNAUTHENTICATED
        self.key = b""
        """The user's record key; empty until authenticated."""
        self.pending: list[bytes] | None = None
        self.treatment: Treatment | None = None
        self.pacer: Pacer | None = None
        self.claims: Claims | None = None
        self.standing = Standing()
        self.deadlines = Deadlines(node.clock())
        self._held: list[bytes] | None = None
        self._bad: list[float] | None = None
        self._family: str | None = None
        self.seat: bytes | None = None
        self.address: str | None = None

    # -- the socket's side ------------------------------------------------------------------------

    def opened(self, upgrade: Upgrade) -> None:
        """Take the token that came with the handshake, if one did, and say who we are."""
        node = self.node
        self._family = upgrade.family
        if not entering.enter(node, self, upgrade.forwarded):
            return
        node.sessions[self.connection_id] = self
        if upgrade.token is None:
            entering.greet(node, self, {})
        else:
            authenticate(node, self, upgrade.token, None, answer=False)
        if self.state is State.UNAUTHENTICATED and entering.wait(node, self):
            node.wheel.add(self, self.deadlines.next())

    def turn_away(self, reason: str, code: CloseCode = CloseCode.OVERLOADED) -> None:
        """There is no place for this client here, or not now."""
        self._close(code, reason)

    def heard(self) -> None:
        """Some frame came from the client."""
        self.deadlines.heard = self.node.clock()

    def said(self, text: bytes) -> None:
        """A text message came."""
        if self.state is State.CLOSING or (self.state is State.OPEN and not self.current()):
            return
        try:
            if self._held is None:
                command = protocol.parse(text)
                protocol.require(self.state, command)
                self._obey(command)
            elif len(self._held) < HELD_MESSAGES:
                self._held.append(text)
            else:
                message = "too many messages before the token is verified"
                self.refuse(Refusal("rate_limited", message, retryable=True))
        except Refusal as refusal:
            self.refuse(refusal)

    def hold(self) -> None:
        """Keep what the client says until `release`."""
        self._held = []

    def release(self) -> None:
        """Obey what was said meanwhile."""
        held, self._held = self._held or [], None
        for text in held:  # one of them may bring a token whose key must be fetched: then the rest wait again
            self.said(text)

    def drained(self) -> None:
        """The socket takes bytes again."""
        self.deadlines.stalled = None
        if self in self.node.hub.gates:
            self.node.replayer.unblocked(self)

    def lost(self, code: int | None) -> None:
        """The socket is gone."""
        self.leave()
        self.node.limits.gone(self)
        log.info(
            "connection closed",
            connection_id=self.connection_id,
            user_id=self.claims.user_id if self.claims else None,
            close_code=code or 1006,
        )

    def due(self, now: float) -> float | None:
        """Deadlines: authentication, the client's heartbeat, the token's expiry and the notice of it."""
        if self.state is State.CLOSING:
            return None
        match self.deadlines.due(now):
            case Due.NOT_AUTHENTICATED:
                self._close(CloseCode.TIMED_OUT, "not authenticated in time")
            case Due.EXPIRED:
                self.refuse(Refusal("token_expired", "the token has expired"), misuse=False)
                self._close(CloseCode.NO_TOKEN, "the token has expired")
            case Due.SILENT:
                self._close(CloseCode.TIMED_OUT, "no heartbeat")
            case Due.STALLED:
                self.too_slow(0)
            case Due.NOTICE:
                expires_at = rfc3339((self.deadlines.expires_at or 0) * 1000)
                self.answer("auth_expiring", None, expiresAt=expires_at)
        return self.deadlines.next()

    def current(self) -> bool:
        """Whether events may be delivered: from the second in which the token expires none may."""
        now = self.node.clock()
        if self.deadlines.expired(now):
            self.due(now)
        return self.state is State.OPEN

    # -- commands ---------------------------------------------------------------------------------

    def _obey(self, command: protocol.Command) -> None:
        match command:
            case protocol.Heartbeat():
                if not command.response:
                    cursors = subscribing.cursors(self.node, self)
                    self._say(protocol.heartbeat_answer(command, self._now(), cursors))
            case protocol.Subscribe():
                subscribing.subscribe(self.node, self, command)
            case protocol.Unsubscribe():
                subscribing.unsubscribe(self.node, self, command)
            case protocol.Authenticate() | protocol.AuthUpdate():
                authenticate(self.node, self, command.token, command.in_reply_to)
            case protocol.ClientMessage():
                self.node.publish(self, command)

    def authenticated(self, claims: Claims, in_reply_to: str | None, *, answer: bool) -> None:
        """A token was good: the first one opens the conversation, a later one may renew it."""
        former, self.claims = self.claims, self.claims or claims
        if former is not None and claims.user_id != former.user_id:
            message = "this is another user's token"
            self.refuse(Refusal("forbidden", message, field="payload.token", in_reply_to=in_reply_to))
            return
        if former is not None and claims.expires_at >= former.expires_at and claims != former:
            self.claims = claims
            self.deadlines.renewed(claims.expires_at)
            subscribing.renew(self.node, self, claims)
        if former is None and not entering.sit(self.node, self, user_key(claims.user_id)):
            return
        variants = self.node.treatments.variants_of(claims.user_id)
        entering.recognise(self.node, self, self.claims, variants, in_reply_to, answer=answer)
        if former is None:
            treating.begin(self.node, self, variants)
            self._begin(claims)

    def _begin(self, claims: Claims) -> None:
        self.state = State.OPEN
        self.key = user_key(claims.user_id)
        self.deadlines.renewed(claims.expires_at)
        self.node.wheel.add(self, self.deadlines.next())
        log.info(
            "connection opened",
            connection_id=self.connection_id,
            user_id=claims.user_id,
            peer=self.socket.peer,
        )
        if self._family is not None:
            subscribing.subscribe_family(self.node, self, self._family)

    def not_authenticated(self, refusal: Refusal) -> None:
        """A token was not good: without an earlier one that is the end."""
        self.refuse(refusal)
        if self.claims is None:
            cut_off = refusal.code == "forbidden"
            self._close(CloseCode.FORBIDDEN if cut_off else CloseCode.NO_TOKEN, refusal.code)

    # -- the hub's side ---------------------------------------------------------------------------

    @property
    def outbox(self) -> Outbox:
        """Where events go."""
        return self.socket.outbox

    def fell_behind(self, where: Mapping[Partition, int], events: int) -> None:
        """The client reads more slowly than events come: it gets these from the log when it reads again."""
        self.deadlines.stalled = self.deadlines.stalled or self.node.clock()
        self.node.deferred(events)
        self.node.replayer.catch_up(self, where)

    def too_slow(self, events: int) -> None:
        """Not even the log helps: the socket is closed at once, the hub is told when it is done."""
        self.node.dropped("too_slow", events)
        if self.state is not State.CLOSING:
            self.state = State.CLOSING
            self.node.closed(CloseCode.TOO_SLOW)
            treating.end(self, discard=True)
            self.socket.close(CloseCode.TOO_SLOW, "too slow", discard=True)
            self.node.soon(self.leave)

    @property
    def gone(self) -> bool:
        """Whether the socket is gone."""
        return self.socket.gone

    def drain(self) -> None:
        """This node is leaving: so must the client."""
        self._close(CloseCode.DRAINING, "this node is draining")

    def leave(self) -> None:
        """Take no part any more: nothing is delivered from now on."""
        self.state = State.CLOSING
        self.standing.leave(self.node.hub, self)
        treating.end(self)
        self.node.limits.leave(self)
        self.node.replayer.forget(self)
        self.node.sessions.pop(self.connection_id, None)

    def _close(self, code: CloseCode, reason: str) -> None:
        if self.state is not State.CLOSING:
            self.leave()
            self.node.closed(code)
            self.socket.close(code, reason)

    def refuse(self, refusal: Refusal, *, misuse: bool = True) -> None:
        """Answer with an error; `misuse`: it is the client's fault and counts against it."""
        self.node.said_bad(refusal.code)
        self._say(protocol.error(refusal, self._now()))
        if not misuse or refusal.retryable:
            return
        now = self.node.clock()
        self._bad = [each for each in self._bad or () if each > now - 60]
        self._bad.append(now)
        if len(self._bad) >= BAD_MESSAGES_A_MINUTE:
            self._close(CloseCode.MISUSE, "too many bad messages")

    def answer(self, action: str, in_reply_to: str | None, **payload: Any) -> None:
        self._say(protocol.answer(action, self._now(), in_reply_to, **payload))

    def _say(self, text: bytes) -> None:
        if self.pacer is not None:
            self.pacer.flush()  # what is said now comes after
        if not self.socket.say(text):
            self.too_slow(0)

    def _now(self) -> str:
        return rfc3339(int(self.node.clock() * 1000))
