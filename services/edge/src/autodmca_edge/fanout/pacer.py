"""Events that wait a moment for others: batching and conflation, where an experiment switches them.

Owns what was promised to one connection and has not gone to its outbox yet, in order. A fact waits for
`batch_s` at most, a state for `conflation_s`, and is left out when a newer one of its entity comes in that
time; whatever leaves takes all before it along, so a cursor that the client has seen never stands for
something that it was not sent. What waits counts against the outbox's bound: over it, it leaves at once.
"""

from collections.abc import Callable
from typing import Any, Final, Protocol

import msgspec

from autodmca_edge.fanout.records import entity_of
from autodmca_edge.fanout.subscriptions import BITS
from autodmca_edge.fanout.treatment import Treatment
from autodmca_edge.wire.frames import head, payloads
from autodmca_edge.wire.outbox import Outbox

__all__ = ["Cancellable", "Pacer"]


class _Head(msgspec.Struct, rename="camel"):
    type: str
    user_id: int | None = None
    payload: msgspec.Raw = msgspec.Raw()


_head: Final = msgspec.json.Decoder(_Head).decode
_payload: Final = msgspec.json.Decoder(dict[str, Any]).decode


class Cancellable(Protocol):
    """A call to come."""

    def cancel(self) -> object: ...


class Pacer:
    """Stands before an outbox and takes events in its place.

    `later` calls back after some seconds; `over`: nothing may be delivered any more; `clock` in seconds.
    """

    __slots__ = (
        "_clock", "_due", "_held", "_later", "_newest", "_outbox", "_over", "_size", "_timer", "_treatment",
    )  # fmt: skip

    def __init__(
        self,
        outbox: Outbox,
        treatment: Treatment,
        clock: Callable[[], float],
        later: Callable[[float, Callable[[], object]], Cancellable],
        over: Callable[[], bool],
    ) -> None:
        self._outbox = outbox
        self._treatment = treatment
        self._clock = clock
        self._later = later
        self._over = over
        self._held: list[tuple[float, bytes] | None] = []  # when it came; None: a newer state came
        self._newest: dict[object, tuple[int, int]] = {}  # by entity: its place among them, its offset
        self._size = 0
        self._due = 0.0
        self._timer: Cancellable | None = None

    @property
    def handle(self) -> int:
        """Of the socket."""
        return self._outbox.handle

    @property
    def blocked(self) -> bool:
        """Whether the socket takes nothing now."""
        return self._outbox.blocked

    @property
    def waiting(self) -> int:
        """Bytes that wait here."""
        return self._size

    def write(self, data: bytes) -> bool:
        """Take a run of events' frames. False: over the bound, not taken."""
        if self._size + len(data) > self._outbox.room:
            self.flush()
            frames = [self._treatment.frame(payload) for payload in payloads(data)]
            run = b"".join(frames)
            if not self._outbox.write(run):
                return False
            self._treatment.delivered(len(frames), len(run))
            return True
        now = self._clock()
        wait = min([self._take(payload, now) for payload in payloads(data)])
        if not wait:
            self.flush()
        elif self._timer is None or now + wait < self._due:
            self._arm(now + wait, wait)
        return True

    def _take(self, payload: bytes, now: float) -> float:
        """Hold an event; for how long it may be."""
        entity = _entity(payload) if self._treatment.conflation_s else None
        if entity is not None:
            offset = int(payload[payload.rindex(b":") + 1 : -2])  # of the cursor, which is always the last
            place, older = self._newest.get(entity, (-1, -1))
            if 0 <= older < offset:  # a replay may bring an older one later
                former = self._held[place]
                assert former is not None
                self._size -= _framed(former[1])
                self._held[place] = None
                self._treatment.conflated(1)
            if older < offset:
                self._newest[entity] = len(self._held), offset
        self._held.append((now, payload))
        self._size += _framed(payload)
        return self._treatment.batch_s if entity is None else self._treatment.conflation_s

    def _arm(self, due: float, wait: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._due, self._timer = due, self._later(wait, self.flush)

    def flush(self) -> None:
        """Let everything go; nothing when nothing may be delivered any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._held:
            return
        held = [each for each in self._held if each is not None]
        self._held, self._newest, self._size = [], {}, 0
        if self._over():
            return
        frames = [self._treatment.frame(payload) for _, payload in held]
        self._outbox.owe(b"".join(frames))
        now = self._clock()
        for (came, _), frame in zip(held, frames, strict=True):
            self._treatment.delivered(1, len(frame), now - came)

    def discard(self) -> None:
        """Drop what waits: the connection is at its end."""
        self._held = []
        self.flush()


def _framed(payload: bytes) -> int:
    """The size of its frame."""
    return len(head(len(payload))) + len(payload)


def _entity(payload: bytes) -> object:
    """What an event is the state of; None for a fact, and for what has no entity."""
    try:
        said = _head(payload)
        return entity_of(BITS.get(said.type, 0), said.user_id, lambda: _payload(said.payload))
    except (msgspec.MsgspecError, RecursionError):  # an odd producer's: no state of ours, so left alone
        return None
