"""Dead letters: the inputs that a service could not apply, as records, and on their way back.

Owns reading them and sending their inputs again. A letter stays when that is done; the new input names it in
a header, by which whoever looks knows. Never decides what is sent again: a person does, when the cause is
mended.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Final, NamedTuple

from aiokafka import TopicPartition
from autodmca_events.partitions import partition_for, user_key
from autodmca_events.topics import dead_letters_topic, inputs_topic

from autodmca_kafka.consequences import LETTER_HEADERS
from autodmca_kafka.delivery import RecordPosition
from autodmca_kafka.partition_work import KEY
from autodmca_kafka.producer import EventProducer
from autodmca_kafka.records import Record
from autodmca_kafka.sources import SOURCE
from autodmca_kafka.tail import TailReader

DEAD_LETTER: Final = "dead-letter"
LETTER_FETCH_BYTES: Final = 64 << 10
"""A broker sends at least one batch, however large it is."""


class DeadLetter(NamedTuple):
    """One letter. `position`: where it stands, written at `failed_ms`. `origin`: where its input stood,
    written at `written_ms` (both in ms since the Unix epoch). `headers`: the input's."""

    position: RecordPosition
    failed_ms: int
    origin: RecordPosition
    written_ms: int
    error: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]

    @property
    def name(self) -> str:
        """What names it among its service's: `partition@offset`."""
        return f"{self.position.partition}@{self.position.offset}"

    @property
    def user_id(self) -> int | None:
        """Whose input it was; None when its key is no user's, and it cannot be sent again."""
        key = self.key or b""
        return int(key) if key.isdigit() and user_key(int(key)) == key else None


def parse(topic: str, partition: int, record: Record) -> DeadLetter:
    """The letter that a record of a service's dead letters is. Raises ValueError for what is none."""
    headers, about = tuple(record.headers[: -len(LETTER_HEADERS)]), record.headers[-len(LETTER_HEADERS) :]
    if tuple(name for name, _ in about) != LETTER_HEADERS:
        raise ValueError(f"{topic}[{partition}] offset {record.offset} is no dead letter")
    error, source, *numbers = ((value or b"").decode() for _, value in about)
    origin_partition, offset, timestamp = map(int, numbers)
    return DeadLetter(
        RecordPosition(topic, partition, record.offset),
        record.timestamp,
        RecordPosition(source, origin_partition, offset),
        timestamp,
        error,
        record.key,
        record.value,
        headers,
    )


async def read_letters(
    reader: TailReader, service: str, *, since_ms: int | None = None
) -> AsyncIterator[DeadLetter]:
    """Every letter that the log holds now, by partition and offset; only those written since a moment, if
    one is given. Raises TopicDeleted, BrokerUnavailable, ValueError for a record that is no letter."""
    topic = dead_letters_topic(service)
    for partition in range(await reader.partitions(topic)):
        async for record in reader.held(TopicPartition(topic, partition), since_ms=since_ms):
            yield parse(topic, partition, record)


async def read_letter(reader: TailReader, service: str, partition: int, offset: int) -> DeadLetter | None:
    """One letter; None where the log has none there, or none any more. Raises what `read_letters` does."""
    topic = dead_letters_topic(service)
    if partition >= await reader.partitions(topic):
        return None
    tp = TopicPartition(topic, partition)
    earliest, end = (await reader.bounds([tp]))[tp]
    if not earliest <= offset < end:
        return None
    batch = await reader.fetch(tp, offset, LETTER_FETCH_BYTES)
    found = next((record for record in batch.records if record.offset == offset), None)
    return None if found is None else parse(topic, partition, found)


async def sent_again(
    reader: TailReader, service: str, letters: Iterable[DeadLetter]
) -> dict[str, RecordPosition]:
    """Of these letters those that were sent again, by name, and where the newest such input stands."""
    topic = inputs_topic(service)
    count = await reader.partitions(topic)
    since: dict[int, int] = {}
    for letter in letters:
        if letter.key is not None:
            home = partition_for(letter.key, count)
            since[home] = min(letter.failed_ms, since.get(home, letter.failed_ms))
    found: dict[str, RecordPosition] = {}
    for partition, since_ms in since.items():
        async for record in reader.held(TopicPartition(topic, partition), since_ms=since_ms):
            for name, value in record.headers:
                if name == DEAD_LETTER and value:
                    found[value.decode()] = RecordPosition(topic, partition, record.offset)
    return found


async def send_again(producer: EventProducer, service: str, letter: DeadLetter) -> RecordPosition:
    """Write the letter's input again, at the end of its user's inputs.

    Without its source and idempotency key, by which it would be passed over as one that was done with; under
    its request id, so that a service that waits for the outcome gets it. Raises ValueError for a key that is
    no user's and for what a relay could not turn into an input, and what `EventProducer.send_record` raises.
    """
    if letter.origin.topic != inputs_topic(service):
        stood = f"it stood in {letter.origin.topic}"
        raise ValueError(f"{letter.name}: {stood}, and a relay could not turn it into an input")
    if letter.user_id is None:
        raise ValueError(f"{letter.name}: its key {letter.key!r} is no user id")
    kept = [
        (name, value)
        for name, value in letter.headers
        if name not in (SOURCE, KEY, DEAD_LETTER) and value is not None
    ]
    return await producer.send_record(
        inputs_topic(service),
        key=letter.key,
        value=letter.value,
        headers=[*kept, (DEAD_LETTER, letter.name.encode())],
    )
