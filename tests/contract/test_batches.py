"""The writer of batches, closed over what the broker has not acknowledged."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from typing import Any

import pytest
from autodmca_kafka import TopicSpec, ensure_topics
from autodmca_kafka.batches import BatchWriter

from tests.brokers import Broker


@pytest.mark.parametrize("cancelled", [True, False])
async def test_closing_over_a_batch_under_way_leaves_nothing_that_the_loop_reports(
    fault_broker: Broker, new_name: Callable[[str], str], cancelled: bool
) -> None:
    reported: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, about: reported.append(about))
    topic = new_name("closed")
    await ensure_topics(fault_broker.bootstrap_servers, [TopicSpec(topic, 2)])
    try:
        async with BatchWriter(fault_broker.bootstrap_servers, client_id="test", max_bytes=1000) as writer:
            for partition in (0, 1):
                await writer.write(topic, partition, [[(b"k", b"before", ())]])
            assert writer._producer is not None
            sender = writer._producer._sender
            fault_broker.stop()
            writing = [
                asyncio.create_task(writer.write(topic, partition, [[(b"k", b"under way", ())]]))
                for partition in (0, 1)
            ]
            async with asyncio.timeout(30):
                while not sender._in_flight:
                    await asyncio.sleep(0.01)
            if cancelled:
                assert all(each.cancel() for each in writing)
                await asyncio.wait(writing)
        ended = await asyncio.gather(*writing, return_exceptions=True)
        assert all(isinstance(each, BaseException) for each in ended)
    finally:
        fault_broker.cont()
    del writing, ended
    for _ in range(3):
        await asyncio.sleep(0)
        gc.collect()
    assert reported == []
