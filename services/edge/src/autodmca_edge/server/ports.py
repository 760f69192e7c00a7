"""What the transport needs of those above it, as protocols.

Owns no behaviour: it lets server/websocket.py speak to any conversation, be it a session (session/session.py)
or the echo that conformance is tested with.
"""

from typing import Protocol

from autodmca_edge.admission.descriptors import Descriptors
from autodmca_edge.admission.queue import Admission
from autodmca_edge.session.ports import Socket
from autodmca_edge.timers import Timed, TimerWheel
from autodmca_edge.wire.handshake import Upgrade
from autodmca_edge.wire.outbox import Wire

__all__ = ["Conversation", "Gateway"]


class Conversation(Timed, Protocol):
    """What is said over a WebSocket; see session/session.py."""

    def opened(self, upgrade: Upgrade) -> None:
        """The handshake is done."""

    def turn_away(self, reason: str) -> None:
        """The handshake is done, but too many came at once."""

    def said(self, text: bytes) -> None:
        """A text message came."""

    def heard(self, frames: int = 0) -> None:
        """Some bytes came, and so many frames were in them: the peer is alive."""

    def drained(self) -> None:
        """What was written has left."""

    def leave(self) -> None:
        """The closing handshake begins: no event may be written after a Close frame."""

    def lost(self, code: int | None) -> None:
        """The socket is gone; `code`: with which close code the peer said so, if it did."""


class Gateway(Protocol):
    """What the protocol classes need of the node."""

    wheel: TimerWheel
    origins: frozenset[str]
    compression: bool
    max_message_bytes: int
    outbox_bytes: int
    files: Descriptors
    wire: Wire
    admission: Admission

    def clock(self) -> float: ...
    def converse(self, socket: Socket) -> Conversation: ...
    def compresses(self, upgrade: Upgrade) -> bool: ...
    def refused(self, status: int) -> None: ...
    def sent(self, size: int) -> None: ...
