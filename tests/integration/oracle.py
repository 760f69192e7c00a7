"""What must follow from the records of an inputs topic, said in the plainest way.

Applies the records one after the other, with none of the library's machinery but ids and encodings.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec
from autodmca_events import encode, envelope
from autodmca_events.accounts import SystemNotification
from autodmca_events.ids import derived_id
from autodmca_events.partitions import entity_key
from autodmca_events.templates import TemplateUsage
from autodmca_kafka import Context, Decision, Record, RecordPosition, Source

from tests.integration.errands import LATE, Errand
from tests.integration.purses import Outcome
from tests.integration.questions import TOLD_OF, Entity, Heard, Input, Noted, apply


@dataclass
class Truth:
    """What must follow from the inputs of one partition. `state`: key -> value; the others in order.

    `asked`: the requests that are answered. `errands`: every errand that there ever was, by its name, as it
    was last; `given_up`: those abandoned; `due_ms`: when each step of one could be taken at the earliest, by
    its key; `late`: checkpoints refused because the errand had gone on.
    """

    events: list[tuple[str, bytes]] = field(default_factory=list)
    broadcasts: list[tuple[str, bytes]] = field(default_factory=list)
    asked: list[bytes] = field(default_factory=list)
    dead: list[int] = field(default_factory=list)
    state: dict[bytes, bytes] = field(default_factory=dict)
    errands: dict[str, Errand] = field(default_factory=dict)
    given_up: set[str] = field(default_factory=set)
    due_ms: dict[str, int] = field(default_factory=dict)
    late: int = 0
    sends: dict[str, bytes] = field(default_factory=dict)
    """What was sent, by name; and the same of what was applied."""
    received: dict[str, bytes] = field(default_factory=dict)
    answers: list[tuple[int, Heard]] = field(default_factory=list)
    """Whose sends were answered how, in order; and the same of the answers that were applied."""
    heard: list[tuple[int, Heard]] = field(default_factory=list)
    news: list[tuple[int, str]] = field(default_factory=list)
    """Whose events were news, in order; and the same of the news that was applied."""
    noted: list[tuple[int, str]] = field(default_factory=list)

    def judge(self) -> None:
        """Nothing that was sent or relayed is lost, doubled or out of order, on this partition."""
        assert self.received == self.sends
        assert self.heard == self.answers
        assert self.noted == self.news


def oracle(topic: str, partition: int, records: Iterable[Record]) -> Truth:
    """The truth about one partition."""
    truth = Truth()
    users: dict[int, dict[str, Entity]] = {}
    markers: dict[tuple[int, str], tuple[int, int]] = {}
    decoder = msgspec.json.Decoder(Input)
    for record in records:
        assert record.key is not None
        user_id = int(record.key)
        headers = dict(record.headers)
        source = Source.parse(header) if (header := headers.get("source")) else None
        if source is not None:
            if source.place <= markers.get((user_id, source.marker), (-1, -1)):
                continue
            markers[user_id, source.marker] = source.place
            truth.state[entity_key(user_id, source.marker)] = msgspec.json.encode(source.place)
        name = (headers.get("request") or b"").decode()
        if name:
            truth.asked.append(name.encode())
        run = headers.get("run")
        position = RecordPosition(topic, partition, record.offset)
        context = Context(user_id, record.timestamp, position, source, int(run) if run else None)
        entities = users.setdefault(user_id, {})
        try:
            request = decoder.decode(record.value or b"")
            decision = apply(entities, request, context)
        except (RuntimeError, msgspec.DecodeError):
            truth.dead.append(record.offset)
            continue
        if source is not None and source.topic == topic:
            truth.received[name] = record.value or b""
            truth.answers.append((user_id, Heard(name, decision.outcome.coins)))
        if isinstance(request, Heard):
            truth.heard.append((user_id, request))
        if isinstance(request, Noted):
            truth.noted.append((user_id, request.event_id))
        _follow(truth, decision, context, entities)
    return truth


def _follow(
    truth: Truth, decision: Decision[Entity, Outcome], context: Context, entities: dict[str, Entity]
) -> None:
    user_id = context.user_id
    truth.late += decision.outcome.refused == LATE
    for index, send in enumerate(decision.sends):
        truth.sends[context.send_id(index)] = msgspec.json.encode(send.request)
    for index, emission in enumerate(decision.events):
        everybody = isinstance(emission.payload, SystemNotification)
        event_id = derived_id(*context.position, context.now_ms, index)
        event = envelope(
            emission.payload,
            user_id=None if everybody else user_id,
            timestamp_ms=context.now_ms,
            id=event_id,
            metadata=emission.metadata,
        )
        (truth.broadcasts if everybody else truth.events).append((event_id, encode(event)))
        if isinstance(emission.payload, TemplateUsage) and emission.payload.template_id == TOLD_OF:
            truth.news.append((user_id, event_id))
    for name, entity in decision.changes.items():
        if isinstance(entity, Errand):
            truth.errands[entity.born] = entity
            truth.due_ms[f"{entity.born}/{len(entity.receipts)}"] = entity.at_ms
        if entity is None:
            gone = entities.pop(name)
            if isinstance(gone, Errand):
                truth.given_up.add(gone.born)
            truth.state.pop(entity_key(user_id, name))
        else:
            entities[name] = entity
            truth.state[entity_key(user_id, name)] = msgspec.json.encode(entity)
