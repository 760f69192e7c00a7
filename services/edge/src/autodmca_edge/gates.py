"""What a replay still owes, and who gets what of a run of records.

Owns a replay's choice of events: each that its subscription wants and that no other subscription of the
same connection has brought already, in order, each once; and what the connection's other subscriptions
want of the live events that the gate holds back meanwhile. Synchronous, no I/O; a record that is no
event is passed over, as the tail has reported it when it was new.
"""

import contextlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from autodmca_edge.log import Partition, Record
from autodmca_edge.protocol import Subscribe
from autodmca_edge.records import Malformed, event_frame, event_payload, event_type
from autodmca_edge.session import Session
from autodmca_edge.subscriptions import EVERYONE, Subscription

__all__ = ["Gate", "Replay", "hand_out"]

WRITE_BYTES: Final = 256 * 1024  # to one client, before others have their turn


class Replay:
    """One subscription's way back to the present."""

    __slots__ = ("command", "count", "dropped", "gates", "had", "reason", "session", "wanted")

    def __init__(self, session: Session, wanted: Subscription, command: Subscribe) -> None:
        self.session = session
        self.wanted = wanted
        self.command = command
        self.count = 0
        """Events from before live ones began."""
        self.gates: dict[Partition, Gate] = {}
        self.had: tuple[Subscription, ...] = ()
        """What stood when live events began: what those have brought is not sent again."""
        self.reason: str | None = None
        self.dropped = False
        """The subscription has been replaced or has ended before the replay did."""

    def drop(self) -> None:
        """Give it up: only the live events that its gates hold back are still to come."""
        self.dropped = True
        for gate in self.gates.values():
            gate.abandon()


class Gate:
    """A replay on one partition: from `next` on it has not looked yet, at `joined` live events began.

    `start`, where the subscription begins, is after `joined` when the client was on a node further on.
    """

    __slots__ = ("joined", "next", "partition", "replay", "start")

    def __init__(self, replay: Replay, partition: Partition, start: int) -> None:
        self.replay = replay
        self.partition = partition
        self.start = start
        self.joined = partition.position
        self.next = min(start, self.joined)

    def abandon(self) -> None:
        """Go on with the live events, without what came before and has not been handed out yet."""
        if self.next < self.joined:
            wanted = self.replay.session.standing.get(self.replay.wanted.name)
            if wanted is not None:
                wanted.gaps = {**wanted.gaps, self.partition: range(self.next, self.joined)}
            self.next = self.joined

    def chooses(self, key: bytes | None, bit: int, offset: int, payload: Callable[[], Any]) -> bool:
        """Whether the member is to get this event now: it has not had it by another subscription."""
        partition, standing = self.partition, self.replay.session.standing
        if offset >= self.joined:
            return any(
                each.since.get(partition, 0) <= offset and self._wants(each, key, bit, payload)
                for each in standing
            )
        wanted = standing.get(self.replay.wanted.name)
        if wanted is None or not self._wants(wanted, key, bit, payload):
            return False
        return not any(
            each.had(partition, offset) and self._wants(each, key, bit, payload) for each in self.replay.had
        )

    def _wants(self, wanted: Subscription, key: bytes | None, bit: int, payload: Callable[[], Any]) -> bool:
        if not wanted.mask & bit or not (self.partition.everybody or wanted.concerns(key)):
            return False
        return wanted.filter is None or wanted.wants(bit, payload())


def hand_out(partition: Partition, gates: Sequence[Gate], records: Iterable[Record], reached: int) -> int:
    """Give the member of each gate what it is owed of `records`, which go up to offset `reached`.

    One that has had its share of bytes stops at the event that it did not get. Returns how many
    events were delivered.
    """
    by_key = _by_key(gates)
    watching = by_key.get(EVERYONE, [])
    runs: dict[Gate, list[bytes]] = {}
    sizes: dict[Gate, int] = {}
    full: set[Gate] = set()
    for record in records:
        chosen: Iterable[Gate] = gates if partition.everybody else by_key.get(record.key, ())
        if watching and not partition.everybody:
            chosen = dict.fromkeys((*chosen, *watching))
        with contextlib.suppress(Malformed):  # counted when it was new
            frame: bytes | None = None
            payload = _Once(record)
            for gate in chosen:
                if gate in full or record.offset < gate.next:
                    continue
                if not gate.chooses(record.key, event_type(partition, record), record.offset, payload):
                    continue
                if sizes.get(gate, 0) >= WRITE_BYTES:
                    full.add(gate)
                    gate.next = record.offset
                    continue
                frame = frame or event_frame(partition, record)
                runs.setdefault(gate, []).append(frame)
                sizes[gate] = sizes.get(gate, 0) + len(frame)
                gate.replay.count += record.offset < gate.joined
        if len(full) == len(gates):
            break
    for gate in gates:
        if gate not in full:
            gate.next = max(gate.next, reached)
    for gate, run in runs.items():
        if not gate.replay.session.outbox.write(b"".join(run)):
            gate.replay.session.overflowed(len(run))
    return sum(map(len, runs.values()))


def _by_key(gates: Iterable[Gate]) -> dict[bytes | None, list[Gate]]:
    """The gates by the users whose events their members want, by whichever subscription."""
    by_key: dict[bytes | None, list[Gate]] = {}
    for gate in gates:
        for key in dict.fromkeys(key for each in gate.replay.session.standing for key in each.keys):
            by_key.setdefault(key, []).append(gate)
    return by_key


class _Once:
    """A record's payload, decoded when first asked for."""

    __slots__ = ("_payload", "_record")

    def __init__(self, record: Record) -> None:
        self._record: Record | None = record
        self._payload: Any = None

    def __call__(self) -> Any:
        if self._record is not None:
            record, self._record = self._record, None
            with contextlib.suppress(Malformed):
                self._payload = event_payload(record)
        return self._payload
