"""What a service's model gets and gives: the words that processor, table and ask share.

A model is a pure function `model(entities, input, context) -> Decision`: the entities of one user by
id, one input, and where and when that input was written. It reads no clock, draws no random number and
changes nothing it is given, so that applying an input again, on any replica, gives the same bytes.
Owns no I/O. A model that raises makes its input a dead letter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
from autodmca_events import Payload
from autodmca_events.ids import derived_id

from autodmca_kafka.delivery import RecordPosition
from autodmca_kafka.sources import Source

S = TypeVar("S")
I = TypeVar("I")  # noqa: E741 - input, beside S for state and O for outcome
O = TypeVar("O")  # noqa: E741


class Asked(msgspec.Struct, frozen=True, array_like=True):
    """Who waits for an outcome: the name of the request, and the header of the record that it follows from.
    Kept in the state while what was asked for takes time."""

    request: str
    source: str | None = None


class Held(NamedTuple):
    """How much state a user has: entities, and the bytes of their records."""

    entities: int = 0
    bytes: int = 0


class Context(msgspec.Struct, frozen=True):
    """What a model may know beside state and input: `now_ms`, the input record's timestamp (ms since the
    Unix epoch; it may step back a little, when another producer wrote the next input), and its position."""

    user_id: int
    now_ms: int
    position: RecordPosition
    source: Source | None = None
    """The record that the input follows from, where it follows from one: a send, or what a relay read."""
    run: int | None = None
    """The run that the input is a checkpoint of, where work that takes time wrote it."""
    asked: Asked | None = None
    """Who waits for the outcome of this input; None: nobody does."""
    held: Held = Held()
    """What the user has before this input."""

    def is_late(self, run: int | None) -> bool:
        """Whether this input is a checkpoint of work that has gone on without it: another owner's, one frozen
        and replaced, or of work that was decided anew meanwhile. To be refused.

        `run` is what the state of the work holds, None where there is no such work any more: the offset of
        the newest input that decided what is to be done, `context.position.offset` as the model applied it.
        Each checkpoint that is accepted is such an input; a performance carries on from its own.
        """
        return self.run is not None and self.run != run

    def new_id(self, index: int) -> str:
        """An id for something that this input creates: the same for the same input and `index`, and
        different from the ids of the events that the input emits."""
        position = self.position
        return derived_id(f"{position.topic}#", position.partition, position.offset, self.now_ms, index)

    def send_id(self, index: int) -> str:
        """The name of this decision's `index`th send: its outcome on the other service's topic bears it."""
        position = self.position
        return derived_id(f"{position.topic}>", position.partition, position.offset, self.now_ms, index)


class Emission(msgspec.Struct, frozen=True):
    """An event to emit. Whether it goes to the input's user or to everybody is its type's business."""

    payload: Payload
    metadata: dict[str, Any] | None = None


class Send(msgspec.Struct, frozen=True):
    """An input for another service, for the same user unless `user_id` names another.

    It is applied once, however often it is written; its outcome is named by `Context.send_id`.
    """

    service: str
    request: msgspec.Struct
    user_id: int | None = None


class Decision(msgspec.Struct, Generic[S, O], frozen=True, kw_only=True):
    """What follows from one input, all of it or nothing.

    `changes`: entity id -> its new state, None to delete it. `outcome`: the answer to whoever asked.
    `sends`: inputs for other services, written with the events. A `refused` input changes, emits and sends
    nothing; it is counted apart. `later`: the outcome of this input is not written yet, for what it asks
    takes time; it is among the `told` of a later one of the same user, to whoever `Context.asked` was then.
    """

    outcome: O
    changes: Mapping[str, S | None] = {}
    events: Sequence[Emission] = ()
    sends: Sequence[Send] = ()
    refused: bool = False
    later: bool = False
    told: Sequence[tuple[Asked, O]] = ()

    def __post_init__(self) -> None:
        if self.refused and (self.changes or self.events or self.sends or self.later or self.told):
            raise ValueError(
                "a refused input changes no state, emits no event, sends nothing and tells nobody"
            )


Model = Callable[[Mapping[str, S], I, Context], Decision[S, O]]
