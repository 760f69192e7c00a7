"""What a service's model gets and gives: the words that processor, table and ask share.

A model is a pure function `model(entities, input, context) -> Decision`: the entities of one user by
id, one input, and where and when that input was written. It reads no clock, draws no random number and
changes nothing it is given, so that applying an input again, on any replica, gives the same bytes.
Owns no I/O. A model that raises makes its input a dead letter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec
from autodmca_events import Payload
from autodmca_events.ids import derived_id

from autodmca_kafka.delivery import RecordPosition

S = TypeVar("S")
I = TypeVar("I")  # noqa: E741 - input, beside S for state and O for outcome
O = TypeVar("O")  # noqa: E741


class Context(msgspec.Struct, frozen=True):
    """What a model may know beside state and input: `now_ms`, the input record's timestamp (ms since the
    Unix epoch; it may step back a little, when another producer wrote the next input), and its position."""

    user_id: int
    now_ms: int
    position: RecordPosition

    def new_id(self, index: int) -> str:
        """An id for something that this input creates: the same for the same input and `index`, and
        different from the ids of the events that the input emits."""
        position = self.position
        return derived_id(f"{position.topic}#", position.partition, position.offset, self.now_ms, index)


class Emission(msgspec.Struct, frozen=True):
    """An event to emit. Whether it goes to the input's user or to everybody is its type's business."""

    payload: Payload
    metadata: dict[str, Any] | None = None


class Decision(msgspec.Struct, Generic[S, O], frozen=True, kw_only=True):
    """What follows from one input, all of it or nothing.

    `changes`: entity id -> its new state, None to delete it. `outcome`: the answer to whoever asked.
    A `refused` input changes and emits nothing; it is counted apart.
    """

    outcome: O
    changes: Mapping[str, S | None] = {}
    events: Sequence[Emission] = ()
    refused: bool = False

    def __post_init__(self) -> None:
        if self.refused and (self.changes or self.events):
            raise ValueError("a refused input changes no state and emits no event")


Model = Callable[[Mapping[str, S], I, Context], Decision[S, O]]
