"""What a session needs of its socket and of the node that it is on, as protocols.

Owns no behaviour: it lets a session be read, checked and tested without the parts that do I/O. node.py has
the real node, `testing` the simulated one; server/websocket.py and server/fallback/outlet.py have sockets.
"""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Protocol

from autodmca_runtime import Claims
from autodmca_service.control.revocations import Verifier

from autodmca_edge.admission.allowances import Allowances
from autodmca_edge.admission.guest import Guest
from autodmca_edge.admission.limits import Limits
from autodmca_edge.admission.pressure import Pressure
from autodmca_edge.fanout.hub import Hub
from autodmca_edge.fanout.pacer import Cancellable
from autodmca_edge.fanout.treatment import Treatments
from autodmca_edge.log.event_log import EventLog
from autodmca_edge.log.partition import Partition
from autodmca_edge.protocol import ClientMessage, CloseCode, Refusal
from autodmca_edge.replay import client
from autodmca_edge.replay.replays import Replays
from autodmca_edge.timers import TimerWheel
from autodmca_edge.wire.outbox import Outbox

__all__ = ["Client", "Node", "Socket"]


class Socket(Protocol):
    """Where a session writes."""

    @property
    def peer(self) -> str: ...
    @property
    def gone(self) -> bool: ...
    @property
    def outbox(self) -> Outbox: ...
    def say(self, text: bytes) -> bool: ...
    def close(self, code: int, reason: str = "", *, discard: bool = False) -> None: ...


class Client(Guest, client.Client, Protocol):
    """A session, as the other parts of its room see it; see session.py."""

    claims: Claims | None
    socket: Socket

    def answer(self, action: str, in_reply_to: str | None, **payload: Any) -> None: ...
    def refuse(self, refusal: Refusal, *, misuse: bool = True) -> None: ...
    def turn_away(self, reason: str, code: CloseCode = CloseCode.OVERLOADED) -> None: ...
    def authenticated(self, claims: Claims, in_reply_to: str | None, *, answer: bool) -> None: ...
    def not_authenticated(self, refusal: Refusal) -> None: ...
    def hold(self) -> None: ...
    def release(self) -> None: ...


class Node(Protocol):
    """The node that a session is on."""

    name: str
    hub: Hub
    log: EventLog
    wheel: TimerWheel
    limits: Limits
    pressure: Pressure
    allowances: Allowances
    max_message_bytes: int
    max_subscriptions: int
    sessions: dict[str, Any]
    """The sessions that have begun and not ended, by connection id."""
    treatments: Treatments
    origins: frozenset[str]

    @property
    def replayer(self) -> Replays: ...
    @property
    def verifier(self) -> Verifier: ...
    @property
    def available(self) -> bool: ...
    @property
    def draining(self) -> bool: ...
    def clock(self) -> float: ...
    def wall(self) -> float: ...
    def lags(self) -> Iterable[tuple[Partition, int]]: ...
    def later(self, seconds: float, call: Callable[[], object]) -> Cancellable: ...
    def soon(self, call: Any, *args: Any) -> None: ...
    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> None: ...
    def said_bad(self, code: str) -> None: ...
    def publish(self, sender: Client, message: ClientMessage) -> None: ...
    def closed(self, code: int) -> None: ...
    def turned_away(self, why: str) -> None: ...
    def deferred(self, events: int) -> None: ...
    def dropped(self, reason: str, events: int) -> None: ...
