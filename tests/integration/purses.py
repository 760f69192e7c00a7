"""A model made to show every mistake of a processor: coins in purses, and what each purse went through.

`trace` chains all inputs that touched a purse, so one that is lost, applied twice or out of order changes
everything after it; a spread changes every purse at once, so that half of an input would show. `oracle` says,
in the plainest way, what must follow from the records of an inputs topic.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec
from autodmca_events import encode, envelope
from autodmca_events.accounts import SystemNotification
from autodmca_events.ids import derived_id
from autodmca_events.partitions import entity_key
from autodmca_events.templates import TemplateUsage
from autodmca_kafka import Context, Decision, Emission, Record, RecordPosition

USERS = 12
PURSES = ("left", "right", "a/b")


class Purse(msgspec.Struct, frozen=True):
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
            return Decision(outcome=Outcome(total), events=[_event("look", total, context)])
        case Put(purse, coins, padding):
            changes = {purse: _changed(purses.get(purse), coins, context)}
            events = [_event(purse + padding, coins, context)]
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
                events=[_event(source, -coins, context), _event(target, coins, context)],
            )
        case Spread(coins):
            return Decision(
                outcome=Outcome(total + coins * len(PURSES)),
                changes={name: _changed(purses.get(name), coins, context) for name in PURSES},
                events=[_event("every", coins, context)],
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


def _event(name: str, coins: int, context: Context) -> Emission:
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


@dataclass
class Truth:
    """What must follow from the inputs of one partition. `state`: key -> value; the others in order."""

    events: list[tuple[str, bytes]] = field(default_factory=list)
    broadcasts: list[tuple[str, bytes]] = field(default_factory=list)
    dead: list[int] = field(default_factory=list)
    state: dict[bytes, bytes] = field(default_factory=dict)


def oracle(topic: str, partition: int, records: Iterable[Record]) -> Truth:
    """Applies the records one after the other, with none of the library's machinery but ids and encodings."""
    truth = Truth()
    users: dict[int, dict[str, Purse]] = {}
    decoder = msgspec.json.Decoder(Input)
    for record in records:
        assert record.key is not None
        user_id = int(record.key)
        purses = users.setdefault(user_id, {})
        context = Context(user_id, record.timestamp, RecordPosition(topic, partition, record.offset))
        try:
            decision = apply(purses, decoder.decode(record.value or b""), context)
        except (RuntimeError, msgspec.DecodeError):
            truth.dead.append(record.offset)
            continue
        for index, emission in enumerate(decision.events):
            everybody = isinstance(emission.payload, SystemNotification)
            event_id = derived_id(topic, partition, record.offset, record.timestamp, index)
            event = envelope(
                emission.payload,
                user_id=None if everybody else user_id,
                timestamp_ms=record.timestamp,
                id=event_id,
                metadata=emission.metadata,
            )
            (truth.broadcasts if everybody else truth.events).append((event_id, encode(event)))
        for name, purse in decision.changes.items():
            if purse is None:
                purses.pop(name)
                truth.state.pop(entity_key(user_id, name))
            else:
                purses[name] = purse
                truth.state[entity_key(user_id, name)] = msgspec.json.encode(purse)
    return truth
