"""How much state one user may have in a service: the same bound for every model, whatever it keeps. Pure.

Owns one rule: a user at the bound may change and delete, and may not add; whoever asks for more is refused.
What nobody asks for ends what was begun within the bound, so it may use a reserve beyond it. Beyond the
reserve a checkpoint of work is refused, and the work is tried again until there is room; what is relayed or
told becomes a dead letter, which can be sent again. So nothing is lost, and memory has a bound. It counts
nothing anew, for the log knows what a user has (`Context.held`). What belongs to no user has no bound.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal

from autodmca_kafka import Context, Decision, Held, Model
from msgspec import Struct

from autodmca_service.answers import C, R, S
from autodmca_service.errors import refuse

EVERYBODY: Final = 0
"""The user to whom belongs what is no user's: tokens refuse it."""
What = Literal["entities", "bytes"]
Fate = Literal["refused", "reserve", "later", "dead_letter"]
"""Of an input that adds beyond the bound: refused to whoever asked, let into the reserve, to be tried again,
kept as a dead letter."""
Tell = Callable[[What, Fate, int], None]
"""Hears of each such input; the last is the user's id."""


class StateFull(Exception):
    """The user's state is full, the reserve too."""


class Bounds(Struct, frozen=True, kw_only=True):
    """What one user may have: entities, and the bytes of their records. The last thing that is added may go
    beyond the bytes. `reserve`: what nobody asks for may take so much more of both, as a share."""

    entities: int = 250_000
    bytes: int = 134_217_728
    reserve: float = 0.25

    def reached(self, held: Held) -> What | None:
        """What the user has too much of to add more."""
        if held.entities >= self.entities:
            return "entities"
        return "bytes" if held.bytes >= self.bytes else None

    def with_reserve(self) -> Bounds:
        """What nobody asks for may have."""
        share = 1 + self.reserve
        return Bounds(entities=int(self.entities * share), bytes=int(self.bytes * share), reserve=0)


def bounded(model: Model[S, C, R], bounds: Bounds, *, tell: Tell = lambda *_: None) -> Model[S, C, R]:
    """`model` within the bounds. For what would add to a user's state beyond them it raises CommandRefused,
    or StateFull where nobody hears a refusal."""
    most = bounds.with_reserve()

    def decide(entities: Mapping[str, S], command: C, context: Context) -> Decision[S, R]:
        decision = model(entities, command, context)
        what = bounds.reached(context.held)
        if what is None or context.user_id == EVERYBODY or _added(entities, decision.changes) <= 0:
            return decision
        fate = _fate(context, most)
        tell(what, fate, context.user_id)
        if fate == "reserve":
            return decision
        number = f"{bounds.entities:,} entities" if what == "entities" else f"{bounds.bytes:,} bytes"
        full = f"a user has {number} here at most; delete something first"
        if fate == "dead_letter":
            raise StateFull(full)
        raise refuse("conflict", "state-full", full)

    return decide


def _fate(context: Context, most: Bounds) -> Fate:
    if context.asked is not None:
        return "refused"
    if most.reached(context.held) is None:
        return "reserve"
    return "dead_letter" if context.run is None else "later"


def _added(entities: Mapping[str, S], changes: Mapping[str, S | None]) -> int:
    return sum((after is not None) - (name in entities) for name, after in changes.items())
