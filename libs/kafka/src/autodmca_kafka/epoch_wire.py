"""OffsetsForLeaderEpoch version 3 on the wire (KIP-101, KIP-320), which aiokafka does not have.

Owns the wire structure and nothing else; sending is AIOKafkaClient's. (aiokafka ships no types: hence the
`ignore`s.)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, NamedTuple

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Int16, Int32, Int64, Schema, String

API_KEY = 23
CONSUMER = -1


class EpochEnd(NamedTuple):
    """A leader epoch that a log has, and the offset after the last record that was written under it; and the
    first offset that the log holds."""

    epoch: int
    end: int
    first: int


class EpochQuestion(NamedTuple):
    """About `epoch`, to the leader of `leader_epoch`: another broker, or one that leads anew, refuses it."""

    topic: str
    partition: int
    leader_epoch: int
    epoch: int


class EpochEndsResponse(Response):  # type: ignore[misc]
    API_KEY = API_KEY
    API_VERSION = 3
    SCHEMA: ClassVar[Schema] = Schema(
        ("throttle_time_ms", Int32),
        (
            "topics",
            Array(
                ("topic", String("utf-8")),
                (
                    "partitions",
                    Array(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader_epoch", Int32),
                        ("end_offset", Int64),
                    ),
                ),
            ),
        ),
    )


class EpochEndsRequestV3(RequestStruct):  # type: ignore[misc]
    API_KEY = API_KEY
    API_VERSION = 3
    RESPONSE_TYPE = EpochEndsResponse
    SCHEMA: ClassVar[Schema] = Schema(
        ("replica_id", Int32),
        (
            "topics",
            Array(
                ("topic", String("utf-8")),
                (
                    "partitions",
                    Array(
                        ("partition", Int32),
                        ("current_leader_epoch", Int32),
                        ("leader_epoch", Int32),
                    ),
                ),
            ),
        ),
    )


class EpochEndsRequest(Request[EpochEndsRequestV3]):  # type: ignore[misc]
    """Where leader epochs end, of any number of partitions that one broker leads."""

    API_KEY = API_KEY

    def __init__(self, questions: Iterable[EpochQuestion]) -> None:
        topics: dict[str, list[tuple[int, int, int]]] = {}
        for topic, partition, leader_epoch, epoch in questions:
            topics.setdefault(topic, []).append((partition, leader_epoch, epoch))
        self._topics = [*topics.items()]

    def build(self, request_struct_class: type[EpochEndsRequestV3]) -> EpochEndsRequestV3:
        return request_struct_class(CONSUMER, self._topics)
