"""What is due when: one heap for all of a replica's partitions.

Owns the time of each entity that waits. As large as the part of the state that has something due, and at most
twice that for times that were replaced. Pure: it reads no clock.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection
from typing import Final

Key = tuple[int, str]
"""User id and entity id."""
SPARE: Final = 1_000
"""So many replaced times may stay in the heap besides."""


class Agenda:
    """`len`: how many entities wait. Entities of a partition that is not open are not taken."""

    def __init__(self) -> None:
        self._times: dict[int, dict[Key, int]] = {}
        self._heap: list[tuple[int, int, Key]] = []
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def __contains__(self, partition: int) -> bool:
        return partition in self._times

    @property
    def partitions(self) -> Collection[int]:
        """Those that are open."""
        return self._times.keys()

    def open(self, partition: int) -> None:
        self._times.setdefault(partition, {})

    def close(self, partition: int) -> None:
        """Forget the partition and what waits there."""
        self._length -= len(self._times.pop(partition, ()))
        self._compact()

    def put(self, partition: int, key: Key, at_ms: int) -> None:
        """Let `key` wait until `at_ms`, whatever it waited for before."""
        times = self._times.get(partition)
        if times is None or times.get(key) == at_ms:
            return
        self._length += key not in times
        times[key] = at_ms
        heapq.heappush(self._heap, (at_ms, partition, key))
        self._compact()

    def drop(self, partition: int, key: Key) -> None:
        """There is nothing due for `key` any more."""
        if self._times.get(partition, {}).pop(key, None) is not None:
            self._length -= 1

    def next_ms(self) -> int | None:
        """The earliest time that something waits for."""
        while self._heap:
            at_ms, partition, key = self._heap[0]
            if self._times.get(partition, {}).get(key) == at_ms:
                return at_ms
            heapq.heappop(self._heap)
        return None

    def take(self, now_ms: int) -> Key | None:
        """The key that has waited for the earliest time, if that has come; it waits no longer."""
        at_ms = self.next_ms()
        if at_ms is None or at_ms > now_ms:
            return None
        _, partition, key = heapq.heappop(self._heap)
        del self._times[partition][key]
        self._length -= 1
        return key

    def _compact(self) -> None:
        if len(self._heap) > 2 * self._length + SPARE:
            waiting = self._times.items()
            self._heap = [
                (at_ms, partition, key) for partition, times in waiting for key, at_ms in times.items()
            ]
            heapq.heapify(self._heap)
