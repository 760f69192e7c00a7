"""Work over a log in memory: what a service's own tests of its work stand on."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest
from autodmca_events.partitions import user_key
from autodmca_kafka import Context, Decision
from autodmca_service.commands import Actor, Command, Outcome
from autodmca_service.testing import MemoryLog, perform_due
from autodmca_service.work import Checkpoint, Due, Job
from msgspec import Struct

USER = 7


class Parcel(Struct, frozen=True):
    left: int
    at_ms: int
    run: int


class Order(Command, frozen=True, kw_only=True, tag="order"):
    left: int
    at_ms: int = 0


class Carried(Command, frozen=True, kw_only=True, tag="carried"):
    """The checkpoint."""


def apply(
    parcels: Mapping[str, Parcel], command: Order | Carried, context: Context
) -> Decision[Parcel, Outcome]:
    parcel = parcels.get("a")
    run = context.position.offset
    if isinstance(command, Order):
        return Decision(outcome=Outcome(), changes={"a": Parcel(command.left, command.at_ms, run)})
    if parcel is None or context.is_late(parcel.run):
        return Decision(outcome=Outcome(), refused=True)
    changed = Parcel(parcel.left - 1, context.now_ms + 60_000, run)
    return Decision(outcome=Outcome(), changes={"a": changed})


def due(_user_id: int, entity_id: str, parcel: Parcel) -> Due | None:
    return Due(f"{entity_id}/{parcel.left}", parcel.at_ms, parcel.run) if parcel.left else None


def ordered(order: Order) -> MemoryLog[Parcel, Order | Carried, Outcome]:
    log: MemoryLog[Parcel, Order | Carried, Outcome] = MemoryLog(
        "parcels", model=apply, answer=lambda *_: None, state=Parcel, command=Order | Carried
    )
    log.write(user_key(USER), msgspec.json.encode(order), {})
    return log


async def carry(_job: Job[Parcel], checkpoint: Checkpoint) -> None:
    await checkpoint(Carried(actor=Actor(USER)))


async def carry_twice(job: Job[Parcel], checkpoint: Checkpoint) -> None:
    for _ in range(2):
        await carry(job, checkpoint)


async def nothing(_job: Job[Parcel], _checkpoint: Checkpoint) -> None:
    """Tells nothing of it."""


async def test_what_is_due_by_now_is_performed_and_the_rest_in_its_time() -> None:
    log = ordered(Order(actor=Actor(USER), left=2))
    assert await perform_due(log, due, carry) == ["a/2"]
    assert await perform_due(log, due, carry) == []
    log.now_ms += 60_000
    assert await perform_due(log, due, carry) == ["a/1"]


async def test_checkpoints_carry_on_from_each_other() -> None:
    log = ordered(Order(actor=Actor(USER), left=3))
    assert await perform_due(log, due, carry_twice) == ["a/3"]
    assert log.table.get(USER, "a") == Parcel(1, log.now_ms - 1 + 60_000, 2)


async def test_a_performance_without_an_accepted_checkpoint_is_an_error_of_the_service() -> None:
    with pytest.raises(AssertionError, match="a/1: the model accepted no checkpoint"):
        await perform_due(ordered(Order(actor=Actor(USER), left=1)), due, nothing)
