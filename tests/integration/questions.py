"""Questions: what one service asks another and what it hears of others, beside purses and errands.

A question sends an input to another service, here to the same one, as it would to any; a relay brings back
its outcome, and tells of each event of one kind. An answer or a piece of news that is lost, taken twice or
out of order shows in the state. `apply` is the whole model.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterable, Mapping

import msgspec
from autodmca_events.templates import TemplateUsage
from autodmca_kafka import Context, Decision, Send, Told

from tests.integration import errands
from tests.integration.purses import PURSES, USERS, Outcome, Put

QUESTION, NEWS = "question", "news"
TOLD_OF = "look"
"""Events of this name are news."""


class Question(msgspec.Struct, frozen=True, tag="question"):
    """`name`: of the send, as its outcome bears it. `heard`: the coins that it says, -1 for none yet."""

    name: str
    heard: int = -1


class News(msgspec.Struct, frozen=True, tag="news"):
    """How many, and the chain of their ids."""

    count: int
    trace: int


class Ask(msgspec.Struct, frozen=True, tag="ask"):
    """Put coins into a purse, by way of another service, and hear what became of it."""

    purse: str
    coins: int


class Heard(msgspec.Struct, frozen=True, tag="heard"):
    name: str
    coins: int


class Noted(msgspec.Struct, frozen=True, tag="noted"):
    event_id: str


Input = errands.Input | Ask | Heard | Noted
Entity = errands.Entity | Question | News


def apply(entities: Mapping[str, Entity], request: Input, context: Context) -> Decision[Entity, Outcome]:
    """The model."""
    match request:
        case Ask(purse, coins):
            service = context.position.topic.removeprefix("autodmca.").removesuffix("-inputs.v1")
            asked = Question(context.send_id(0))
            sends = [Send(service, Put(purse, coins))]
            return Decision(outcome=Outcome(0), changes={QUESTION: asked}, sends=sends)
        case Heard(name, coins):
            question = entities.get(QUESTION)
            if not isinstance(question, Question) or question.name != name:
                return Decision(outcome=Outcome(0, "asked anew"), refused=True)
            return Decision(outcome=Outcome(0), changes={QUESTION: Question(name, coins)})
        case Noted(event_id):
            news = entities.get(NEWS)
            before = news if isinstance(news, News) else News(0, 0)
            after = News(before.count + 1, zlib.crc32(event_id.encode(), before.trace))
            return Decision(outcome=Outcome(0), changes={NEWS: after})
        case _:
            held = {name: e for name, e in entities.items() if not isinstance(e, Question | News)}
            decided = errands.apply(held, request, context)
            return Decision(
                outcome=decided.outcome,
                changes=dict(decided.changes),
                events=decided.events,
                refused=decided.refused,
            )


def translate(service: str, told: Told) -> Iterable[Input]:
    """What the relay makes of a record: of an outcome of what this service sent, and of news."""
    if told.request is not None:
        coins = -2 if told.failed else msgspec.json.decode(told.value or b"", type=Outcome).coins
        return [Heard(told.request, coins)] if told.answers(service) else []
    event = told.event()
    is_news = isinstance(event.payload, TemplateUsage) and event.payload.template_id == TOLD_OF
    return [Noted(event.id)] if is_news else []


def random_input(rng: random.Random) -> tuple[int, bytes]:
    """Any input, mostly for a purse."""
    if rng.random() < 0.1:
        return rng.randrange(1, USERS + 1), msgspec.json.encode(Ask(rng.choice(PURSES), rng.randrange(10)))
    return errands.random_input(rng)
