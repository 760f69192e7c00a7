"""What a replay still owes, and who gets what of a run of records.

Owns a replay's choice of events: each that its subscription wants and that no other subscription of the
same connection has brought already, in order, each once. Synchronous, no I/O; a record that is no event
is passed over, as the tail has reported it when it was new.
"""

import contextlib
from collections.abc import Callable, Iterable
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

    __slots__ = ("command", "count", "gates", "reason", "session", "wanted")

    def __init__(self, session: Session, wanted: Subscription, command: Subscribe) -> None:
        self.session = session
        self.wanted = wanted
        self.command = command
        self.count = 0
        self.gates: dict[Partition, Gate] = {}
        self.reason: str | None = None


class Gate:
    """A replay on one partition: from `next` on it has not looked yet, at `joined` live events began."""

    __slots__ = ("joined", "next", "replay")

    def __init__(self, replay: Replay, start: int, joined: int) -> None:
        self.replay = replay
        self.next = start
        self.joined = joined

    def chooses(self, partition: Partition, bit: int, offset: int, payload: Callable[[], Any]) -> bool:
        """Whether the member is to get this event now: it has not had it by another subscription."""
        standing = self.replay.session.standing
        if offset >= self.joined:
            return any(
                each.since.get(partition, offset) <= offset and _wants(each, bit, payload)
                for each in standing
            )
        wanted = standing.get(self.replay.wanted.name)
        if wanted is None or not _wants(wanted, bit, payload):
            return False
        return not any(
            each is not wanted
            and each.since.get(partition, offset + 1) <= offset
            and _wants(each, bit, payload)
            for each in standing
        )


def _wants(wanted: Subscription, bit: int, payload: Callable[[], Any]) -> bool:
    return bool(wanted.mask & bit) and (wanted.filter is None or wanted.wants(bit, payload()))


def hand_out(partition: Partition, gates: list[Gate], records: Iterable[Record], reached: int) -> int:
    """Give each replay of `gates` what it is owed of `records`, which go up to offset `reached`.

    A replay that has had its share of bytes stops at the event that it did not get. Returns how many
    events were delivered.
    """
    by_key: dict[bytes | None, list[Gate]] = {}
    for gate in gates:
        for key in gate.replay.wanted.keys:
            by_key.setdefault(key, []).append(gate)
    everyone = gates if partition.everybody else by_key.get(EVERYONE)
    frames: dict[Gate, list[bytes]] = {}
    sizes: dict[Gate, int] = {}
    full: set[Gate] = set()
    for record in records:
        chosen = everyone or by_key.get(record.key)
        if not chosen:
            continue
        try:
            bit = event_type(partition, record)
            frame = event_frame(partition, record)
        except Malformed:
            continue  # counted when it was new
        payload = _Once(record)
        for gate in chosen:
            if gate in full or record.offset < gate.next:
                continue
            if not gate.chooses(partition, bit, record.offset, payload):
                continue
            if sizes.get(gate, 0) >= WRITE_BYTES:
                full.add(gate)
                gate.next = record.offset
                continue
            frames.setdefault(gate, []).append(frame)
            sizes[gate] = sizes.get(gate, 0) + len(frame)
    for gate in gates:
        if gate not in full:
            gate.next = max(gate.next, reached)
    for gate, run in frames.items():
        gate.replay.count += len(run)
        if not gate.replay.session.outbox.write(b"".join(run)):
            gate.replay.session.overflowed(len(run))
    return sum(map(len, frames.values()))


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
