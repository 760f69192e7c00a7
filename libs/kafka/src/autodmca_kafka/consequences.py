"""What follows from one input, encoded: events, sends, the outcome, states.

Owns the form of every record that a processor writes. Decides nothing and writes nothing. What it encodes, it
decodes again: a value that breaks its type's limits would stop every reader, of the state above all. Fails
with whatever a model's decision has wrong, before any of it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic

import msgspec
from autodmca_events import decode as decode_event
from autodmca_events import encode, envelope, event_type_of
from autodmca_events.ids import derived_id
from autodmca_events.partitions import entity_key, user_key
from autodmca_events.topics import inputs_topic

from autodmca_kafka.batches import Header, Outgoing, size_of
from autodmca_kafka.decision import Asked, Context, Decision, Emission, S, Send
from autodmca_kafka.records import Record
from autodmca_kafka.sources import ORIGIN, RESERVED, SOURCE, Origin, Source

POSITION: Final = "position"
AT: Final = "at"
REQUEST: Final = "request"
TRACEPARENT: Final = "traceparent"
CHANGED: Final = "changed"
ERROR_CHARACTERS: Final = 1_000
LETTER_HEADERS: Final = ("error", "topic", "partition", "offset", "timestamp")
"""What a dead letter has after the headers of its input: why, and where and when the input was written."""

_ENCODER: Final = msgspec.json.Encoder()


@dataclass(slots=True)
class Consequences(Generic[S]):
    """All that follows from one input. `sends`: with the topic of each."""

    decision: Decision[S, Any]
    user_id: int
    events: list[Outgoing] = field(default_factory=list)
    broadcasts: list[Outgoing] = field(default_factory=list)
    sends: list[tuple[str, Outgoing]] = field(default_factory=list)
    outcomes: list[Outgoing] = field(default_factory=list)
    states: list[Outgoing] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Upper bound of the bytes that all of it takes."""
        sent = [each for _, each in self.sends]
        return size_of([*self.events, *self.broadcasts, *sent, *self.outcomes, *self.states])


def follow(
    decision: Decision[S, Any],
    context: Context,
    incarnation: str,
    headers: Mapping[str, bytes | None],
    decode_state: Callable[[bytes], S],
) -> Consequences[S]:
    """What follows from a decision on the input of `context`; `incarnation` is its topic's."""
    result = Consequences(decision, context.user_id)
    key = user_key(context.user_id)
    traced = [(TRACEPARENT, trace)] if (trace := headers.get(TRACEPARENT)) else []
    for index, emission in enumerate(decision.events):
        _emit(result, emission, context, incarnation, index, traced)
    for index, send in enumerate(decision.sends):
        result.sends.append(_sent(send, context, incarnation, index, traced))
    for entity_id, state in decision.changes.items():
        if entity_id.startswith(RESERVED):
            raise ValueError(f"the entity id {entity_id!r} begins with {RESERVED}, which is reserved")
        key_of_it = entity_key(context.user_id, entity_id)
        written = state_record(key_of_it, state, context.position.offset, context.now_ms, traced)
        if written[1] is not None:
            decode_state(written[1])
        result.states.append(written)
    told = [] if context.asked is None or decision.later else [(context.asked, decision.outcome)]
    for nth, (asked, outcome) in enumerate((*told, *decision.told)):
        source = asked.source.encode() if asked.source else None
        about: list[Header] = [
            (REQUEST, asked.request.encode()),
            *outcome_headers(context.position.offset, incarnation, source, nth),
        ]
        if result.states:
            about.append((CHANGED, b"1"))
        result.outcomes.append((key, _ENCODER.encode(outcome), about))
    return result


def _emit(
    result: Consequences[Any],
    emission: Emission,
    context: Context,
    incarnation: str,
    index: int,
    traced: Sequence[Header],
) -> None:
    everybody = event_type_of(emission.payload).everybody
    event = envelope(
        emission.payload,
        user_id=None if everybody else context.user_id,
        timestamp_ms=context.now_ms,
        id=derived_id(*context.position, context.now_ms, index),
        metadata=emission.metadata,
    )
    value = encode(event)
    decode_event(value)
    origin = Origin.of(incarnation, context.position.offset, index).header
    about: list[Header] = [
        ("type", event.type.encode()),
        ("id", event.id.encode()),
        (ORIGIN, origin),
        *traced,
    ]
    if everybody:
        result.broadcasts.append((None, value, about))
    else:
        result.events.append((user_key(context.user_id), value, about))


def _sent(
    send: Send, context: Context, incarnation: str, index: int, traced: Sequence[Header]
) -> tuple[str, Outgoing]:
    position = context.position
    source = Source(position.topic, incarnation, position.partition, position.offset, index)
    about: list[Header] = [(SOURCE, source.header), (REQUEST, context.send_id(index).encode()), *traced]
    to = user_key(context.user_id if send.user_id is None else send.user_id)
    return inputs_topic(send.service), (to, _ENCODER.encode(send.request), about)


def state_record(
    key: bytes,
    state: object | None,
    position: int,
    at_ms: int | None = None,
    traced: Sequence[Header] = (),
) -> Outgoing:
    """A record of the state topic, made from the input at `position`, of the time `at_ms` (None: not said
    again) and of the trace in `traced`; a state of None deletes."""
    about: list[Header] = [position_header(position), *traced]
    if at_ms is not None:
        about.append((AT, b"%d" % at_ms))
    return key, None if state is None else _ENCODER.encode(state), about


def dead_letter(record: Record, topic: str, partition: int, error: Exception) -> Outgoing:
    """What is kept of a record that could not be applied: all of it, why, and where it stands."""
    reason = f"{type(error).__name__}: {error}"[:ERROR_CHARACTERS]
    about = (
        reason.encode(errors="replace"),
        topic.encode(),
        b"%d" % partition,
        b"%d" % record.offset,
        b"%d" % record.timestamp,
    )
    return record.key, record.value, [*record.headers, *zip(LETTER_HEADERS, about, strict=True)]


def asked_of(headers: Mapping[str, bytes | None]) -> Asked | None:
    """Who waits for the outcome of an input with these headers. Raises ValueError for one that is no text."""
    request, source = headers.get(REQUEST), headers.get(SOURCE)
    if not request:
        return None
    return Asked(request.decode(), source.decode() if source else None)


def outcome_headers(offset: int, incarnation: str, source: bytes | None, nth: int = 0) -> list[Header]:
    """What an outcome has beside its request: from which input it was made (`nth`: of the outcomes that were
    made from it), and what the input that it answers followed from."""
    about: list[Header] = [position_header(offset), (ORIGIN, Origin.of(incarnation, offset, nth).header)]
    if source:
        about.append((SOURCE, source))
    return about


def position_header(offset: int) -> tuple[str, bytes]:
    """Says from which input a record was made."""
    return POSITION, b"%d" % offset


def position_of(headers: Sequence[tuple[str, bytes | None]]) -> int:
    """The position of the input that a state record or an outcome was made from. Raises ValueError."""
    for name, content in headers:
        if name == POSITION:
            return int(content or b"")
    raise ValueError("it has no header that says from which input it was made")


def moment_of(headers: Sequence[tuple[str, bytes | None]]) -> int | None:
    """The timestamp of that input, where the record says it. Raises ValueError."""
    return next((int(content or b"") for name, content in headers if name == AT), None)


def trace_of(headers: Sequence[tuple[str, bytes | None]]) -> bytes | None:
    """The traceparent of that input, where it had one."""
    return next((content for name, content in headers if name == TRACEPARENT), None)
