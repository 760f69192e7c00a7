"""What a program may do with topics and groups: the rights that it needs of a cluster that has ACLs.

Owns which rights the parts of this library need (the processor with its table and askers; who makes topics);
a program adds its own. Operations and resources are named as Kafka names them; READ and WRITE imply DESCRIBE.
Asks nobody and grants nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from autodmca_events.topics import (
    BROADCAST,
    EDGE_CONTROL,
    dead_letters_topic,
    events_topic,
    inputs_topic,
    outcomes_topic,
    state_topic,
)

from autodmca_kafka.topics import TopicSpec

Operation = Literal["READ", "WRITE", "CREATE", "DESCRIBE", "DESCRIBE_CONFIGS", "ALTER_CONFIGS"]
Resource = Literal["topic", "group"]


class Right(NamedTuple):
    """To do `operation` on the `resource` of this `name` (Kafka's literal pattern)."""

    resource: Resource
    name: str
    operation: Operation


def service_group(service: str) -> str:
    """The consumer group of a service's processor."""
    return f"autodmca.{service}"


def relay_group(service: str) -> str:
    """The consumer group of a service's relay."""
    return f"{service_group(service)}-relay"


def service_rights(service: str) -> list[Right]:
    """What a domain service needs while its topics exist: processor, table, askers, its dead letters, and
    who is cut off.

    One that sends inputs to another service needs WRITE on that one's inputs besides, and one that relays
    `relay_rights`.
    """
    own = [inputs_topic(service), outcomes_topic(service), state_topic(service)]
    written = [*own, dead_letters_topic(service), events_topic(service), BROADCAST]
    return [
        *on_topics("READ", [*own, dead_letters_topic(service), EDGE_CONTROL]),
        *on_topics("WRITE", written),
        Right("topic", EDGE_CONTROL, "DESCRIBE_CONFIGS"),
        Right("group", service_group(service), "READ"),
    ]


def relay_rights(service: str, topics: Iterable[str]) -> list[Right]:
    """What relaying these topics into the service's inputs needs besides."""
    return [*on_topics("READ", topics), Right("group", relay_group(service), "READ")]


def maker_rights(specs: Iterable[TopicSpec]) -> list[Right]:
    """What making these topics, and keeping their retention long enough, needs."""
    rights: list[Right] = []
    for spec in specs:
        rights += [Right("topic", spec.name, "CREATE"), Right("topic", spec.name, "DESCRIBE")]
        if spec.least_retention_ms:
            rights += [
                Right("topic", spec.name, "DESCRIBE_CONFIGS"),
                Right("topic", spec.name, "ALTER_CONFIGS"),
            ]
    return rights


def on_topics(operation: Operation, topics: Iterable[str]) -> list[Right]:
    """The same on each of these topics."""
    return [Right("topic", topic, operation) for topic in topics]
