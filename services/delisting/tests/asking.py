"""A model, the state that it makes, and inputs that come one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autodmca_delisting import ids
from autodmca_delisting.model.commands import Add, Answered, AnyCommand, Create, Proceed, Queue
from autodmca_delisting.model.model import model
from autodmca_delisting.model.state import Entity, Heard, Notice, Part, Reported, Request, Rules, Url, Watch
from autodmca_events import Payload
from autodmca_kafka import Context, Decision, RecordPosition
from autodmca_service.commands import Actor, Outcome
from autodmca_service.errors import CommandRefused

USER = 7
ACTOR = Actor(USER)
ID = ids.request_id(USER, "a request")
RULES = Rules()


class Desk:
    """One user's state; `ask` applies an input at `now`, `offset` counts them."""

    def __init__(self, rules: Rules = RULES) -> None:
        self.entities: dict[str, Entity] = {}
        self.events: list[Payload] = []
        self.now = 1_790_000_000_000
        self.offset = 0
        self._model = model(rules)

    def ask(self, command: AnyCommand, *, run: int | None = None, user: int = USER) -> Outcome:
        """Apply it. Raises CommandRefused, with nothing changed."""
        self.offset += 1
        context = Context(user, self.now, RecordPosition("inputs", 0, self.offset), run=run)
        before = dict(self.entities)
        decision: Decision[Entity, Outcome] = self._model(before, command, context)
        again = self._model(dict(self.entities), command, context)
        assert decision == again, "the same input gives the same bytes"
        assert before == self.entities, "a model changes nothing that it is given"
        for entity_id, entity in decision.changes.items():
            if entity is None:
                self.entities.pop(entity_id, None)
            else:
                self.entities[entity_id] = entity
        self.events += [emission.payload for emission in decision.events]
        return decision.outcome

    def refusal(self, command: AnyCommand, **options: Any) -> str:
        """The code with which it is refused."""
        try:
            self.ask(command, **options)
        except CommandRefused as refused:
            return refused.refusal.code
        raise AssertionError("it was not refused")

    @property
    def request(self) -> Request:
        found = self.entities[ID]
        assert isinstance(found, Request)
        return found

    def status(self) -> str:
        return self.request.status

    def part(self, number: int = 1) -> Part:
        found = self.entities[ids.part_id(ID, number)]
        assert isinstance(found, Part)
        return found

    def watch(self, number: int = 1) -> Watch:
        found = self.entities[ids.watch_id(ID, number)]
        assert isinstance(found, Watch)
        return found

    def queued(self, parts: int = 1, urls: int = 3, *, by_hand: bool = False) -> None:
        """A request that is queued."""
        self.ask(Create(request_id=ID, actor=ACTOR, engine="google", notice=Notice(text="my book")))
        for number in range(1, parts + 1):
            self.ask(Add(request_id=ID, actor=ACTOR, number=number, urls=some(number, urls)))
        self.ask(Queue(request_id=ID, actor=ACTOR, parts=parts, packet=by_hand))

    def proceed(self) -> int:
        """Do to the parts what is being done to them, as work would; how many inputs that took."""
        inputs = 0
        while self.request.deed is not None:
            self.ask(Proceed(request_id=ID, actor=ACTOR), run=self.request.run)
            inputs += 1
        return inputs

    def answered(self, deed: Any, number: int = 1, *, copy: bool = False, **heard: Any) -> Outcome:
        """An engine's answer about a part, as the work that is due now would tell it."""
        told = Heard(**{"http_status": 200, "code": "accepted", **heard})
        command = Answered(request_id=ID, actor=ACTOR, number=number, deed=deed, heard=told, copy=copy)
        return self.ask(command, run=self.part(number).run)

    def statuses(self) -> list[str]:
        """Every status that was told."""
        return [event.status for event in self.events if hasattr(event, "previous_status")]  # type: ignore[attr-defined]


def some(number: int, count: int) -> tuple[Url, ...]:
    """URLs of one part."""
    return tuple(
        Url(f"https://x{number}.example.com/{each}", f"https://x{number}.example.com/{each}", "example.com")
        for each in range(count)
    )


def decided(outcomes: Mapping[int, Any], number: int = 1) -> tuple[Reported, ...]:
    """What is said about a part's URLs, by their place."""
    return tuple(
        Reported(f"https://x{number}.example.com/{each}", outcome) for each, outcome in outcomes.items()
    )
