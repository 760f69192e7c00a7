"""aiokafka's producer under ours: how it is set up, and how it is closed when the broker is away.

Owns the settings that make a delivery safe (`acks=all`, idempotence) and the one place that needs aiokafka's
inside. Fails with `BrokerUnavailable`.
"""

from __future__ import annotations

import asyncio
import contextlib

from aiokafka import AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import IncompatibleBrokerVersion, KafkaError, for_code
from aiokafka.protocol.transaction import InitProducerIdRequest

from autodmca_kafka import cluster
from autodmca_kafka.errors import BrokerUnavailable, Closed

MAX_BATCH_BYTES = 128 * 1024
REQUEST_TIMEOUT_MS = 20_000
PATIENCE_S = 120
PAUSE_S = 0.05


async def open_producer(
    bootstrap_servers: str,
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
        bootstrap_servers=bootstrap_servers,
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
        raise BrokerUnavailable(bootstrap_servers, str(error)) from error
    return inner


async def gives_producer_ids(client: AIOKafkaClient) -> bool:
    """Whether the broker can make producers idempotent.

    A cluster that has just started does not know yet, and is asked until it does: whoever took its
    "not yet" for a no would write duplicates later. Raises aiokafka's KafkaError when it goes away.
    """
    while True:
        try:
            answer = await client.send(client.get_random_node(), InitProducerIdRequest(None, 60_000))
        except (IncompatibleBrokerVersion, NotImplementedError):
            return False
        if not for_code(answer.error_code).retriable:
            return bool(answer.error_code == 0)
        await asyncio.sleep(PAUSE_S)


async def close_producer(inner: AIOKafkaProducer) -> None:
    """Close aiokafka's producer without its flush, which would wait for the broker without an end.

    The order matters: its sender puts unanswered batches back before they may be failed. It would then wait
    for an update of the metadata, which nobody makes for a closed client.
    """
    sender = asyncio.create_task(inner._sender.close())  # noqa: SLF001 (there is no public way)
    await cluster.close(inner.client)  # so that requests under way end now
    _end_metadata_updates(inner.client)
    await asyncio.wait({sender})
    inner._message_accumulator.fail_all(Closed("the producer was closed"))  # noqa: SLF001
    with contextlib.suppress(KafkaError, OSError):
        sender.result()
    with contextlib.suppress(KafkaError, OSError):
        await inner.stop()


def _end_metadata_updates(client: AIOKafkaClient) -> None:
    """Whoever waits for one, now or later, hears at once that it failed."""
    update = client._md_update_fut or asyncio.get_running_loop().create_future()  # noqa: SLF001
    if not update.done():
        update.set_result(False)
    client._md_update_fut = update  # noqa: SLF001
