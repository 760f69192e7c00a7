"""A session that is listened to over HTTP.

Owns the one subscription of a request to the fallback: it says to a `Session` what a client would say over
a WebSocket (authenticate, subscribe, heartbeat) and reads what comes back, so that who may have what, when
and in which order is decided by the same code. Never writes a response.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol

import msgspec
from autodmca_service.control.revocations import Verifier

from autodmca_edge.admission.queue import Admission
from autodmca_edge.protocol import CloseCode
from autodmca_edge.server.fallback.cursors import KeptCursors, cursor_in
from autodmca_edge.server.fallback.outlet import Alarm, Closed, Outlet
from autodmca_edge.server.fallback.query import Query
from autodmca_edge.session.ports import Socket
from autodmca_edge.session.session import Session
from autodmca_edge.timers import TimerWheel
from autodmca_edge.wire.handshake import Upgrade
from autodmca_edge.wire.outbox import Wire

__all__ = ["Door", "Listener", "Subscribed", "Waiting"]

NAME: Final = "events"  # of the subscription
CLOSE_TIMEOUT_S: Final = 5.0
_HEARTBEAT: Final = b'{"type":"heartbeat"}'


class Door(Protocol):
    """What the fallback needs of the node."""

    wheel: TimerWheel
    outbox_bytes: int
    admission: Admission
    origins: frozenset[str]

    @property
    def wire(self) -> Wire: ...
    @property
    def verifier(self) -> Verifier: ...
    def clock(self) -> float: ...
    def wall(self) -> float: ...
    def converse(self, socket: Socket) -> Session: ...


class Subscribed(msgspec.Struct, frozen=True):
    """The session's answer: the subscription stands, and what came before it has been replayed."""

    types: list[str]
    cursors: list[str]
    recovered: bool
    replayed: int
    reason: str | msgspec.UnsetType = msgspec.UNSET


class Waiting(msgspec.Struct, frozen=True):
    """The replay waits its turn; `ahead`: how many come before it. Or, with a `reason`, for the log."""

    ahead: int
    reason: str | msgspec.UnsetType = msgspec.UNSET


class Listener:
    """From a request's token to its end. `leave` must be called at last.

    `abort` closes the connection at once: its client does not read.
    """

    def __init__(
        self,
        door: Door,
        peer: str,
        forwarded: str,
        token: str,
        query: Query,
        abort: Callable[[], object],
    ) -> None:
        self._door = door
        self._forwarded = forwarded
        self._token, self._query = token, query
        self._abort = abort
        self._outlet = Outlet(door.wire, peer, door.outbox_bytes, self._ended)
        self._session = door.converse(self._outlet)
        self.positions = KeptCursors(query.resume)
        self.subscribed: Subscribed | None = None
        self.error: dict[str, Any] | None = None
        """The payload of the first `error` message."""
        self.half_closed = False
        """Whether the client has ended its half: it may be gone, which only writing can tell."""
        self._left = False

    @property
    def closed(self) -> Closed | None:
        """How the session ended it, once it did. What `take` gives afterwards is the last."""
        return self._outlet.closed

    @property
    def gone(self) -> bool:
        """Whether the client has hung up."""
        return self._outlet.gone

    @property
    def authenticated(self) -> bool:
        """Whether the token has been found good."""
        return self._session.claims is not None

    def begin(self) -> None:
        """Come in when it is its turn, as WebSockets do."""
        self._door.admission.arrive(self)

    def admit(self) -> None:
        """Say who is there and what is wanted."""
        self._session.opened(
            Upgrade(
                family=None,
                key=b"",
                token=self._token,
                origin=None,
                subprotocol=None,
                forwarded=self._forwarded,
            )
        )
        subscribe = {"action": "subscribe", "subscriptionId": NAME, "config": self._query.config}
        self._session.said(msgspec.json.encode({"type": "connection_established", "payload": subscribe}))
        self.beat()  # answered when the token is known to be good, which may take a while

    def turn_away(self, reason: str) -> None:
        """Too many come at once."""
        self._session.turn_away(reason)

    def beat(self) -> None:
        """Be alive, and ask for the positions, if there is room for the answer."""
        self._session.heard()
        if not self._outlet.outbox.blocked:
            self._session.obey(_HEARTBEAT)  # ours: the client has not said it

    def take(self) -> Iterator[bytes | Subscribed | Waiting]:
        """What has come: events (JSON), and answers to the subscribe. `positions` keep pace."""
        events = 0
        for said, text in self._outlet.take(self._session.drained):
            if not said:
                events += 1
                self.positions.passed(cursor_in(text))
                yield text
            elif answer := self._heard(msgspec.json.decode(text)):
                yield answer
        if events and not self.positions.complete:
            self.beat()

    def take_all(self) -> Iterator[bytes | Subscribed | Waiting]:
        """All that was written until now, with the positions after it. Leave then at once."""
        self._outlet.flush()
        self.beat()
        return self.take()

    def _heard(self, message: dict[str, Any]) -> Subscribed | Waiting | None:
        """What it says of the subscription."""
        payload = message["payload"]
        if message["type"] == "heartbeat":
            self.positions.told(payload["cursors"])
        elif message["type"] == "error":
            self.error = self.error or payload
        elif payload["action"] == "subscribed" and payload["subscriptionId"] == NAME:
            self.subscribed = msgspec.convert(payload, Subscribed)
            self.positions.subscribed(self.subscribed.cursors, recovered=self.subscribed.recovered)
            return self.subscribed
        elif payload["action"] == "waiting":
            return msgspec.convert(payload, Waiting)
        return None

    @property
    def lost(self) -> str | None:
        """Why the replay is not complete, as far as it is known; None: it is."""
        if self.subscribed is not None:
            return None if self.subscribed.recovered else str(self.subscribed.reason)
        standing = self._session.standing.get(NAME)
        # Only retention makes a gap while a replay runs; the answer that says so comes at its end.
        return "retention" if standing is not None and standing.gaps else None

    async def wait(self) -> None:
        """Until something has come, the client is gone, or an alarm rang."""
        await self._outlet.ready.wait()

    def wake_at(self, when: float) -> None:
        """Have `wait` return then (in seconds since the epoch)."""
        self._door.wheel.add(Alarm(self._outlet.ready.set), when)

    def _ended(self) -> None:
        """The rest of the answer has so long to go out, as what is queued for a WebSocket has."""
        self._door.wheel.add(Alarm(self._cut_off), self._door.clock() + CLOSE_TIMEOUT_S)

    def _cut_off(self) -> None:
        if not self._left:
            self._abort()

    async def watch(self, receive: Any) -> None:
        """Until the client hangs up, of which `wait` is told."""
        message: Any = {}
        while message.get("type") != "http.disconnect":  # else it is a body: not of interest
            message = await receive()
        self._outlet.hang_up()

    def half_close(self) -> None:
        """The client has ended its half of the connection; `wait` is told."""
        self.half_closed = True
        self._outlet.ready.set()

    def leave(self) -> None:
        """End the session, if it has not ended itself."""
        if self._left:
            return
        self._left = True
        self._door.admission.leave(self)
        code = None if self.gone else int(CloseCode.DONE) if self.closed is None else self.closed.code
        self._outlet.hang_up()
        self._session.lost(code)
