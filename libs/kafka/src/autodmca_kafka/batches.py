"""Writing groups of records in order: a group is in the log as a whole or not at all.

Owns a producer that puts records into Kafka batches itself: a batch is what a broker appends or refuses as
one, so the records of a group share one. Batches of one call are written one after the other, each
acknowledged by all in-sync replicas before the next leaves; the log holds a prefix of them, whatever
happens. Fails with aiokafka's KafkaError, after its own retries; what failed may be in the log all the same;
and with NotAuthorized.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import TopicAuthorizationFailedError
from aiokafka.producer.message_accumulator import BatchBuilder
from autodmca_events.partitions import partition_for

from autodmca_kafka.brokers import Brokers
from autodmca_kafka.errors import NotAuthorized
from autodmca_kafka.inner_producer import close_producer, gives_producer_ids, open_producer

Header = tuple[str, bytes | None]
Outgoing = tuple[bytes | None, bytes | None, Sequence[Header]]
"""Key, value and headers of a record that is to be written."""

RECORD_OVERHEAD: Final = 36
"""Upper bound of what a record has beside key, value and headers: lengths, deltas, attributes."""
HEADER_OVERHEAD: Final = 10
BATCH_OVERHEAD: Final = 61
LARGEST_BATCH: Final = 2**31 - 1
CONNECT_TIMEOUT_S: Final = 60


def size_of(records: Sequence[Outgoing]) -> int:
    """Upper bound of the bytes these records take in one batch, uncompressed."""
    size = BATCH_OVERHEAD
    for key, value, headers in records:
        size += RECORD_OVERHEAD + len(key or b"") + len(value or b"")
        for name, content in headers:
            size += HEADER_OVERHEAD + len(name) * 4 + len(content or b"")
    return size


class BatchWriter:
    """An async context manager. `max_bytes` bounds a batch, unless a single group is larger.

    `idempotent` None asks the broker and does without where it cannot. `on_batch` is called after each
    acknowledgement.
    """

    def __init__(
        self,
        bootstrap_servers: Brokers,
        *,
        client_id: str,
        max_bytes: int,
        idempotent: bool | None = None,
        on_batch: Callable[[], None] | None = None,
    ) -> None:
        self.idempotent = idempotent
        self._bootstrap_servers = bootstrap_servers
        self._client_id = client_id
        self._max_bytes = max_bytes
        self._on_batch = on_batch
        self._producer: AIOKafkaProducer | None = None

    async def __aenter__(self) -> Self:
        if self.idempotent is None:
            self.idempotent = await gives_producer_ids(
                self._bootstrap_servers, client_id=self._client_id, deadline_s=CONNECT_TIMEOUT_S
            )
        self._producer = await open_producer(
            self._bootstrap_servers,
            client_id=self._client_id,
            idempotent=self.idempotent,
            max_record_bytes=LARGEST_BATCH,
            # The builder must not cut a group in two: batches are closed here, by `max_bytes`.
            max_batch_bytes=LARGEST_BATCH,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._producer is not None:
            await close_producer(self._producer)

    async def write(self, topic: str, partition: int, groups: Sequence[Sequence[Outgoing]]) -> None:
        """Append the groups in order and return when all are acknowledged.

        Cancellation leaves a prefix in the log.
        """
        assert self._producer is not None
        batch: BatchBuilder | None = None
        held = 0
        for group in groups:
            size = size_of(group)
            if batch is not None and held + size > self._max_bytes:
                await self._send(batch, topic, partition)
                batch = None
            if batch is None:
                batch, held = self._producer.create_batch(), 0
            held += size
            for key, value, headers in group:
                batch.append(timestamp=None, key=key, value=value, headers=list(headers))
        if batch is not None:
            await self._send(batch, topic, partition)

    async def write_to_users(self, topic: str, records: Sequence[Outgoing]) -> None:
        """Append each record to its key's partition, those of one partition in order."""
        assert self._producer is not None
        try:
            count = len(await self._producer.partitions_for(topic))
        except TopicAuthorizationFailedError:
            raise NotAuthorized("WRITE", "topic", topic) from None
        groups: dict[int, list[list[Outgoing]]] = {}
        for record in records:
            groups.setdefault(partition_for(record[0] or b"", count), []).append([record])
        for partition, each in groups.items():
            await self.write(topic, partition, each)

    async def _send(self, batch: BatchBuilder, topic: str, partition: int) -> None:
        assert self._producer is not None
        batch.close()
        try:
            acknowledged = await self._producer.send_batch(batch, topic, partition=partition)
            await acknowledged
        except TopicAuthorizationFailedError:
            raise NotAuthorized("WRITE", "topic", topic) from None
        if self._on_batch:
            self._on_batch()
