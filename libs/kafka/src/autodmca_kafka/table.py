"""The state of a service, whole and in memory, on every replica.

Owns the reading of the state topic: all partitions, from the beginning, for as long as `run` runs. Serves
reads, and is what the `Processor` of the same process decides on. Never writes. A topic that was created
anew, or lost what was not read yet, is read again from its beginning (`incarnation` changes). Fails with
StateUnreadable for a record that this program cannot read: deciding without it would be worse.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Generic

import msgspec
import structlog
from aiokafka import TopicPartition
from autodmca_events.partitions import partition_for, user_key
from autodmca_events.topics import state_topic

from autodmca_kafka.decision import S
from autodmca_kafka.errors import RecoverableError, StateReplaced, StateUnreadable
from autodmca_kafka.ledger import Ledger
from autodmca_kafka.partition_work import position_of
from autodmca_kafka.reader_events import Batch, PartitionReset, ReaderEvent, TopicChanged, Unreadable
from autodmca_kafka.tail import TailReader

log = structlog.get_logger(__name__)

FETCH_MAX_BYTES: Final = 8 * 1024 * 1024
PAUSE_S: Final = 0.2


class Table(Generic[S]):
    """`state_type`: the immutable struct, or tagged union of structs, that the service's model keeps.

    Run `run()` in a TaskGroup; the reading methods are synchronous and answer from what was read so far.
    """

    def __init__(
        self, service: str, bootstrap_servers: str, state_type: type[S] | Any, *, client_id: str | None = None
    ) -> None:
        self.service = service
        self.topic = state_topic(service)
        self.incarnation = 0
        self._bootstrap_servers = bootstrap_servers
        self._client_id = client_id or f"{service}-table"
        self._decode = msgspec.json.Decoder(state_type).decode
        self._ledgers: list[Ledger[S]] = []
        self._next: list[int] = []
        self._reader: TailReader | None = None
        self._progress = asyncio.Condition()

    @property
    def partitions(self) -> int:
        """How many partitions the state topic has; 0 until `run` has reached the broker."""
        return len(self._ledgers)

    def get(self, user_id: int, entity_id: str) -> S | None:
        """The newest state of one entity that was read so far."""
        return self.of_user(user_id).get(entity_id)

    def of_user(self, user_id: int) -> Mapping[str, S]:
        """The user's entities by id: a live view, not to be changed; copy it to keep it over an await."""
        if not self._ledgers:
            return {}
        return self._ledgers[partition_for(user_key(user_id), len(self._ledgers))].of_user(user_id)

    def of_partition(self, partition: int) -> Iterator[tuple[int, str, S]]:
        """User id, entity id and state of everything on a partition; do not await while iterating."""
        return self._ledgers[partition].entities()

    def ledger(self, partition: int) -> Ledger[S]:
        """What is known of one partition: the very object that grows as the topic is read."""
        return self._ledgers[partition]

    async def caught_up(self, partitions: Iterable[int] | None = None) -> None:
        """Wait until everything is read that is in the topic now (in `partitions`; None: in all of them)."""
        async with self._progress:
            await self._progress.wait_for(lambda: self._reader is not None)
        reader = self._reader
        assert reader is not None
        wanted = range(self.partitions) if partitions is None else partitions
        bounds = await reader.bounds([TopicPartition(self.topic, partition) for partition in wanted])
        ends = {tp.partition: end for tp, (_, end) in bounds.items()}
        async with self._progress:
            await self._progress.wait_for(lambda: all(self._next[p] >= end for p, end in ends.items()))

    async def shows(self, partition: int, offset: int) -> None:
        """Wait until the state after the input at `offset` is read, if that input changed any."""
        async with self._progress:
            await self._progress.wait_for(lambda: self.ledger(partition).applied >= offset)

    async def progress(self) -> None:
        """Wait until something more was read."""
        async with self._progress:
            await self._progress.wait()

    async def run(self) -> None:
        """Read until cancelled. Raises StateUnreadable, BrokerUnavailable when none is there at first."""
        async with TailReader(
            self._bootstrap_servers, client_id=self._client_id, fetch_max_bytes=FETCH_MAX_BYTES
        ) as reader:
            while True:
                try:
                    await self._read(reader)
                except RecoverableError as error:
                    log.warning(
                        "reading the state again from its beginning", topic=self.topic, error=str(error)
                    )
                    await asyncio.sleep(PAUSE_S)
                finally:
                    self._reader = None

    async def _read(self, reader: TailReader) -> None:
        count = await reader.partitions(self.topic)
        self._ledgers = [Ledger(self._decode) for _ in range(count)]
        self._next = [0] * count
        self.incarnation += 1
        await reader.add({TopicPartition(self.topic, p): reader.BEGINNING for p in range(count)})
        self._reader = reader
        while True:
            async with self._progress:
                self._progress.notify_all()
            for item in await reader.poll():
                if isinstance(item, Batch):
                    self._observe(item)
                else:
                    self._heed(item)

    def _observe(self, batch: Batch) -> None:
        """Without an await: a batch of the log holds all states of an input, and is shown as a whole."""
        ledger = self._ledgers[batch.partition]
        for record in batch.records:
            try:
                ledger.observe(record.key or b"", position_of(record.headers), record.value)
            except ValueError as error:
                raise StateUnreadable(batch.topic, batch.partition, record.offset, str(error)) from error
        self._next[batch.partition] = batch.next_offset

    def _heed(self, event: ReaderEvent) -> None:
        if isinstance(event, Unreadable):
            raise StateUnreadable(event.tp.topic, event.tp.partition, event.offset, event.reason)
        if isinstance(event, PartitionReset | TopicChanged):
            raise StateReplaced(self.topic)
