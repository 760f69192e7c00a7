"""Fetch version 13 on the wire (Apache Kafka 3.1 and newer), by hand, since it is the hot path.

Version 13 names topics by id (KIP-516), so that records of a topic that was deleted and created again are
never taken for the old one's. Owns request and response bytes; asks for committed data alone (KIP-98).
A response that ends early or contradicts itself raises ValueError.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from itertools import groupby
from operator import itemgetter
from typing import ClassVar, NamedTuple

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Schema, UnsignedVarInt32

_REQUEST_HEAD = struct.Struct(">iiiibii")
_REQUEST_PARTITION = struct.Struct(">iiqiqib")
_PARTITION = struct.Struct(">i")
_RESPONSE_HEAD = struct.Struct(">ihi")
_RESPONSE_PARTITION = struct.Struct(">ihqqq")
_ABORTED = struct.Struct(">qq")
_DIVERGING = struct.Struct(">iq")
_DIVERGING_TAG = 0

CONSUMER = -1
READ_COMMITTED = 1
NO_SESSION = (0, -1)
UNKNOWN = -1
EMPTY_RACK_NO_TAGS = b"\x01\x00"


class Wanted(NamedTuple):
    """One partition to read, from `offset`; a record longer than `max_bytes` comes whole all the same.

    `last_epoch` is the leader's epoch of the record before: a log in which that one is no longer there says
    so by `Slice.diverging` (KIP-320, KIP-595).
    """

    topic_id: bytes
    partition: int
    leader_epoch: int
    offset: int
    max_bytes: int
    last_epoch: int = UNKNOWN


class Aborted(NamedTuple):
    """A transaction that was aborted: of which producer, and its first offset."""

    producer_id: int
    first_offset: int


class Diverging(NamedTuple):
    """The log's newest epoch that is not newer than what was read, and the offset at which that one ends."""

    epoch: int
    end: int


class Slice(NamedTuple):
    """What came of one partition; `records` is the log's own bytes, the last batch perhaps cut off.

    `end` is the last stable offset: records behind it belong to transactions that are not decided yet, and do
    not come. Of those that come, the transactions in `aborted` never happened (`records.committed`).
    """

    topic_id: bytes
    partition: int
    error_code: int
    high_watermark: int
    end: int
    log_start: int
    records: bytes
    aborted: Sequence[Aborted] = ()
    diverging: Diverging | None = None


class FetchResponse(Response):  # type: ignore[misc]
    API_KEY = 1
    API_VERSION = 13
    SCHEMA: ClassVar[Schema] = Schema()

    def __init__(
        self, error_code: int, session_id: int, slices: list[Slice], throttle_time_ms: int = 0
    ) -> None:
        self.throttle_time_ms = throttle_time_ms
        self.error_code = error_code
        self.session_id = session_id
        self.slices = slices

    @classmethod
    def decode(cls, data: BytesIO | bytes) -> FetchResponse:
        # getvalue() shares the bytes that aiokafka's connection put into the BytesIO.
        body, start = (data, 0) if isinstance(data, bytes) else (data.getvalue(), data.tell())
        try:
            return cls(*_parse(body, start))
        except (struct.error, IndexError) as error:
            raise ValueError(f"a fetch response ends early: {error}") from error

    def __repr__(self) -> str:
        return f"FetchResponse(error_code={self.error_code}, {len(self.slices)} partitions)"


class FetchRequestV13(RequestStruct):  # type: ignore[misc]
    API_KEY = 1
    API_VERSION = 13
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = FetchResponse
    SCHEMA: ClassVar[Schema] = Schema()

    def __init__(self, body: bytes) -> None:
        self._body = body

    def encode(self) -> bytes:
        return self._body

    def __repr__(self) -> str:
        return f"FetchRequestV13({len(self._body)} bytes)"


class FetchRequest(Request[FetchRequestV13]):  # type: ignore[misc]
    """Read `wanted`, in that order, at most about `max_bytes` in all; in a `session`, `forgotten` no longer.

    The broker waits up to `max_wait_ms` until it has `min_bytes`.
    """

    API_KEY = 1

    def __init__(
        self,
        wanted: Iterable[Wanted],
        *,
        max_wait_ms: int,
        min_bytes: int,
        max_bytes: int,
        session: tuple[int, int] = NO_SESSION,
        forgotten: Iterable[tuple[bytes, int]] = (),
    ) -> None:
        asked = [
            (
                topic_id,
                _REQUEST_PARTITION.pack(
                    partition, leader_epoch, offset, last_epoch, UNKNOWN, partition_bytes, 0
                ),
            )
            for topic_id, partition, leader_epoch, offset, partition_bytes, last_epoch in wanted
        ]
        dropped = [(topic_id, _PARTITION.pack(partition)) for topic_id, partition in forgotten]
        self._body = b"".join(
            [
                _REQUEST_HEAD.pack(CONSUMER, max_wait_ms, min_bytes, max_bytes, READ_COMMITTED, *session),
                *_by_topic(asked),
                *_by_topic(dropped),
                EMPTY_RACK_NO_TAGS,
            ]
        )

    def build(self, request_struct_class: type[FetchRequestV13]) -> FetchRequestV13:
        return request_struct_class(self._body)


def _by_topic(partitions: Sequence[tuple[bytes, bytes]]) -> Iterator[bytes]:
    """An array of topics, each as long as its partitions follow one another: order is kept."""
    topics = [(topic_id, [*group]) for topic_id, group in groupby(partitions, itemgetter(0))]
    yield UnsignedVarInt32.encode(len(topics) + 1)
    for topic_id, group in topics:
        yield topic_id
        yield UnsignedVarInt32.encode(len(group) + 1)
        yield from [packed for _, packed in group]
        yield b"\x00"


def _parse(body: bytes, at: int) -> tuple[int, int, list[Slice], int]:
    throttle_time_ms, error_code, session_id = _RESPONSE_HEAD.unpack_from(body, at)
    topics, at = _varint(body, at + _RESPONSE_HEAD.size)
    slices: list[Slice] = []
    for _ in range(topics - 1):
        topic_id = body[at : at + 16]
        partitions, at = _varint(body, at + 16)
        for _ in range(partitions - 1):
            piece, at = _partition(topic_id, body, at)
            slices.append(piece)
        at = _skip_tags(body, at)
    if _skip_tags(body, at) > len(body):
        raise IndexError("tags")
    return error_code, session_id, slices, throttle_time_ms


def _partition(topic_id: bytes, body: bytes, at: int) -> tuple[Slice, int]:
    partition, error_code, high_watermark, stable, log_start = _RESPONSE_PARTITION.unpack_from(body, at)
    count, at = _varint(body, at + _RESPONSE_PARTITION.size)
    aborted = []
    for _ in range(count - 1):
        aborted.append(Aborted(*_ABORTED.unpack_from(body, at)))
        at = _skip_tags(body, at + _ABORTED.size)
    size, at = _varint(body, at + 4)  # past preferred_read_replica
    end = at + max(size - 1, 0)
    records = body[at:end]
    if len(records) != end - at:
        raise IndexError("records")
    diverging, at = _diverging(body, end)
    piece = Slice(
        topic_id, partition, error_code, high_watermark, stable, log_start, records, aborted, diverging
    )
    return piece, at


def _diverging(body: bytes, at: int) -> tuple[Diverging | None, int]:
    """What a partition's tags say of where its log parts from what was read."""
    found = None
    count, at = _varint(body, at)
    for _ in range(count):
        tag, at = _varint(body, at)
        size, at = _varint(body, at)
        if tag == _DIVERGING_TAG:
            found = Diverging(*_DIVERGING.unpack_from(body, at))
        at += size
    return found, at


def _varint(body: bytes, at: int) -> tuple[int, int]:
    byte = body[at]
    if byte < 0x80:
        return byte, at + 1
    value, shift = byte & 0x7F, 7
    while True:
        at += 1
        byte = body[at]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at + 1
        shift += 7
        if shift > 28:
            raise ValueError("a fetch response holds a length of more than five bytes")


def _skip_tags(body: bytes, at: int) -> int:
    count, at = _varint(body, at)
    for _ in range(count):
        _tag, at = _varint(body, at)
        size, at = _varint(body, at)
        at += size
    return at
