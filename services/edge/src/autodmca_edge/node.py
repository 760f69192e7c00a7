"""What a session needs of the node that it is on, as protocols.

Owns no behaviour: it lets session.py, auth.py and replay.py be read, checked and tested without the parts
that do I/O. app.py has the real node, testing.py the simulated one.
"""

from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from autodmca_runtime import Claims

from autodmca_edge.hub import Hub
from autodmca_edge.limits import Guest, Limits
from autodmca_edge.log import EventLog, Partition
from autodmca_edge.outbox import Outbox
from autodmca_edge.pressure import Pressure
from autodmca_edge.protocol import ClientMessage, CloseCode, Refusal, Subscribe
from autodmca_edge.subscriptions import Subscription
from autodmca_edge.timers import TimerWheel

if TYPE_CHECKING:
    from autodmca_edge.session import Session

__all__ = ["Newcomer", "Node", "Replayer", "Socket", "Verifier"]


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


class Replayer(Protocol):
    """Replays from the log; see replay.py."""

    def begin(self, session: "Session", wanted: Subscription, command: Subscribe) -> None: ...
    def queued(self, session: "Session") -> set[str]: ...
    def drop(self, session: "Session", name: str) -> None: ...
    def catch_up(self, session: "Session", where: Mapping[Partition, int]) -> None: ...
    def unblocked(self, session: "Session") -> None: ...
    def forget(self, session: "Session") -> None: ...


class Verifier(Protocol):
    """Checks tokens; see autodmca_runtime."""

    def verify(self, token: str) -> Claims: ...
    async def check(self, token: str) -> Claims: ...


class Newcomer(Guest, Protocol):
    """A session that is being let in."""

    connection_id: str
    socket: Socket

    def answer(self, action: str, in_reply_to: str | None, **payload: Any) -> None: ...
    def refuse(self, refusal: Refusal, *, misuse: bool = True) -> None: ...
    def turn_away(self, reason: str, code: CloseCode = CloseCode.OVERLOADED) -> None: ...


class Node(Protocol):
    """What a session needs of the node that it is on."""

    name: str
    hub: Hub
    log: EventLog
    wheel: TimerWheel
    limits: Limits
    pressure: Pressure
    max_message_bytes: int
    max_subscriptions: int
    sessions: dict[str, "Session"]

    @property
    def replayer(self) -> Replayer: ...
    @property
    def verifier(self) -> Verifier: ...
    @property
    def available(self) -> bool: ...
    @property
    def draining(self) -> bool: ...
    def clock(self) -> float: ...
    def soon(self, call: Any, *args: Any) -> None: ...
    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> None: ...
    def said_bad(self, code: str) -> None: ...
    def publish(self, session: "Session", message: ClientMessage) -> None: ...
    def closed(self, code: int) -> None: ...
    def turned_away(self, why: str) -> None: ...
    def deferred(self, events: int) -> None: ...
    def dropped(self, reason: str, events: int) -> None: ...
