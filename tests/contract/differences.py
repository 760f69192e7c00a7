"""The differences between the embedded broker and Apache Kafka that this project tolerates, by name.

Each test that behaves differently on the two asks here, so that this file is the whole list. A difference
that goes away makes a test fail, since each is asserted, not skipped.
"""

from __future__ import annotations

from enum import Enum

from tests.brokers import Broker


class Difference(Enum):
    NO_PRODUCER_IDS = "InitProducerId is refused: a producer there is not idempotent"
    ALWAYS_CREATES_TOPICS = "a topic asked for by an ordinary client is created, with four partitions"
    LOSES_ALL_AT_RESTART = "records and topics live in memory: killed, it comes back empty"
    ACCEPTS_ANY_TOPIC_NAME = "a topic name that Apache Kafka refuses is taken"
    NO_OFFSET_OUT_OF_RANGE = "a fetch beyond the end is answered as empty, only the high watermark tells"
    LATEST_IS_THE_LAST_BATCH = "ListOffsets of the end answers the last batch's first offset plus one"
    NO_TIME_INDEX = "ListOffsets by time answers the first offset"
    NO_RETENTION = "records never expire, and DeleteRecords is not known"


EMBEDDED = frozenset(Difference)


def differs(broker: Broker, difference: Difference) -> bool:
    """Whether `broker` is known to behave so."""
    return broker.name == "embedded" and difference in EMBEDDED
