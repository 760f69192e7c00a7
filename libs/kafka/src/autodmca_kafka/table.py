"""The state of a service in memory: of all partitions, or of those that this replica owns.

Owns the reading of the state topic from its beginning, for as long as `run` runs. Serves
reads, and is what the `Processor` of the same process decides on. Never writes. A topic that was created
anew, or lost what was not read yet, is read again from its beginning (`incarnation` changes). A record that
this program cannot read (a newer version may have written it) stops the table until the program can: a caller
that waits for the table gets StateUnreadable, since a decision without that record would be worse.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Generic

import structlog
from aiokafka import TopicPartition
from autodmca_events.partitions import entity_key, partition_for, user_key
from autodmca_events.topics import state_topic

from autodmca_kafka.access import say
from autodmca_kafka.brokers import Brokers
from autodmca_kafka.consequences import moment_of, position_of, trace_of
from autodmca_kafka.decision import S
from autodmca_kafka.errors import (
    BrokerUnavailable,
    NotAuthorized,
    RecoverableError,
    StateReplaced,
    StateUnreadable,
)
from autodmca_kafka.ledger import Change, Ledger, Trace
from autodmca_kafka.reader_events import Batch, PartitionReset, ReaderEvent, TopicChanged, Unreadable
from autodmca_kafka.tail import TailReader
from autodmca_kafka.versions import VersionedDecoder

log = structlog.get_logger(__name__)

FETCH_MAX_BYTES: Final = 8 * 1024 * 1024
PAUSE_S: Final = 0.2
UNREAD_S: Final = 10
ASIDE_S: Final = 60.0
"""How long a replica stands aside for a newer version of the program before it looks again."""


class Table(Generic[S]):
    """`state_type`: the immutable struct, or tagged union of structs, that the service's model keeps.

    `whole`: every partition is read, whoever owns it; else those that `follow` names, and a replica's memory
    is its share. A broker that is absent is tried again every `connect_timeout_s`.
    Run `run()` in a TaskGroup; the reading methods are synchronous and answer from what was read so far.
    """

    def __init__(
        self,
        service: str,
        bootstrap_servers: Brokers,
        state_type: type[S] | Any,
        *,
        whole: bool = True,
        client_id: str | None = None,
        connect_timeout_s: float = 60,
    ) -> None:
        self.service = service
        self.whole = whole
        self.topic = state_topic(service)
        self.incarnation = 0
        self._bootstrap_servers = bootstrap_servers
        self._client_id = client_id or f"{service}-table"
        self._connect_timeout_s = connect_timeout_s
        self._decode = VersionedDecoder(state_type).decode
        self._ledgers: list[Ledger[S]] = []
        self._next: list[int] = []
        self._followed: set[int] = set()
        self._reader: TailReader | None = None
        self._progress = asyncio.Condition()
        self._unreadable: StateUnreadable | None = None
        self._listeners: list[Callable[[int, Sequence[Change[S]]], None]] = []

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

    def trace(self, user_id: int, entity_id: str) -> Trace | None:
        """The trace of the input that the entity's state was made from, as far as it is remembered."""
        key = user_key(user_id)
        if not self._ledgers:
            return None
        return self._ledgers[partition_for(key, len(self._ledgers))].trace(entity_key(user_id, entity_id))

    def on_change(self, listener: Callable[[int, Sequence[Change[S]]], None]) -> None:
        """Tell `listener` the partition and the changes, in their order, of each batch that is read from now
        on; none for a batch that changed no entity. It must not block or raise. A topic that is read
        again from its beginning (`incarnation` changes) tells everything again, of what is gone nothing.
        """
        self._listeners.append(listener)

    async def follow(self, partitions: Collection[int]) -> None:
        """Read these partitions and forget the others, unless the table is whole; returns when their reading
        has begun. Raises TopicDeleted, BrokerUnavailable."""
        if self.whole or self._followed == set(partitions):
            return
        lost, gained = self._followed - set(partitions), set(partitions) - self._followed
        self._followed = set(partitions)
        reader = self._reader
        if reader is None:  # `_read` begins with all of them
            return
        reader.remove(TopicPartition(self.topic, partition) for partition in lost)
        for partition in lost | gained:
            self._ledgers[partition] = Ledger(self._decode)
            self._next[partition] = 0
        try:
            await reader.add(
                {TopicPartition(self.topic, partition): reader.BEGINNING for partition in gained}
            )
        except BaseException:
            self._followed -= gained  # so that the next attempt reads them
            raise

    async def caught_up(self, partitions: Iterable[int] | None = None) -> None:
        """Wait until everything is read that is in the topic now (in `partitions`; None: all that it reads).

        In the topic of this name: made anew meanwhile, it is waited for anew. Raises StateUnreadable,
        TopicDeleted, NotAuthorized, BrokerUnavailable.
        """
        wanted = None if partitions is None else list(partitions)
        while not await self._caught_up(wanted):
            pass

    async def _caught_up(self, partitions: list[int] | None) -> bool:
        """False when the topic was made anew meanwhile: what was to be read of it is gone."""
        async with self._progress:
            await self._progress.wait_for(lambda: self._reader is not None or self._unreadable is not None)
        self.check()
        reader, incarnation = self._reader, self.incarnation
        assert reader is not None
        wanted = self._read_here() if partitions is None else partitions
        bounds = await reader.bounds([TopicPartition(self.topic, partition) for partition in wanted])
        ends = {tp.partition: end for tp, (_, end) in bounds.items()}

        def void() -> bool:
            moved = self._reader is not reader or self.incarnation != incarnation
            return moved or self._unreadable is not None

        async with self._progress:
            await self._progress.wait_for(
                lambda: void() or all(self._next[p] >= end for p, end in ends.items())
            )
        return not void()

    async def shows(self, partition: int, offset: int) -> None:
        """Wait until the state after the input at `offset` is read, if that input changed any; not after the
        topic was made anew, without that state.
        """
        incarnation = self.incarnation
        async with self._progress:
            await self._progress.wait_for(
                lambda: self.incarnation != incarnation or self.ledger(partition).applied >= offset
            )

    def applied_ms(self, user_id: int | None) -> int:
        """The timestamp (ms since the Unix epoch) of the newest input that changed what is shown of the
        user's partition, None: of the partition where it is the oldest; 0 where none did.

        What is not shown yet follows from later inputs, so its events are in the log after this moment.
        """
        if not self._ledgers:
            return 0
        if user_id is None:
            return min((self._ledgers[partition].applied_ms for partition in self._read_here()), default=0)
        return self._ledgers[partition_for(user_key(user_id), len(self._ledgers))].applied_ms

    def check(self) -> None:
        """Raises StateUnreadable while there is a record that this program cannot read."""
        if self._unreadable is not None:
            raise self._unreadable

    def trouble(self) -> str | None:
        """Why what is read here may be old, for a readiness check."""
        if self._unreadable is not None:
            return f"the state cannot be read: {self._unreadable}"
        return "the state is not read yet" if self._reader is None else unread(self._reader)

    def lag(self) -> int | None:
        """How many records of the topic were written and not read, as of the last answers; None while that
        is not known of each partition."""
        reader = self._reader
        if reader is None:
            return None
        behind = [reader.lag(tp) for tp in reader.positions()]
        return None if None in behind else sum(each or 0 for each in behind)

    async def until(self, reached: Callable[[], bool]) -> None:
        """Wait until what was read makes `reached` true."""
        async with self._progress:
            await self._progress.wait_for(reached)

    async def progress(self) -> None:
        """Wait until something more was read."""
        async with self._progress:
            await self._progress.wait()

    async def run(self) -> None:
        """Read until cancelled, however long the broker is away."""
        while True:
            try:
                async with TailReader(
                    self._bootstrap_servers,
                    client_id=self._client_id,
                    fetch_max_bytes=FETCH_MAX_BYTES,
                    connect_timeout_s=self._connect_timeout_s,
                ) as reader:
                    await self._read_again_and_again(reader)
            except BrokerUnavailable as error:
                log.warning("waiting for the broker", topic=self.topic, error=str(error))

    async def _read_again_and_again(self, reader: TailReader) -> None:
        while True:
            try:
                await self._read(reader)
            except StateUnreadable as error:
                log.error("standing aside: the state cannot be read", topic=self.topic, error=str(error))  # noqa: TRY400 (its place says all)
                self._unreadable = error
                await self._pause_aside()
            except RecoverableError as error:
                warn = say if isinstance(error, NotAuthorized) else log.warning
                warn("reading the state again from its beginning", topic=self.topic, error=str(error))
                await asyncio.sleep(PAUSE_S)
            finally:
                self._reader = None
                async with self._progress:
                    self._progress.notify_all()

    def _read_here(self) -> Collection[int]:
        """The partitions that are read."""
        return range(self.partitions) if self.whole else self._followed & set(range(self.partitions))

    async def _pause_aside(self) -> None:
        async with self._progress:
            self._progress.notify_all()
        await asyncio.sleep(ASIDE_S)

    async def _read(self, reader: TailReader) -> None:
        count = await reader.partitions(self.topic)
        self._ledgers = [Ledger(self._decode) for _ in range(count)]
        self._next = [0] * count
        self.incarnation += 1
        reader.remove(reader.positions())  # it may have more partitions than the topic that is read now
        await reader.add({TopicPartition(self.topic, p): reader.BEGINNING for p in self._read_here()})
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
        changes = []
        for record in batch.records:
            try:
                change = ledger.observe(
                    record.key or b"",
                    position_of(record.headers),
                    record.value,
                    moment_of(record.headers),
                    trace_of(record.headers),
                )
            except ValueError as error:
                raise StateUnreadable(batch.topic, batch.partition, record.offset, str(error)) from error
            if change is not None:
                changes.append(change)
        self._next[batch.partition] = batch.next_offset
        wall = self._unreadable
        if wall is not None and wall.partition == batch.partition and wall.offset < batch.next_offset:
            self._unreadable = None
        for listener in self._listeners:
            listener(batch.partition, changes)

    def _heed(self, event: ReaderEvent) -> None:
        if isinstance(event, Unreadable):
            raise StateUnreadable(event.tp.topic, event.tp.partition, event.offset, event.reason)
        if isinstance(event, PartitionReset | TopicChanged):
            self._unreadable = None
            raise StateReplaced(self.topic)


def unread(reader: TailReader) -> str | None:
    """The partitions that stood still for too long to be ready, or may not be read, in words."""
    if denied := reader.denied():
        return str(denied[0])
    late = sorted(f"{tp.topic}[{tp.partition}]" for tp, for_s in reader.unread().items() if for_s > UNREAD_S)
    return f"no broker gives {', '.join(late[:5])}; {len(late)} of such partitions" if late else None
