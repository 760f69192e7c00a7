"""The events of the benchmarks: shaped as the schema wants, and each recognisable without decoding it.

`metadata.mark` holds the round, the topic, a number per user and topic from 0, and when it was made
(monotonic clock, nanoseconds), all of fixed width. Every event has an entity of its own, so that none may
be conflated with another.
"""

from dataclasses import dataclass, field
from typing import Final

from autodmca_events import encode, envelope, event_type_of
from autodmca_events.example import example
from msgspec.structs import replace

FIRST_USER: Final = 100_000
TYPES: Final = (
    "submission_progress",
    "ai_detection_result",
    "social_media_incident",
    "template_approval",
    "delisting_request_status",
    "system_notification",
)
"""One a topic. An event's topic has its index here as its number; the last one is everybody's."""
BROADCAST: Final = len(TYPES) - 1
NUMBER_DIGITS: Final = 8
STAMP_DIGITS: Final = 19
MARK_BYTES: Final = 1 + NUMBER_DIGITS + STAMP_DIGITS
"""After the round: topic, number, stamp."""


def separator(number: int) -> bytes:
    """What stands before the mark of each event of a round, and nowhere else."""
    return b'"metadata":{"mark":"%02d.' % (number % 100)


class Template:
    """Makes the record values of one topic: the envelope encoded once, its parts put in per event."""

    def __init__(self, topic: int) -> None:
        payload = example(TYPES[topic]).payload
        kind = event_type_of(payload)
        if kind.entity is not None and not kind.everybody:
            payload = replace(payload, **{kind.entity: "@name"})
        self.topic = kind.topic
        self.type = kind.name.encode()
        event = envelope(
            payload,
            user_id=None if kind.everybody else 987_654_321,
            timestamp_ms=1_700_000_000_000,
            id="@name",
            metadata={"mark": "@mark"},
        )
        value = encode(event).replace(b"%", b"%%").replace(b"987654321", b"%(user)b")
        value = value.replace(b"@name", b"%(name)b").replace(b"@mark", b"%(mark)b")
        self._pattern = value
        self._number = topic

    def make(self, round_number: int, number: int, stamp_ns: int, key: bytes) -> tuple[bytes, bytes]:
        """An event's id and value."""
        name = b"e%02d-%d-%b-%d" % (round_number % 100, self._number, key, number)
        mark = b"%02d.%d%08d%019d" % (round_number % 100, self._number, number, stamp_ns)
        return name, self._pattern % {b"user": key, b"name": name, b"mark": mark}


@dataclass
class Sent:
    """What a round put into the log."""

    number: int
    users: int
    by_user: list[list[int]] = field(init=False)
    """Events of each user here on each topic keyed by user."""
    everybodys: int = 0

    def __post_init__(self) -> None:
        self.by_user = [[0] * BROADCAST for _ in range(self.users)]

    @property
    def addressed(self) -> int:
        """Events to users here, all in all."""
        return sum(map(sum, self.by_user))
