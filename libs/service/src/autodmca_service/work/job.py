"""The words that work and a service share: what is due, what is performed, and how it is told.

Owns no behaviour.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from autodmca_kafka import EventProducer, Processor, Table
from autodmca_kafka.decision import S

from autodmca_service.work.metrics import WorkMetrics

StateT = TypeVar("StateT")


class Due(msgspec.Struct, frozen=True):
    """What is to be done about one entity, as its state says. `at_ms`: not before, in ms since the Unix
    epoch.

    `key`: the reference by which the outside world recognises a repetition, an idempotency key; the same for
    as long as one and the same effect is meant. `run`: what the state holds for `Context.is_late`.
    """

    key: str
    at_ms: int
    run: int


class Job(msgspec.Struct, Generic[S], frozen=True):
    """Something due whose time has come, with the state that it follows from."""

    user_id: int
    entity_id: str
    state: S
    key: str
    at_ms: int
    run: int


class Checkpoint(Protocol):
    """Writes `command` as an input of the job's user, and returns when the log has it.

    It is applied only if the work has not gone on without this performance, which is for the model to see
    (`Context.is_late`). Raises what `EventProducer.send_record` raises, and WorkStopped.
    """

    async def __call__(self, command: msgspec.Struct) -> None: ...


DueOf = Callable[[int, str, S], Due | None]
"""User id, entity id and state to what is due; pure, for it is asked again and again."""
Perform = Callable[[Job[S], Checkpoint], Awaitable[None]]


class Replica(Protocol[StateT]):
    """What work needs of a service's replica."""

    @property
    def name(self) -> str: ...
    @property
    def work_metrics(self) -> WorkMetrics: ...
    @property
    def table(self) -> Table[StateT]: ...
    @property
    def processor(self) -> Processor[StateT, Any, Any]: ...
    @property
    def producer(self) -> EventProducer: ...
