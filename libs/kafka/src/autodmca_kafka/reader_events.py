"""What a tail reader's `poll` returns: batches of records, and events about the log itself.

Terms: a partition's *position* is the offset of the next record to hand over (as Kafka's "committed");
the *high watermark* is the offset the next record written will get, as far as the broker has told; *lag*
is their difference. The *epoch* of a topic names one incarnation of it: deleted and created again, it has
another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aiokafka.structs import TopicPartition

from autodmca_kafka.records import Packed, Record


class Added(NamedTuple):
    """Where the reading of a partition begins, and in which incarnation of its topic."""

    epoch: str
    offset: int


class Batch(NamedTuple):
    """Consecutive records of one partition, perhaps none; reading goes on at `next_offset`.

    `packed` are the same records, for who keeps them; a one-shot read gives none.
    """

    topic: str
    partition: int
    records: Sequence[Record]
    next_offset: int
    high_watermark: int
    packed: Packed = Packed(b"", 0)


class PartitionReset(NamedTuple):
    """The log does not hold offset `requested`: retention took it, or the log was cut. Reading goes on
    at `earliest` when `requested` is before it, else at `end`."""

    tp: TopicPartition
    requested: int
    earliest: int
    end: int


class Unreadable(NamedTuple):
    """Records from `offset` up to, not including, `next_offset` cannot be decoded and were passed over.
    Equal offsets: nothing can be passed over; reading stays there and tries again."""

    tp: TopicPartition
    offset: int
    next_offset: int
    reason: str


class TopicGone(NamedTuple):
    """The topic was deleted. Its partitions stay added and go on with TopicChanged when it is back."""

    topic: str


class TopicChanged(NamedTuple):
    """The topic was deleted and created again: its partitions are read from the beginning, offset 0."""

    topic: str
    epoch: str


class BrokerLost(NamedTuple):
    """The broker `node` does not answer; its partitions stand still until BrokerBack or a new leader.

    There need not be a BrokerBack: nothing more is asked of a broker that leads none of them any more.
    What stands still is what `TailReader.unread` says.
    """

    node: int
    reason: str


class BrokerBack(NamedTuple):
    node: int


ReaderEvent = PartitionReset | Unreadable | TopicGone | TopicChanged | BrokerLost | BrokerBack
