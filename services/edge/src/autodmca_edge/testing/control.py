"""The `edge-control` topic in memory: what one node writes reaches all, soon, in order."""

import asyncio
from typing import Any

from autodmca_kafka.errors import DeliveryFailed
from autodmca_service.control.tail import Taker

from autodmca_edge.testing.log import StoredRecord

__all__ = ["FakeControlLog"]


class FakeControlLog:
    """Nodes `join` it. `away`: it takes nothing; `held`: it takes, and tells nobody yet."""

    def __init__(self) -> None:
        self.records: list[StoredRecord] = []
        self.away = False
        self.held = False
        self.repeats = False
        """Every record comes twice, as after a producer's second attempt."""
        self._joined: dict[Taker, int] = {}

    def join(self, taker: Taker) -> None:
        """Read from the beginning."""
        for record in self.records:
            taker.take(record, early=True)
        self._joined[taker] = len(self.records)

    def leave(self, taker: Taker) -> None:
        """The node has died."""
        del self._joined[taker]

    async def send_record(self, topic: str, *, key: bytes, value: bytes, headers: Any) -> object:
        if self.away:
            raise DeliveryFailed(topic, "the broker is away")
        for _ in range(1 + self.repeats):
            self.records.append(StoredRecord(len(self.records), 0, key, value, tuple(headers)))
        asyncio.get_running_loop().call_soon(self.deliver)
        return None

    def deliver(self) -> None:
        """Hand out what has been written."""
        if self.held:
            return
        for taker, position in list(self._joined.items()):
            self._joined[taker] = len(self.records)
            for record in self.records[position:]:
                taker.take(record)
