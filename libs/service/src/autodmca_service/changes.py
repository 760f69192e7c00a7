"""What follows from one input: changed entities, events, and inputs of other services.

What a model gathers while it decides, and hands over as one `Decision` at the end. Pure: reads no clock and
writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

from autodmca_events import Payload
from autodmca_kafka import Context, Decision, Emission, Send
from msgspec import Struct

from autodmca_service.commands import Actor
from autodmca_service.errors import no_such

__all__ = ["Changes"]

Entity = TypeVar("Entity")
Kind = TypeVar("Kind")
Outcome = TypeVar("Outcome", bound=Struct)


class Changes(Generic[Entity]):
    """Of one input, so far. Reads see what was put before; `entities`: what the user had before the input."""

    def __init__(self, entities: Mapping[str, Entity], context: Context) -> None:
        self.entities = entities
        self.context = context
        self.now = context.now_ms
        self.run = context.position.offset
        self._changed: dict[str, Entity | None] = {}
        self._events: list[Payload] = []
        self._sends: list[Send] = []

    def get(self, entity_id: str) -> Entity | None:
        """The entity as it is by now."""
        return self._changed[entity_id] if entity_id in self._changed else self.entities.get(entity_id)

    def find(self, entity_id: str, kind: type[Kind]) -> Kind | None:
        """The same; None where it is not of this kind."""
        found = self.get(entity_id)
        return found if isinstance(found, kind) else None

    def need(self, entity_id: str, kind: type[Kind], name: str = "") -> Kind:
        """The same. Raises CommandRefused where there is none; `name` as in `errors.no_such`."""
        found = self.find(entity_id, kind)
        if found is None:
            raise no_such(kind, entity_id, name)
        return found

    def all(self, kind: type[Kind]) -> Iterator[Kind]:
        """Every entity of this kind that the user had before the input."""
        return (each for each in self.entities.values() if isinstance(each, kind))

    def count(self, kind: type[Kind]) -> int:
        """How many those are."""
        return sum(1 for _ in self.all(kind))

    def new(self, kind: type[Kind]) -> Iterator[Kind]:
        """Every entity of this kind that the input makes, so far."""
        made = (each for name, each in self._changed.items() if name not in self.entities)
        return (each for each in made if isinstance(each, kind))

    def put(self, entity_id: str, entity: Entity | None) -> None:
        """Keep it; None: forget it."""
        self._changed[entity_id] = entity

    def drop(self, entity_id: str) -> None:
        """Forget it."""
        self._changed[entity_id] = None

    def tell(self, payload: Payload) -> None:
        """Emit an event to the user."""
        self._events.append(payload)

    @property
    def actor(self) -> Actor:
        """On whose behalf other services are asked."""
        return Actor(self.context.user_id)

    def send(self, service: str, request: Struct, user_id: int | None = None) -> str:
        """Ask a service, of the same user unless told otherwise; the name that its outcome will bear."""
        self._sends.append(Send(service, request, user_id=user_id))
        return self.context.send_id(len(self._sends) - 1)

    def decided(self, outcome: Outcome) -> Decision[Entity, Outcome]:
        """All of it."""
        return Decision(
            outcome=outcome,
            changes=self._changed,
            events=[Emission(event) for event in self._events],
            sends=self._sends,
        )
