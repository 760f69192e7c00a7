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

from autodmca_edge import protocol
from autodmca_edge.fanout.pacer import Pacer
from autodmca_edge.fanout.registry import Registry
from autodmca_edge.fanout.treatment import Treatment
from autodmca_edge.log.partition import Partition
from autodmca_edge.protocol import CloseCode, Refusal, State
from autodmca_edge.session import subscribe, welcome
from autodmca_edge.session.auth import authenticate
from autodmca_edge.session.deadlines import Deadlines, Due
from autodmca_edge.session.ports import Node, Socket
from autodmca_edge.session.replies import SocketReply
from autodmca_edge.wire.handshake import Upgrade
from autodmca_edge.wire.outbox import Outbox

__all__ = ["Session"]

BAD_MESSAGES_A_MINUTE: Final = 10
HELD_MESSAGES: Final = 16  # while a token's key is being fetched

log = structlog.get_logger()


class Session:
    """A connection's side of the protocol."""

    __slots__ = (
        "_bad", "_family", "_held", "address", "claims", "connection_id", "deadlines", "key",
        "node", "pacer", "paid", "pending", "seat", "socket", "standing", "state", "treatment",
    )  # fmt: skip

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
        self.standing = Registry()
        self.deadlines = Deadlines(node.clock())
        self.paid = 0.0
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
        if not welcome.enter(node, self, upgrade.forwarded):
            return
        node.sessions[self.connection_id] = self
        if upgrade.token is None:
            welcome.greet(node, self, {})
        else:
            authenticate(node, self, upgrade.token, None, answer=False)
        if self.state is State.UNAUTHENTICATED and welcome.wait(node, self):
            node.wheel.add(self, self.deadlines.next(node.clock(), node.wall()))

    def turn_away(self, reason: str, code: CloseCode = CloseCode.OVERLOADED) -> None:
        """There is no place for this client here, or not now."""
        self._close(code, reason)

    def heard(self, frames: int = 0) -> None:
        """Something came from the client, so many frames in it."""
        self.deadlines.heard = self.node.clock()
        if frames:
            self.node.allowances.frames_came(self, frames, self.deadlines.heard)

    def said(self, text: bytes) -> None:
        """A text message came."""
        if self._listens() and self.node.allowances.affords(self, text, self.node.clock()):
            self.obey(text)

    def _listens(self) -> bool:
        return self.current() if self.state is State.OPEN else self.state is State.UNAUTHENTICATED

    def obey(self, text: bytes) -> None:
        """Do what a message says, which has been paid for."""
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
            if self._listens():
                self.obey(text)

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
        wall = self.node.wall()
        match self.deadlines.due(now, wall):
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
        return self.deadlines.next(now, wall)

    def current(self) -> bool:
        """Whether events may be delivered: from the second in which the token expires none may."""
        if self.deadlines.expired(self.node.wall()):
            self.due(self.node.clock())
        return self.state is State.OPEN

    # -- commands ---------------------------------------------------------------------------------

    def _obey(self, command: protocol.Command) -> None:
        self.node.allowances.understood(self, command, self.node.clock())
        match command:
            case protocol.Heartbeat():
                if not command.response:
                    cursors = subscribe.cursors(self.node, self)
                    self._say(protocol.heartbeat_answer(command, self._now(), cursors))
            case protocol.Subscribe():
                subscribe.subscribe(self.node, self, command, SocketReply(self, command))
            case protocol.Unsubscribe():
                subscribe.unsubscribe(self.node, self, command)
            case protocol.Authenticate() | protocol.AuthUpdate():
                authenticate(self.node, self, command.token, command.in_reply_to)
            case protocol.ClientMessage():
                self.node.publish(self, command)

    def authenticated(self, claims: Claims, in_reply_to: str | None, *, answer: bool) -> None:
        """A token was good: the first one opens the conversation, a later one takes its place."""
        former = self.claims
        if former is not None and claims.user_id != former.user_id:
            message = "this is another user's token"
            self.refuse(Refusal("forbidden", message, field="payload.token", in_reply_to=in_reply_to))
            return
        self.claims = claims
        if former is not None and claims != former:
            self.deadlines.renewed(claims)
            if claims.good_until < former.good_until:
                now = self.node.clock()
                for when in self.deadlines.sooner(now, self.node.wall()):
                    self.node.wheel.meet(self.due, when)
            subscribe.renew(self.node, self, claims)
        if former is None and not welcome.sit(self.node, self, user_key(claims.user_id)):
            return
        variants = self.node.treatments.variants_of(claims.user_id)
        welcome.recognise(self.node, self, claims, variants, in_reply_to, answer=answer)
        if former is None:
            self._treat(variants)
            self._begin(claims)

    def _begin(self, claims: Claims) -> None:
        self.state = State.OPEN
        self.key = user_key(claims.user_id)
        self.deadlines.renewed(claims)
        self.node.wheel.add(self, self.deadlines.next(self.node.clock(), self.node.wall()))
        log.info(
            "connection opened",
            connection_id=self.connection_id,
            user_id=claims.user_id,
            peer=self.socket.peer,
        )
        if self._family is not None:
            subscribe.subscribe_family(self.node, self, self._family)

    def _treat(self, variants: Mapping[str, str]) -> None:
        """From now on events leave as is agreed with the client, and as the user's variants say."""
        node, deadlines = self.node, self.deadlines
        treatment = self.treatment = node.treatments.of(variants, self.outbox.window)
        if treatment is not None:
            treatment.connected(1)
            if treatment.paced:
                self.pacer = Pacer(
                    self.outbox, treatment, node.clock, node.later, lambda: deadlines.expired(node.wall())
                )

    def _untreat(self, *, discard: bool = False) -> None:
        """Deliver what still waits, or drop it; from here on nothing waits."""
        pacer, self.pacer = self.pacer, None
        if pacer is not None:
            if discard:
                pacer.discard()
            pacer.flush()
        if self.treatment is not None and not discard:
            self.treatment.connected(-1)
            self.treatment = None

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
            self._untreat(discard=True)
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
        self._untreat()
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
        return rfc3339(int(self.node.wall() * 1000))
