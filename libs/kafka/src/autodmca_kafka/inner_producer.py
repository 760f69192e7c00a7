"""aiokafka's producer under ours: how it is set up, and how it is closed when the broker is away.

Owns the settings that make a delivery safe (`acks=all`, idempotence) and the one place that needs aiokafka's
inside. Fails with `BrokerUnavailable` and `NotAuthorized`.
"""

from __future__ import annotations

import asyncio
import contextlib
from itertools import chain
from typing import Any

import aiokafka.producer.sender
from aiokafka import AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    IncompatibleBrokerVersion,
    KafkaError,
    OutOfOrderSequenceNumber,
    for_code,
)
from aiokafka.protocol.transaction import InitProducerIdRequest

from autodmca_kafka import cluster
from autodmca_kafka.access import Access
from autodmca_kafka.brokers import Brokers
from autodmca_kafka.errors import BrokerUnavailable, Closed, NotAuthorized

MAX_BATCH_BYTES = 128 * 1024
REQUEST_TIMEOUT_MS = 20_000
PATIENCE_S = 120
PAUSE_S = 0.05
DENIED_S = 3.0
"""A right that was granted just now takes a moment until every broker knows it."""
DENIED_PAUSE_S = 0.5


class _SendProduce(aiokafka.producer.sender.SendProduceReqHandler):  # type: ignore[misc]
    """aiokafka's, for a batch that a broker refuses: it was not appended, so its sequence numbers are the
    next one's. aiokafka counts on, and the broker would take nothing more of that partition."""

    def handle_response(self, response: Any) -> None:
        counts = {tp: batch.record_count for tp, batch in self._batches.items()}
        super().handle_response(response)
        numbers = self._sender._txn_manager  # noqa: SLF001 (there is no public way)
        for tp, batch in self._batches.items():
            refused = batch.future.done() and not batch.future.cancelled() and batch.future.exception()
            if numbers is not None and refused and not isinstance(refused, OutOfOrderSequenceNumber):
                numbers.increment_sequence_number(tp, -counts[tp])


aiokafka.producer.sender.SendProduceReqHandler = _SendProduce


async def open_producer(
    bootstrap_servers: Brokers,
    *,
    client_id: str,
    idempotent: bool,
    max_record_bytes: int,
    max_batch_bytes: int = MAX_BATCH_BYTES,
    patience_s: float = PATIENCE_S,
) -> AIOKafkaProducer:
    """A producer that has reached the broker; `max_batch_bytes` never cuts a single record; `patience_s` is
    how long a batch waits for a partition that has no leader. Raises BrokerUnavailable."""
    inner = AIOKafkaProducer(
        **Access(bootstrap_servers).options(),
        client_id=client_id,
        acks="all",
        enable_idempotence=idempotent,
        max_batch_size=max_batch_bytes,
        max_request_size=max_record_bytes,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
    )
    # It would give up after one request's time, and a broker that has just come back leads nothing yet.
    batches = inner._message_accumulator  # noqa: SLF001 (there is no public way)
    batches._batch_ttl = max(batches._batch_ttl, patience_s)  # noqa: SLF001
    try:
        await inner.start()
    except KafkaError as error:
        await close_producer(inner)
        raise BrokerUnavailable(bootstrap_servers, inner.client.access.reason or str(error)) from error
    return inner


async def gives_producer_ids(bootstrap_servers: Brokers, *, client_id: str, deadline_s: float) -> bool:
    """Whether the broker, which is waited for, can make producers idempotent.

    A cluster that has just started does not know yet, and is asked until it does: whoever took its
    "not yet" for a no would write duplicates later. Raises BrokerUnavailable, after `deadline_s` or when it
    goes away, and NotAuthorized: who may write to some topic may have an id (KIP-679).
    """
    client = await cluster.connect(bootstrap_servers, client_id=client_id, deadline_s=deadline_s)
    try:
        async with asyncio.timeout(deadline_s):
            return await _gives_producer_ids(client)
    except (KafkaError, TimeoutError) as error:
        reason = str(error) or "it does not say whether it gives producer ids"
        raise BrokerUnavailable(bootstrap_servers, reason) from error
    finally:
        await cluster.close(client)


async def _gives_producer_ids(client: AIOKafkaClient) -> bool:
    clock = asyncio.get_running_loop().time
    patience_ends = clock() + DENIED_S
    while True:
        try:
            answer = await cluster.any_answer(client, InitProducerIdRequest(None, 60_000))
        except (IncompatibleBrokerVersion, NotImplementedError):
            return False
        denied = answer.error_code == ClusterAuthorizationFailedError.errno
        if denied and clock() > patience_ends:
            raise NotAuthorized("WRITE", "topic", "(any)")
        if not denied and not for_code(answer.error_code).retriable:
            return bool(answer.error_code == 0)
        await asyncio.sleep(DENIED_PAUSE_S if denied else PAUSE_S)


async def close_producer(inner: AIOKafkaProducer) -> None:
    """Close aiokafka's producer without its flush, which would wait for the broker without an end.

    The order matters: its sender puts unanswered batches back before they may be failed. It would then wait
    for an update of the metadata, which nobody makes for a closed client.
    """
    sender = asyncio.create_task(inner._sender.close())  # noqa: SLF001 (there is no public way)
    await cluster.close(inner.client)  # so that requests under way end now
    _end_metadata_updates(inner.client)
    await asyncio.wait({sender})
    _fail_unanswered(inner)
    with contextlib.suppress(KafkaError, OSError):
        sender.result()
    with contextlib.suppress(KafkaError, OSError):
        await inner.stop()


def _fail_unanswered(inner: AIOKafkaProducer) -> None:
    """Batches that were not acknowledged fail as Closed, whether or not somebody still waits for them."""
    accumulator = inner._message_accumulator  # noqa: SLF001
    batches = {*accumulator._pending_batches, *chain(*accumulator._batches.values())}  # noqa: SLF001
    # aiokafka takes a batch out when it puts it back into its queue, and fails to when that batch ends.
    accumulator._pending_batches.update(batches)  # noqa: SLF001
    accumulator.fail_all(Closed("the producer was closed"))
    for batch in batches:
        for future in (batch.future, batch._drain_waiter):  # noqa: SLF001
            if not future.cancelled():
                future.exception()  # the loop would report that nobody has asked


def _end_metadata_updates(client: AIOKafkaClient) -> None:
    """Whoever waits for one, now or later, hears at once that it failed."""
    update = client._md_update_fut or asyncio.get_running_loop().create_future()  # noqa: SLF001
    if not update.done():
        update.set_result(False)
    client._md_update_fut = update  # noqa: SLF001
