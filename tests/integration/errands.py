"""Errands: work that takes time and reaches the outside, beside the purses and in the same state.

An errand has steps. Each is one effect in the outside world, under a key of its own, and the receipt that the
outside gives for it comes back as a checkpoint: one that is lost, taken twice, out of turn or from a late
owner shows in the receipts. `apply` is the model, purses among it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

import msgspec
from autodmca_kafka import Context, Decision
from autodmca_service.work import Due

from tests.integration import purses
from tests.integration.purses import USERS, Outcome, Purse, event_of

LATE = "late"
ERRANDS = ("milk", "post")
WAITS_MS = (0, 0, 0, 50, 200, 3_000)


class Errand(msgspec.Struct, frozen=True, tag="errand"):
    """`receipts`: one for each step that is done; the next is due at `at_ms`. `born` names it for ever."""

    born: str
    steps: int
    wait_ms: int
    at_ms: int
    run: int
    receipts: tuple[int, ...] = ()


class Begin(msgspec.Struct, frozen=True, tag="begin"):
    errand: str
    steps: int
    wait_ms: int


class Stepped(msgspec.Struct, frozen=True, tag="stepped"):
    """The checkpoint."""

    errand: str
    step: int
    receipt: int


class Abandon(msgspec.Struct, frozen=True, tag="abandon"):
    errand: str


Input = purses.Input | Begin | Stepped | Abandon
Entity = Purse | Errand


def apply(entities: Mapping[str, Entity], request: Input, context: Context) -> Decision[Entity, Outcome]:
    """The model."""
    if not isinstance(request, Begin | Stepped | Abandon):
        held = {name: entity for name, entity in entities.items() if isinstance(entity, Purse)}
        decided = purses.apply(held, request, context)
        return Decision(
            outcome=decided.outcome,
            changes=dict(decided.changes),
            events=decided.events,
            refused=decided.refused,
        )
    found = entities.get(request.errand)
    errand = found if isinstance(found, Errand) else None
    changed: Errand | None
    position = context.position.offset
    match request:
        case Begin(_, steps, wait_ms):
            if errand is not None and key_of(errand) is not None:
                return _refused("on its way")
            changed = Errand(context.new_id(1), steps, wait_ms, context.now_ms + wait_ms, position)
        case Stepped(_, step, receipt):
            if errand is None or context.is_late(errand.run):
                return _refused(LATE)
            if step != len(errand.receipts):
                return _refused("out of turn")
            receipts = (*errand.receipts, receipt)
            at_ms = context.now_ms + errand.wait_ms
            changed = msgspec.structs.replace(errand, receipts=receipts, at_ms=at_ms, run=position)
        case Abandon():
            if errand is None:
                return _refused("no such errand")
            changed = None
    events = [event_of(request.errand, len(changed.receipts) if changed else -1, context)]
    return Decision(outcome=Outcome(0), changes={request.errand: changed}, events=events)


def _refused(why: str) -> Decision[Entity, Outcome]:
    return Decision(outcome=Outcome(0, why), refused=True)


def key_of(errand: Errand, step: int | None = None) -> str | None:
    """The name of a step's effect; of the next one, unless given, and None when all are done."""
    step = len(errand.receipts) if step is None else step
    return f"{errand.born}/{step}" if step < errand.steps else None


def due(_user_id: int, _entity_id: str, entity: object) -> Due | None:
    """The next step of an errand."""
    if not isinstance(entity, Errand) or (key := key_of(entity)) is None:
        return None
    return Due(key, entity.at_ms, entity.run)


def random_errand(rng: random.Random) -> tuple[int, bytes]:
    """A user and an input that begins an errand or, one in eight times, gives one up."""
    request: Input
    if rng.random() < 0.125:
        request = Abandon(rng.choice(ERRANDS))
    else:
        request = Begin(rng.choice(ERRANDS), rng.randint(1, 4), rng.choice(WAITS_MS))
    return rng.randrange(1, USERS + 1), msgspec.json.encode(request)


def random_input(rng: random.Random) -> tuple[int, bytes]:
    """Any input, mostly for a purse."""
    return random_errand(rng) if rng.random() < 0.15 else purses.random_input(rng)
