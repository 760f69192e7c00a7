"""Every error this library raises.

    KafkaLibraryError
    ├── RecoverableError            the same call may succeed later
    │   ├── BrokerUnavailable       no broker answered within the deadline
    │   ├── BufferFull              the producer holds as many records as it may
    │   ├── DeliveryFailed          a record was not acknowledged in time; it may still be in the log
    │   ├── NotAuthorized           the cluster's ACLs do not let this client do something to something
    │   ├── TopicDeleted            the topic does not exist (yet, or any more)
    │   ├── UnknownInput            an input that a newer version of the program understands
    │   ├── StateUnreadable         a state record is not what this program's state type says
    │   ├── StateReplaced           a state topic was created anew, or lost records that were not read yet
    │   ├── TopicReplaced           a topic that is relayed was created anew
    │   ├── PartitionLost           this replica does not own a partition, or has lost it
    │   ├── TooManyWaiting          as many askers wait for an outcome as may
    │   └── NoOutcome               the outcome of an input was not seen in time; it may still be applied
    └── FatalError                  the same call will fail again
        ├── TopicMismatch           a topic exists with another number of partitions
        ├── OffsetOutOfRange        the log does not hold that offset
        ├── CorruptBatch            a batch in the log cannot be decoded
        ├── Refused                 the broker, or a limit here, refuses a record or a topic
        ├── BrokerTooOld            the broker lacks a request this library needs
        ├── InputFailed             an input could not be applied; it is a dead letter
        ├── InputsRewound           an inputs topic went back: it was created anew, its state was not
        ├── NoEmbeddedBroker        the embedded broker's program is not installed or does not start
        └── Closed                  the object was closed, or never started

What comes from the broker about a place in the log carries `topic`, `partition` and `offset`.
"""

from __future__ import annotations

from autodmca_kafka.brokers import Brokers, addresses


class KafkaLibraryError(Exception):
    """The root of the tree."""


class RecoverableError(KafkaLibraryError):
    """The same call may succeed later, without a change by a person."""


class FatalError(KafkaLibraryError):
    """The same call will fail again until somebody changes something."""


class BrokerUnavailable(RecoverableError):
    def __init__(self, bootstrap_servers: Brokers, reason: str) -> None:
        self.bootstrap_servers = addresses(bootstrap_servers)
        super().__init__(f"no Kafka broker at {self.bootstrap_servers}: {reason}")
        self.reason = reason


class BufferFull(RecoverableError):
    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} records are waiting for the broker; no more are taken")
        self.limit = limit


class DeliveryFailed(RecoverableError):
    def __init__(self, topic: str, reason: str) -> None:
        super().__init__(f"a record for {topic} was not acknowledged: {reason}")
        self.topic = topic
        self.reason = reason


class NotAuthorized(RecoverableError):
    """`operation` is Kafka's name of what was not allowed, `resource` what kind of thing `name` is."""

    def __init__(self, operation: str, resource: str, name: str) -> None:
        super().__init__(f"not authorized to {operation} on {resource} {name}: grant it (docs/operations.md)")
        self.operation = operation
        self.resource = resource
        self.name = name


class TopicDeleted(RecoverableError):
    def __init__(self, topic: str) -> None:
        super().__init__(f"topic {topic} does not exist; create it with ensure_topics")
        self.topic = topic


class StateReplaced(RecoverableError):
    def __init__(self, topic: str) -> None:
        super().__init__(f"{topic} was created anew or lost records; what was decided on it is void")
        self.topic = topic


class UnknownInput(RecoverableError):
    def __init__(self, topic: str, partition: int, offset: int, reason: str) -> None:
        super().__init__(f"{topic}[{partition}] offset {offset}: {reason}; a newer version applies it")
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.reason = reason


class StateUnreadable(RecoverableError):
    def __init__(self, topic: str, partition: int, offset: int, reason: str) -> None:
        super().__init__(f"{topic}[{partition}] offset {offset}: {reason}")
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.reason = reason


class TopicReplaced(RecoverableError):
    def __init__(self, topic: str) -> None:
        super().__init__(f"{topic} was created anew; it is read from its beginning")
        self.topic = topic


class PartitionLost(RecoverableError):
    def __init__(self, partition: int) -> None:
        super().__init__(f"partition {partition} is not, or not any more, this replica's")
        self.partition = partition


class TooManyWaiting(RecoverableError):
    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} askers are waiting for an outcome; no more are taken")
        self.limit = limit


class NoOutcome(RecoverableError):
    def __init__(self, topic: str, timeout_s: float) -> None:
        super().__init__(f"no outcome on {topic} within {timeout_s} s; the input may still be applied")
        self.topic = topic
        self.timeout_s = timeout_s


class TopicMismatch(FatalError):
    """Raised by `ensure_topics`; `mismatches` is topic -> (wanted, found) numbers of partitions."""

    def __init__(self, mismatches: dict[str, tuple[int, int]]) -> None:
        found = ", ".join(f"{t} has {n}, wanted {w}" for t, (w, n) in sorted(mismatches.items()))
        super().__init__(f"topics exist with another number of partitions: {found}")
        self.mismatches = mismatches


class OffsetOutOfRange(FatalError):
    """`earliest` is the first offset the log still holds, `end` the one the next record will get."""

    def __init__(self, topic: str, partition: int, offset: int, earliest: int, end: int) -> None:
        super().__init__(f"{topic}[{partition}] holds offsets {earliest} to {end}, not {offset}")
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.earliest = earliest
        self.end = end


class CorruptBatch(FatalError):
    """`next_offset` is where reading can go on, as far as the batch's header can be believed."""

    def __init__(self, topic: str, partition: int, offset: int, next_offset: int, reason: str) -> None:
        super().__init__(f"{topic}[{partition}] from offset {offset} cannot be read: {reason}")
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.next_offset = next_offset
        self.reason = reason


class Refused(FatalError):
    def __init__(self, topic: str, reason: str) -> None:
        super().__init__(f"{topic}: refused: {reason}")
        self.topic = topic
        self.reason = reason


class BrokerTooOld(FatalError):
    def __init__(self, request: str) -> None:
        super().__init__(f"the broker does not know {request}; Apache Kafka 2.8 or newer does")
        self.request = request


class InputFailed(FatalError):
    def __init__(self, topic: str, partition: int, offset: int, reason: str) -> None:
        super().__init__(f"{topic}[{partition}] offset {offset} could not be applied: {reason}")
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.reason = reason


class InputsRewound(FatalError):
    """`offset` stands in the log, or would be written next, though inputs up to `next_offset` are applied."""

    def __init__(self, topic: str, partition: int, next_offset: int, offset: int) -> None:
        super().__init__(
            f"{topic}[{partition}] is at offset {offset} after inputs up to {next_offset} were applied:"
            " delete the state topic too, or restore the inputs"
        )
        self.topic = topic
        self.partition = partition
        self.next_offset = next_offset
        self.offset = offset


class NoEmbeddedBroker(FatalError):
    pass


class Closed(FatalError):
    pass
