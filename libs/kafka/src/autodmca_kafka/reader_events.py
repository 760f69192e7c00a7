"""What a tail reader's `poll` returns: batches of records, and events about the log itself.

Terms: a partition's *position* is the offset of the next record to hand over (as Kafka's "committed");
its *end* is where the log ends for readers, as far as the broker has told: the offset that the next record
will get, or the first of a transaction that is not decided yet (KIP-98); *lag* is their difference. The
*epoch* of a topic names one incarnation of it: deleted and created again, it has another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aiokafka.structs import TopicPartition

from autodmca_kafka.records import NO_EPOCH, Led, Packed, Record


class Added(NamedTuple):
    """Where the reading of a partition begins, and in which incarnation of its topic.

    No record before it is of a newer leader epoch than `leader_epoch`; -1 where the broker keeps none.
    """

    epoch: str
    offset: int
    leader_epoch: int = NO_EPOCH


class Batch(NamedTuple):
    """Consecutive records of one partition, perhaps none (of an aborted transaction, none); reading goes on
    at `next_offset`.

    `packed` are the same records, for who keeps them; a one-shot read gives none. `led` says under which
    leaders they were written: each epoch with its first offset.
    """

    topic: str
    partition: int
    records: Sequence[Record]
    next_offset: int
    end: int
    packed: Packed = Packed(b"", 0)
    led: Sequence[Led] = ()


class PartitionReset(NamedTuple):
    """The log does not hold offset `requested`, or no longer what was read before it: retention took it, or
    the log lost its end and may have grown again (leaders' epochs tell, KIP-320). Reading goes on at
    `earliest` when `requested` is before it, else at `end`, where the log parts from what was read."""

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
