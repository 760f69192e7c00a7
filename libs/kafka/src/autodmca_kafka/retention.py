"""Raising what a topic keeps, where it was made with less than its readers need.

Owns the question for a topic's `retention.ms` and its change (IncrementalAlterConfigs, KIP-339, which
aiokafka lacks: its AlterConfigs would set everything else back). Never lowers it, and touches no other
setting. What was raised is logged; a broker that refuses, or does not know the request, is logged as a
warning that says what to do, and nothing fails: the topic is as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

import structlog
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError
from aiokafka.protocol.admin import DescribeConfigsRequest
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Int8, Int16, Int32, Schema, String

from autodmca_kafka import cluster
from autodmca_kafka.errors import NotAuthorized

RETENTION: Final = "retention.ms"
FOR_EVER: Final = -1
_TOPIC: Final = 2
_SET: Final = 0

log = structlog.get_logger(__name__)


class _AlterResponse(Response):  # type: ignore[misc]
    API_KEY = 44
    API_VERSION = 0
    SCHEMA: ClassVar[Schema] = Schema(
        ("throttle_time_ms", Int32),
        (
            "resources",
            Array(
                ("error_code", Int16),
                ("error_message", String("utf-8")),
                ("resource_type", Int8),
                ("resource_name", String("utf-8")),
            ),
        ),
    )


class _AlterRequestV0(RequestStruct):  # type: ignore[misc]
    API_KEY = 44
    API_VERSION = 0
    RESPONSE_TYPE = _AlterResponse
    SCHEMA: ClassVar[Schema] = Schema(
        (
            "resources",
            Array(
                ("resource_type", Int8),
                ("resource_name", String("utf-8")),
                (
                    "configs",
                    Array(
                        ("name", String("utf-8")),
                        ("operation", Int8),
                        ("value", String("utf-8")),
                    ),
                ),
            ),
        ),
        ("validate_only", Boolean),
    )


class _AlterRequest(Request[_AlterRequestV0]):  # type: ignore[misc]
    """Set the retention of topics, in milliseconds."""

    API_KEY = 44

    def __init__(self, wanted: Mapping[str, int]) -> None:
        self._wanted = wanted

    def build(self, request_struct_class: type[_AlterRequestV0]) -> _AlterRequestV0:
        resources = [
            (_TOPIC, topic, [(RETENTION, _SET, str(least_ms))]) for topic, least_ms in self._wanted.items()
        ]
        return request_struct_class(resources, False)


async def _retentions(client: AIOKafkaClient, topics: list[str]) -> dict[str, int]:
    """What each topic keeps, in milliseconds, as far as the broker says. Raises aiokafka's KafkaError,
    NotAuthorized."""
    request = DescribeConfigsRequest([(_TOPIC, topic, None) for topic in topics])
    answer = await cluster.any_answer(client, request)
    for code, _message, _type, topic, _entries in answer.resources:
        if code == TopicAuthorizationFailedError.errno:
            raise NotAuthorized("DESCRIBE_CONFIGS", "topic", topic)
    return {
        topic: int(value)
        for _error, _message, _type, topic, entries in answer.resources
        for name, value, *_ in entries
        if name == RETENTION
    }


async def raise_retention(client: AIOKafkaClient, least: Mapping[str, int]) -> None:
    """Have each of these topics, which exist, keep so many milliseconds at least."""
    try:
        kept = await _retentions(client, [*least])
        short = {
            topic: least_ms
            for topic, least_ms in least.items()
            if FOR_EVER != kept.get(topic, FOR_EVER) < least_ms
        }
        if not short:
            return
        answer = await cluster.any_answer(client, _AlterRequest(short))
    except (KafkaError, NotAuthorized, NotImplementedError) as error:
        log.warning("retention was not looked after", topics=sorted(least), reason=repr(error))
        return
    for code, message, _type, topic in answer.resources:
        told = {"topic": topic, "retention_ms": kept[topic], "least_ms": short[topic]}
        if code == TopicAuthorizationFailedError.errno:
            message = str(NotAuthorized("ALTER_CONFIGS", "topic", topic))
        if code:
            log.warning("retention is too short, alter it by hand", code=code, reason=message, **told)
        else:
            log.info("retention raised", **told)
