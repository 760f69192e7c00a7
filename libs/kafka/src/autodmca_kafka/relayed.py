"""What other services wrote, turned into inputs of this one: the part of a relay that does no I/O.

Owns the source of each input, by which it is applied once. A record that a processor wrote is named by the
input that it follows from, as it may stand in the log twice; any other by its own place. A record that is
nobody's, or stands where its user's do not belong, is counted and passed over as every reader passes over it;
one that cannot be turned into an input becomes a dead letter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec
from aiokafka.structs import TopicPartition
from autodmca_events import Envelope
from autodmca_events import decode as decode_event
from autodmca_events.partitions import partition_for, user_key
from autodmca_events.topics import inputs_topic

from autodmca_kafka.batches import Header, Outgoing, size_of
from autodmca_kafka.consequences import REQUEST, TRACEPARENT, dead_letter
from autodmca_kafka.partition_work import FAILED
from autodmca_kafka.records import Record
from autodmca_kafka.sources import ORIGIN, SOURCE, Origin, Source

FAN_OUT: Final = 1_000
"""The most inputs that one record is turned into."""

_ENCODER: Final = msgspec.json.Encoder()


class Told(NamedTuple):
    """A record of another service, or of this one: an event, an outcome, a client's action."""

    topic: str
    user_id: int
    timestamp_ms: int
    value: bytes | None
    headers: Mapping[str, bytes | None]

    @property
    def type(self) -> str | None:
        """The event's type, for leaving out what is not wanted before it is decoded."""
        return self._text("type")

    @property
    def request(self) -> str | None:
        """The name of the request that an outcome answers: for a send, `Context.send_id`."""
        return self._text(REQUEST)

    @property
    def failed(self) -> bool:
        """Whether the input that an outcome is of became a dead letter."""
        return FAILED in self.headers

    @property
    def follows(self) -> Source | None:
        """The record that the input of an outcome followed from: an input of this service, where that sent
        it."""
        header = self.headers.get(SOURCE)
        return None if header is None else Source.parse(header)

    def answers(self, service: str) -> bool:
        """Whether it is the outcome of an input that `service` sent; `request` is then the name of that."""
        source = self.follows
        return self.request is not None and source is not None and source.topic == inputs_topic(service)

    def event(self) -> Envelope:
        """The event. Raises autodmca_events' InvalidEvent."""
        return decode_event(self.value or b"")

    def _text(self, name: str) -> str | None:
        header = self.headers.get(name)
        return None if header is None else header.decode()


Translate = Callable[[Told], Iterable[msgspec.Struct]]
"""What a record means to this service, as inputs for its user; mostly none, or one. Pure."""


@dataclass(slots=True)
class Relayed:
    """What follows from some records, by the partition of the inputs, in the order of each source."""

    inputs: dict[int, list[Outgoing]] = field(default_factory=dict)
    dead_letters: dict[int, list[Outgoing]] = field(default_factory=dict)
    records: int = 0
    passed_over: Counter[str] = field(default_factory=Counter)
    """By reason: `no_user`, `misplaced`."""


class RelayWork:
    """`partitions`: how many the inputs topic has, and each topic that is read. `epochs`: which making of
    each topic is read. `max_bytes`: the most that an input may take."""

    def __init__(
        self, partitions: int, epochs: Mapping[str, str], translate: Translate, *, max_bytes: int
    ) -> None:
        self._partitions = partitions
        self._epochs = epochs
        self._translate = translate
        self._max_bytes = max_bytes

    def relay(self, found: Mapping[TopicPartition, Sequence[Record]]) -> Relayed:
        """Turn what was read into inputs."""
        result = Relayed()
        for tp, records in found.items():
            for record in records:
                result.records += 1
                self._relay(tp, record, result)
        return result

    def _relay(self, tp: TopicPartition, record: Record, result: Relayed) -> None:
        key = record.key
        if key is None or not key.isdigit() or user_key(int(key)) != key:
            result.passed_over["no_user"] += 1
        elif partition_for(key, self._partitions) != tp.partition:
            result.passed_over["misplaced"] += 1
        else:
            try:
                inputs = self._inputs(tp, key, record)
            except Exception as error:  # noqa: BLE001 - `translate` may raise anything; nothing must be lost
                letter = dead_letter(record, tp.topic, tp.partition, error)
                result.dead_letters.setdefault(tp.partition, []).append(letter)
                return
            if inputs:
                result.inputs.setdefault(tp.partition, []).extend(inputs)

    def _inputs(self, tp: TopicPartition, key: bytes, record: Record) -> list[Outgoing]:
        headers = dict(record.headers)
        told = Told(tp.topic, int(key), record.timestamp, record.value, headers)
        traced = [(TRACEPARENT, trace)] if (trace := headers.get(TRACEPARENT)) else []
        inputs: list[Outgoing] = []
        for nth, command in enumerate(self._translate(told)):
            if nth == FAN_OUT:
                raise ValueError(f"it is turned into more than {FAN_OUT} inputs")
            about: list[Header] = [(SOURCE, self._source(tp, record, headers, nth).header), *traced]
            made = key, _ENCODER.encode(command), about
            if size_of([made]) > self._max_bytes:
                raise ValueError(f"the input takes {size_of([made])} bytes, more than {self._max_bytes}")
            inputs.append(made)
        return inputs

    def _source(
        self, tp: TopicPartition, record: Record, headers: Mapping[str, bytes | None], nth: int
    ) -> Source:
        header = headers.get(ORIGIN)
        if header is None:
            return Source(tp.topic, self._epochs[tp.topic], tp.partition, record.offset, nth)
        origin = Origin.parse(header)
        place = origin.offset, origin.nth * FAN_OUT + nth
        return Source(tp.topic, origin.incarnation, tp.partition, *place)
