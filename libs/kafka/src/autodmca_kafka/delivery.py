"""One topic's way to the broker, under `EventProducer`.

A `Delivery` is one record from its hand-over to its acknowledgement. A `Lane` owns the queue of one topic
and the task that passes it on in order, so that a topic that is missing or slow holds up no other. Never
bounds the queue (the producer does, over all lanes) and never retries what aiokafka has taken: that
is aiokafka's work. Fails single deliveries, never itself.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidTopicError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    RequestTimedOutError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
from aiokafka.errors import ProducerClosed as InnerClosed
from aiokafka.structs import RecordMetadata
from autodmca_events.partitions import partition_for

from autodmca_kafka import cluster
from autodmca_kafka.errors import (
    Closed,
    DeliveryFailed,
    KafkaLibraryError,
    NotAuthorized,
    Refused,
    TopicDeleted,
)

TOPIC_PATIENCE_S = 5.0
TOPIC_PAUSE_S = 0.05

_REFUSALS = (
    InvalidTopicError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
)


class RecordPosition(NamedTuple):
    """Where the log holds a record."""

    topic: str
    partition: int
    offset: int


class Delivery:
    """One record on its way. `future` is the caller's; `settled` is called once, when nothing here
    holds the record any more, with the error that kept it from the log or None."""

    __slots__ = ("future", "handed_over", "headers", "key", "partition", "timestamp_ms", "topic", "value")

    def __init__(
        self,
        topic: str,
        partition: int | None,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]],
        timestamp_ms: int | None,
        future: asyncio.Future[RecordPosition],
        handed_over: float,
    ) -> None:
        self.topic = topic
        self.partition = partition
        self.key = key
        self.value = value
        self.headers = headers
        self.timestamp_ms = timestamp_ms
        self.future = future
        self.handed_over = handed_over


Settled = Callable[[Delivery, RecordPosition | None, KafkaLibraryError | None], None]


class Lane:
    """`connection` gives the aiokafka producer to use now; `renew` replaces one that has failed for good."""

    def __init__(
        self,
        topic: str,
        connection: Callable[[], AIOKafkaProducer],
        renew: Callable[[AIOKafkaProducer], Awaitable[None]],
        settled: Settled,
    ) -> None:
        self._topic = topic
        self._connection = connection
        self._renew = renew
        self._settled = settled
        self._queue: deque[Delivery] = deque()
        self._filled = asyncio.Event()
        self._seen = False
        self._task = asyncio.create_task(self._run(), name=f"producer lane {topic}")

    def put(self, delivery: Delivery) -> None:
        self._queue.append(delivery)
        self._filled.set()

    async def close(self) -> None:
        """Stop passing on, and fail what is still queued with Closed."""
        self._task.cancel()
        await asyncio.wait({self._task})
        self._fail_queue(Closed("the producer was closed"))

    def _fail_queue(self, error: KafkaLibraryError) -> None:
        while self._queue:
            self._settled(self._queue.popleft(), None, error)

    async def _run(self) -> None:
        while True:
            await self._filled.wait()
            self._filled.clear()
            error = None if self._seen else await self._absence()
            if error is None:
                self._seen = True
                while self._queue:
                    await self._pass_on(self._queue[0])
                    self._queue.popleft()
            else:
                self._fail_queue(error)

    async def _absence(self) -> TopicDeleted | NotAuthorized | None:
        """Ask until the topic is there: None; or until a broker has answered for some seconds that it is not,
        or once that this client may not know."""
        clock = asyncio.get_running_loop().time
        first_denied: float | None = None
        while True:
            client = self._connection().client
            try:
                if await cluster.describe_topics(client, [self._topic]):
                    return None
            except NotAuthorized:
                return NotAuthorized("WRITE", "topic", self._topic)  # which the right to know follows from
            except KafkaError:
                first_denied = None
                await client.force_metadata_update()
            else:
                first_denied = first_denied or clock()
                if clock() - first_denied > TOPIC_PATIENCE_S:
                    return TopicDeleted(self._topic)
            await asyncio.sleep(TOPIC_PAUSE_S)

    async def _pass_on(self, delivery: Delivery) -> None:
        """Give one record to aiokafka; returns when it has taken it, or when it was given up."""
        while not delivery.future.done():
            inner = self._connection()
            try:
                partition = await self._partition(inner, delivery)
                taken = await inner.send(
                    delivery.topic,
                    value=delivery.value,
                    key=delivery.key,
                    partition=partition,
                    timestamp_ms=delivery.timestamp_ms,
                    headers=delivery.headers,
                )
            except KafkaTimeoutError:
                continue  # its batch is full and the broker away: the delivery's own time limit ends this
            except UnknownTopicOrPartitionError:
                absence = await self._absence()
                self._seen = absence is None
                if absence is not None:
                    return self._settled(delivery, None, absence)
            except (*_REFUSALS, Refused, TopicAuthorizationFailedError) as error:
                return self._settled(delivery, None, error_of(delivery.topic, error))
            except KafkaError:
                await self._renew(inner)
            else:
                taken.add_done_callback(partial(self._answered, delivery))
                return None
        return self._settled(delivery, None, DeliveryFailed(delivery.topic, "given up by its sender"))

    async def _partition(self, inner: AIOKafkaProducer, delivery: Delivery) -> int | None:
        partitions = await inner.partitions_for(delivery.topic)
        if delivery.partition is not None:
            if delivery.partition not in partitions:
                raise Refused(delivery.topic, f"there is no partition {delivery.partition}")
            return delivery.partition
        return None if delivery.key is None else partition_for(delivery.key, len(partitions))

    def _answered(self, delivery: Delivery, taken: asyncio.Future[RecordMetadata]) -> None:
        if taken.cancelled():
            return self._settled(delivery, None, Closed("the producer was closed"))
        error = taken.exception()
        if error is not None:
            return self._settled(delivery, None, error_of(delivery.topic, error))
        metadata = taken.result()
        return self._settled(
            delivery, RecordPosition(delivery.topic, metadata.partition, metadata.offset), None
        )


def error_of(topic: str, error: BaseException) -> KafkaLibraryError:
    """This library's error for what aiokafka said about a record for `topic`."""
    if isinstance(error, KafkaLibraryError):
        return error
    if isinstance(error, _REFUSALS):
        return Refused(topic, str(error))
    if isinstance(error, TopicAuthorizationFailedError):
        return NotAuthorized("WRITE", "topic", topic)
    if isinstance(error, InnerClosed):
        return Closed("the producer was closed")
    if isinstance(error, UnknownTopicOrPartitionError):
        return TopicDeleted(topic)
    if isinstance(error, (KafkaTimeoutError, RequestTimedOutError)):
        return DeliveryFailed(topic, "the broker did not acknowledge it in time")
    return DeliveryFailed(topic, str(error) or type(error).__name__)
