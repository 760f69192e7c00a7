"""Typed producer, tail reader, processor and table over Kafka.

Terms, beside Kafka's own (topic, partition, offset, record, lag): a *position* is the offset of the next
record to hand over, as Kafka's "committed"; the *epoch* of a topic names one incarnation of it, and a topic
that is deleted and created again has another; an *input* is what a service is to apply for a user, its
*outcome* what became of it, its *state* the newest of each entity. The embedded broker is in
`autodmca_kafka.embedded`; every error is in `autodmca_kafka.errors`.
"""

from aiokafka.structs import TopicPartition

from autodmca_kafka.access import say
from autodmca_kafka.ask import Ask
from autodmca_kafka.decision import Asked, Context, Decision, Emission, Held, Model, Send
from autodmca_kafka.delivery import RecordPosition
from autodmca_kafka.epoch_wire import EpochEnd
from autodmca_kafka.errors import (
    BrokerTooOld,
    BrokerUnavailable,
    BufferFull,
    Closed,
    CorruptBatch,
    DeliveryFailed,
    FatalError,
    InputFailed,
    InputsRewound,
    KafkaLibraryError,
    NoEmbeddedBroker,
    NoOutcome,
    NotAuthorized,
    OffsetOutOfRange,
    PartitionLost,
    RecoverableError,
    Refused,
    StateReplaced,
    StateUnreadable,
    TooManyWaiting,
    TopicDeleted,
    TopicMismatch,
    TopicReplaced,
)
from autodmca_kafka.metrics import ProducerMetrics
from autodmca_kafka.processor import Processor
from autodmca_kafka.processor_metrics import ProcessorMetrics
from autodmca_kafka.producer import EventProducer
from autodmca_kafka.reachable import until_reachable
from autodmca_kafka.reader_events import (
    Batch,
    BrokerBack,
    BrokerLost,
    PartitionReset,
    ReaderEvent,
    TopicChanged,
    TopicGone,
    Unreadable,
)
from autodmca_kafka.records import Fault, Packed, Record
from autodmca_kafka.relay import Relay
from autodmca_kafka.relay_metrics import RelayMetrics
from autodmca_kafka.relayed import Told
from autodmca_kafka.sizes import TopicSizes
from autodmca_kafka.sources import Source
from autodmca_kafka.table import Table
from autodmca_kafka.tail import TailReader
from autodmca_kafka.topics import TopicSpec, ensure_topics, event_topics, service_topics, topics_of

__all__ = [
    "Ask",
    "Asked",
    "Batch",
    "BrokerBack",
    "BrokerLost",
    "BrokerTooOld",
    "BrokerUnavailable",
    "BufferFull",
    "Closed",
    "Context",
    "CorruptBatch",
    "Decision",
    "DeliveryFailed",
    "Emission",
    "EpochEnd",
    "EventProducer",
    "FatalError",
    "Fault",
    "Held",
    "InputFailed",
    "InputsRewound",
    "KafkaLibraryError",
    "Model",
    "NoEmbeddedBroker",
    "NoOutcome",
    "NotAuthorized",
    "OffsetOutOfRange",
    "Packed",
    "PartitionLost",
    "PartitionReset",
    "Processor",
    "ProcessorMetrics",
    "ProducerMetrics",
    "ReaderEvent",
    "Record",
    "RecordPosition",
    "RecoverableError",
    "Refused",
    "Relay",
    "RelayMetrics",
    "Send",
    "Source",
    "StateReplaced",
    "StateUnreadable",
    "Table",
    "TailReader",
    "Told",
    "TooManyWaiting",
    "TopicChanged",
    "TopicDeleted",
    "TopicGone",
    "TopicMismatch",
    "TopicPartition",
    "TopicReplaced",
    "TopicSizes",
    "TopicSpec",
    "Unreadable",
    "ensure_topics",
    "event_topics",
    "say",
    "service_topics",
    "topics_of",
    "until_reachable",
]
