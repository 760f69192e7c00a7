"""Events that nobody checks, at a rate: what a benchmark measures others under.

Shaped as any others, but made and put into batches once: the same request is sent again and again, so that
the generator's core has time for 50,000 events a second and for those that count.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final, Self

from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from autodmca_events import SocialMediaPlatformStatus, encode, envelope, partition_for, user_key
from autodmca_events.example import example
from autodmca_events.topics import BROADCAST as BROADCAST_TOPIC
from msgspec.structs import replace

from tests.load.events import BROADCAST, FIRST_USER, Template

UNMEASURED: Final = 99  # the round that these events bear
BATCH_BYTES: Final = 1 << 20
TIMEOUT_MS: Final = 30_000
ATTEMPTS: Final = 50
RETRY_S: Final = 0.2
BULK_TYPE: Final = "social_media_platform_status"
"""For everybody, and none of those that a benchmark's clients subscribe to."""
BULK_BYTES: Final = 20_000
BULK_EVENTS: Final = 20

Lane = tuple[str, int]
"""A topic and a partition."""
Events = list[tuple[bytes, bytes | None, bytes]]
"""Type, key and value of each."""


class Pressure:
    """Events for some users, numbered as a benchmark numbers them: one on every topic for each is a wave."""

    def __init__(self, bootstrap_servers: str, users: range) -> None:
        self._users = users
        self._templates = [Template(topic) for topic in range(BROADCAST)]
        self._client = AIOKafkaClient(bootstrap_servers=bootstrap_servers, client_id="pressure")

    async def __aenter__(self) -> Self:
        await self._client.bootstrap()
        self._client.set_topics([BROADCAST_TOPIC, *(each.topic for each in self._templates)])
        await self._client.force_metadata_update()
        self._wave, self._bulk = _request(self._waves()), _request(_bulky())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    def _waves(self) -> dict[Lane, Events]:
        """One event for each user on each topic."""
        lanes: dict[Lane, Events] = {}
        for template in self._templates:
            partitions = len(self._client.cluster.partitions_for_topic(template.topic))
            for user in self._users:
                key = user_key(FIRST_USER + user)
                lane = template.topic, partition_for(key, partitions)
                lanes.setdefault(lane, []).append((template.type, key, _made(template, key)))
        return lanes

    async def _send(self, request: ProduceRequest) -> None:
        """To the one broker of a benchmark, until it has the events, some of them perhaps twice.

        A starved broker may be fenced for a moment. Raises AssertionError when it goes on refusing.
        """
        for _ in range(ATTEMPTS):
            response = await self._client.send(self._client.get_random_node(), request)
            errors = {error for _, partitions in response.topics for _, error, *_ in partitions}
            if errors == {0}:
                return
            await asyncio.sleep(RETRY_S)
        raise AssertionError(f"the broker refuses: errors {errors}")

    async def run(self, per_second: float, going: Callable[[], bool]) -> int:
        """Send waves while `going`; how many events it was: fewer when the broker does not take so many."""
        size = BROADCAST * len(self._users)
        began, sent = time.monotonic(), 0
        while going():
            while sent + size <= (time.monotonic() - began) * per_second and going():
                await self._send(self._wave)
                sent += size
            await asyncio.sleep(size / per_second / 4)
        return sent

    async def bulk(self) -> None:
        """400 KB for every connection that wants `BULK_TYPE`."""
        await self._send(self._bulk)


def _bulky() -> dict[Lane, Events]:
    payload = example(BULK_TYPE).payload
    assert isinstance(payload, SocialMediaPlatformStatus)
    large = replace(payload, message="x" * BULK_BYTES)
    value = encode(envelope(large, user_id=None, timestamp_ms=int(time.time() * 1000), id="bulk"))
    return {(BROADCAST_TOPIC, 0): [(BULK_TYPE.encode(), None, value)] * BULK_EVENTS}


def _request(lanes: dict[Lane, Events]) -> ProduceRequest:
    topics: dict[str, list[tuple[int, bytes]]] = {}
    now = int(time.time() * 1000)
    for (topic, partition), events in lanes.items():
        batch = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, 0, BATCH_BYTES)
        for offset, (kind, key, value) in enumerate(events):
            headers = [("type", kind), ("id", b"again")]
            assert batch.append(offset, now, key, value, headers) is not None, "the batch is full"
        topics.setdefault(topic, []).append((partition, bytes(batch.build())))
    return ProduceRequest(None, -1, TIMEOUT_MS, list(topics.items()))


def _made(template: Template, key: bytes) -> bytes:
    return template.make(UNMEASURED, 0, 0, key)[1]
