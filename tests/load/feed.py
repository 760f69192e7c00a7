"""The producing side of a benchmark: puts rounds of events into real Kafka, and says what it put there.

Three ways: a backlog as fast as it goes, a flow at a rate (open loop), and events to everybody of which so
many are on their way at a time (closed loop). It shares the generator's core and the broker's, never the
server's.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Self

from aiokafka import AIOKafkaProducer
from autodmca_events import partition_for, user_key
from autodmca_kafka import ensure_topics, event_topics

from tests.apache_kafka import apache_kafka
from tests.load.clients import Clients
from tests.load.connections import Kind
from tests.load.events import BROADCAST, FIRST_USER, TYPES, Sent, Template
from tests.load.tokens import pin

CORE: Final = 1
BURST_S: Final = 0.002
WINDOW: Final = 200  # events to everybody on their way
RENEWED: Final = 50  # at once
QUIET_S: Final = 2.0
ATTEMPTS: Final = 10


@asynccontextmanager
async def real_kafka() -> AsyncIterator["Feed"]:
    """Apache Kafka on the generator's core with all event topics, and a feed into it."""
    pin(CORE)
    with tempfile.TemporaryDirectory(prefix="bench-kafka-") as directory:
        broker = apache_kafka(Path(directory), core=CORE)
        await asyncio.to_thread(broker.start)
        try:
            await ensure_topics(broker.bootstrap_servers, event_topics())
            async with Feed(broker.bootstrap_servers) as feed:
                yield feed
        finally:
            await asyncio.to_thread(broker.close)


class Feed:
    """Writes events to users numbered from 0, and to everybody."""

    def __init__(self, bootstrap_servers: str) -> None:
        self.bootstrap_servers = bootstrap_servers
        self._templates = [Template(topic) for topic in range(len(TYPES))]
        self._round = 0
        self._partitions = 0

    async def __aenter__(self) -> Self:
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self.bootstrap_servers, client_id="feed", max_batch_size=1 << 19
        )
        await self._producer.start()
        self._partitions = len(await self._producer.partitions_for(self._templates[0].topic))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()

    def round(self, users: int) -> Sent:
        """A new round, of which nothing has been sent."""
        self._round += 1
        return Sent(self._round, users)

    async def warm(
        self, clients: Clients, *, each: int = 1, everybodys: int = 5, kind: Kind = "marks"
    ) -> None:
        """Send rounds until one has arrived whole: the server follows the log, and its code has run.

        Raises TimeoutError when none does.
        """
        for _ in range(ATTEMPTS):
            sent = self.round(clients.users)
            clients.begin(sent.number, kind)
            await self.backlog(sent, each)
            await self._everybody(sent, everybodys)
            try:
                await clients.wait_events(sent.addressed + everybodys * clients.users, QUIET_S)
            except TimeoutError:
                continue
            clients.check(sent)
            return
        raise TimeoutError("no round arrived whole")

    async def backlog(self, sent: Sent, each: int, *, elsewhere: int = 0) -> None:
        """`each` events of every topic for every user, as fast as it goes.

        For each user here there are `elsewhere` users who are connected to no server; they get as many.
        """
        await asyncio.gather(
            *(self._backlog_of_topic(sent, topic, each, elsewhere) for topic in range(BROADCAST))
        )
        for counts in sent.by_user:
            for topic in range(BROADCAST):
                counts[topic] += each

    async def _backlog_of_topic(self, sent: Sent, topic: int, each: int, elsewhere: int) -> None:
        parts: list[list[tuple[bytes, int]]] = [[] for _ in range(self._partitions)]
        for user in range(sent.users * (1 + elsewhere)):
            key = user_key(FIRST_USER + user)
            first = sent.by_user[user][topic] if user < sent.users else 0
            parts[partition_for(key, self._partitions)].append((key, first))
        for partition, users in enumerate(parts):
            keys = [(key, first + number) for number in range(each) for key, first in users]
            await self._batches(sent, topic, partition, keys)

    async def _batches(
        self, sent: Sent, topic: int, partition: int, records: list[tuple[bytes, int]]
    ) -> None:
        """Records of one partition, by key and number, in batches as large as they may be."""
        template, producer = self._templates[topic], self._producer
        now, stamp = int(time.time() * 1000), time.monotonic_ns()
        batch = producer.create_batch()
        for key, number in records:
            name, value = template.make(sent.number, number, stamp, key)
            record_key = key if topic != BROADCAST else None
            headers = [("type", template.type), ("id", name)]
            if batch.append(key=record_key, value=value, timestamp=now, headers=headers) is None:
                await producer.send_batch(batch, template.topic, partition=partition)
                batch = producer.create_batch()
                batch.append(key=record_key, value=value, timestamp=now, headers=headers)
        await (await producer.send_batch(batch, template.topic, partition=partition))

    async def flow(self, sent: Sent, per_second: float, going: Callable[[], bool], *, to_all: bool) -> None:
        """One event after the other at a rate, in bursts every 2 ms, while `going`: open loop.

        To every user here in turn, the next topic after each lap, or all of them to everybody.
        """
        began, number = time.monotonic(), 0
        while going():
            due = int((time.monotonic() - began) * per_second)
            for count in range(number, due):
                if to_all:
                    await self._send(sent, BROADCAST, 0)
                else:
                    lap, user = divmod(count, sent.users)
                    await self._send(sent, lap % BROADCAST, user)
            number = max(number, due)
            await asyncio.sleep(BURST_S)
        await self._producer.flush()

    async def _send(self, sent: Sent, topic: int, user: int) -> None:
        template, stamp = self._templates[topic], time.monotonic_ns()
        if topic == BROADCAST:
            number, sent.everybodys = sent.everybodys, sent.everybodys + 1
        else:
            number = sent.by_user[user][topic]
            sent.by_user[user][topic] += 1
        key = user_key(FIRST_USER + user)
        name, value = template.make(sent.number, number, stamp, key)
        record_key = key if topic != BROADCAST else None
        headers = [("type", template.type), ("id", name)]
        await self._producer.send(template.topic, value, record_key, headers=headers)

    async def to_everybody(self, sent: Sent, clients: Clients, events: int) -> None:
        """`events` events to everybody, 200 on their way at a time; returns when all have come."""
        while sent.everybodys < events:
            if sent.everybodys - clients.events <= WINDOW - RENEWED:
                await self._everybody(sent, min(RENEWED, events - sent.everybodys))
            else:
                await asyncio.sleep(0.0005)
        await clients.wait_events(events)

    async def _everybody(self, sent: Sent, events: int) -> None:
        """A burst in one batch."""
        numbers = range(sent.everybodys, sent.everybodys + events)
        sent.everybodys += events
        await self._batches(sent, BROADCAST, 0, [(b"0", number) for number in numbers])
