"""What the rooms' operations share: a user's own entities read, listed and changed, on one desk.

Raises the library's tree of errors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from autodmca_service.commands import Actor, Outcome
from autodmca_service.desk import Desk, wall_clock_ms
from autodmca_service.http.operations import Call
from autodmca_service.http.pages import Place
from autodmca_service.http.queries import last, limit
from autodmca_service.receipts import Answer

from autodmca_accounts.commands import AnyCommand
from autodmca_accounts.state import Entity

Kind = TypeVar("Kind")


class Accounts:
    """`desk`: where the entities are read and commands are applied."""

    def __init__(
        self, desk: Desk[Entity, AnyCommand, Outcome], now_ms: Callable[[], int] = wall_clock_ms
    ) -> None:
        self._desk = desk
        self._now_ms = now_ms

    async def do(self, command: AnyCommand, owner: int | None = None) -> Answer:
        """Have a command applied to what is the actor's own, or `owner`'s."""
        owner = command.actor.user_id if owner is None else owner
        await self._desk.refresh(owner)
        return await self._desk.do(owner, command)

    async def look(self, owner: int, entity_id: str, kind: type[Kind]) -> Kind | None:
        """An entity of `owner`; None where there is none of this kind."""
        await self._desk.refresh(owner)
        found = self._desk.get(owner, entity_id)
        return found if isinstance(found, kind) else None

    async def every(self, owner: int, kind: type[Kind]) -> list[Kind]:
        """All entities of `owner` of this kind."""
        await self._desk.refresh(owner)
        return [each for each in self._desk.of_user(owner).values() if isinstance(each, kind)]

    async def get(self, actor: Actor, entity_id: str, kind: type[Kind]) -> Kind:
        """The actor's own. Raises CommandRefused where there is none."""
        return await self._desk.find(actor.user_id, entity_id, kind)

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch."""
        return self._now_ms()

    def find(self, actor: Actor) -> Callable[[str], Entity | None]:
        """Reads the actor's entities, as they were known when something was awaited last."""
        return lambda entity_id: self._desk.get(actor.user_id, entity_id)

    async def select(
        self, call: Call, kind: type[Kind], place: Callable[[Kind], Place], wanted: Callable[[Kind], bool]
    ) -> tuple[list[Kind], str | None]:
        """The page of the actor's own that the call asks for, newest first."""
        return await self._desk.page(
            call.actor.user_id,
            kind,
            place,
            wanted,
            limit=limit(call.query),
            cursor=last(call.query, "cursor"),
        )
