"""Writing to Kafka: typed events, and plain records for what is not an event.

`EventProducer` owns the bound and the order of what was handed over and is not acknowledged by all in-sync
replicas yet (`acks=all`; idempotent where the broker can): records for one partition leave in the order
in which they were handed over. It never drops silently and never creates a topic: a record that cannot be
delivered fails its own future, one that finds the buffer full fails at once with `BufferFull`.
A broker that is away is waited for, up to `delivery_timeout_s` a record.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import structlog
from aiokafka import AIOKafkaProducer
from autodmca_events import Payload, encode, envelope, event_type_of, new_id
from autodmca_events.partitions import user_key
from autodmca_events.topics import BROADCAST

from autodmca_kafka import inner_producer
from autodmca_kafka.brokers import Brokers
from autodmca_kafka.delivery import Delivery, Lane, RecordPosition
from autodmca_kafka.errors import (
    BrokerTooOld,
    BufferFull,
    Closed,
    DeliveryFailed,
    KafkaLibraryError,
    RecoverableError,
)
from autodmca_kafka.metrics import ProducerMetrics

log = structlog.get_logger(__name__)

SWEEP_S = 0.25
LATE_S = 10  # a record that waits for longer means trouble: leaders move within less


class EventProducer:
    """An async context manager; leaving it flushes, for at most `flush_timeout_s` seconds.

    `idempotent` None asks the broker and does without where it cannot; True insists. `max_buffered`
    counts records. One producer serves any number of tasks on one event loop.
    """

    def __init__(
        self,
        bootstrap_servers: Brokers,
        *,
        client_id: str,
        idempotent: bool | None = None,
        max_buffered: int = 10_000,
        max_record_bytes: int = 1_000_000,
        delivery_timeout_s: float = 120,
        flush_timeout_s: float = 30,
        connect_timeout_s: float = 60,
        metrics: ProducerMetrics | None = None,
    ) -> None:
        self.idempotent = idempotent
        self._bootstrap_servers = bootstrap_servers
        self._client_id = client_id
        self._max_buffered = max_buffered
        self._max_record_bytes = max_record_bytes
        self._delivery_timeout_s = delivery_timeout_s
        self._flush_timeout_s = flush_timeout_s
        self._connect_timeout_s = connect_timeout_s
        self._metrics = metrics or ProducerMetrics()
        self._inner: AIOKafkaProducer | None = None
        self._renewing = asyncio.Lock()
        self._lanes: dict[str, Lane] = {}
        self._waiting: dict[Delivery, None] = {}  # in the order of their hand-over
        self._handed_over = asyncio.Event()
        self._sweeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Reach the broker, waiting for one that is not up yet.

        Raises BrokerUnavailable after `connect_timeout_s`, NotAuthorized, BrokerTooOld (insisting on ids).
        """
        able = await inner_producer.gives_producer_ids(
            self._bootstrap_servers, client_id=self._client_id, deadline_s=self._connect_timeout_s
        )
        if self.idempotent and not able:
            raise BrokerTooOld("InitProducerId, for idempotence")
        self.idempotent = able if self.idempotent is None else self.idempotent
        self._inner = await self._open()
        self._sweeper = asyncio.create_task(self._sweep(), name="producer delivery deadlines")

    async def stop(self) -> None:
        """Flush and close. What is not acknowledged within `flush_timeout_s` fails with Closed."""
        if self._inner is None:
            return
        inner, sweeper = self._inner, self._sweeper
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._flush_timeout_s):
                    await self.flush()
        finally:
            self._inner = None
            for lane in self._lanes.values():
                await lane.close()
            await inner_producer.close_producer(inner)
            if sweeper is not None:
                sweeper.cancel()
                await asyncio.wait({sweeper})
            for delivery in list(self._waiting):
                self._settled(delivery, None, Closed("the producer was closed"))

    async def send(
        self,
        payload: Payload,
        *,
        user_id: int | None = None,
        id: str | None = None,  # noqa: A002 (the envelope's own word)
        timestamp_ms: int | None = None,
        metadata: dict[str, Any] | None = None,
        traceparent: str | None = None,
    ) -> RecordPosition:
        """Write one event and return its position once it is acknowledged.

        Cancelling stops the waiting, not the record, which `flush` waits for. Raises what `enqueue`
        raises, and DeliveryFailed, TopicDeleted, NotAuthorized, Refused, Closed.
        """
        future = self.enqueue(
            payload, user_id=user_id, id=id, timestamp_ms=timestamp_ms, metadata=metadata,
            traceparent=traceparent,
        )  # fmt: skip
        return await asyncio.shield(future)

    def enqueue(
        self,
        payload: Payload,
        *,
        user_id: int | None = None,
        id: str | None = None,  # noqa: A002
        timestamp_ms: int | None = None,
        metadata: dict[str, Any] | None = None,
        traceparent: str | None = None,
    ) -> asyncio.Future[RecordPosition]:
        """Hand over one event without waiting; the future is its acknowledgement.

        The record goes to the topic of the payload's type under the user's key, or, without `user_id`,
        to the broadcast topic. Raises BufferFull, Closed, and autodmca_events' InvalidEvent.
        """
        timestamp_ms = _now_ms() if timestamp_ms is None else timestamp_ms
        event_id = new_id() if id is None else id
        event_type = event_type_of(payload)
        event = envelope(payload, user_id=user_id, timestamp_ms=timestamp_ms, id=event_id, metadata=metadata)
        headers = [("type", event_type.name.encode()), ("id", event_id.encode())]
        if traceparent is not None:
            headers.append(("traceparent", traceparent.encode()))
        if user_id is None:
            return self.enqueue_record(
                BROADCAST, key=None, value=encode(event), headers=headers, partition=0,
                timestamp_ms=timestamp_ms,
            )  # fmt: skip
        return self.enqueue_record(
            event_type.topic, key=user_key(user_id), value=encode(event), headers=headers,
            timestamp_ms=timestamp_ms,
        )  # fmt: skip

    async def send_record(
        self,
        topic: str,
        *,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]] = (),
        partition: int | None = None,
        timestamp_ms: int | None = None,
    ) -> RecordPosition:
        """Write one record and return its position once it is acknowledged; see `send`."""
        future = self.enqueue_record(
            topic, key=key, value=value, headers=headers, partition=partition, timestamp_ms=timestamp_ms
        )
        return await asyncio.shield(future)

    def enqueue_record(
        self,
        topic: str,
        *,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]] = (),
        partition: int | None = None,
        timestamp_ms: int | None = None,
    ) -> asyncio.Future[RecordPosition]:
        """Hand over one record without waiting. `value` None is a tombstone and needs a key; without
        `partition`, the key's (Kafka's default partitioner). Raises BufferFull, Closed."""
        if self._inner is None:
            raise Closed("the producer is not running")
        if len(self._waiting) >= self._max_buffered:
            self._metrics.failed.labels("BufferFull").inc()
            raise BufferFull(self._max_buffered)
        if key is None and value is None:
            raise ValueError("a record needs a key or a value")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[RecordPosition] = loop.create_future()
        delivery = Delivery(topic, partition, key, value, list(headers), timestamp_ms, future, loop.time())
        self._waiting[delivery] = None
        self._handed_over.set()
        self._metrics.waiting.inc()
        lane = self._lanes.get(topic)
        if lane is None:
            lane = self._lanes[topic] = Lane(topic, self._current, self._renew, self._settled)
        lane.put(delivery)
        return future

    def trouble(self) -> str | None:
        """Why what is handed over now may not be written, for a readiness check; None: nothing is known."""
        if self._inner is None:
            return "the producer has not reached a Kafka broker yet"
        if lost := self._inner.client.trouble:
            return f"nothing can be written: {lost}"
        now = asyncio.get_running_loop().time()
        waited_s = now - next(iter(self._waiting)).handed_over if self._waiting else 0.0
        return f"a record has not been written for {waited_s:.0f} s" if waited_s > LATE_S else None

    async def flush(self) -> None:
        """Return when everything handed over before this call is acknowledged or has failed."""
        futures = [delivery.future for delivery in self._waiting if not delivery.future.done()]
        if futures:
            await asyncio.wait(futures)

    def _settled(
        self, delivery: Delivery, position: RecordPosition | None, error: KafkaLibraryError | None
    ) -> None:
        if self._waiting.pop(delivery, self) is self:
            return
        self._metrics.waiting.dec()
        if position is not None:
            elapsed = asyncio.get_running_loop().time() - delivery.handed_over
            self._metrics.delivered.labels(delivery.topic).inc()
            self._metrics.bytes.labels(delivery.topic).inc(len(delivery.value or b""))
            self._metrics.latency.observe(elapsed)
            if not delivery.future.done():
                delivery.future.set_result(position)
        elif error is not None and not delivery.future.done():
            self._metrics.failed.labels(type(error).__name__).inc()
            delivery.future.set_exception(error)

    async def _sweep(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            if not self._waiting:
                self._handed_over.clear()
            await self._handed_over.wait()
            await asyncio.sleep(SWEEP_S)
            oldest_allowed = clock() - self._delivery_timeout_s
            for delivery in self._waiting:
                if delivery.handed_over > oldest_allowed:
                    break
                if not delivery.future.done():
                    # It stays in `_waiting`, and counts, until aiokafka lets go of it.
                    reason = f"not acknowledged within {self._delivery_timeout_s} s"
                    delivery.future.set_exception(DeliveryFailed(delivery.topic, reason))
                    self._metrics.failed.labels(DeliveryFailed.__name__).inc()

    def _current(self) -> AIOKafkaProducer:
        if self._inner is None:
            raise Closed("the producer was closed")
        return self._inner

    async def _open(self) -> AIOKafkaProducer:
        return await inner_producer.open_producer(
            self._bootstrap_servers,
            client_id=self._client_id,
            idempotent=bool(self.idempotent),
            max_record_bytes=self._max_record_bytes,
            patience_s=self._delivery_timeout_s,
        )

    async def _renew(self, broken: AIOKafkaProducer) -> None:
        """Replace an aiokafka producer whose sender ended (a sequence out of order, for one)."""
        async with self._renewing:
            if self._inner is not broken:
                return
            log.warning("kafka producer failed for good, opening another", client_id=self._client_id)
            await asyncio.sleep(SWEEP_S)
            with contextlib.suppress(RecoverableError):
                self._inner = await self._open()
                await inner_producer.close_producer(broken)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
