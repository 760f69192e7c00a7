"""What follows from one input so far, for rooms that build it up step by step. Pure.

Owns the gathering alone: reads see what was put before, and an event is known by the id that it will have.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from autodmca_events import Envelope, Payload, envelope
from autodmca_events.catalogue import event_type_of
from autodmca_events.ids import derived_id
from autodmca_kafka import Context, Decision, Emission
from autodmca_service.commands import Outcome
from msgspec import structs

T = TypeVar("T")


class Consequences:
    """`now`: when the input was written, in ms since the Unix epoch; `run`: see `Context.is_late`. `begun`: a
    decision that is built upon; without one, nothing has been decided yet."""

    def __init__(
        self, entities: Mapping[str, Any], context: Context, begun: Decision[Any, Outcome] | None = None
    ) -> None:
        self.context = context
        self.user_id = context.user_id
        self.now = context.now_ms
        self.run = context.position.offset
        self.entities = entities
        self._begun: Decision[Any, Outcome] = begun or Decision(outcome=Outcome())
        self._changed: dict[str, Any] = dict(self._begun.changes)
        self._emissions = list(self._begun.events)

    def find(self, entity_id: str, kind: type[T]) -> T | None:
        """The entity as it is by now; None where there is none of this kind."""
        held = self._changed[entity_id] if entity_id in self._changed else self.entities.get(entity_id)
        return held if isinstance(held, kind) else None

    def put(self, entity_id: str, entity: Any) -> None:
        self._changed[entity_id] = entity

    def drop(self, entity_id: str) -> None:
        self._changed[entity_id] = None

    def emit(self, payload: Payload) -> None:
        self._emissions.append(Emission(payload))

    @property
    def emitted(self) -> int:
        """How many events follow by now."""
        return len(self._emissions)

    def event(self, index: int) -> Envelope:
        """The `index`th event of the user, as everybody will read it."""
        payload = self._emissions[index].payload
        made = derived_id(*self.context.position, self.now, index)
        return envelope(payload, user_id=self.user_id, timestamp_ms=self.now, id=made)

    def is_for_everybody(self, index: int) -> bool:
        """Whether the `index`th event has no user."""
        return event_type_of(self._emissions[index].payload).everybody

    def decision(self, revision: int | None = None) -> Decision[Any, Outcome]:
        """All of it. `revision`: of what the input changed, where that is not decided yet."""
        begun = self._begun
        return structs.replace(
            begun,
            outcome=begun.outcome if revision is None else Outcome(revision=revision),
            changes=self._changed,
            events=self._emissions,
        )
