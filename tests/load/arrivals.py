"""What the generator's connections received, and whether it is what was sent.

Two ways to look at it, neither decodes an event. `Marks` walks the frames by their headers and keeps each
event's mark, to be judged after the round. `Stream` is for events that go to everybody: the bytes of every
connection must equal those of the one that is furthest, so all but the first are compared, not parsed.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from tests.load.events import BROADCAST, MARK_BYTES, NUMBER_DIGITS, separator

TEXT = 0x81
Control = Callable[[int, bytes], None]


@dataclass(frozen=True)
class Tally:
    """How a round's arrivals differ from what was sent; all zero when they do not."""

    lost: int = 0
    duplicated: int = 0
    disordered: int = 0


class Received(Protocol):
    """What a connection keeps for these; see connections.py."""

    user: int
    rest: bytes
    marks: list[bytes]
    at: int


def walk(data: bytes, control: Control) -> tuple[int, list[int]]:
    """Pass over the whole frames: where the last one ends, and where each text frame does.

    Everything but whole text frames is given to `control`: opcode and payload.
    """
    at, end = 0, len(data)
    texts: list[int] = []
    while end - at >= 2:
        size = data[at + 1]
        begin = at + 2
        if size == 126:
            begin = at + 4
            if end < begin:
                break
            size = data[at + 2] << 8 | data[at + 3]
        elif size == 127:
            begin = at + 10
            if end < begin:
                break
            size = int.from_bytes(data[at + 2 : begin], "big")
        if begin + size > end:
            break
        if data[at] == TEXT:
            texts.append(begin + size)
        else:
            control(data[at] & 15, data[begin : begin + size])
        at = begin + size
    return at, texts


class Marks:
    """Events by their marks: of one round only, others are passed over."""

    def __init__(self, number: int, *, stamped: bool = False) -> None:
        self._separator = separator(number)
        self._stamped = stamped
        self.latencies_ns: list[int] = []

    def take(self, connection: Received, data: bytes, control: Control) -> tuple[bytes, int, int]:
        """Account for what was read: the whole frames, events of the round in them, other texts."""
        if connection.rest:
            data = connection.rest + data
        at, texts = walk(data, control)
        connection.rest = data[at:]
        whole = data[:at]
        _, *pieces = whole.split(self._separator)
        if pieces:
            connection.marks += [piece[:MARK_BYTES] for piece in pieces]
            if self._stamped:
                now = time.monotonic_ns()
                prefix = 1 + NUMBER_DIGITS
                self.latencies_ns += [now - int(piece[prefix:MARK_BYTES]) for piece in pieces]
        return whole, len(pieces), len(texts) - len(pieces)

    def judge(
        self, connections: Sequence[Received], by_user: Sequence[Sequence[int]], everybodys: int
    ) -> Tally:
        """Compare with what was sent: to each user on each topic, and to everybody."""
        lost = duplicated = disordered = 0
        for connection in connections:
            numbers: list[list[int]] = [[] for _ in range(BROADCAST + 1)]
            for mark in connection.marks:
                numbers[mark[0] - 48].append(int(mark[1 : 1 + NUMBER_DIGITS]))
            for seen, sent in zip(numbers, (*by_user[connection.user], everybodys), strict=True):
                if seen == list(range(sent)):
                    continue
                different = set(seen)
                lost += sent - len(different & set(range(sent)))
                duplicated += len(seen) - len(different)
                disordered += sum(later < earlier for earlier, later in pairwise(seen))
        return Tally(lost, duplicated, disordered)


class Stream:
    """Events to everybody: one run of bytes that every connection must receive whole."""

    def __init__(self, number: int) -> None:
        self._separator = separator(number)
        self._bytes = bytearray()
        self._ends: list[int] = []

    def take(self, connection: Received, data: memoryview, control: Control) -> None:
        """Account for what was read. Raises AssertionError when it is not what others received."""
        at, log = connection.at, self._bytes
        connection.at = at + len(data)
        if log.startswith(data, at):
            return
        known = len(log) - at
        assert log.startswith(data[:known], at), "two connections received different bytes"
        log += data[known:]
        end = self._ends[-1] if self._ends else 0
        _, texts = walk(bytes(memoryview(log)[end:]), control)
        self._ends += [end + each for each in texts]

    def events(self, connections: Sequence[Received]) -> int:
        """How many events every connection has received."""
        return bisect_right(self._ends, min(connection.at for connection in connections))

    def judge(
        self, connections: Sequence[Received], by_user: Sequence[Sequence[int]], everybodys: int
    ) -> Tally:
        """Compare with what was sent; addressed events have no place here."""
        assert not any(map(any, by_user)), "a stream is everybody's"
        _, *pieces = bytes(self._bytes).split(self._separator)
        seen = [int(piece[1 : 1 + NUMBER_DIGITS]) for piece in pieces]
        lost = sum(everybodys - bisect_right(self._ends, connection.at) for connection in connections)
        wrong = sum(number != expected for expected, number in enumerate(seen))
        return Tally(max(lost, 0), max(-lost, 0), wrong)
