"""What a service has told in the log, as a test reads it afterwards."""

from __future__ import annotations

import asyncio

from autodmca_events import Envelope, decode
from autodmca_events.partitions import partition_for, user_key
from autodmca_events.topics import events_topic
from autodmca_kafka import Record, TailReader, TopicPartition

from autodmca_service.testing.processes import READY_S


async def records_of(bootstrap_servers: str, topic: str, user_id: int) -> list[Record]:
    """Every record of the user that the topic holds now, in the order of the log."""
    key = user_key(user_id)
    async with asyncio.timeout(READY_S), TailReader(bootstrap_servers, client_id="test") as reader:
        home = TopicPartition(topic, partition_for(key, await reader.partitions(topic)))
        return [record async for record in reader.held(home) if record.key == key]


async def events_of(bootstrap_servers: str, service: str, user_id: int) -> list[Envelope]:
    """Every event of the user that the service has written, each id once; fails when two events of one id
    differ."""
    events: dict[str, Envelope] = {}
    for record in await records_of(bootstrap_servers, events_topic(service), user_id):
        event = decode(record.value or b"")
        assert events.setdefault(event.id, event) == event, f"{event.id}: one id, two contents"
    return list(events.values())
