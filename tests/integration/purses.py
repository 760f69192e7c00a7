"""A model made to show every mistake of a processor: coins in purses, and what each purse went through.

`trace` chains all inputs that touched a purse, so one that is lost, applied twice or out of order changes
everything after it; a spread changes every purse at once, so that half of an input would show. `oracle.py`
says what must follow from the records of an inputs topic.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Mapping

import msgspec
from autodmca_events.accounts import SystemNotification
from autodmca_events.templates import TemplateUsage
from autodmca_kafka import Context, Decision, Emission

USERS = 12
PURSES = ("left", "right", "a/b")


class Purse(msgspec.Struct, frozen=True, tag="purse"):
    coins: int
    trace: int
    born: str


class Put(msgspec.Struct, frozen=True, tag="put"):
    purse: str
    coins: int
    padding: str = ""


class Move(msgspec.Struct, frozen=True, tag="move"):
    source: str
    target: str
    coins: int


class Spread(msgspec.Struct, frozen=True, tag="spread"):
    """So many coins into every purse."""

    coins: int


class Close(msgspec.Struct, frozen=True, tag="close"):
    purse: str


class Look(msgspec.Struct, frozen=True, tag="look"):
    """Emits an event and changes nothing."""


class Break(msgspec.Struct, frozen=True, tag="break"):
    """What the model cannot do."""


Input = Put | Move | Spread | Close | Look | Break


class Outcome(msgspec.Struct, frozen=True):
    coins: int
    refused: str | None = None


def apply(purses: Mapping[str, Purse], request: Input, context: Context) -> Decision[Purse, Outcome]:
    """The model. A put of 13 is announced to everybody."""
    total = sum(purse.coins for purse in purses.values())
    match request:
        case Break():
            raise RuntimeError("broken on purpose")
        case Look():
            return Decision(outcome=Outcome(total), events=[event_of("look", total, context)])
        case Put(purse, coins, padding):
            changes = {purse: _changed(purses.get(purse), coins, context)}
            events = [event_of(purse + padding, coins, context)]
            if coins == 13:
                events.append(
                    Emission(
                        SystemNotification(
                            level="info",
                            code="13",
                            title=purse,
                            message=announcement(context.position.topic, context.position.partition),
                            dismissible=True,
                        )
                    )
                )
            return Decision(outcome=Outcome(total + coins), changes=changes, events=events)
        case Move(source, target, coins):
            if source == target or source not in purses or purses[source].coins < coins:
                return Decision(outcome=Outcome(total, "not enough"), refused=True)
            return Decision(
                outcome=Outcome(total),
                changes={
                    source: _changed(purses[source], -coins, context),
                    target: _changed(purses.get(target), coins, context),
                },
                events=[event_of(source, -coins, context), event_of(target, coins, context)],
            )
        case Spread(coins):
            return Decision(
                outcome=Outcome(total + coins * len(PURSES)),
                changes={name: _changed(purses.get(name), coins, context) for name in PURSES},
                events=[event_of("every", coins, context)],
            )
        case Close(purse):
            if purse not in purses:
                return Decision(outcome=Outcome(total, "no such purse"), refused=True)
            return Decision(outcome=Outcome(total - purses[purse].coins), changes={purse: None})


def announcement(topic: str, partition: int) -> str:
    """Says of an event for everybody which inputs it came from."""
    return f"from {topic}[{partition}]"


def _changed(purse: Purse | None, coins: int, context: Context) -> Purse:
    before = purse or Purse(0, 0, context.new_id(0))
    step = b"%d/%d/%d" % (context.now_ms, context.position.offset, coins)
    return Purse(before.coins + coins, zlib.crc32(step, before.trace), before.born)


def event_of(name: str, coins: int, context: Context) -> Emission:
    """An event that says what became of `name`, and by which input."""
    return Emission(
        TemplateUsage(
            template_id=name,
            name=str(coins),
            template_version=1,
            usage_count=abs(coins),
            rendered_length=0,
            used_at="2024-01-01T00:00:00.000Z",
        ),
        {"offset": context.position.offset},
    )


def random_input(rng: random.Random) -> tuple[int, bytes]:
    """A user and the value of an input for them; one in twenty cannot be applied or even decoded."""
    user_id = rng.randrange(1, USERS + 1)
    kind = rng.random()
    if kind < 0.03:
        return user_id, b"{this is no input"
    request: Input
    if kind < 0.05:
        request = Break()
    elif kind < 0.15:
        request = Look()
    elif kind < 0.25:
        request = Close(rng.choice(PURSES))
    elif kind < 0.4:
        request = Move(rng.choice(PURSES), rng.choice(PURSES), rng.randrange(10))
    elif kind < 0.65:
        request = Spread(rng.randrange(10))
    else:
        request = Put(rng.choice(PURSES), rng.randrange(20))
    return user_id, msgspec.json.encode(request)
